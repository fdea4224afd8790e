#include "tests/emulator/control_routes.h"

#include <array>
#include <boost/url.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/emulator/capture_json.h"
#include "tests/emulator/json_fields.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;
using boost::urls::url_view;

constexpr absl::string_view kPrefix = "/__emulator/";
constexpr int64_t kMaxSeconds = 86'400;
constexpr int64_t kMaxSeeds = 100'000;

// What a control endpoint works on.
struct Control {
  State& state;
  url_view url;
  json::value body;  // Null where there is none, or it is no JSON.
  absl::Time now;
};

std::string Parameter(const url_view& url, absl::string_view name) {
  for (const auto& each : url.params()) {
    if (absl::string_view(each.key.data(), each.key.size()) == name) return std::string(each.value);
  }
  return "";
}

// The fields of the body; an empty object where it is not one, so that required fields are missed
// by name.
json::object Fields(const Control& control) {
  return control.body.is_object() ? control.body.get_object() : json::object();
}

Answer Done() { return ResultAnswer(nullptr); }

std::optional<ApiError> ReadSeconds(const json::object& fields, const char* name,
                                    absl::Duration& out) {
  std::optional<int64_t> seconds;
  auto error = ReadInteger(fields, name, absl::StrCat("/", name), {.max = kMaxSeconds}, seconds);
  if (seconds) out = absl::Seconds(*seconds);
  return error;
}

Answer GetStats(const Control& control) { return JsonAnswer(200, control.state.stats.ToJson()); }

Answer PlainText(std::string body) {
  return {.headers = {{"Content-Type", "text/plain"}}, .body = std::move(body)};
}

Answer GetRequests(const Control& control) {
  int64_t since_ms = 0;
  const std::string since = Parameter(control.url, "since_ms");
  if (!since.empty() && !absl::SimpleAtoi(since, &since_ms)) {
    return ErrorAnswer(BadField("/since_ms", "must be a whole number"));
  }
  return PlainText(control.state.requests.ToText(absl::FromUnixMillis(since_ms)));
}

Answer Reset(const Control& control) {
  State& state = control.state;
  state.faults.Clear();
  state.captures.Clear();
  state.ownerships.Clear();
  state.rules.Clear();
  state.rate_limit.Clear();
  state.stats = Stats();
  state.requests = RequestLog();
  state.date_offset = absl::ZeroDuration();
  return Done();
}

Answer GetFaults(const Control& control) { return JsonAnswer(200, control.state.faults.ToJson()); }

Answer AddFaults(const Control& control) {
  if (const auto error = control.state.faults.Add(control.body)) return ErrorAnswer(*error);
  return Done();
}

Answer ClearFaults(const Control& control) {
  control.state.faults.Clear();
  return Done();
}

Answer SetRules(const Control& control) {
  RulesOptions options = control.state.rules.options();
  const json::object fields = Fields(control);
  std::optional<int64_t> status;
  std::optional<ApiError> error = ReadBool(fields, "enabled", "/enabled", options.enabled);
  if (!error) error = ReadBool(fields, "retry_after", "/retry_after", options.retry_after);
  if (!error) error = ReadInteger(fields, "status", "/status", {.min = 400, .max = 599}, status);
  if (!error) error = ReadSeconds(fields, "simple_interval_s", options.simple_interval);
  if (error) return ErrorAnswer(*error);
  options.refusal_status = static_cast<int>(status.value_or(options.refusal_status));
  control.state.rules.options() = options;
  return Done();
}

Answer SetRateLimit(const Control& control) {
  RateLimitOptions options = control.state.rate_limit.options();
  const json::object fields = Fields(control);
  std::optional<int64_t> requests;
  std::optional<ApiError> error = ReadBool(fields, "enabled", "/enabled", options.enabled);
  if (!error) error = ReadInteger(fields, "requests", "/requests", {}, requests);
  if (!error) error = ReadSeconds(fields, "window_s", options.window);
  if (!error) error = ReadSeconds(fields, "block_s", options.block);
  if (error) return ErrorAnswer(*error);
  options.requests = requests.value_or(options.requests);
  control.state.rate_limit.options() = options;
  control.state.rate_limit.Clear();  // New windows, by the new rules.
  return Done();
}

Answer SetToken(const Control& control) {
  std::string token;
  if (const auto error = ReadString(Fields(control), "token", "/token", token)) {
    return ErrorAnswer(*error);
  }
  std::set<std::string>& accepted = control.state.options.tokens;
  accepted.clear();
  if (!token.empty()) accepted.insert(token);
  return Done();
}

Answer SetClock(const Control& control) {
  std::optional<int64_t> seconds;
  if (const auto error = ReadInteger(Fields(control), "date_offset_s", "/date_offset_s",
                                     {.min = -kMaxSeconds, .max = kMaxSeconds}, seconds)) {
    return ErrorAnswer(*error);
  }
  control.state.date_offset = absl::Seconds(seconds.value_or(0));
  return Done();
}

// The capture that "account" and "pcap_id" name.
Capture* NamedCapture(const Control& control) {
  const json::object fields = Fields(control);
  std::string account_id;
  std::string id;
  if (ReadString(fields, "account", "/account", account_id)) return nullptr;
  if (ReadString(fields, "pcap_id", "/pcap_id", id)) return nullptr;
  return control.state.captures.Find(account_id, id);
}

