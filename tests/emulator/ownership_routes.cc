#include "tests/emulator/ownership_routes.h"

#include "tests/emulator/capture_json.h"
#include "tests/emulator/json_fields.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

constexpr size_t kPerPage = 50;

std::optional<ApiError> ReadDestination(const json::object& body, std::string& destination) {
  if (auto error = ReadString(body, "destination_conf", "/destination_conf", destination)) {
    return error;
  }
  return CheckDestination(destination);
}

Answer NoSuchOwnership() {
  return ErrorAnswer({.status = 404, .code = kNotFound, .message = "ownership not found"});
}

}  // namespace

Answer ListOwnerships(State& state, const Call& call) {
  json::array all;
  for (const Ownership& each : state.ownerships.Of(call.account_id)) all.push_back(ToJson(each));
  const size_t total = all.size();
  return ListAnswer(std::move(all), total, kPerPage);
}

Answer CreateOwnership(State& state, const Call& call) {
  const auto body = ParseObject(call.body);
  if (const auto* error = std::get_if<ApiError>(&body)) return ErrorAnswer(*error);
  Ownership ownership;
  ownership.submitted = call.now;
  if (const auto error =
          ReadDestination(std::get<json::object>(body), ownership.destination_conf)) {
    return ErrorAnswer(*error);
  }
  ownership.id = state.ids.NextId();
  return ResultAnswer(ToJson(state.ownerships.Add(call.account_id, std::move(ownership))));
}

Answer ValidateOwnership(State& state, const Call& call) {
  const auto body = ParseObject(call.body);
  if (const auto* error = std::get_if<ApiError>(&body)) return ErrorAnswer(*error);
  const json::object& object = std::get<json::object>(body);
  std::string destination;
  if (const auto error = ReadDestination(object, destination)) return ErrorAnswer(*error);
  std::string challenge;
  constexpr char kPointer[] = "/ownership_challenge";
  if (const auto error = ReadString(object, "ownership_challenge", kPointer, challenge)) {
    return ErrorAnswer(*error);
  }
  if (challenge.empty()) return ErrorAnswer(BadField(kPointer, "is required"));
  const Ownership* ownership =
      state.ownerships.Validate(call.account_id, destination, challenge, call.now);
  if (ownership == nullptr) return NoSuchOwnership();
  return ResultAnswer(ToJson(*ownership));
}

Answer DeleteOwnership(State& state, const Call& call) {
  if (!state.ownerships.Erase(call.account_id, call.object_id)) return NoSuchOwnership();
  return EmptyAnswer();
}

}  // namespace pcaps::emulator
