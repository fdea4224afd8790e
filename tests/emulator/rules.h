// CreateRules: one simple capture a minute, and one full capture at a time, per account.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "tests/emulator/api_error.h"
#include "tests/emulator/capture.h"
#include "tests/emulator/options.h"

namespace pcaps::emulator {

class CreateRules {
 public:
  explicit CreateRules(RulesOptions options) : options_(options) {}

  // The refusal of `wanted`, submitted now, beside the account's captures; empty where it may be
  // created. A simple capture starts its account's interval when it is created, also when it is
  // forgotten later.
  std::optional<ApiError> Check(const std::string& account_id, const Capture& wanted,
                                const std::vector<Capture>& existing) const;
  // Tells of a capture that was created.
  void Created(const std::string& account_id, const Capture& capture);

  RulesOptions& options() { return options_; }
  void Clear() { last_simple_.clear(); }

 private:
  RulesOptions options_;
  std::map<std::string, absl::Time> last_simple_;
};

}  // namespace pcaps::emulator
