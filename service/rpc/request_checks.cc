#include "service/rpc/request_checks.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/base/proto_time.h"
#include "service/rpc/violations.h"

namespace pcaps {
namespace {

constexpr size_t kMaxRequestIdBytes = 128;  // Room for a UUID with a prefix.
constexpr size_t kMaxEtagBytes = 256;       // Ours are at most 100.
constexpr int kMaxWatchedIds = 100;
constexpr uint32_t kMaxPacketLimit = 10000;                         // The upstream's.
constexpr uint64_t kMaxByteLimit = 1'000'000'000;                   // The upstream's.
constexpr absl::Duration kSimpleTimeLimitMax = absl::Seconds(300);  // The upstream's.
constexpr absl::Duration kHistory = absl::Hours(24);  // How far back simple captures can look.
constexpr absl::Duration kMinHeartbeat = absl::Seconds(1);
constexpr absl::Duration kMaxHeartbeat = absl::Minutes(5);
constexpr absl::Duration kMaxQueueWait = absl::Hours(1);

void CheckAddress(Violations& bad, absl::string_view field, const std::string& text) {
  if (text.empty()) return;
  boost::system::error_code error;
  static_cast<void>(boost::asio::ip::make_address(text, error));
  // make_address stops at a NUL, and takes a zone, which means something on one machine only.
  const bool plain = std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isxdigit(c) || c == ':' || c == '.';
  });
  if (error || !plain) {
    bad.Add(field, "must be an IPv4 or IPv6 address, like 192.0.2.1 or 2001:db8::1");
  }
}

void CheckFilter(Violations& bad, const v1::Filter& filter) {
  CheckAddress(bad, "filter.source_address", filter.source_address());
  CheckAddress(bad, "filter.destination_address", filter.destination_address());
  bad.CheckRange<uint32_t>("filter.source_port", filter.source_port(), 0, 65535);
  bad.CheckRange<uint32_t>("filter.destination_port", filter.destination_port(), 0, 65535);
  bad.CheckRange<uint32_t>("filter.protocol", filter.protocol(), 0, 255);
}

void CheckTimeLimit(Violations& bad, const v1::CreatePcapRequest& request, absl::Duration max) {
  if (!request.has_time_limit()) {
    bad.Add("time_limit", absl::StrCat("is required: 1s to ", absl::FormatDuration(max)));
    return;
  }
  const bool in_range =
      bad.CheckDuration("time_limit", request.time_limit(), absl::Seconds(1), max);
  if (in_range && request.time_limit().nanos() != 0) {
    bad.Add("time_limit", "must be whole seconds");
  }
}

void CheckSimple(Violations& bad, const v1::SimpleCapture& simple, absl::Time now) {
  bad.CheckRange<uint32_t>("simple.packet_limit", simple.packet_limit(), 1, kMaxPacketLimit);
  if (!simple.has_offset_time()) return;
  const absl::Time offset_time = FromTimestamp(simple.offset_time());
  const int32_t nanos = simple.offset_time().nanos();
  if (nanos < 0 || nanos >= 1'000'000'000 || offset_time > now || offset_time < now - kHistory) {
    bad.Add("simple.offset_time",
            "must lie within the last 24 h and not in the future; leave it unset for now");
  }
}

void CheckFull(Violations& bad, const v1::FullCapture& full) {
  bad.CheckId("full.colo_name", full.colo_name());
  bad.CheckDestination("full.destination_conf", full.destination_conf());
  if (full.has_byte_limit()) {
    bad.CheckRange<uint64_t>("full.byte_limit", full.byte_limit(), 1, kMaxByteLimit);
  }
  if (full.has_packet_limit()) {
    bad.CheckRange<uint32_t>("full.packet_limit", full.packet_limit(), 1, kMaxPacketLimit);
  }
}

