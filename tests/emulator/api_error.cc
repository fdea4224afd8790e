#include "tests/emulator/api_error.h"

#include "absl/strings/str_cat.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

json::object Envelope(bool success, json::array errors, json::value result) {
  return {{"success", success},
          {"errors", std::move(errors)},
          {"messages", json::array()},
          {"result", std::move(result)}};
}

}  // namespace

ApiError BadField(absl::string_view pointer, absl::string_view message) {
  return {.message = std::string(message), .pointer = std::string(pointer)};
}

Answer ErrorAnswer(const ApiError& error) {
  json::object item = {{"code", error.code}, {"message", error.message}};
  if (!error.pointer.empty()) item["source"] = {{"pointer", error.pointer}};
  if (error.error_chain.has_value()) item["error_chain"] = *error.error_chain;
  Answer answer = JsonAnswer(error.status, Envelope(false, {item}, nullptr));
  if (error.retry_after.has_value()) {
    answer.headers.emplace_back("retry-after", absl::StrCat(*error.retry_after));
  }
  return answer;
}

Answer ResultAnswer(json::value result) {
  return JsonAnswer(200, Envelope(true, {}, std::move(result)));
}

Answer ListAnswer(json::array items, size_t total, size_t per_page) {
  const size_t count = items.size();
  json::value result = items.empty() ? json::value(nullptr) : json::value(std::move(items));
  json::object envelope = Envelope(true, {}, std::move(result));
  envelope["result_info"] = {
      {"count", count}, {"page", 1}, {"per_page", per_page}, {"total_count", total}};
  return JsonAnswer(200, envelope);
}

Answer EmptyAnswer() { return {.status = 204}; }

Answer JsonAnswer(int status, const json::value& value) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = json::serialize(value)};
}

}  // namespace pcaps::emulator
