#include "tests/emulator/faults.h"

#include "absl/strings/str_cat.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

// {"clear": true}, alone or beside the fields of a fault.
bool AsksToClear(const json::object& object) {
  const json::value* clear = object.if_contains("clear");
  return clear != nullptr && clear->is_bool() && clear->get_bool();
}

std::optional<ApiError> ParseOne(json::object object, const std::string& pointer, bool& clear,
                                 std::vector<Fault>& out) {
  clear = clear || AsksToClear(object);
  object.erase("clear");
  if (object.empty()) return std::nullopt;
  auto parsed = ParseFault(object, pointer);
  if (const auto* error = std::get_if<ApiError>(&parsed)) return *error;
  out.push_back(std::get<Fault>(std::move(parsed)));
  return std::nullopt;
}

}  // namespace

std::optional<ApiError> FaultSet::Add(const json::value& body) {
  bool clear = false;
  std::vector<Fault> added;
  const json::value* list = &body;
  std::string prefix;
  if (body.is_object() && body.get_object().contains("faults")) {
    clear = AsksToClear(body.get_object());
    list = &body.at("faults");
    prefix = "/faults";
    if (!list->is_array()) return BadField(prefix, "must be an array");
  }
  if (list->is_object()) {
    if (auto error = ParseOne(list->get_object(), prefix, clear, added)) return error;
  } else if (list->is_array()) {
    for (size_t i = 0; i < list->get_array().size(); ++i) {
      const json::value& each = list->get_array()[i];
      const std::string pointer = absl::StrCat(prefix, "/", i);
      if (!each.is_object()) return BadField(pointer, "must be an object");
      if (auto error = ParseOne(each.get_object(), pointer, clear, added)) return error;
    }
  } else {
    return BadField("/", "must be a fault or an array of faults");
  }
  if (clear) faults_.clear();
  for (Fault& fault : added) faults_.push_back(std::move(fault));
  return std::nullopt;
}

Firing FaultSet::Fire(Endpoint endpoint, const std::string& account_id) {
  Firing firing;
  for (Fault& fault : faults_) {
    const bool latency = fault.kind == FaultKind::kLatency;
    if (!latency && firing.fault.has_value()) continue;
    if (fault.endpoint.has_value() && *fault.endpoint != endpoint) continue;
    if (!fault.account.empty() && fault.account != account_id) continue;
    if (fault.count.has_value() && fault.fired >= *fault.count) continue;
    if (fault.probability < 1 && random_.Fraction() >= fault.probability) continue;
    ++fault.fired;
    if (latency) {
      firing.latency += fault.latency;
    } else {
      firing.fault = fault;
    }
  }
  return firing;
}

json::array FaultSet::ToJson() const {
  json::array list;
  for (const Fault& fault : faults_) {
    json::object shown = fault.given;
    shown["fired"] = fault.fired;
    list.push_back(std::move(shown));
  }
  return list;
}

}  // namespace pcaps::emulator
