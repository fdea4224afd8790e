#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "absl/strings/ascii.h"

#include "tests/bench/commands/commands.h"

namespace pcaps::bench {

void AddFleetFlags(CLI::App& command, FleetFlags& flags) {
  command.add_option("--target", flags.targets, "host:port, or as gRPC has it; repeatable")
      ->required();
  command.add_option("--channels", flags.channels, "Connections to each target")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  CLI::Option* const tls =
      command
          .add_option("--ca-file", flags.ca_file, "PEM of the authorities to trust; makes it TLS")
          ->check(CLI::ExistingFile);
  command.add_option("--token-file", flags.token_file, "A caller's bearer token")
      ->check(CLI::ExistingFile)
      ->needs(tls);
  command.add_flag("--policy", flags.policy, "As proto/pcaps/v1/service_config.json has it");
}

load::Access ReadAccess(const FleetFlags& flags) {
  const auto read = [](const std::string& path) {
    if (path.empty()) return std::string();
    std::ifstream file(path);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  return {.authorities = read(flags.ca_file),
          .token = std::string(absl::StripAsciiWhitespace(read(flags.token_file))),
          .policy = flags.policy};
}

std::vector<load::NamedCapture> ReadCaptures(const std::string& file) {
  std::ifstream stream(file);
  std::vector<load::NamedCapture> captures;
  for (load::NamedCapture each; stream >> each.account_id >> each.pcap_id;) {
    captures.push_back(each);
  }
  if (captures.empty()) {
    std::fprintf(stderr, "no captures in %s\n", file.c_str());
    std::exit(1);
  }
  return captures;
}

void Print(const std::string& name, double value) {
  std::printf("%s %.10g\n", name.c_str(), value);
  std::fflush(stdout);
}

}  // namespace pcaps::bench
