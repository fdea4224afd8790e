// What the commands of pcapctl have in common.
#pragma once

#include <functional>
#include <ostream>
#include <string>

#include "absl/status/status.h"
#include "clients/gateway/client.h"
#include "clients/gateway/pcapctl/console.h"
#include "clients/gateway/pcapctl/global_flags.h"

namespace CLI {
class App;
}

namespace pcaps::pcapctl {

// What a command works with while it runs.
struct Session {
  const GatewayClient& client;
  const GlobalFlags& flags;
  CallOptions call;
  std::ostream& out;  // Results.
  std::ostream& err;  // Progress. The error a command returns is shown by its caller.
  const Console& console;
};

using Action = std::function<absl::Status(const Session& session)>;

// What a command works with that needs neither gateway nor account to begin.
struct LocalSession {
  const GlobalFlags& flags;
  CallOptions call;
  std::ostream& out;
};

using LocalAction = std::function<absl::Status(const LocalSession& session)>;

// Each adds a subcommand; when the command line names it, `chosen` becomes what it does.
void AddCapture(CLI::App& app, Action& chosen);
void AddCreate(CLI::App& app, Action& chosen);
void AddGet(CLI::App& app, Action& chosen);
void AddList(CLI::App& app, Action& chosen);
void AddOwnership(CLI::App& app, Action& chosen);
void AddStop(CLI::App& app, Action& chosen);
void AddWatch(CLI::App& app, Action& chosen);
void AddDownload(CLI::App& app, Action& chosen);
void AddDoctor(CLI::App& app, LocalAction& chosen);

// `completion` needs no session: it sets `script` to what is to be printed.
void AddCompletion(CLI::App& app, std::string& script);

}  // namespace pcaps::pcapctl
