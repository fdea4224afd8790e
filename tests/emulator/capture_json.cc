#include "tests/emulator/capture_json.h"

#include "absl/strings/strip.h"
#include "tests/emulator/json_fields.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

constexpr int64_t kMaxPackets = 10'000;
constexpr int64_t kMaxBytes = 1'000'000'000;
constexpr int64_t kMaxSimpleSeconds = 300;
constexpr int64_t kMaxFullSeconds = 86'400;
constexpr absl::Duration kRecordedHistory = absl::Hours(24);
constexpr char kFailure[] =
    "No packets matched the filter in the time limit given. Please modify the filter or try again.";

std::optional<ApiError> ReadOffsetTime(const json::object& body, Capture& capture) {
  std::string text;
  if (const auto error = ReadString(body, "offset_time", "/offset_time", text)) return error;
  if (text.empty()) return std::nullopt;
  std::string why;
  if (!absl::ParseTime(absl::RFC3339_full, text, &capture.offset_time, &why)) {
    return BadField("/offset_time", "must be an RFC 3339 timestamp");
  }
  if (capture.offset_time > capture.submitted) {
    return BadField("/offset_time", "must not be in the future");
  }
  if (capture.offset_time < capture.submitted - kRecordedHistory) {
    return BadField("/offset_time", "must be within the last 24 hours");
  }
  return std::nullopt;
}

std::optional<ApiError> ReadSimple(const json::object& body, Capture& capture) {
  if (!capture.packet_limit) return BadField("/packet_limit", "is required");
  return ReadOffsetTime(body, capture);
}

std::optional<ApiError> ReadFull(const json::object& body, Capture& capture) {
  std::optional<ApiError> error = ReadString(body, "colo_name", "/colo_name", capture.colo_name);
  if (error) return error;
  if (capture.colo_name.empty()) return BadField("/colo_name", "is required");
  error = ReadString(body, "destination_conf", "/destination_conf", capture.destination_conf);
  if (!error) error = CheckDestination(capture.destination_conf);
  if (!error) {
    error = ReadInteger(body, "byte_limit", "/byte_limit", {.min = 1, .max = kMaxBytes},
                        capture.byte_limit);
  }
  return error;
}

std::optional<ApiError> ReadCapture(const json::object& body, Capture& capture) {
  std::string system;
  if (const auto error = ReadString(body, "system", "/system", system)) return error;
  if (system != "magic-transit") return BadField("/system", "must be magic-transit");
  std::string type;
  if (const auto error = ReadString(body, "type", "/type", type)) return error;
  if (type != "simple" && type != "full") return BadField("/type", "must be simple or full");
  capture.full = type == "full";

  std::optional<int64_t> time_limit;
  const int64_t max_seconds = capture.full ? kMaxFullSeconds : kMaxSimpleSeconds;
  if (const auto error = ReadInteger(body, "time_limit", "/time_limit",
                                     {.min = 1, .max = max_seconds}, time_limit)) {
    return error;
  }
  if (!time_limit) return BadField("/time_limit", "is required");
  capture.time_limit = *time_limit;
  if (const auto error = ReadInteger(body, "packet_limit", "/packet_limit",
                                     {.min = 1, .max = kMaxPackets}, capture.packet_limit)) {
    return error;
  }
  if (const json::value* filter = body.if_contains("filter_v1")) {
    const auto parsed = ParseFilter(*filter);
    if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
    capture.filter = std::get<PacketFilter>(parsed);
  }
  return capture.full ? ReadFull(body, capture) : ReadSimple(body, capture);
}

void AddFullFields(const Capture& capture, const Progress& progress, json::object& out) {
  out["colo_name"] = capture.colo_name;
  out["destination_conf"] = capture.destination_conf;
  out["packets_captured"] = progress.packets_captured;
  if (capture.byte_limit) out["byte_limit"] = *capture.byte_limit;
  if (capture.packet_limit) out["packet_limit"] = *capture.packet_limit;
  if (capture.stop_requested) out["stop_requested"] = ToRfc3339(*capture.stop_requested);
  if (progress.status == "failed") out["error_message"] = kFailure;
}

}  // namespace

std::variant<json::object, ApiError> ParseObject(absl::string_view body) {
  boost::system::error_code error;
  json::value value = json::parse(json::string_view(body.data(), body.size()), error);
  if (error || !value.is_object()) {
    return ApiError{.code = kInvalidJson, .message = "the body must be a JSON object"};
  }
  return std::move(value.get_object());
}

std::variant<Capture, ApiError> ParseCapture(absl::string_view body, absl::Time now) {
  const auto object = ParseObject(body);
  if (const auto* error = std::get_if<ApiError>(&object)) return *error;
  Capture capture;
  capture.submitted = capture.offset_time = now;
  if (auto error = ReadCapture(std::get<json::object>(object), capture)) return *std::move(error);
  return capture;
}

json::object ToJson(const Capture& capture, absl::Time now) {
  const Progress progress = ProgressAt(capture, now);
  json::object out = {{"id", capture.id},
                      {"type", capture.full ? "full" : "simple"},
                      {"status", std::string(progress.status)},
                      {"system", "magic-transit"},
                      {"submitted", ToRfc3339(capture.submitted)},
                      {"time_limit", capture.time_limit},
                      {"filter_v1", ToJson(capture.filter)}};
  if (capture.full) {
    AddFullFields(capture, progress, out);
  } else {
    out["offset_time"] = ToRfc3339(capture.offset_time);
  }
  return out;
}

std::string ToRfc3339(absl::Time time) {
  const absl::Time micros = absl::FromUnixMicros(absl::ToUnixMicros(time));
  return absl::FormatTime("%Y-%m-%d%ET%H:%M:%E*SZ", micros, absl::UTCTimeZone());
}

std::optional<ApiError> CheckDestination(absl::string_view destination_conf) {
  for (const absl::string_view scheme : {"s3://", "gs://", "r2://"}) {
    absl::string_view rest = destination_conf;
    if (absl::ConsumePrefix(&rest, scheme) && !rest.empty() && rest[0] != '/' && rest[0] != '?') {
      return std::nullopt;
    }
  }
  return BadField("/destination_conf", "must be the URI of an S3, GCS or R2 bucket");
}

}  // namespace pcaps::emulator
