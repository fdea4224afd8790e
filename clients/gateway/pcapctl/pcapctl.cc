#include "clients/gateway/pcapctl/pcapctl.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "clients/gateway/pcapctl/command.h"
#include "clients/gateway/pcapctl/error_text.h"
#include "clients/gateway/pcapctl/exit_code.h"
#include "clients/gateway/pcapctl/global_flags.h"
#include "clients/gateway/pcapctl/usage_error.h"

namespace pcaps::pcapctl {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  pcapctl capture --filter 'src 192.0.2.7 and tcp dst port 443' -o web.pcap\n"
    "  pcapctl capture --from 14:03 --to 14:05 -o incident.pcap\n"
    "  pcapctl list --target gateway.example.net:443 --tls\n"
    "  pcapctl doctor\n"
    "  source <(pcapctl completion bash)\n"
    "  pcapctl COMMAND --help\n\n";

void AddCommands(CLI::App& app, Action& chosen) {
  AddCapture(app, chosen);
  AddCreate(app, chosen);
  AddGet(app, chosen);
  AddList(app, chosen);
  AddStop(app, chosen);
  AddWatch(app, chosen);
  AddDownload(app, chosen);
  AddOwnership(app, chosen);
}

// A full disk may show only now.
absl::Status Flush(std::ostream& out) {
  return out.flush() ? absl::OkStatus() : absl::UnknownError("cannot write to standard output");
}

absl::Status Run(GlobalFlags& flags, const Action& action, const Console& console,
                 std::stop_token stop) {
  const absl::Status account = FillAccount(flags);
  if (!account.ok()) return account;
  const auto connect_options = ToConnectOptions(flags);
  if (!connect_options.ok()) return connect_options.status();
  const auto call_options = ToCallOptions(flags, std::move(stop));
  if (!call_options.ok()) return call_options.status();
  const auto client = GatewayClient::Connect(*connect_options);
  if (!client.ok()) return client.status();
  const absl::Status status =
      action({**client, flags, *call_options, console.out, console.err, console});
  return status.ok() ? Flush(console.out) : status;
}

absl::Status RunLocal(GlobalFlags& flags, const LocalAction& action, std::ostream& out,
                      std::stop_token stop) {
  (void)FillAccount(flags);  // Without one it does what needs none.
  const auto call_options = ToCallOptions(flags, std::move(stop));
  if (!call_options.ok()) return call_options.status();
  const absl::Status status = action({flags, *call_options, out});
  return status.ok() ? Flush(out) : status;
}

absl::Status Print(const std::string& text, std::ostream& out) {
  out << text;
  return Flush(out);
}

int Finish(const absl::Status& status, bool json, std::ostream& err) {
  if (!status.ok()) err << (json ? ErrorJson(status) : ErrorText(status)) << std::flush;
  return ExitCodeOf(status);
}

}  // namespace

int RunPcapctl(const std::vector<std::string>& args, const Console& console, std::stop_token stop) {
  CLI::App app("Packet captures through a pcaps-gateway.", "pcapctl");
  GlobalFlags flags;
  Action chosen;
  std::string script;
  app.fallthrough();  // Common options may follow the command.
  app.require_subcommand(1);
  app.set_version_flag("--version", "pcapctl " PCAPS_VERSION);
  app.footer(kExamples + ExitCodeHelp());
  AddGlobalFlags(app, flags);
  AddCommands(app, chosen);
  LocalAction chosen_local;
  AddDoctor(app, chosen_local);
  AddCompletion(app, script);
  const bool json = std::find(args.begin(), args.end(), "--json") != args.end();
  try {
    app.parse(
        std::vector<std::string>(args.rbegin(), args.rend()));  // It takes them from the back.
  } catch (const CLI::Success& help_or_version) {
    app.exit(help_or_version, console.out, console.err);
    return Finish(Flush(console.out), json, console.err);
  } catch (const CLI::ParseError& error) {
    return Finish(UsageError(app, error, args), json, console.err);
  }
  const absl::Status status = !script.empty() ? Print(script, console.out)
                              : chosen_local  ? RunLocal(flags, chosen_local, console.out, stop)
                                              : Run(flags, chosen, console, stop);
  const int exit_code = Finish(WithoutKeysOf(args, status), flags.json, console.err);
  return absl::IsCancelled(status) && stop.stop_requested() ? kExitInterrupted : exit_code;
}

}  // namespace pcaps::pcapctl
