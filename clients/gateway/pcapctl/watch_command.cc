#include "clients/gateway/pcapctl/watch_command.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <stop_token>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/gateway/pcapctl/value_options.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kWatchExamples[] =
    "Ends when the capture is done. Without an id it follows every capture of the account, until\n"
    "Ctrl-C or --timeout.\n"
    "Examples:\n"
    "  pcapctl watch 66802ca5668e47a2b82c2e6746e45037\n"
    "  pcapctl watch 66802ca5668e47a2b82c2e6746e45037 --json --timeout 10m\n"
    "  pcapctl watch | grep --line-buffered failed\n";

// Ends a watch of which nobody reads what it tells, besides what ends it anyway.
class ReaderGuard {
 public:
  ReaderGuard(const Session& session, const Timeline& timeline)
      : session_(session),
        timeline_(timeline),
        on_stop_(session.call.stop, [this] { stop_.request_stop(); }) {}

  CallOptions Guarded() const {
    CallOptions call = session_.call;
    call.stop = stop_.get_token();
    return call;
  }
  void Check() {
    if (!lost_.ok()) return;
    if (session_.console.reader_left()) {
      lost_ = absl::UnknownError("standard output was closed by its reader");
    } else if (!timeline_.written()) {
      lost_ = absl::UnknownError("cannot write to standard output");
    }
    if (!lost_.ok()) stop_.request_stop();
  }
  absl::Status Verdict(absl::Status status) const { return lost_.ok() ? status : lost_; }

 private:
  const Session& session_;
  const Timeline& timeline_;
  std::stop_source stop_;
  std::stop_callback<std::function<void()>> on_stop_;
  absl::Status lost_;  // Why nobody reads any more.
};

absl::Status RunWatch(const Session& session, const std::string& pcap_id) {
  Timeline timeline(session.out, session.flags.json);
  ReaderGuard guard(session, timeline);
  timeline.OnEvent([&guard] { guard.Check(); });
  if (!pcap_id.empty()) {
    return guard.Verdict(WatchUntilDone(session, guard.Guarded(), pcap_id, timeline).status());
  }
  timeline.NameCaptures();
  v1::WatchPcapsRequest request;
  request.set_account_id(session.flags.account);
  const auto show = [&timeline](const v1::WatchEvent& event) { timeline.Show(event); };
  return guard.Verdict(session.client.WatchAll(request, show, guard.Guarded()));
}

}  // namespace

absl::StatusOr<v1::Pcap> WatchUntilDone(const Session& session, const CallOptions& call,
                                        const std::string& pcap_id, Timeline& timeline) {
  v1::WatchPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(pcap_id);
  const auto show = [&timeline](const v1::WatchEvent& event) { timeline.Show(event); };
  absl::StatusOr<v1::Pcap> done = session.client.Watch(request, show, call);
  if (!done.ok() || done->status() != v1::Pcap::STATUS_FAILED) return done;
  const std::string& why = done->full().error_message();
  return MakeError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_CAPTURE_FAILED,
                   absl::StrCat("the capture failed", why.empty() ? "" : ": ", why));
}

void AddWatch(CLI::App& app, Action& chosen) {
  CLI::App* const command =
      app.add_subcommand("watch", "Follow a capture until it is done, or all of the account");
  const auto pcap_id = std::make_shared<std::string>();
  RefuseEmpty(
      command->add_option("id", *pcap_id, "Id of the capture. Default: all of the account"));
  command->footer(kWatchExamples);
  command->callback([&chosen, pcap_id] {
    chosen = [pcap_id](const Session& session) { return RunWatch(session, *pcap_id); };
  });
}

}  // namespace pcaps::pcapctl
