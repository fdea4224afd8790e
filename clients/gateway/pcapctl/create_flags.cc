#include "clients/gateway/pcapctl/create_flags.h"

#include <CLI/CLI.hpp>
#include <cstdlib>

#include "clients/base/proto_time.h"
#include "clients/gateway/pcapctl/filter_words.h"
#include "clients/gateway/pcapctl/value_options.h"

namespace pcaps::pcapctl {
namespace {

constexpr uint32_t kDefaultPacketLimit = 10'000;  // The most there is.

void AddFilterFlags(CLI::App& command, v1::Filter& filter) {
  const auto parse = [&filter](const std::string& words) {
    absl::StatusOr<v1::Filter> parsed = FilterFromWords(words);
    if (!parsed.ok()) {
      throw CLI::ValidationError("--filter", std::string(parsed.status().message()));
    }
    filter = *std::move(parsed);
  };
  CLI::Option* const words =
      command
          .add_option_function<std::string>(
              "--filter", parse,
              "Which packets, in tcpdump's words: 'src 192.0.2.1 and tcp dst port 443'")
          ->type_name("EXPRESSION");
  const auto set_source = [&filter](const std::string& text) { filter.set_source_address(text); };
  const auto set_destination = [&filter](const std::string& text) {
    filter.set_destination_address(text);
  };
  const auto set_source_port = [&filter](uint32_t port) { filter.set_source_port(port); };
  const auto set_destination_port = [&filter](uint32_t port) { filter.set_destination_port(port); };
  const auto set_protocol = [&filter](uint32_t protocol) { filter.set_protocol(protocol); };
  for (CLI::Option* const field :
       {command.add_option_function<std::string>("--src", set_source,
                                                 "Only packets from this IP address"),
        command.add_option_function<std::string>("--dst", set_destination,
                                                 "Only packets to this IP address"),
        command.add_option_function<uint32_t>("--sport", set_source_port,
                                              "Only packets from this port"),
        command.add_option_function<uint32_t>("--dport", set_destination_port,
                                              "Only packets to this port"),
        AddProtocol(command, "--protocol", set_protocol, "Only packets of this IP protocol")}) {
    RefuseEmpty(field)->excludes(words);
  }
}

void AddCommonFlags(CLI::App& command, CreateFlags& flags) {
  AddFilterFlags(command, flags.filter);
  AddDuration(command, "--time-limit", flags.window.time_limit,
              "How long to capture. Default: 60s");
  AddDuration(command, "--max-queue-wait", flags.max_queue_wait,
              "Wait this long for the account's next slot. Default: do not wait");
  command.add_flag("--dry-run", flags.dry_run, "Print the request as JSON and send nothing");
}

absl::Status FinishFull(CreateFlags& flags) {
  const char* const bucket = std::getenv("PCAPCTL_BUCKET");
  if (flags.bucket.empty() && bucket != nullptr) flags.bucket = bucket;
  if (!flags.bucket.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("no bucket: give --bucket, or set PCAPCTL_BUCKET");
}

}  // namespace

void AddSimpleFlags(CLI::App& command, CreateFlags& flags) {
  RefuseEmpty(command.add_option("--packets", flags.packets,
                                 "Most packets. Default: 10000, which is the most"));
  AddCommonFlags(command, flags);
  CLI::Option* const offset = AddTime(command, "--offset-time", flags.offset_time,
                                      "Search --time-limit backwards from here. Default: now");
  RefuseEmpty(command.add_option("--from", flags.window.from,
                                 "Search from here: 14:03 (local time), 14:03:20, -10m, or RFC "
                                 "3339"))
      ->type_name("WHEN")
      ->excludes(offset);
  RefuseEmpty(command.add_option("--to", flags.window.to,
                                 "Search until here, 5m after --from at most. Default: now, or "
                                 "--from and --time-limit"))
      ->type_name("WHEN")
      ->excludes(offset);
}

void AddFullFlags(CLI::App& command, CreateFlags& flags) {
  flags.full = true;
  command.add_option("--colo", flags.colo, "Data centre (ord02) or city (ORD)")->required();
  command.add_option("--bucket", flags.bucket,
                     "Bucket of the files: s3://, gs:// or r2://. Others see a command line: a "
                     "URI that holds keys belongs into PCAPCTL_BUCKET");
  RefuseEmpty(command.add_option("--bytes", flags.bytes, "Most bytes to write. Default: no limit"));
  RefuseEmpty(command.add_option("--packets", flags.packets, "Most packets. Default: no limit"));
  AddCommonFlags(command, flags);
}

absl::Status FinishCreateFlags(CreateFlags& flags, absl::Time now, absl::TimeZone zone) {
  if (flags.full) return FinishFull(flags);
  if (!flags.window.given()) return absl::OkStatus();
  const absl::StatusOr<TimeWindow> window = WindowOf(flags.window, now, zone);
  if (!window.ok()) return window.status();
  flags.offset_time = window->end;
  flags.window.time_limit = window->duration;
  return absl::OkStatus();
}

v1::CreatePcapRequest ToRequest(const CreateFlags& flags, const std::string& account_id,
                                const std::string& request_id) {
  v1::CreatePcapRequest request;
  request.set_account_id(account_id);
  request.set_request_id(request_id);
  *request.mutable_time_limit() =
      ToProtoDuration(flags.window.time_limit.value_or(kDefaultTimeLimit));
  *request.mutable_filter() = flags.filter;
  if (flags.max_queue_wait > absl::ZeroDuration()) {
    *request.mutable_max_queue_wait() = ToProtoDuration(flags.max_queue_wait);
  }
  if (!flags.full) {
    v1::SimpleCapture& simple = *request.mutable_simple();
    simple.set_packet_limit(flags.packets.value_or(kDefaultPacketLimit));
    if (flags.offset_time.has_value()) {
      *simple.mutable_offset_time() = ToTimestamp(*flags.offset_time);
    }
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
