#include "tests/unit/gateway_client/run_pcapctl.h"

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <utility>

#include "clients/gateway/pcapctl/pcapctl.h"

namespace pcaps {

PcapctlRun RunPcapctlAlone(const std::vector<std::string>& args, std::stop_token stop,
                           bool reader_left) {
  std::ostringstream out;
  std::ostringstream err;
  PcapctlRun run;
  const pcapctl::Console console = {
      .out = out, .err = err, .reader_left = [reader_left] { return reader_left; }};
  run.exit_code = pcapctl::RunPcapctl(args, console, std::move(stop));
  run.out = out.str();
  run.err = err.str();
  return run;
}

PcapctlRun RunPcapctlOnFullDisk(const std::vector<std::string>& args) {
  std::ofstream out("/dev/full");
  std::ostringstream err;
  PcapctlRun run;
  run.exit_code = pcapctl::RunPcapctl(args, {.out = out, .err = err}, {});
  run.err = err.str();
  return run;
}

PcapctlFixture::PcapctlFixture() {
  for (const char* name : {"PCAPCTL_TARGET", "PCAPCTL_ACCOUNT", "PCAPCTL_TOKEN", "PCAPCTL_BUCKET",
                           "CLOUDFLARE_ACCOUNT_ID"}) {
    unsetenv(name);
  }
}

PcapctlRun PcapctlFixture::Pcapctl(std::vector<std::string> args, std::stop_token stop) {
  args.insert(args.end(), {"--target", gateway_.target(), "--account", kAccount});
  return RunPcapctlAlone(args, std::move(stop));
}

PcapctlRun PcapctlFixture::PcapctlWithoutReader(std::vector<std::string> args) {
  args.insert(args.end(), {"--target", gateway_.target(), "--account", kAccount});
  return RunPcapctlAlone(args, {}, true);
}

}  // namespace pcaps
