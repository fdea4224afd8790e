#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "tests/bench/commands/commands.h"

namespace pcaps::bench {

void AddFleetFlags(CLI::App& command, FleetFlags& flags) {
  command.add_option("--target", flags.targets, "host:port, repeatable")->required();
  command.add_option("--channels", flags.channels, "Connections to each target")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
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
