#include <CLI/CLI.hpp>
#include <iostream>

#include "service/app.h"
#include "service/config.h"
#include "service/hash_token.h"

int main(int argc, char** argv) {
  CLI::App flags("Typed gRPC in front of Cloudflare's packet captures API.", "pcaps-gateway");
  std::string config_file;
  bool check_config = false;
  flags.add_option("--config", config_file,
                   "YAML file; without it: loopback only, token from CLOUDFLARE_API_TOKEN");
  flags.add_flag("--check-config", check_config,
                 "Say whether the configuration is sound and its files are there, and exit");
  CLI::App* const hash_token = flags.add_subcommand(
      "hash-token",
      "Read a bearer token from standard input and print what a callers file says of it");
  flags.set_version_flag("--version", "pcaps-gateway " PCAPS_VERSION);
  CLI11_PARSE(flags, argc, argv);
  if (hash_token->parsed()) return pcaps::HashToken(std::cin, std::cout, std::cerr);

  const absl::StatusOr<pcaps::Config> config = pcaps::LoadConfig(config_file);
  if (!config.ok()) {
    std::cerr << "pcaps-gateway: " << config.status().message() << "\n";
    return 2;
  }
  if (check_config) {
    const absl::Status checked = pcaps::CheckApp(*config);
    if (!checked.ok()) {
      std::cerr << "pcaps-gateway: " << checked.message() << "\n";
      return 2;
    }
    std::cout << "the configuration is sound\n";
    return 0;
  }
  const absl::Status served = pcaps::RunApp(*config);
  if (!served.ok()) std::cerr << "pcaps-gateway: " << served.message() << "\n";
  return served.ok() ? 0 : 1;
}
