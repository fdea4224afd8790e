#include "clients/gateway/pcapctl/doctor/report.h"

#include <boost/json.hpp>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/base/error.h"

namespace pcaps::pcapctl {
namespace {

// The failures are what eyes look for: they alone are in capitals.
const char* VerdictText(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarning:
      return "warn";
    case Verdict::kFail:
      return "FAIL";
    case Verdict::kSkip:
      return "skip";
  }
  return "?";
}

}  // namespace

std::string FindingText(const Finding& finding) {
  std::string text = absl::StrFormat("%-4s  %-10s  ", VerdictText(finding.verdict), finding.check);
  if (!finding.subject.empty()) absl::StrAppend(&text, CleanText(finding.subject), ": ");
  std::string message = CleanText(finding.message);
  if (!finding.fix.empty()) {
    // Words from outside may end a sentence of their own.
    while (absl::EndsWith(message, ".") || absl::EndsWith(message, "?")) message.pop_back();
    absl::StrAppend(&message, ". Fix: ", CleanText(finding.fix));
  }
  return absl::StrCat(text, message, "\n");
}

std::string FindingJson(const Finding& finding) {
  boost::json::object object;
  object["check"] = finding.check;
  if (!finding.subject.empty()) object["subject"] = CleanText(finding.subject);
  object["verdict"] = finding.verdict == Verdict::kFail ? "fail" : VerdictText(finding.verdict);
  object["message"] = CleanText(finding.message);
  if (!finding.fix.empty()) object["fix"] = CleanText(finding.fix);
  return boost::json::serialize(object) + "\n";
}

void Report::Add(const Finding& finding) {
  ++checks_;
  if (finding.verdict == Verdict::kFail) ++failures_;
  out_ << (json_ ? FindingJson(finding) : FindingText(finding)) << std::flush;
}

absl::Status Report::Conclusion() const {
  if (failures_ == 0) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(failures_, " of ", checks_, " checks failed"));
}

}  // namespace pcaps::pcapctl
