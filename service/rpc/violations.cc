#include "service/rpc/violations.h"

#include <algorithm>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "clients/base/error.h"
#include "clients/base/id.h"
#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

constexpr size_t kMaxDestinationBytes = 2048;
// Errors travel in trailers, of which clients take 8 KiB. Only lists can have more bad fields than
// this.
constexpr int kMaxViolations = 20;

}  // namespace

void Violations::Add(absl::string_view field, absl::string_view description) {
  if (bad_.field_violations_size() == kMaxViolations) {
    ++unnamed_;
    return;
  }
  google::rpc::BadRequest::FieldViolation* violation = bad_.add_field_violations();
  violation->set_field(std::string(field));
  violation->set_description(std::string(description));
}

void Violations::CheckId(absl::string_view field, absl::string_view id) {
  if (!IsId(id)) Add(field, "must be 1 to 32 characters of [0-9A-Za-z_-]");
}

void Violations::CheckDestination(absl::string_view field, absl::string_view uri) {
  const bool known = absl::StartsWith(uri, "s3://") || absl::StartsWith(uri, "gs://") ||
                     absl::StartsWith(uri, "r2://");
  const bool printable =
      std::all_of(uri.begin(), uri.end(), [](unsigned char c) { return absl::ascii_isgraph(c); });
  // Never says what it is: it may hold a secret.
  if (!known || !printable || uri.size() > kMaxDestinationBytes ||
      uri.size() == sizeof("s3://") - 1) {
    Add(field, "must be a bucket URI, s3://, gs:// or r2://, of at most 2048 printable characters");
  }
}

bool Violations::CheckDuration(absl::string_view field, const google::protobuf::Duration& duration,
                               absl::Duration min, absl::Duration max) {
  const absl::Duration value = FromProtoDuration(duration);
  const bool mixed_signs = (duration.seconds() < 0 && duration.nanos() > 0) ||
                           (duration.seconds() > 0 && duration.nanos() < 0);
  const bool sound =
      std::abs(static_cast<int64_t>(duration.nanos())) < 1'000'000'000 && !mixed_signs;
  if (sound && value >= min && value <= max) return true;
  Add(field, absl::StrCat("is ", absl::FormatDuration(value), "; it must be from ",
                          absl::FormatDuration(min), " to ", absl::FormatDuration(max)));
  return false;
}

absl::Status Violations::ToStatus() const {
  if (bad_.field_violations().empty()) return absl::OkStatus();
  std::string message;
  for (const auto& violation : bad_.field_violations()) {
    absl::StrAppend(&message, message.empty() ? "" : "; ", violation.field(), " ",
                    violation.description());
  }
  message = CleanText(message);
  if (unnamed_ > 0) absl::StrAppend(&message, "; and ", unnamed_, " more fields");
  return WithBadRequest(
      MakeError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD, message), bad_);
}

}  // namespace pcaps
