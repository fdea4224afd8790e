#include "clients/base/error.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace pcaps {
namespace {

constexpr absl::string_view kDomain = "pcaps-gateway";
constexpr absl::string_view kReasonPrefix = "ERROR_REASON_";
constexpr size_t kMaxTextBytes = 1024;

template <typename Detail>
std::string TypeUrl() {
  return absl::StrCat("type.googleapis.com/", Detail::descriptor()->full_name());
}

template <typename Detail>
void SetDetail(absl::Status& status, const Detail& detail) {
  status.SetPayload(TypeUrl<Detail>(), absl::Cord(detail.SerializeAsString()));
}

template <typename Detail>
std::optional<Detail> DetailOf(const absl::Status& status) {
  const auto payload = status.GetPayload(TypeUrl<Detail>());
  Detail detail;
  if (!payload.has_value() || !detail.ParseFromString(std::string(*payload))) return std::nullopt;
  return detail;
}

// Length of the valid UTF-8 sequence at the front of `text`; 0 where there is none.
size_t Utf8SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return continues(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    if (!continues(1) || !continues(2)) return 0;
    const bool overlong = lead == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = lead == 0xED && byte(1) > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3)) return 0;
    const bool overlong = lead == 0xF0 && byte(1) < 0x90;
    const bool too_large = lead == 0xF4 && byte(1) > 0x8F;
    return overlong || too_large ? 0 : 4;
  }
  return 0;
}

// True where `text` begins with a control character, of ASCII or of Latin-1 (U+0080..U+009F).
bool IsControl(absl::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first == 0xC2) return static_cast<unsigned char>(text[1]) < 0xA0;
  return first < 0x20 || first == 0x7F;
}

}  // namespace

absl::Status MakeError(absl::StatusCode code, v1::ErrorReason reason, absl::string_view message,
                       const ErrorMetadata& metadata) {
  absl::Status status(code, message);
  google::rpc::ErrorInfo info;
  info.set_reason(ReasonName(reason));
  info.set_domain(std::string(kDomain));
  for (const auto& [key, value] : metadata) (*info.mutable_metadata())[key] = value;
  SetDetail(status, info);
  return status;
}

v1::ErrorReason ReasonOf(const absl::Status& status) {
  v1::ErrorReason reason = v1::ERROR_REASON_UNSPECIFIED;
  if (status.ok()) return reason;
  v1::ErrorReason_Parse(absl::StrCat(kReasonPrefix, ErrorInfoOf(status).reason()), &reason);
  return reason;
}

std::string ReasonName(v1::ErrorReason reason) {
  return std::string(absl::StripPrefix(v1::ErrorReason_Name(reason), kReasonPrefix));
}

google::rpc::ErrorInfo ErrorInfoOf(const absl::Status& status) {
  return DetailOf<google::rpc::ErrorInfo>(status).value_or(google::rpc::ErrorInfo());
}

absl::Status WithMetadata(absl::Status status, absl::string_view key, absl::string_view value) {
  google::rpc::ErrorInfo info = ErrorInfoOf(status);
  (*info.mutable_metadata())[std::string(key)] = std::string(value);
  SetDetail(status, info);
  return status;
}

absl::Status WithRetryAfter(absl::Status status, absl::Duration delay) {
  google::rpc::RetryInfo retry;
  absl::Duration rest;
  retry.mutable_retry_delay()->set_seconds(absl::IDivDuration(delay, absl::Seconds(1), &rest));
  retry.mutable_retry_delay()->set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
  SetDetail(status, retry);
  return status;
}

std::optional<absl::Duration> RetryAfterOf(const absl::Status& status) {
  const auto retry = DetailOf<google::rpc::RetryInfo>(status);
  if (!retry.has_value()) return std::nullopt;
  return absl::Seconds(retry->retry_delay().seconds()) +
         absl::Nanoseconds(retry->retry_delay().nanos());
}

absl::Status WithBadRequest(absl::Status status, const google::rpc::BadRequest& bad_request) {
  SetDetail(status, bad_request);
  return status;
}

google::rpc::BadRequest BadRequestOf(const absl::Status& status) {
  return DetailOf<google::rpc::BadRequest>(status).value_or(google::rpc::BadRequest());
}

absl::Status WithQuotaFailure(absl::Status status, const google::rpc::QuotaFailure& quota_failure) {
  SetDetail(status, quota_failure);
  return status;
}

google::rpc::QuotaFailure QuotaFailureOf(const absl::Status& status) {
  return DetailOf<google::rpc::QuotaFailure>(status).value_or(google::rpc::QuotaFailure());
}

std::string CleanText(absl::string_view text) {
  std::string clean;
  while (!text.empty() && clean.size() < kMaxTextBytes) {
    const size_t length = Utf8SequenceLength(text);
    if (length == 0) {
      clean += '?';
    } else if (IsControl(text)) {
      clean += ' ';
    } else if (clean.size() + length <= kMaxTextBytes) {
      absl::StrAppend(&clean, text.substr(0, length));
    } else {
      break;
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return clean;
}

}  // namespace pcaps
