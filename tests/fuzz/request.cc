// Requests of callers: what passes the checks makes paths and bodies that say what the caller asked
// for, and nothing else. Input: a letter that names the request, then its protobuf bytes.
#include <pcaps/v1/ownership.pb.h>
#include <pcaps/v1/pcaps.pb.h>

#include <boost/json/parse.hpp>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "clients/pcaps_api/destination.h"
#include "clients/pcaps_api/json_codec.h"
#include "service/gateway/create_record.h"
#include "service/rpc/ownership_checks.h"
#include "service/rpc/request_checks.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);
// Errors travel in trailers, of which clients take 8 KiB.
constexpr size_t kMaxMessageBytes = 1024 + 64;
constexpr int kMaxViolations = 20;
// Stands in requests where a secret may.
constexpr absl::string_view kPlanted = "Planted0Key";

void CheckRefusal(const absl::Status& refusal) {
  Require(ReasonOf(refusal) == v1::ERROR_REASON_INVALID_FIELD, "a refusal has its reason");
  Require(refusal.message().size() <= kMaxMessageBytes && IsOneLine(refusal.message()),
          "a refusal is one short line", refusal.message());
  Require(!absl::StrContains(refusal.message(), kPlanted), "a refusal tells no value",
          refusal.message());
  const google::rpc::BadRequest bad = BadRequestOf(refusal);
  Require(bad.field_violations_size() >= 1 && bad.field_violations_size() <= kMaxViolations,
          "a refusal names some fields");
  for (const auto& violation : bad.field_violations()) {
    Require(IsOneLine(violation.field()) && IsOneLine(violation.description()),
            "a violation is one line", violation.description());
    Require(!absl::StrContains(violation.description(), kPlanted), "a violation tells no value");
  }
}

boost::json::object Body(const std::string& json) {
  boost::json::error_code error;
  boost::json::value body = boost::json::parse(json, error);
  Require(!error && body.is_object(), "a body is JSON", json);
  return body.get_object();
}

absl::string_view TextIn(const boost::json::object& json, absl::string_view key) {
  const auto* const text = json.if_contains(std::string(key));
  if (text == nullptr || !text->is_string()) return "";
  return {text->get_string().data(), text->get_string().size()};
}

int64_t NumberIn(const boost::json::object& json, absl::string_view key) {
  const auto* const number = json.if_contains(std::string(key));
  return number == nullptr ? -1 : number->to_number<int64_t>();
}

template <typename Number>
int64_t NumberOf(bool given, Number number) {
  return given ? static_cast<int64_t>(number) : -1;
}

void CheckAddress(const std::string& address) {
  Require(address.find_first_not_of("0123456789abcdefABCDEF:.") == std::string::npos,
          "an address is one", address);
}

void CheckFilter(const boost::json::object& body, const v1::Filter& filter) {
  const auto* const json = body.if_contains("filter_v1");
  v1::Filter known = filter;
  known.DiscardUnknownFields();  // Of a caller who is ahead of us.
  if (json == nullptr) return Require(known.ByteSizeLong() == 0, "a filter is sent");
  const boost::json::object& sent = json->get_object();
  CheckAddress(filter.source_address());
  CheckAddress(filter.destination_address());
  Require(TextIn(sent, "source_address") == filter.source_address() &&
              TextIn(sent, "destination_address") == filter.destination_address(),
          "a filter's addresses are sent");
  Require(
      NumberIn(sent, "source_port") == NumberOf(filter.has_source_port(), filter.source_port()) &&
          NumberIn(sent, "destination_port") ==
              NumberOf(filter.has_destination_port(), filter.destination_port()) &&
          NumberIn(sent, "protocol") == NumberOf(filter.has_protocol(), filter.protocol()),
      "a filter's numbers are sent");
}

void CheckFull(const boost::json::object& body, const v1::FullCapture& full) {
  Require(IsSafeInPath(full.colo_name()) && TextIn(body, "colo_name") == full.colo_name(),
          "a data centre is sent");
  Require(TextIn(body, "destination_conf") == full.destination_conf(), "a bucket is sent");
  Require(
      NumberIn(body, "byte_limit") == NumberOf(full.has_byte_limit(), full.byte_limit()) &&
          NumberIn(body, "packet_limit") == NumberOf(full.has_packet_limit(), full.packet_limit()),
      "limits are sent");
  Require(!absl::StrContains(RedactDestination(full.destination_conf()), "\n"),
          "a redacted bucket is one line");
}

