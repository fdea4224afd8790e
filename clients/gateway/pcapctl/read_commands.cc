// get, list and stop: one call each.
#include <CLI/CLI.hpp>
#include <memory>

#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/render.h"

namespace pcaps::pcapctl {
namespace {

absl::Status RunGet(const Session& session, const std::string& pcap_id, bool fresh) {
  v1::GetPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(pcap_id);
  if (fresh) request.mutable_max_age();  // Zero.
  const absl::StatusOr<v1::Pcap> pcap = session.client.Get(request, session.call);
  if (!pcap.ok()) return pcap.status();
  session.out << (session.flags.json ? ToJsonLine(*pcap) : PcapDetails(*pcap));
  return absl::OkStatus();
}

absl::Status RunListPcaps(const Session& session) {
  const auto pcaps = session.client.List(session.flags.account, session.call);
  if (!pcaps.ok()) return pcaps.status();
  if (!session.flags.json) {
    session.out << PcapTable(*pcaps);
    return absl::OkStatus();
  }
  for (const v1::Pcap& pcap : *pcaps) session.out << ToJsonLine(pcap);
  return absl::OkStatus();
}

absl::Status RunStop(const Session& session, const std::string& pcap_id) {
  v1::StopPcapRequest request;
  request.set_account_id(session.flags.account);
  request.set_pcap_id(pcap_id);
  const absl::Status status = session.client.Stop(request, session.call);
  if (!status.ok()) return status;
  session.out << (session.flags.json ? ToJsonLine(v1::StopPcapResponse()) : "stop requested\n");
  return absl::OkStatus();
}

}  // namespace

void AddGet(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("get", "Show a capture");
  const auto pcap_id = std::make_shared<std::string>();
  const auto fresh = std::make_shared<bool>(false);
  command->add_option("id", *pcap_id, "Id of the capture")->required();
  command->add_flag("--fresh", *fresh, "Ask the upstream now; take no cached answer");
  command->footer("Examples:\n  pcapctl get 66802ca5668e47a2b82c2e6746e45037\n");
  command->callback([&chosen, pcap_id, fresh] {
    chosen = [pcap_id, fresh](const Session& session) { return RunGet(session, *pcap_id, *fresh); };
  });
}

void AddList(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("list", "List the account's captures, newest first");
  command->footer("Examples:\n  pcapctl list\n  pcapctl list --json | jq -r .id\n");
  command->callback([&chosen] { chosen = RunListPcaps; });
}

void AddStop(CLI::App& app, Action& chosen) {
  CLI::App* const command = app.add_subcommand("stop", "End a running full capture");
  const auto pcap_id = std::make_shared<std::string>();
  command->add_option("id", *pcap_id, "Id of the capture")->required();
  command->footer("Examples:\n  pcapctl stop 66802ca5668e47a2b82c2e6746e45037\n");
  command->callback([&chosen, pcap_id] {
    chosen = [pcap_id](const Session& session) { return RunStop(session, *pcap_id); };
  });
}

}  // namespace pcaps::pcapctl
