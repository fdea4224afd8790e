#include <CLI/CLI.hpp>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/create_command.h"
#include "clients/gateway/pcapctl/output.h"
#include "clients/gateway/pcapctl/pick_up.h"
#include "clients/gateway/pcapctl/render.h"
#include "clients/gateway/pcapctl/watch_command.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kExamples[] =
    "Creates a capture, follows it until it is done, and downloads it. A full capture is not\n"
    "downloaded: its files are in the bucket.\n"
    "Examples:\n"
    "  pcapctl capture --dst 192.0.2.7 --protocol udp --dport 53 -o dns.pcap\n"
    "  pcapctl capture --packets 500 --time-limit 5m -o - | tcpdump -nr -\n"
    "  pcapctl capture --full --colo ord02 --bucket 's3://captures/today?region=us-east-1'\n";

struct CaptureFlags {
  CreateFlags create;
  std::string output;
};

absl::Status WatchAndDownload(const Session& session, const v1::Pcap& created, Timeline& timeline,
                              std::optional<Output>& output) {
  const absl::Status watched = WatchUntilDone(session, created.id(), timeline);
  if (!watched.ok() || !output.has_value()) return watched;
  timeline.Note("downloading");
  v1::DownloadPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(created.id());
  return output->Download(request);
}

void TellHowToPickUp(const Session& session, const CaptureFlags& flags, const v1::Pcap& created) {
  if (flags.create.full) {
    TellHowToGoOn(session, created.id(), {"watch", created.id()});
  } else {
    TellHowToGoOn(session, created.id(), {"download", created.id(), "--wait", "-o", flags.output});
  }
}

absl::Status RunCapture(const Session& session, CaptureFlags& flags) {
  const absl::Status checked = FinishCreateFlags(flags.create);
  if (!checked.ok()) return checked;
  std::optional<Output> output;
  if (!flags.create.full) {
    absl::StatusOr<Output> opened = Output::Open(flags.output, session);
    if (!opened.ok()) return opened.status();
    output.emplace(*std::move(opened));
  } else if (!flags.output.empty()) {
    return absl::InvalidArgumentError("-o is for simple captures: a full one is in its bucket");
  }
  Timeline timeline(session.err, session.flags.json);
  const absl::StatusOr<v1::Pcap> created = Create(session, flags.create);
  if (!created.ok()) return created.status();
  timeline.Note(
      absl::StrCat("created ", CleanText(created->id()), ": ", FilterText(created->filter())));
  timeline.Show(*created);
  absl::Status status = WatchAndDownload(session, *created, timeline, output);
  const bool over = absl::IsFailedPrecondition(status) || absl::IsNotFound(status);
  if (!status.ok() && !over) TellHowToPickUp(session, flags, *created);
  return status;
}

}  // namespace

void AddCapture(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("capture", "Create, watch and download in one");
  const auto flags = std::make_shared<CaptureFlags>();
  AddCreateFlags(*command, flags->create);
  AddOutputOption(*command, flags->output);
  command->footer(kExamples);
  command->callback([&chosen, flags] {
    chosen = [flags](const Session& session) { return RunCapture(session, *flags); };
  });
}

}  // namespace pcaps::pcapctl
