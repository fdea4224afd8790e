#include <CLI/CLI.hpp>
#include <memory>

#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/output.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kExamples[] =
    "The file appears under its name only when it is whole and verified.\n"
    "Examples:\n"
    "  pcapctl download 66802ca5668e47a2b82c2e6746e45037 -o web.pcap\n"
    "  pcapctl download 66802ca5668e47a2b82c2e6746e45037 --wait -o - | tcpdump -nr -\n";

struct DownloadFlags {
  std::string pcap_id;
  std::string output;
  bool wait = false;
};

absl::Status RunDownload(const Session& session, const DownloadFlags& flags) {
  absl::StatusOr<Output> output = Output::Open(flags.output, session);
  if (!output.ok()) return output.status();
  v1::DownloadPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(flags.pcap_id);
  request.set_wait_until_ready(flags.wait);
  return output->Download(request);
}

}  // namespace

void AddDownload(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("download", "Fetch the file of a simple capture");
  const auto flags = std::make_shared<DownloadFlags>();
  command->add_option("id", flags->pcap_id, "Id of the capture")->required();
  AddOutputOption(*command, flags->output)->required();
  command->add_flag("--wait", flags->wait, "Wait until the capture is ready");
  command->footer(kExamples);
  command->callback([&chosen, flags] {
    chosen = [flags](const Session& session) { return RunDownload(session, *flags); };
  });
}

}  // namespace pcaps::pcapctl
