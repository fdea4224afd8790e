#include "clients/gateway/pcapctl/create_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "clients/gateway/pcapctl/pick_up.h"
#include "clients/gateway/pcapctl/render.h"
#include "clients/pcaps_api/destination.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kCreateSimpleExamples[] =
    "Examples:\n"
    "  pcapctl create --filter 'src 192.0.2.7 and tcp dst port https' --time-limit 2m\n"
    "  pcapctl create --from 14:03 --to 14:05 --dry-run\n"
    "  pcapctl create full --help\n";
constexpr char kCreateFullExamples[] =
    "Examples:\n"
    "  pcapctl create full --colo ord02 --bucket 's3://captures/today?region=us-east-1'\n"
    "  PCAPCTL_BUCKET=$(cat bucket) pcapctl create full --colo ORD --filter 'udp dst port 53'\n";

// Answers after which the capture may exist all the same.
bool OutcomeUnknown(const absl::Status& status) {
  // Decided before the upstream is asked.
  if (ReasonOf(status) == v1::ERROR_REASON_SHARED_STATE_UNAVAILABLE) return false;
  return absl::IsCancelled(status) || absl::IsUnavailable(status) || absl::IsAborted(status) ||
         absl::IsDeadlineExceeded(status);
}

v1::CreatePcapRequest RequestOf(const Session& session, const CreateFlags& flags) {
  const std::string request_id =
      session.flags.request_id.empty() ? NewRequestId() : session.flags.request_id;
  return ToRequest(flags, session.flags.account, request_id);
}

// The one that was given, as FinishCreateFlags() understood it.
std::optional<TimeWindow> WindowIn(const CreateFlags& flags) {
  if (!flags.window.given() || !flags.offset_time || !flags.window.time_limit) return std::nullopt;
  return TimeWindow{*flags.offset_time, *flags.window.time_limit};
}

void TellWindow(const Session& session, const CreateFlags& flags) {
  const std::optional<TimeWindow> window = WindowIn(flags);
  if (!window.has_value()) return;
  Tell(session, absl::StrCat("searching ", WindowText(*window, absl::LocalTimeZone())));
}

absl::Status RunCreate(const Session& session, CreateFlags& flags) {
  const absl::Status status = FinishCreateFlags(flags, absl::Now(), absl::LocalTimeZone());
  if (!status.ok()) return status;
  if (flags.dry_run) {
    PrintRequest(session, flags);
    return absl::OkStatus();
  }
  const absl::StatusOr<v1::Pcap> pcap = Create(session, flags);
  if (!pcap.ok()) return pcap.status();
  session.out << (session.flags.json ? ToJsonLine(*pcap) : PcapDetails(*pcap));
  return absl::OkStatus();
}

void RefuseOptionsOf(const CLI::App& parent, const CLI::App& form) {
  for (const CLI::Option* const option : parent.get_options()) {
    if (option->count() == 0) continue;
    const bool known = form.get_option_no_throw(option->get_name()) != nullptr;
    throw CLI::ValidationError(option->get_name(),
                               absl::StrCat(known ? "goes after '" : "is no option of '",
                                            parent.get_name(), " ", form.get_name(), "'"));
  }
}

}  // namespace

void PrintRequest(const Session& session, const CreateFlags& flags) {
  TellWindow(session, flags);
  v1::CreatePcapRequest request = RequestOf(session, flags);
  if (request.has_full()) {
    request.mutable_full()->set_destination_conf(
        RedactDestination(request.full().destination_conf()));
  }
  session.out << ToJsonLine(request);
}

absl::StatusOr<v1::Pcap> Create(const Session& session, const CreateFlags& flags) {
  TellWindow(session, flags);
  const v1::CreatePcapRequest request = RequestOf(session, flags);
  absl::StatusOr<v1::Pcap> pcap = session.client.Create(request, session.call);
  if (OutcomeUnknown(pcap.status())) {
    const std::optional<TimeWindow> window = WindowIn(flags);
    // "-2m" and "now" mean another time when the command is repeated, and so another request.
    TellHowToRepeat(session, request.request_id(),
                    window.has_value() ? WindowOptions(*window, absl::LocalTimeZone()) : "");
  }
  return pcap;
}

void AddCaptureForms(CLI::App& app, const CaptureForms& forms) {
  CLI::App* const command = app.add_subcommand(forms.name, forms.help);
  CLI::App* const simple =
      command->add_subcommand("simple", "Sample recorded history (the default)");
  CLI::App* const full =
      command->add_subcommand("full", "Capture whole packets, live, into a bucket");
  forms.add_simple(*command);
  forms.add_simple(*simple);
  forms.add_full(*full);
  for (CLI::App* const form : {simple, full}) {
    form->parse_complete_callback([command, form] { RefuseOptionsOf(*command, *form); });
  }
}

void AddCreate(CLI::App& app, Action& chosen) {
  const auto add = [&chosen](CLI::App& command, const auto& add_flags, const char* examples) {
    const auto flags = std::make_shared<CreateFlags>();
    add_flags(command, *flags);
    command.footer(examples);
    command.callback([&chosen, &command, flags] {
      if (!command.get_subcommands().empty()) return;  // One of its forms was named.
      chosen = [flags](const Session& session) { return RunCreate(session, *flags); };
    });
  };
  AddCaptureForms(app,
                  {"create", "Start a capture",
                   [&](CLI::App& command) { add(command, AddSimpleFlags, kCreateSimpleExamples); },
                   [&](CLI::App& command) { add(command, AddFullFlags, kCreateFullExamples); }});
}

}  // namespace pcaps::pcapctl
