// doctor: what is wrong, and what to do about it.
#include <CLI/CLI.hpp>
#include <memory>
#include <utility>

#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/doctor/doctor.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kHelp[] =
    "Checks, one line each: ok, warn, FAIL with the fix, or skip with the reason.\n"
    "  gateway, account   through the gateway; account needs --account\n"
    "  config, token, proxy, upstream, permission, clock, budget, redis\n"
    "                     with --config, from here and without the gateway\n"
    "It costs the upstream one call through the gateway, and with --config one request for each\n"
    "credential, about the first of its accounts. It changes nothing, and prints no secret. The\n"
    "exit code is 0 only when nothing failed.\n\n"
    "Examples:\n"
    "  pcapctl doctor --account 4f2a6b...\n"
    "  pcapctl doctor --config /etc/pcaps-gateway/gateway.yaml      # on the gateway's host\n"
    "  pcapctl doctor --config gateway.yaml --json | jq 'select(.verdict == \"fail\")'\n";

absl::Status RunCommand(const LocalSession& session, const std::string& config_file) {
  absl::StatusOr<ConnectOptions> connect = ToConnectOptions(session.flags);
  if (!connect.ok()) return connect.status();
  Report report(session.out, session.flags.json);
  return RunDoctor({.connect = *std::move(connect),
                    .call = session.call,
                    .account = session.flags.account,
                    .config_file = config_file},
                   report);
}

}  // namespace

void AddDoctor(CLI::App& app, LocalAction& chosen) {
  CLI::App* const command = app.add_subcommand("doctor", "Say what is wrong, and what to do");
  const auto config_file = std::make_shared<std::string>();
  command->add_option("--config", *config_file, "The gateway's configuration, to check from here")
      ->type_name("FILE");
  command->footer(kHelp);
  command->callback([&chosen, config_file] {
    chosen = [config_file](const LocalSession& session) {
      return RunCommand(session, *config_file);
    };
  });
}

}  // namespace pcaps::pcapctl
