#include "tests/emulator/fault_answers.h"

#include <algorithm>
#include <functional>
#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tests/emulator/repeated_text.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

constexpr int64_t kDefaultErrorCode = 1000;
constexpr uint64_t kOversizeBytes = 64 << 20;
constexpr char kOtherId[] = "00000000000000000000000000000bad";

Answer FaultEnvelope(const Fault& fault, int default_status) {
  return ErrorAnswer({.status = static_cast<int>(fault.status.value_or(default_status)),
                      .code = static_cast<int>(fault.code.value_or(kDefaultErrorCode)),
                      .message = fault.message.empty() ? "injected fault" : fault.message,
                      .retry_after = fault.retry_after,
                      .error_chain = fault.error_chain});
}

Answer EdgePage(const Fault& fault) {
  const auto status = static_cast<int>(fault.status.value_or(502));
  return {.status = status,
          .headers = {{"Content-Type", "text/html; charset=UTF-8"}},
          .body = absl::StrCat("<html>\r\n<head><title>", status, "</title></head>\r\n<body><h1>",
                               status, "</h1><hr>cloudflare</body>\r\n</html>\r\n")};
}

// Rewrites the JSON body, where there is one.
void EditJson(Answer& answer, const std::function<void(json::object&)>& edit) {
  boost::system::error_code error;
  json::value body = json::parse(answer.body, error);
  if (error || !body.is_object()) return;
  edit(body.get_object());
  answer.body = json::serialize(body);
}

// Rewrites the result, or each of the results.
void EditResults(Answer& answer, const std::function<void(json::object&)>& edit) {
  EditJson(answer, [&](json::object& envelope) {
    json::value* result = envelope.if_contains("result");
    if (result == nullptr) return;
    if (result->is_object()) edit(result->get_object());
    if (!result->is_array()) return;
    for (json::value& each : result->get_array()) edit(each.get_object());
  });
}

void MakeOddFields(json::object& result) {
  if (json::value* colo = result.if_contains("colo_name")) {
    result["colo"] = json::value(*colo);
    result.erase("colo_name");
  }
  result["packets_remaining"] = 0;
  result["field_of_tomorrow"] = {{"nested", json::array({1, "two", nullptr})}};
}

// {"a":1} becomes {"a":1.0}; digits inside strings never follow a quote and a colon.
std::string WithFloats(absl::string_view text) {
  constexpr absl::string_view kValueFollows = "\":";
  std::string out;
  while (!text.empty()) {
    if (!absl::ConsumePrefix(&text, kValueFollows)) {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    const auto* end = std::find_if_not(text.begin(), text.end(), absl::ascii_isdigit);
    const auto digits = static_cast<size_t>(end - text.begin());
    absl::StrAppend(&out, kValueFollows, text.substr(0, digits), digits > 0 ? ".0" : "");
    text.remove_prefix(digits);
  }
  return out;
}

void Oversize(const Fault& fault, Answer& answer) {
  std::string head = answer.stream ? answer.stream->Next() : answer.body;
  const auto bytes = static_cast<uint64_t>(fault.bytes.value_or(kOversizeBytes));
  answer.stream = std::make_shared<RepeatedText>(std::move(head), " ", bytes);
}

}  // namespace

void DistortContent(const Fault& fault, Answer& answer) {
  switch (fault.kind) {
    case FaultKind::kStatus:
      answer = FaultEnvelope(fault, 500);
      break;
    case FaultKind::kSuccessFalse:
      answer = FaultEnvelope(fault, 200);
      break;
    case FaultKind::kHtml:
      answer = EdgePage(fault);
      break;
    case FaultKind::kRedirect:
      answer = {.status = 302, .headers = {{"Location", fault.location}}};
      break;
    case FaultKind::kEmpty:
      answer = {.status = static_cast<int>(fault.status.value_or(200))};
      break;
    case FaultKind::kNullResult:
      EditJson(answer, [](json::object& envelope) { envelope["result"] = nullptr; });
      break;
    case FaultKind::kBadJson:
      if (!answer.stream) answer.body.resize(answer.body.size() / 2);
      break;
    case FaultKind::kFloats:
      if (!answer.stream) answer.body = WithFloats(answer.body);
      break;
    case FaultKind::kUnknownEnum:
      EditResults(answer, [&](json::object& result) { result["status"] = fault.value; });
      break;
    case FaultKind::kWrongId:
      EditResults(answer, [](json::object& result) { result["id"] = kOtherId; });
      break;
    case FaultKind::kOddFields:
      EditResults(answer, MakeOddFields);
      break;
    case FaultKind::kNotPcap:
      if (!answer.stream) break;
      answer.stream =
          std::make_shared<RepeatedText>("", "This is no pcap file.\n", answer.body_bytes());
      break;
    case FaultKind::kOversize:
      Oversize(fault, answer);
      break;
    default:
      break;
  }
}

}  // namespace pcaps::emulator
