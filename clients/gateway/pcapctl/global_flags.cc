#include "clients/gateway/pcapctl/global_flags.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "clients/gateway/pcapctl/value_options.h"

namespace pcaps::pcapctl {
namespace {

constexpr size_t kMaxTokenBytes = 8192;     // A file larger than this is not a token.
constexpr size_t kMaxRequestIdBytes = 128;  // The contract's limit.

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string token(kMaxTokenBytes, '\0');
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<size_t>(file.gcount()));
  absl::StripAsciiWhitespace(&token);
  if (token.empty() || !file.eof()) {
    return absl::InvalidArgumentError(absl::StrCat("--token-file: ", path, " holds no token"));
  }
  return token;
}

}  // namespace

void AddGlobalFlags(CLI::App& app, GlobalFlags& flags) {
  constexpr char kGroup[] = "Common options";
  app.add_option("--target", flags.target, "Gateway, as host:port. Default: " + flags.target)
      ->envname("PCAPCTL_TARGET")
      ->group(kGroup);
  app.add_option("--account", flags.account, "Account id. Required; also CLOUDFLARE_ACCOUNT_ID")
      ->envname("PCAPCTL_ACCOUNT")
      ->group(kGroup);
  app.add_flag("--tls", flags.tls, "Connect with TLS")->group(kGroup);
  app.add_option("--ca-file", flags.ca_file, "PEM file of the authorities to trust; implies --tls")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option(
         "--cert-file", flags.cert_file,
         "PEM file of your own certificate, where the gateway knows callers by it; implies --tls")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option("--key-file", flags.key_file, "PEM file of its key")
      ->type_name("FILE")
      ->group(kGroup);
  app.add_option("--token-file", flags.token_file,
                 "File with the bearer token to send; or the token itself in PCAPCTL_TOKEN")
      ->type_name("FILE")
      ->group(kGroup);
  AddDuration(app, "--timeout", flags.timeout,
              "Give up after this time. Default: 30s for a call, none for a stream")
      ->group(kGroup);
  app.add_option("--request-id", flags.request_id,
                 "Name of this request in the gateway's log; a creation repeated under the same "
                 "name is made once. Default: random for creations, else none")
      ->group(kGroup);
  app.add_flag("--json", flags.json, "Answer in JSON, one object per line; errors too")
      ->group(kGroup);
}

absl::Status FillAccount(GlobalFlags& flags) {
  if (flags.account.empty()) flags.account = Environment("CLOUDFLARE_ACCOUNT_ID");
  if (!flags.account.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "no account: give --account, or set PCAPCTL_ACCOUNT or CLOUDFLARE_ACCOUNT_ID");
}

absl::StatusOr<ConnectOptions> ToConnectOptions(const GlobalFlags& flags) {
  ConnectOptions options;
  options.target = flags.target;
  options.tls = flags.tls || !flags.ca_file.empty() || !flags.cert_file.empty();
  options.ca_file = flags.ca_file;
  options.cert_file = flags.cert_file;
  options.key_file = flags.key_file;
  options.token = Environment("PCAPCTL_TOKEN");
  if (!flags.token_file.empty()) {
    absl::StatusOr<std::string> token = ReadToken(flags.token_file);
    if (!token.ok()) return token.status();
    options.token = *std::move(token);
  }
  return options;
}

absl::StatusOr<CallOptions> ToCallOptions(const GlobalFlags& flags, std::stop_token stop) {
  const std::string& id = flags.request_id;
  const bool printable =
      std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!printable || id.size() > kMaxRequestIdBytes) {
    return absl::InvalidArgumentError(
        "--request-id: not 1 to 128 printable ASCII characters without spaces");
  }
  CallOptions options;
  options.deadline = absl::Now() + flags.timeout;
  options.stop = std::move(stop);
  options.request_id = id;
  return options;
}

}  // namespace pcaps::pcapctl