Answer NoSuchCapture() {
  return ErrorAnswer({.status = 404,
                      .code = kNotFound,
                      .message = "no capture of this account and pcap_id",
                      .pointer = "/pcap_id"});
}

Answer MakeLargeFile(const Control& control) {
  Capture* capture = NamedCapture(control);
  if (capture == nullptr) return NoSuchCapture();
  const json::object fields = Fields(control);
  LargeFile file;
  std::optional<int64_t> bytes;
  std::optional<ApiError> error = ReadInteger(fields, "bytes", "/bytes", {}, bytes);
  if (!error) error = ReadBool(fields, "chunked", "/chunked", file.chunked);
  if (!error && !bytes) error = BadField("/bytes", "is required");
  if (error) return ErrorAnswer(*error);
  file.bytes = static_cast<uint64_t>(*bytes);
  capture->large_file = file;
  return Done();
}

Answer PinStatus(const Control& control) {
  const json::object fields = Fields(control);
  std::string status;
  std::string account_id;
  std::optional<ApiError> error = ReadString(fields, "status", "/status", status);
  if (!error) error = ReadString(fields, "account", "/account", account_id);
  if (error) return ErrorAnswer(*error);
  if (fields.if_contains("pcap_id") == nullptr) {
    control.state.captures.ForEach(account_id, [&](Capture& each) { each.pinned_status = status; });
    return Done();
  }
  Capture* capture = NamedCapture(control);
  if (capture == nullptr) return NoSuchCapture();
  capture->pinned_status = status;
  return Done();
}

Answer Seed(const Control& control) {
  State& state = control.state;
  const json::object fields = Fields(control);
  std::string account_id;
  std::string id;
  Capture capture = {.time_limit = 60,
                     .packet_limit = 10,
                     .submitted = control.now,
                     .offset_time = control.now,
                     .pace = state.options.pace};
  std::optional<int64_t> count;
  std::optional<ApiError> error = ReadString(fields, "account", "/account", account_id);
  if (!error) error = ReadString(fields, "pcap_id", "/pcap_id", id);
  if (!error) error = ReadString(fields, "status", "/status", capture.pinned_status);
  if (!error) error = ReadInteger(fields, "count", "/count", {.max = kMaxSeeds}, count);
  if (!error && account_id.empty()) error = BadField("/account", "is required");
  if (error) return ErrorAnswer(*error);
  std::string ids;
  for (int64_t i = 0; i < (id.empty() ? count.value_or(1) : 1); ++i) {
    capture.id = id.empty() ? state.ids.NextId() : id;
    absl::StrAppend(&ids, state.captures.Add(account_id, capture).id, "\n");
  }
  return PlainText(std::move(ids));
}

Answer ForgetCapture(const Control& control) {
  const std::string account_id = Parameter(control.url, "account");
  if (!control.state.captures.Erase(account_id, Parameter(control.url, "id"))) {
    return NoSuchCapture();
  }
  return Done();
}

Answer GetChallenge(const Control& control) {
  const Ownership* ownership = control.state.ownerships.Find(Parameter(control.url, "account"),
                                                             Parameter(control.url, "id"));
  if (ownership == nullptr) {
    return ErrorAnswer({.status = 404, .code = kNotFound, .message = "ownership not found"});
  }
  return PlainText(ownership->ChallengeContents());
}

struct ControlRoute {
  absl::string_view method;
  absl::string_view name;
  Answer (*handle)(const Control&);
};

constexpr std::array<ControlRoute, 15> kRoutes = {{
    {"GET", "stats", GetStats},
    {"GET", "requests", GetRequests},
    {"POST", "reset", Reset},
    {"GET", "faults", GetFaults},
    {"POST", "faults", AddFaults},
    {"DELETE", "faults", ClearFaults},
    {"POST", "rules", SetRules},
    {"POST", "rate_limit", SetRateLimit},
    {"POST", "token", SetToken},
    {"POST", "clock", SetClock},
    {"POST", "files", MakeLargeFile},
    {"POST", "seed", Seed},
    {"POST", "captures", PinStatus},
    {"DELETE", "captures", ForgetCapture},
    {"GET", "challenge", GetChallenge},
}};

}  // namespace

bool IsControl(absl::string_view target) { return absl::StartsWith(target, kPrefix); }

Answer HandleControl(State& state, const Request& request, absl::Time now) {
  const auto url = boost::urls::parse_origin_form(request.target);
  const std::string path = url.has_error() ? "" : url->path();
  boost::system::error_code bad_json;
  const json::value body = json::parse(request.body, bad_json);
  for (const ControlRoute& route : kRoutes) {
    if (request.method != route.method || path != absl::StrCat(kPrefix, route.name)) continue;
    if (bad_json && route.method == "POST" && !request.body.empty()) {
      return ErrorAnswer({.code = kInvalidJson, .message = "the body must be JSON"});
    }
    return route.handle({state, *url, body, now});
  }
  return ErrorAnswer({.status = 404, .code = kNoRoute, .message = "no such control endpoint"});
}

}  // namespace pcaps::emulator
