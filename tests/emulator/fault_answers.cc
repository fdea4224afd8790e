#include "tests/emulator/fault_answers.h"

#include <algorithm>
#include <functional>
#include <regex>

#include "absl/strings/str_cat.h"

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

constexpr int64_t kDefaultErrorCode = 1000;
constexpr uint64_t kOversizeBytes = 64 << 20;
constexpr int64_t kGarbageBytes = 512;
constexpr int64_t kMaxGarbageBytes = 1 << 20;  // Garbage is held in memory.
constexpr uint64_t kSlowHeadBytesPerSecond = 20;
constexpr uint64_t kSlowBodyBytesPerSecond = 1024;
constexpr char kOtherId[] = "00000000000000000000000000000bad";

// One text, repeated up to `size`; after `head`, where there is one.
class RepeatedText : public BodySource {
 public:
  RepeatedText(std::string head, std::string text, uint64_t size)
      : piece_(std::move(head)), text_(std::move(text)), size_(size) {}

  uint64_t size() const override { return size_; }
  std::string Next() override {
    std::string piece = std::move(piece_);
    piece_.clear();
    while (piece.size() < kPieceBytes && sent_ + piece.size() < size_) piece += text_;
    piece.resize(std::min<uint64_t>(piece.size(), size_ - sent_));
    sent_ += piece.size();
    return piece;
  }

 private:
  static constexpr size_t kPieceBytes = 64 * 1024;
  std::string piece_;
  std::string text_;
  uint64_t size_;
  uint64_t sent_ = 0;
};

uint64_t BodyBytes(const Answer& answer) {
  return answer.stream ? answer.stream->size() : answer.body.size();
}

uint64_t BytesOrHalf(const Fault& fault, const Answer& answer) {
  return fault.bytes ? static_cast<uint64_t>(*fault.bytes) : BodyBytes(answer) / 2;
}

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

// {"a":1} becomes {"a":1.0}; numbers inside strings do not follow a key.
void MakeFloats(Answer& answer) {
  static const std::regex integer(R"re((":-?\d+)([,}]))re");
  if (!answer.stream) answer.body = std::regex_replace(answer.body, integer, "$1.0$2");
}

void Silence(Answer& answer) {
  answer.silent = true;
  answer.ending = Ending::kReset;
}

void Oversize(const Fault& fault, Answer& answer) {
  std::string head = answer.stream ? answer.stream->Next() : answer.body;
  const auto bytes = static_cast<uint64_t>(fault.bytes.value_or(kOversizeBytes));
  answer.stream = std::make_shared<RepeatedText>(std::move(head), " ", bytes);
}

// Faults of what is said.
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
      MakeFloats(answer);
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
          std::make_shared<RepeatedText>("", "This is no pcap file.\n", BodyBytes(answer));
      break;
    case FaultKind::kOversize:
      Oversize(fault, answer);
      break;
    default:
      break;
  }
}

// Faults of how it is sent.
void DistortDelivery(const Fault& fault, Answer& answer) {
  const auto rate = [&](uint64_t otherwise) {
    return fault.bytes_per_second ? static_cast<uint64_t>(*fault.bytes_per_second) : otherwise;
  };
  switch (fault.kind) {
    case FaultKind::kBadLength:
      answer.claimed_length = BytesOrHalf(fault, answer);
      break;
    case FaultKind::kNoLength:
      answer.framing = Framing::kUntilClose;
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kChunked:
      answer.framing = Framing::kChunked;
      break;
    case FaultKind::kTruncate:
      answer.sent_body_bytes = BytesOrHalf(fault, answer);
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kGarbage:
      answer.raw =
          std::string(std::min(kMaxGarbageBytes, fault.bytes.value_or(kGarbageBytes)), '\x7F');
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kSlowHeaders:
      answer.head_bytes_per_second = rate(kSlowHeadBytesPerSecond);
      break;
    case FaultKind::kSlowBody:
      answer.body_bytes_per_second = rate(kSlowBodyBytesPerSecond);
      break;
    case FaultKind::kCloseAfter:
      answer.ending = Ending::kClose;
      break;
    case FaultKind::kCloseIdle:
      answer.ending = Ending::kClose;
      answer.linger = fault.latency;
      break;
    case FaultKind::kResetDuring:
      answer.sent_body_bytes = BytesOrHalf(fault, answer);
      answer.ending = Ending::kReset;
      break;
    case FaultKind::kResetBefore:
    case FaultKind::kResetAfter:
      Silence(answer);
      break;
    default:
      break;
  }
}

}  // namespace

void Distort(const Fault& fault, Answer& answer) {
  DistortContent(fault, answer);
  DistortDelivery(fault, answer);
}

}  // namespace pcaps::emulator
