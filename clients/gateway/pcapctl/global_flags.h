// The options every command takes: which gateway, which account, how to answer.
#pragma once

#include <stop_token>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "clients/gateway/call_options.h"
#include "clients/gateway/connection.h"

namespace CLI {
class App;
}

namespace pcaps::pcapctl {

struct GlobalFlags {
  std::string target = ConnectOptions().target;
  std::string account;
  bool tls = false;
  std::string ca_file;
  std::string cert_file;
  std::string key_file;
  std::string token_file;
  absl::Duration timeout = absl::InfiniteDuration();
  std::string request_id;
  bool json = false;
};

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags);

// What the environment says instead of options is read here. Errors: INVALID_ARGUMENT.
absl::Status FillAccount(GlobalFlags& flags);
absl::StatusOr<ConnectOptions> ToConnectOptions(const GlobalFlags& flags);
absl::StatusOr<CallOptions> ToCallOptions(const GlobalFlags& flags, std::stop_token stop);

}  // namespace pcaps::pcapctl
