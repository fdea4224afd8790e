#include "clients/gateway/pcapctl/create_flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "clients/gateway/pcapctl/value_options.h"

namespace pcaps::pcapctl {
namespace {

constexpr uint32_t kDefaultPacketLimit = 10'000;  // The most there is.

void SetDuration(absl::Duration duration, google::protobuf::Duration& out) {
  absl::Duration rest;
  out.set_seconds(absl::IDivDuration(duration, absl::Seconds(1), &rest));
  out.set_nanos(static_cast<int32_t>(absl::ToInt64Nanoseconds(rest)));
}

void SetTime(absl::Time time, google::protobuf::Timestamp& out) {
  const int64_t seconds = absl::ToUnixSeconds(time);
  out.set_seconds(seconds);
  out.set_nanos(
      static_cast<int32_t>(absl::ToInt64Nanoseconds(time - absl::FromUnixSeconds(seconds))));
}

void SetFilter(const CreateFlags& flags, v1::Filter& filter) {
  filter.set_source_address(flags.source_address);
  filter.set_destination_address(flags.destination_address);
  if (flags.source_port.has_value()) filter.set_source_port(*flags.source_port);
  if (flags.destination_port.has_value()) filter.set_destination_port(*flags.destination_port);
  if (flags.protocol.has_value()) filter.set_protocol(*flags.protocol);
}

}  // namespace

void AddCreateFlags(CLI::App& command, CreateFlags& flags) {
  auto* const simple =
      command.add_flag("--simple")->description("Sample recorded history (the default)");
  command.add_flag("--full", flags.full, "Capture whole packets, live, into a bucket")
      ->excludes(simple);
  command.add_option("--colo", flags.colo, "Data centre (ord02) or city (ORD); with --full");
  command
      .add_option("--bucket", flags.bucket,
                  "Bucket of the files: s3://, gs:// or r2://; with --full. Others see a command "
                  "line: a URI that holds keys belongs into PCAPCTL_BUCKET")
      ->excludes(simple);
  command.add_option("--bytes", flags.bytes, "Most bytes to write; with --full");
  command.add_option("--packets", flags.packets,
                     "Most packets. Default: 10000, with --full no limit");
  AddDuration(command, "--time-limit", flags.time_limit, "How long to capture. Default: 60s");
  AddTime(command, "--offset-time", flags.offset_time,
          "Search history backwards from here. Default: now");
  command.add_option("--src", flags.source_address, "Only packets from this IP address");
  command.add_option("--dst", flags.destination_address, "Only packets to this IP address");
  command.add_option("--sport", flags.source_port, "Only packets from this port");
  command.add_option("--dport", flags.destination_port, "Only packets to this port");
  AddProtocol(command, "--protocol", flags.protocol,
              "Only packets of this IP protocol: a number, or tcp, udp, icmp, icmpv6, gre, ...");
  AddDuration(command, "--max-queue-wait", flags.max_queue_wait,
              "Wait this long for the account's next slot. Default: do not wait");
}

absl::Status FinishCreateFlags(CreateFlags& flags) {
  if (!flags.full) {
    if (!flags.colo.empty() || !flags.bucket.empty() || flags.bytes.has_value()) {
      return absl::InvalidArgumentError("--colo, --bucket and --bytes need --full");
    }
    return absl::OkStatus();
  }
  const char* const bucket = std::getenv("PCAPCTL_BUCKET");
  if (flags.bucket.empty() && bucket != nullptr) flags.bucket = bucket;
  if (flags.colo.empty() || flags.bucket.empty()) {
    return absl::InvalidArgumentError("--full needs --colo and --bucket");
  }
  if (flags.offset_time.has_value()) {
    return absl::InvalidArgumentError("--offset-time is for simple captures");
  }
  return absl::OkStatus();
}

v1::CreatePcapRequest ToRequest(const CreateFlags& flags, const std::string& account_id,
                                const std::string& request_id) {
  v1::CreatePcapRequest request;
  request.set_account_id(account_id);
  request.set_request_id(request_id);
  SetDuration(flags.time_limit, *request.mutable_time_limit());
  SetFilter(flags, *request.mutable_filter());
  if (flags.max_queue_wait > absl::ZeroDuration()) {
    SetDuration(flags.max_queue_wait, *request.mutable_max_queue_wait());
  }
  if (!flags.full) {
    v1::SimpleCapture& simple = *request.mutable_simple();
    simple.set_packet_limit(flags.packets.value_or(kDefaultPacketLimit));
    if (flags.offset_time.has_value()) SetTime(*flags.offset_time, *simple.mutable_offset_time());
    return request;
  }
  v1::FullCapture& full = *request.mutable_full();
  full.set_colo_name(flags.colo);
  full.set_destination_conf(flags.bucket);
  if (flags.bytes.has_value()) full.set_byte_limit(*flags.bytes);
  if (flags.packets.has_value()) full.set_packet_limit(*flags.packets);
  return request;
}

}  // namespace pcaps::pcapctl
