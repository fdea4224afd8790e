// The upstream's answers: whatever it says becomes sound messages or a bounded error that tells no
// secret. Input: a digit that names the operation, then the answer as it is sent.
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "clients/pcaps_api/destination.h"
#include "clients/pcaps_api/head_reader.h"
#include "clients/pcaps_api/json_codec.h"
#include "clients/pcaps_api/upstream_error.h"
#include "tests/fuzz/property.h"
#include "tests/fuzz/raw_answer.h"

namespace pcaps {
namespace {

constexpr char kAccount[] = "a1";
constexpr char kBucket[] =
    "r2://user:PlantedWord@captures/dir?account-id=a1&access-key-id=PlantedId&secret-access-key="
    "Planted%2BKey";
// What the request held and no error may show, in the forms in which it may come back.
constexpr absl::string_view kPlanted[] = {"PlantedWord",     "PlantedId",   "Planted%2BKey",
                                          "Planted%2bKey",   "Planted+Key", "PlantedToken",
                                          "PlantedChallenge"};
constexpr size_t kMaxMessageBytes = 1024 + 64;  // Text from outside, and a beginning of ours.
constexpr size_t kMaxTextBytes = 1024;
constexpr size_t kMaxOddityBytes = 128;

std::vector<std::string> Secrets() {
  std::vector<std::string> secrets = SecretsOf(kBucket);
  secrets.insert(secrets.end(), {"PlantedToken", "PlantedChallenge"});
  return secrets;
}

void CheckError(const absl::Status& error) {
  Require(error.message().size() <= kMaxMessageBytes, "an error is short", error.message());
  Require(IsOneLine(error.message()), "an error is one line of UTF-8", error.message());
  Require(ReasonOf(error) != v1::ERROR_REASON_UNSPECIFIED, "an error has a reason");
  for (const absl::string_view planted : kPlanted) {
    Require(!absl::StrContains(error.message(), planted), "an error tells no secret",
            error.message());
  }
  const google::rpc::ErrorInfo info = ErrorInfoOf(error);
  for (const auto& [key, value] : info.metadata()) {
    Require(value.size() <= kMaxTextBytes && IsOneLine(value), "metadata is one short line", value);
  }
  const absl::Duration retry = RetryAfterOf(error).value_or(absl::Seconds(1));
  Require(retry >= absl::Seconds(1) && retry <= absl::Minutes(5), "a pause is bounded");
}

void CheckTime(bool known, const google::protobuf::Timestamp& time) {
  if (!known) return;
  constexpr int64_t kYear1 = -62135596800;
  constexpr int64_t kYear10000 = 253402300800;
  Require(time.seconds() >= kYear1 && time.seconds() < kYear10000 && time.nanos() >= 0 &&
              time.nanos() < 1'000'000'000,
          "a time is one that protobuf has");
}

// Serialises, is read back the same, and has no long text.
template <typename Message>
void CheckMessage(const Message& message) {
  const std::string bytes = message.SerializeAsString();
  Message back;
  Require(back.ParseFromString(bytes), "a message can be read back", bytes);
  Require(back.SerializeAsString() == bytes, "a message is read back the same", bytes);
  Require(IsSafeInPath(message.id()), "an id is one", message.id());
}

void CheckText(absl::string_view text, size_t max_bytes) {
  Require(text.size() <= max_bytes && IsOneLine(text), "a text is one short line", text);
}

void CheckPcap(const v1::Pcap& pcap) {
  CheckMessage(pcap);
  Require(pcap.account_id() == kAccount, "a capture is of the account asked for");
  Require(pcap.done() == (pcap.status() == v1::Pcap::STATUS_SUCCESS ||
                          pcap.status() == v1::Pcap::STATUS_COMPLETE ||
                          pcap.status() == v1::Pcap::STATUS_FAILED),
          "done says that the status is final");
  CheckText(pcap.upstream_status(), 64);
  CheckText(pcap.filter().source_address(), 64);
  CheckText(pcap.filter().destination_address(), 64);
  CheckText(pcap.full().colo_name(), 64);
  CheckText(pcap.full().destination_conf(), kMaxTextBytes);
  CheckText(pcap.full().error_message(), kMaxTextBytes);
  Require(pcap.filter().source_port() <= 65535 && pcap.filter().destination_port() <= 65535 &&
              pcap.filter().protocol() <= 255,
          "a filter's numbers are in their range");
  CheckTime(pcap.has_offset_time(), pcap.offset_time());
  CheckTime(pcap.has_submit_time(), pcap.submit_time());
  CheckTime(pcap.full().has_stop_request_time(), pcap.full().stop_request_time());
}

void CheckOwnership(const v1::Ownership& ownership) {
  CheckMessage(ownership);
  CheckText(ownership.destination_conf(), kMaxTextBytes);
  CheckText(ownership.filename(), kMaxTextBytes);
  CheckTime(ownership.has_submit_time(), ownership.submit_time());
  CheckTime(ownership.has_validate_time(), ownership.validate_time());
}

void Check(const absl::StatusOr<v1::Pcap>& pcap) {
  if (pcap.ok()) CheckPcap(*pcap);
}
void Check(const absl::StatusOr<v1::Ownership>& ownership) {
  if (ownership.ok()) CheckOwnership(*ownership);
}
template <typename Item>
void Check(const absl::StatusOr<std::vector<Item>>& items) {
  if (!items.ok()) return;
  for (const Item& item : *items) Check(absl::StatusOr<Item>(item));
}

// Decodes what a good answer brings, as RestPcapsApi does.
void Decode(Operation operation, const HttpHead& head, const boost::json::value& result) {
  const AnswerContext context{kAccount, absl::FromUnixSeconds(1'700'000'000)};
  Oddities oddities;
  const auto decoded = [&](const auto& value) {
    Check(value);
    if (!value.ok()) CheckError(BadResponse(head, value.status().message()));
  };
  switch (operation) {
    case Operation::kListPcaps:
      decoded(PcapsFromJson(result, context, oddities));
      break;
    case Operation::kGetPcap:
    case Operation::kCreatePcap:
      decoded(PcapFromJson(result, context, oddities));
      break;
    case Operation::kListOwnerships:
      decoded(OwnershipsFromJson(result, oddities));
      break;
    case Operation::kCreateOwnership:
    case Operation::kValidateOwnership:
      decoded(OwnershipFromJson(result, oddities));
      break;
    case Operation::kStopPcap:
    case Operation::kDeleteOwnership:
    case Operation::kDownloadPcap:
      break;
  }
  for (const std::string& oddity : oddities) CheckText(oddity, kMaxOddityBytes);
}

void Feed(Operation operation, absl::string_view answer) {
  static const std::vector<std::string> kSecrets = Secrets();
  HeadReader reader(kMaxHeadBytes);
  const absl::string_view body = ReadHead(reader, answer);
  const HttpHead& head = reader.head();
  const auto result = ResultOf({operation, head, body, kSecrets});
  if (result.ok()) return Decode(operation, head, *result);
  CheckError(result.status());
  CheckError(OutcomeUnknown(operation, result.status()));
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  constexpr int kOperations = 9;
  if (input.empty() || input[0] < '0' || input[0] >= '0' + kOperations) return -1;
  pcaps::Feed(static_cast<pcaps::Operation>(input[0] - '0'), input.substr(1));
  return 0;
}
