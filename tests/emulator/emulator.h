// Emulator: the PCAPs API as a function from request and time to answer. No sockets: HttpServer
// brings those. One thread.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "tests/emulator/answer.h"
#include "tests/emulator/options.h"
#include "tests/emulator/rate_limit.h"
#include "tests/emulator/request.h"
#include "tests/emulator/route.h"
#include "tests/emulator/state.h"

namespace pcaps::emulator {

class Emulator {
 public:
  explicit Emulator(const EmulatorOptions& options) : state_(options) {}

  Answer Handle(const Request& request, absl::Time now);
  void CountConnection() { state_.stats.CountConnection(); }

 private:
  // The true answer: limit, token, account, route, in this order.
  Answer Execute(const Request& request, const Route& route, const RateLimit::Decision& quota,
                 const Call& call);

  State state_;
};

}  // namespace pcaps::emulator
