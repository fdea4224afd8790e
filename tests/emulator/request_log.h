// RequestLog: when each request came, so that tests see that none did in some interval.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "absl/time/time.h"
#include "tests/emulator/route.h"

namespace pcaps::emulator {

class RequestLog {
 public:
  // At most so many are kept, the newest.
  static constexpr size_t kMaxRequests = 200'000;

  // `token`: who asks; a fleet whose replicas have tokens of their own can be told apart by it.
  void Add(const Route& route, const std::string& token, absl::Time now);
  // What the newest request was answered with; 0: no answer was sent.
  void Answered(int status) { requests_.back().status = status; }

  // "<milliseconds since 1970> <endpoint> <account> <object> <status> <token>" a line, the oldest
  // first; "-" for what is empty. Only those at `since` or later.
  std::string ToText(absl::Time since) const;

 private:
  struct Entry {
    absl::Time at;
    Route route;
    int status = 0;
    std::string token;
  };
  std::deque<Entry> requests_;
};

}  // namespace pcaps::emulator
