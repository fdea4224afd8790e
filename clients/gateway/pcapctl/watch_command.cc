#include "clients/gateway/pcapctl/watch_command.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kExamples[] =
    "Ends when the capture is done.\n"
    "Examples:\n"
    "  pcapctl watch 66802ca5668e47a2b82c2e6746e45037\n"
    "  pcapctl watch 66802ca5668e47a2b82c2e6746e45037 --json --timeout 10m\n";

}  // namespace

absl::Status WatchUntilDone(const Session& session, const std::string& pcap_id,
                            Timeline& timeline) {
  v1::WatchPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(pcap_id);
  const auto show = [&timeline](const v1::WatchEvent& event) { timeline.Show(event); };
  const absl::StatusOr<v1::Pcap> done = session.client.Watch(request, show, session.call);
  if (!done.ok()) return done.status();
  if (done->status() != v1::Pcap::STATUS_FAILED) return absl::OkStatus();
  const std::string& why = done->full().error_message();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CAPTURE_FAILED,
                   absl::StrCat("the capture failed", why.empty() ? "" : ": ", why));
}

void AddWatch(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("watch", "Follow a capture until it is done");
  const auto pcap_id = std::make_shared<std::string>();
  command->add_option("id", *pcap_id, "Id of the capture")->required();
  command->footer(kExamples);
  command->callback([&chosen, pcap_id] {
    chosen = [pcap_id](const Session& session) {
      Timeline timeline(session.out, session.flags.json);
      return WatchUntilDone(session, *pcap_id, timeline);
    };
  });
}

}  // namespace pcaps::pcapctl
