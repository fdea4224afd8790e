// Reads faults; what they do is in fault_content.cc and fault_delivery.cc.
#include <algorithm>
#include <array>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/emulator/faults.h"
#include "tests/emulator/json_fields.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

struct KindName {
  absl::string_view name;
  FaultKind kind;
  bool executes = true;
};

constexpr std::array<KindName, 27> kKinds = {{
    {"latency", FaultKind::kLatency},
    {"status", FaultKind::kStatus, false},
    {"html", FaultKind::kHtml, false},
    {"redirect", FaultKind::kRedirect, false},
    {"success_false", FaultKind::kSuccessFalse, false},
    {"empty", FaultKind::kEmpty},
    {"null_result", FaultKind::kNullResult},
    {"bad_json", FaultKind::kBadJson},
    {"floats", FaultKind::kFloats},
    {"unknown_enum", FaultKind::kUnknownEnum},
    {"wrong_id", FaultKind::kWrongId},
    {"odd_fields", FaultKind::kOddFields},
    {"changed_content", FaultKind::kChangedContent},
    {"not_pcap", FaultKind::kNotPcap},
    {"oversize", FaultKind::kOversize},
    {"bad_length", FaultKind::kBadLength},
    {"no_length", FaultKind::kNoLength},
    {"chunked", FaultKind::kChunked},
    {"truncate", FaultKind::kTruncate},
    {"garbage", FaultKind::kGarbage},
    {"slow_headers", FaultKind::kSlowHeaders},
    {"slow_body", FaultKind::kSlowBody},
    {"close_after", FaultKind::kCloseAfter},
    {"close_idle", FaultKind::kCloseIdle},
    {"reset_before", FaultKind::kResetBefore, false},
    {"reset_during", FaultKind::kResetDuring},
    {"reset_after", FaultKind::kResetAfter},
}};
static_assert(kKinds.size() == static_cast<size_t>(FaultKind::kResetAfter) + 1,
              "a kind has no name");

constexpr std::array<absl::string_view, 16> kFields = {
    "endpoint", "fault",      "probability", "count",      "account", "execute",
    "status",   "latency_ms", "code",        "message",    "bytes",   "bytes_per_second",
    "value",    "location",   "retry_after", "error_chain"};

std::optional<ApiError> CheckNames(const json::object& object, absl::string_view pointer) {
  for (const auto& field : object) {
    const absl::string_view name(field.key().data(), field.key().size());
    if (std::find(kFields.begin(), kFields.end(), name) == kFields.end()) {
      return BadField(absl::StrCat(pointer, "/", name), "is not a field of a fault");
    }
  }
  return std::nullopt;
}

std::optional<ApiError> ReadKind(const json::object& object, absl::string_view pointer,
                                 Fault& fault) {
  const std::string where = absl::StrCat(pointer, "/fault");
  std::string name;
  if (const auto error = ReadString(object, "fault", where, name)) return error;
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const KindName& each) { return each.name == name; });
  if (kind == kKinds.end()) {
    const auto add_name = [](std::string* out, const KindName& each) {
      absl::StrAppend(out, each.name);
    };
    return BadField(where, "must be one of " + absl::StrJoin(kKinds, ", ", add_name));
  }
  fault.kind = kind->kind;
  fault.execute = kind->executes;
  return ReadBool(object, "execute", absl::StrCat(pointer, "/execute"), fault.execute);
}

std::optional<ApiError> ReadEndpoint(const json::object& object, absl::string_view pointer,
                                     Fault& fault) {
  const std::string where = absl::StrCat(pointer, "/endpoint");
  std::string name = "*";
  if (const auto error = ReadString(object, "endpoint", where, name)) return error;
  if (name == "*") return std::nullopt;
  fault.endpoint = EndpointByName(name);
  if (!fault.endpoint) return BadField(where, "is not the name of an endpoint, nor *");
  return std::nullopt;
}

std::optional<ApiError> ReadProbability(const json::object& object, absl::string_view pointer,
                                        Fault& fault) {
  const json::value* value = object.if_contains("probability");
  if (value == nullptr) return std::nullopt;
  boost::system::error_code error;
  fault.probability = value->to_number<double>(error);
  if (!error && fault.probability >= 0 && fault.probability <= 1) return std::nullopt;
  return BadField(absl::StrCat(pointer, "/probability"), "must be a number in 0..1");
}

std::optional<ApiError> ReadNumbers(const json::object& object, absl::string_view pointer,
                                    Fault& fault) {
  std::optional<int64_t> latency_ms;
  const auto read = [&](const char* name, Range range, std::optional<int64_t>& out) {
    return ReadInteger(object, name, absl::StrCat(pointer, "/", name), range, out);
  };
  std::optional<ApiError> error = read("count", {}, fault.count);
  if (!error) error = read("latency_ms", {.min = 0, .max = 3'600'000}, latency_ms);
  if (!error) error = read("status", {.min = 100, .max = 599}, fault.status);
  if (!error) error = read("code", {}, fault.code);
  if (!error) error = read("retry_after", {}, fault.retry_after);
  if (!error) error = read("bytes", {}, fault.bytes);
  if (!error) error = read("bytes_per_second", {.min = 1}, fault.bytes_per_second);
  if (latency_ms) fault.latency = absl::Milliseconds(*latency_ms);
  return error;
}

std::optional<ApiError> ReadTexts(const json::object& object, absl::string_view pointer,
                                  Fault& fault) {
  const auto read = [&](const char* name, std::string& out) {
    return ReadString(object, name, absl::StrCat(pointer, "/", name), out);
  };
  std::optional<ApiError> error = read("account", fault.account);
  if (!error) error = read("message", fault.message);
  if (!error) error = read("location", fault.location);
  if (!error) error = read("value", fault.value);
  if (const json::value* chain = object.if_contains("error_chain"); !error && chain != nullptr) {
    if (!chain->is_array()) {
      return BadField(absl::StrCat(pointer, "/error_chain"), "must be an array");
    }
    fault.error_chain = chain->get_array();
  }
  return error;
}

}  // namespace

std::vector<std::string> FaultKindNames() {
  std::vector<std::string> names;
  for (const KindName& each : kKinds) names.emplace_back(each.name);
  return names;
}

std::variant<Fault, ApiError> ParseFault(const json::object& object, absl::string_view pointer) {
  Fault fault;
  fault.given = object;
  std::optional<ApiError> error = CheckNames(object, pointer);
  if (!error) error = ReadKind(object, pointer, fault);
  if (!error) error = ReadEndpoint(object, pointer, fault);
  if (!error) error = ReadProbability(object, pointer, fault);
  if (!error) error = ReadNumbers(object, pointer, fault);
  if (!error) error = ReadTexts(object, pointer, fault);
  if (error) return *std::move(error);
  return fault;
}

}  // namespace pcaps::emulator