void CheckSimple(const boost::json::object& body, const v1::SimpleCapture& simple) {
  Require(NumberIn(body, "packet_limit") == simple.packet_limit(), "a limit is sent");
  absl::Time sent;
  if (!simple.has_offset_time()) return;
  Require(absl::ParseTime(absl::RFC3339_full, TextIn(body, "offset_time"), &sent, nullptr) &&
              sent == FromTimestamp(simple.offset_time()),
          "a time is sent");
}

// What the use cases and the upstream's client make of a request that passed.
void CheckPassed(const v1::CreatePcapRequest& request) {
  const std::string json = ToJson(request);
  const boost::json::object body = Body(json);
  Require(NumberIn(body, "time_limit") == request.time_limit().seconds(), "a time limit is sent");
  CheckFilter(body, request.filter());
  if (request.has_full()) CheckFull(body, request.full());
  if (request.has_simple()) CheckSimple(body, request.simple());
  const std::string key = CreateKey(request, "ci/%:x");
  Require(key.find_first_of(" \r\n") == std::string::npos && IsOneLine(key), "a key is one word",
          key);
  Require(absl::EndsWith(key, absl::StrCat(":", request.request_id())), "a key ends as named", key);
}

void CheckPassed(const v1::CreateOwnershipRequest& request) {
  Require(TextIn(Body(ToJson(request)), "destination_conf") == request.destination_conf(),
          "a bucket is sent");
}

void CheckPassed(const v1::ValidateOwnershipRequest& request) {
  const boost::json::object body = Body(ToJson(request));
  Require(TextIn(body, "destination_conf") == request.destination_conf() &&
              TextIn(body, "ownership_challenge") == request.ownership_challenge(),
          "a bucket and its challenge are sent");
}

void CheckPassed(const v1::DeleteOwnershipRequest& request) {
  Require(IsSafeInPath(request.ownership_id()), "an ownership's id is one", request.ownership_id());
}

void CheckPassed(const v1::WatchPcapsRequest& request) {
  Require(request.pcap_ids_size() <= 100, "captures are bounded in number");
  for (const std::string& id : request.pcap_ids()) {
    Require(IsSafeInPath(id), "a capture's id is one", id);
  }
}

template <typename Request>
void CheckPassed(const Request& request) {
  if constexpr (requires { request.pcap_id(); }) {
    Require(IsSafeInPath(request.pcap_id()) && request.pcap_id() != "ownership",
            "a capture's id is one", request.pcap_id());
  }
}

template <typename Request, typename... Bounds>
void Feed(const std::string& bytes, const Bounds&... bounds) {
  Request request;
  if (!request.ParseFromString(bytes)) return;  // gRPC refuses it.
  const absl::Status checked = CheckRequest(request, bounds...);
  if (!checked.ok()) return CheckRefusal(checked);
  Require(IsSafeInPath(request.account_id()), "an account's id is one", request.account_id());
  CheckPassed(request);
}

int FeedNamed(char name, const std::string& bytes) {
  switch (name) {
    case 'c':
      Feed<v1::CreatePcapRequest>(bytes, RequestBounds(), kNow);
      return 0;
    case 'd':
      Feed<v1::DownloadPcapRequest>(bytes);
      return 0;
    case 'g':
      Feed<v1::GetPcapRequest>(bytes);
      return 0;
    case 'l':
      Feed<v1::ListPcapsRequest>(bytes);
      return 0;
    case 's':
      Feed<v1::StopPcapRequest>(bytes);
      return 0;
    case 'w':
      Feed<v1::WatchPcapRequest>(bytes);
      return 0;
    case 'W':
      Feed<v1::WatchPcapsRequest>(bytes);
      return 0;
    case 'C':
      Feed<v1::CreateOwnershipRequest>(bytes);
      return 0;
    case 'D':
      Feed<v1::DeleteOwnershipRequest>(bytes);
      return 0;
    case 'L':
      Feed<v1::ListOwnershipsRequest>(bytes);
      return 0;
    case 'V':
      Feed<v1::ValidateOwnershipRequest>(bytes);
      return 0;
    default:
      return -1;
  }
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return -1;
  return pcaps::FeedNamed(static_cast<char>(data[0]),
                          {reinterpret_cast<const char*>(data) + 1, size - 1});
}
