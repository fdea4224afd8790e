// Report: findings as people and programs read them, each as soon as it is known.
#pragma once

#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "clients/gateway/pcapctl/doctor/finding.h"

namespace pcaps::pcapctl {

// One line each, with its end. Text from outside is cleaned.
std::string FindingText(const Finding& finding);
std::string FindingJson(const Finding& finding);

class Report {
 public:
  Report(std::ostream& out, bool json) : out_(out), json_(json) {}

  void Add(const Finding& finding);

  // FAILED_PRECONDITION where a check failed, with how many.
  absl::Status Conclusion() const;

 private:
  std::ostream& out_;
  const bool json_;
  int checks_ = 0;
  int failures_ = 0;
};

}  // namespace pcaps::pcapctl
