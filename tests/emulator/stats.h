// Stats: what came in and what was answered. Control requests are not counted.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "tests/emulator/route.h"

namespace pcaps::emulator {

class Stats {
 public:
  void CountConnection() { ++connections_; }
  void CountRequest(const Route& route, absl::Time now);
  // 0: no answer was sent.
  void CountStatus(int status) { ++by_status_[status]; }
  void CountCreated() { ++captures_created_; }

  boost::json::object ToJson() const;

 private:
  int64_t connections_ = 0;
  int64_t total_ = 0;
  int64_t captures_created_ = 0;
  std::map<Endpoint, int64_t> by_endpoint_;
  std::map<int, int64_t> by_status_;
  std::map<std::string, std::map<Endpoint, int64_t>> by_account_;
  std::deque<absl::Time> recent_;  // Requests of the last 300 s,
  size_t most_recent_ = 0;         // and the most there ever were.
};

}  // namespace pcaps::emulator
