#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "clients/base/error.h"
#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/output.h"
#include "clients/gateway/pcapctl/pick_up.h"
#include "clients/gateway/pcapctl/progress.h"
#include "clients/gateway/resumed_download.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kDownloadExamples[] =
    "The file appears under its name only when it is whole and verified. With --resume what has\n"
    "come stays in FILE.part when something goes wrong, and the same command continues it. Of a\n"
    "file above 8 MiB (the gateway's download.whole_max) it trusts the bytes that FILE.part "
    "holds:\n"
    "damage done to them meanwhile would not show.\n"
    "Examples:\n"
    "  pcapctl download 66802ca5668e47a2b82c2e6746e45037 -o web.pcap\n"
    "  pcapctl download 66802ca5668e47a2b82c2e6746e45037 -o web.pcap --resume\n"
    "  pcapctl download 66802ca5668e47a2b82c2e6746e45037 --wait -o - | tcpdump -nr -\n";

struct DownloadFlags {
  std::string pcap_id;
  std::string output;
  bool wait = false;
  bool resume = false;
};

v1::DownloadPcapRequest RequestOf(const Session& session, const DownloadFlags& flags) {
  v1::DownloadPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(flags.pcap_id);
  request.set_wait_until_ready(flags.wait);
  return request;
}

void TellRestart(const Session& session, absl::string_view why) {
  Tell(session,
       absl::StrCat("starting over, the bytes from before are of no use: ", CleanText(why)));
}

void TellHowToResume(const Session& session, const DownloadFlags& flags, const PartFile& file) {
  if (file.size() == 0) return;
  const std::string of =
      file.whole_size().has_value() ? absl::StrCat(" of ", *file.whole_size()) : std::string();
  Tell(session, absl::StrCat(file.size(), of, " bytes are in ", file.name(), "; to continue"),
       CommandLine(session.flags, {"download", flags.pcap_id, "-o", flags.output, "--resume"}));
}

absl::Status ResumeDownload(const Session& session, const DownloadFlags& flags) {
  const auto file = PartFile::Open(flags.output, session.flags.account, flags.pcap_id);
  if (!file.ok()) return file.status();
  if (!(*file)->why_discarded().empty()) TellRestart(session, (*file)->why_discarded());
  if ((*file)->size() > 0) {
    Tell(session, absl::StrCat("continuing at byte ", (*file)->size()));
  }
  Progress progress(session.err, session.console.shows_progress && !session.flags.json);
  const ResumedDownloadListener listener = {
      .on_restart =
          [&](absl::string_view why) {
            progress.Clear();
            TellRestart(session, why);
          },
      .on_progress = [&](int64_t bytes,
                         std::optional<int64_t> of) { progress.Show(bytes, of, absl::Now()); }};
  const absl::StatusOr<DownloadResult> result =
      DownloadInto(**file, RequestOf(session, flags), session.client, session.call, listener);
  progress.Clear();
  if (!result.ok()) {
    TellHowToResume(session, flags, **file);
    return result.status();
  }
  TellDownloaded(session, flags.output, *result);
  return absl::OkStatus();
}

absl::Status RunDownload(const Session& session, const DownloadFlags& flags) {
  if (flags.resume && flags.output == kStandardOutput) {
    return absl::InvalidArgumentError("--resume needs a file: standard output cannot be resumed");
  }
  if (flags.resume) return ResumeDownload(session, flags);
  absl::StatusOr<Output> output = Output::Open(flags.output, session);
  if (!output.ok()) return output.status();
  return output->Download(RequestOf(session, flags));
}

}  // namespace

void AddDownload(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("download", "Fetch the file of a simple capture");
  const auto flags = std::make_shared<DownloadFlags>();
  command->add_option("id", flags->pcap_id, "Id of the capture")->required();
  AddOutputOption(*command, flags->output)->required();
  command->add_flag("--wait", flags->wait, "Wait until the capture is ready");
  command->add_flag("--resume", flags->resume,
                    "Continue an earlier download into this file, and leave one to continue");
  command->footer(kDownloadExamples);
  command->callback([&chosen, flags] {
    chosen = [flags](const Session& session) { return RunDownload(session, *flags); };
  });
}

}  // namespace pcaps::pcapctl
