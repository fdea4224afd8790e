#include "clients/gateway/pcapctl/exit_code.h"

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/strings/str_format.h"

namespace pcaps::pcapctl {
namespace {

struct ExitCode {
  int code;
  const char* meaning;
  std::vector<absl::StatusCode> of;
};

constexpr int kExitOther = 1;

// The table: every status code that is not named exits with kExitOther.
const std::vector<ExitCode>& ExitCodes() {
  using absl::StatusCode;
  static const auto* const codes = new std::vector<ExitCode>{
      {0, "OK", {StatusCode::kOk}},
      {kExitOther, "internal or unknown error", {}},
      {2, "wrong usage or argument", {StatusCode::kInvalidArgument, StatusCode::kOutOfRange}},
      {3, "no such capture or bucket", {StatusCode::kNotFound}},
      {4, "not allowed", {StatusCode::kPermissionDenied, StatusCode::kUnauthenticated}},
      {5,
       "not in this state: the capture failed or is not ready, the bucket is not proved, ...",
       {StatusCode::kFailedPrecondition}},
      {6, "too much at once: try later", {StatusCode::kResourceExhausted}},
      {7,
       "no answer (in time): try again",
       {StatusCode::kUnavailable, StatusCode::kDeadlineExceeded}},
      {8, "outcome unknown, or the file changed meanwhile", {StatusCode::kAborted}},
      {kExitInterrupted, "interrupted (Ctrl-C)", {}},
  };
  return *codes;
}

}  // namespace

int ExitCodeOf(const absl::Status& status) {
  for (const ExitCode& row : ExitCodes()) {
    if (std::count(row.of.begin(), row.of.end(), status.code()) > 0) return row.code;
  }
  return kExitOther;
}

std::string ExitCodeHelp() {
  std::string help = "Exit codes:\n";
  for (const ExitCode& row : ExitCodes()) {
    absl::StrAppendFormat(&help, "  %3d  %s\n", row.code, row.meaning);
  }
  return help;
}

}  // namespace pcaps::pcapctl