void CheckRequestId(Violations& bad, const std::string& request_id) {
  const bool printable = std::all_of(request_id.begin(), request_id.end(),
                                     [](unsigned char c) { return absl::ascii_isgraph(c); });
  if (!printable || request_id.size() > kMaxRequestIdBytes) {
    bad.Add("request_id", "must be at most 128 printable ASCII characters without spaces");
  }
}

void CheckPcapId(Violations& bad, absl::string_view field, absl::string_view id) {
  bad.CheckId(field, id);
  // The upstream keeps bucket ownerships under this name, beside the captures.
  if (id == "ownership") bad.Add(field, "is 'ownership', which is no capture");
}

template <typename Request>
void CheckCapture(Violations& bad, const Request& request) {
  bad.CheckId("account_id", request.account_id());
  CheckPcapId(bad, "pcap_id", request.pcap_id());
}

template <typename Request>
void CheckHeartbeat(Violations& bad, const Request& request) {
  if (!request.has_heartbeat_interval()) return;
  bad.CheckDuration("heartbeat_interval", request.heartbeat_interval(), kMinHeartbeat,
                    kMaxHeartbeat);
}

}  // namespace

absl::Status CheckRequest(const v1::ListPcapsRequest& request) {
  Violations bad;
  bad.CheckId("account_id", request.account_id());
  bad.CheckPage(request);
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::GetPcapRequest& request) {
  Violations bad;
  CheckCapture(bad, request);
  if (request.has_max_age()) {
    bad.CheckDuration("max_age", request.max_age(), absl::ZeroDuration(), kHistory);
  }
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::CreatePcapRequest& request, const RequestBounds& bounds,
                          absl::Time now) {
  Violations bad;
  bad.CheckId("account_id", request.account_id());
  CheckRequestId(bad, request.request_id());
  CheckFilter(bad, request.filter());
  switch (request.capture_case()) {
    case v1::CreatePcapRequest::kSimple:
      CheckTimeLimit(bad, request, kSimpleTimeLimitMax);
      CheckSimple(bad, request.simple(), now);
      break;
    case v1::CreatePcapRequest::kFull:
      CheckTimeLimit(bad, request, bounds.full_time_limit_max);
      CheckFull(bad, request.full());
      break;
    case v1::CreatePcapRequest::CAPTURE_NOT_SET:
      CheckTimeLimit(bad, request, bounds.full_time_limit_max);
      bad.Add("capture", "is required: set simple or full");
      break;
  }
  if (request.has_max_queue_wait()) {
    bad.CheckDuration("max_queue_wait", request.max_queue_wait(), absl::ZeroDuration(),
                      kMaxQueueWait);
  }
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::StopPcapRequest& request) {
  Violations bad;
  CheckCapture(bad, request);
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::DownloadPcapRequest& request) {
  Violations bad;
  CheckCapture(bad, request);
  if (request.read_offset() < 0) bad.Add("read_offset", "must not be negative");
  if (request.read_limit() < 0) bad.Add("read_limit", "must not be negative");
  if (request.if_etag().size() > kMaxEtagBytes) bad.Add("if_etag", "is no etag of this service");
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::WatchPcapRequest& request) {
  Violations bad;
  CheckCapture(bad, request);
  CheckHeartbeat(bad, request);
  return bad.ToStatus();
}

absl::Status CheckRequest(const v1::WatchPcapsRequest& request) {
  Violations bad;
  bad.CheckId("account_id", request.account_id());
  if (request.pcap_ids_size() > kMaxWatchedIds) {
    bad.Add("pcap_ids", absl::StrCat("names ", request.pcap_ids_size(),
                                     " captures; at most 100, or none for all of the account"));
  }
  for (int i = 0; i < std::min(request.pcap_ids_size(), kMaxWatchedIds); ++i) {
    CheckPcapId(bad, absl::StrCat("pcap_ids[", i, "]"), request.pcap_ids(i));
  }
  CheckHeartbeat(bad, request);
  return bad.ToStatus();
}

}  // namespace pcaps
