#include "clients/gateway/pcapctl/create_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "clients/gateway/pcapctl/pick_up.h"
#include "clients/gateway/pcapctl/render.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  pcapctl create --src 192.0.2.7 --protocol tcp --dport 443 --time-limit 2m\n"
    "  pcapctl create --full --colo ord02 --bucket 's3://captures/today?region=us-east-1'\n";

// Answers after which the capture may exist all the same.
bool OutcomeUnknown(const absl::Status& status) {
  return absl::IsCancelled(status) || absl::IsUnavailable(status) || absl::IsAborted(status) ||
         absl::IsDeadlineExceeded(status);
}

absl::Status RunCreate(const Session& session, CreateFlags& flags) {
  absl::Status status = FinishCreateFlags(flags);
  if (!status.ok()) return status;
  const absl::StatusOr<v1::Pcap> pcap = Create(session, flags);
  if (!pcap.ok()) return pcap.status();
  session.out << (session.flags.json ? ToJsonLine(*pcap) : PcapDetails(*pcap));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<v1::Pcap> Create(const Session& session, const CreateFlags& flags) {
  const std::string request_id =
      session.flags.request_id.empty() ? NewRequestId() : session.flags.request_id;
  const v1::CreatePcapRequest request = ToRequest(flags, session.flags.account, request_id);
  absl::StatusOr<v1::Pcap> pcap = session.client.Create(request, session.call);
  if (OutcomeUnknown(pcap.status())) TellHowToRepeat(session, request_id);
  return pcap;
}

void AddCreate(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("create", "Start a capture");
  const auto flags = std::make_shared<CreateFlags>();
  AddCreateFlags(*command, *flags);
  command->footer(kExamples);
  command->callback([&chosen, flags] {
    chosen = [flags](const Session& session) { return RunCreate(session, *flags); };
  });
}

}  // namespace pcaps::pcapctl
