// Finding: what one check of the doctor came to.
#pragma once

#include <string>
#include <utility>

namespace pcaps::pcapctl {

enum class Verdict { kOk, kWarning, kFail, kSkip };

struct Finding {
  std::string check;    // "token"
  std::string subject;  // Which one, where there are several: a credential's name.
  Verdict verdict = Verdict::kOk;
  std::string message;  // What was found; of a skipped check, why it was.
  std::string fix;      // What to do. Never empty when it warns or fails.
};

// Names a check once for all that it may find.
struct Check {
  const char* name;
  std::string subject;

  Finding Ok(std::string message) const {
    return {name, subject, Verdict::kOk, std::move(message), ""};
  }
  Finding Warn(std::string message, std::string fix) const {
    return {name, subject, Verdict::kWarning, std::move(message), std::move(fix)};
  }
  Finding Fail(std::string message, std::string fix) const {
    return {name, subject, Verdict::kFail, std::move(message), std::move(fix)};
  }
  Finding Skip(std::string reason) const {
    return {name, subject, Verdict::kSkip, std::move(reason), ""};
  }
};

}  // namespace pcaps::pcapctl
