#include "clients/gateway/pcapctl/render.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "clients/base/error.h"
#include "clients/base/table.h"
#include "clients/gateway/pcapctl/ip_protocol.h"

namespace pcaps::pcapctl {
namespace {

constexpr absl::string_view kNothing = "-";

// "CONVERSION_PENDING" as "conversion pending".
std::string Words(absl::string_view enum_name) {
  return absl::StrReplaceAll(absl::AsciiStrToLower(enum_name), {{"_", " "}});
}

std::string TypeText(const v1::Pcap& pcap) {
  if (pcap.type() == v1::Pcap::TYPE_UNSPECIFIED) return std::string(kNothing);
  absl::string_view name = v1::Pcap::Type_Name(pcap.type());
  absl::ConsumePrefix(&name, "TYPE_");
  return Words(name);
}

std::string TimeText(bool known, const google::protobuf::Timestamp& timestamp) {
  if (!known) return std::string(kNothing);
  const absl::Time time = absl::FromUnixSeconds(timestamp.seconds());
  return absl::FormatTime("%Y-%m-%d %H:%M:%SZ", time, absl::UTCTimeZone());
}

std::string DurationText(const google::protobuf::Duration& duration) {
  return absl::FormatDuration(absl::Seconds(duration.seconds()) +
                              absl::Nanoseconds(duration.nanos()));
}

std::string EndText(absl::string_view which, const std::string& address, bool has_port,
                    uint32_t port) {
  if (address.empty() && !has_port) return "";
  std::string text(which);
  if (!address.empty()) absl::StrAppend(&text, " ", CleanText(address));
  if (has_port) absl::StrAppend(&text, " port ", port);
  return text;
}

using Rows = std::vector<std::vector<std::string>>;

void AddFullDetails(const v1::FullDetails& full, Rows& rows) {
  rows.push_back({"data centre", CleanText(full.colo_name())});
  rows.push_back({"bucket", CleanText(full.destination_conf())});
  if (full.has_byte_limit()) rows.push_back({"byte limit", absl::StrCat(full.byte_limit())});
  if (full.has_packets_captured()) {
    rows.push_back({"packets captured", absl::StrCat(full.packets_captured())});
  }
  if (full.has_stop_request_time()) {
    rows.push_back({"stop requested", TimeText(true, full.stop_request_time())});
  }
  if (!full.error_message().empty()) rows.push_back({"error", CleanText(full.error_message())});
}

}  // namespace

std::string StatusText(const v1::Pcap& pcap) {
  if (!pcap.upstream_status().empty()) return CleanText(pcap.upstream_status());
  absl::string_view name = v1::Pcap::Status_Name(pcap.status());
  absl::ConsumePrefix(&name, "STATUS_");
  return name.empty() ? "unknown" : Words(name);
}

std::string FilterText(const v1::Filter& filter) {
  std::vector<std::string> parts;
  if (filter.has_protocol()) parts.push_back(ProtocolName(filter.protocol()));
  parts.push_back(
      EndText("from", filter.source_address(), filter.has_source_port(), filter.source_port()));
  parts.push_back(EndText("to", filter.destination_address(), filter.has_destination_port(),
                          filter.destination_port()));
  parts.erase(std::remove(parts.begin(), parts.end(), ""), parts.end());
  return parts.empty() ? "all packets" : absl::StrJoin(parts, ", ");
}

std::string PcapTable(const std::vector<v1::Pcap>& pcaps) {
  Rows rows = {{"ID", "TYPE", "STATUS", "SUBMITTED", "TIME LIMIT", "FILTER"}};
  for (const v1::Pcap& pcap : pcaps) {
    rows.push_back({CleanText(pcap.id()), TypeText(pcap), StatusText(pcap),
                    TimeText(pcap.has_submit_time(), pcap.submit_time()),
                    DurationText(pcap.time_limit()), FilterText(pcap.filter())});
  }
  return AlignColumns(rows);
}

std::string PcapDetails(const v1::Pcap& pcap) {
  Rows rows = {{"id", CleanText(pcap.id())},
               {"type", TypeText(pcap)},
               {"status", StatusText(pcap)},
               {"submitted", TimeText(pcap.has_submit_time(), pcap.submit_time())},
               {"time limit", DurationText(pcap.time_limit())},
               {"filter", FilterText(pcap.filter())}};
  if (pcap.has_packet_limit()) rows.push_back({"packet limit", absl::StrCat(pcap.packet_limit())});
  if (pcap.has_offset_time()) rows.push_back({"offset time", TimeText(true, pcap.offset_time())});
  if (pcap.has_full()) AddFullDetails(pcap.full(), rows);
  if (pcap.has_observed_time()) rows.push_back({"as of", TimeText(true, pcap.observed_time())});
  return AlignColumns(rows);
}

std::string OwnershipStatusText(const v1::Ownership& ownership) {
  if (ownership.status() == v1::Ownership::STATUS_UNSPECIFIED) return "unknown";
  absl::string_view name = v1::Ownership::Status_Name(ownership.status());
  absl::ConsumePrefix(&name, "STATUS_");
  return name.empty() ? "unknown" : Words(name);
}

std::string OwnershipTable(const std::vector<v1::Ownership>& ownerships) {
  Rows rows = {{"ID", "STATUS", "ADDED", "PROVED", "BUCKET"}};
  for (const v1::Ownership& ownership : ownerships) {
    rows.push_back({CleanText(ownership.id()), OwnershipStatusText(ownership),
                    TimeText(ownership.has_submit_time(), ownership.submit_time()),
                    TimeText(ownership.has_validate_time(), ownership.validate_time()),
                    CleanText(ownership.destination_conf())});
  }
  return AlignColumns(rows);
}

std::string OwnershipDetails(const v1::Ownership& ownership) {
  return AlignColumns(
      {{"id", CleanText(ownership.id())},
       {"bucket", CleanText(ownership.destination_conf())},
       {"status", OwnershipStatusText(ownership)},
       {"challenge file", CleanText(ownership.filename())},
       {"added", TimeText(ownership.has_submit_time(), ownership.submit_time())},
       {"proved", TimeText(ownership.has_validate_time(), ownership.validate_time())}});
}

std::string ToJsonLine(const google::protobuf::Message& message) {
  std::string json;
  // Fails for Any values of unknown types only, and our messages hold none.
  (void)google::protobuf::util::MessageToJsonString(message, &json);
  return json + "\n";
}

std::string ToHex(absl::string_view bytes) { return absl::BytesToHexString(bytes); }

}  // namespace pcaps::pcapctl
