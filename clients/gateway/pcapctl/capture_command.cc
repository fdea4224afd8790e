#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/create_command.h"
#include "clients/gateway/pcapctl/full_capture.h"
#include "clients/gateway/pcapctl/output.h"
#include "clients/gateway/pcapctl/pick_up.h"
#include "clients/gateway/pcapctl/render.h"
#include "clients/gateway/pcapctl/watch_command.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kCaptureSimpleExamples[] =
    "Creates a capture, follows it until it is done, and downloads it.\n"
    "Examples:\n"
    "  pcapctl capture --filter 'udp dst port domain and dst 192.0.2.7' -o dns.pcap\n"
    "  pcapctl capture --from 14:03 --to 14:05 -o incident.pcap\n"
    "  pcapctl capture --packets 500 --time-limit 5m -o - | tcpdump -nr -\n"
    "  pcapctl capture full --help\n";
constexpr char kCaptureFullExamples[] =
    "Creates a capture, follows it until it is done, and tells where its files are.\n"
    "Ctrl-C asks the capture to stop, once, and goes on watching; packets that were not yet\n"
    "written may be lost. A second Ctrl-C leaves. --timeout bounds the watching: after it pcapctl\n"
    "leaves, and the capture goes on to its own --time-limit.\n"
    "Examples:\n"
    "  pcapctl capture full --colo ord02 --bucket 's3://captures/today?region=us-east-1'\n"
    "  pcapctl capture full --colo ORD --time-limit 1h --filter 'dst 192.0.2.7' --bucket "
    "gs://c/d\n";

struct CaptureFlags {
  CreateFlags create;
  std::string output;
};

absl::Status Download(const Session& session, const std::string& pcap_id, Output& output) {
  v1::DownloadPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(pcap_id);
  return output.Download(request);
}

// Follows the capture, then fetches its file into `output`, which is at `path`. Tells how to do
// what is left where something breaks.
absl::Status FetchCreated(const Session& session, const std::string& pcap_id,
                          const std::string& path, Timeline& timeline, Output& output) {
  const auto over = [](const absl::Status& status) {
    return status.ok() || absl::IsFailedPrecondition(status) || absl::IsNotFound(status);
  };
  const absl::Status watched = WatchUntilDone(session, session.call, pcap_id, timeline).status();
  if (!over(watched)) {
    TellHowToGoOn(session, pcap_id, {"download", pcap_id, "--wait", "-o", path});
  }
  if (!watched.ok()) return watched;
  timeline.Note("downloading");
  absl::Status downloaded = Download(session, pcap_id, output);
  if (!over(downloaded)) TellHowToDownload(session, pcap_id, {"download", pcap_id, "-o", path});
  return downloaded;
}

absl::Status RunSimple(const Session& session, const CaptureFlags& flags) {
  absl::StatusOr<Output> output = Output::Open(flags.output, session);
  if (!output.ok()) return output.status();
  Timeline timeline(session.err, session.flags.json);
  const absl::StatusOr<v1::Pcap> created = Create(session, flags.create);
  if (!created.ok()) return created.status();
  timeline.Note(
      absl::StrCat("created ", CleanText(created->id()), ": ", FilterText(created->filter())));
  timeline.Show(*created);
  return FetchCreated(session, created->id(), flags.output, timeline, *output);
}

absl::Status RunCapture(const Session& session, CaptureFlags& flags) {
  const absl::Status checked = FinishCreateFlags(flags.create, absl::Now(), absl::LocalTimeZone());
  if (!checked.ok()) return checked;
  if (flags.create.dry_run) {
    PrintRequest(session, flags.create);
    return absl::OkStatus();
  }
  return flags.create.full ? RunFullCapture(session, flags.create) : RunSimple(session, flags);
}

void SetAction(CLI::App& command, const std::shared_ptr<CaptureFlags>& flags, Action& chosen) {
  command.callback([&chosen, &command, flags] {
    if (!command.get_subcommands().empty()) return;  // One of its forms was named.
    chosen = [flags](const Session& session) { return RunCapture(session, *flags); };
  });
}

}  // namespace

void AddCapture(CLI::App& app, Action& chosen) {
  const auto add_simple = [&chosen](CLI::App& command) {
    const auto flags = std::make_shared<CaptureFlags>();
    AddSimpleFlags(command, flags->create);
    AddOutputOption(command, flags->output);
    command.footer(kCaptureSimpleExamples);
    SetAction(command, flags, chosen);
  };
  const auto add_full = [&chosen](CLI::App& command) {
    const auto flags = std::make_shared<CaptureFlags>();
    AddFullFlags(command, flags->create);
    command.footer(kCaptureFullExamples);
    SetAction(command, flags, chosen);
  };
  AddCaptureForms(app, {"capture", "Create, watch and download in one", add_simple, add_full});
}

}  // namespace pcaps::pcapctl
