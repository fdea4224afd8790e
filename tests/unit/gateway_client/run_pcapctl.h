// Runs pcapctl in this process, against a fake gateway.
#pragma once

#include <gtest/gtest.h>

#include <stop_token>
#include <string>
#include <vector>

#include "tests/unit/gateway_client/fake_gateway.h"
#include "tests/unit/gateway_client/temp_dir.h"

namespace pcaps {

struct PcapctlRun {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// With the arguments as they are.
PcapctlRun RunPcapctlAlone(const std::vector<std::string>& args, std::stop_token stop = {},
                           bool reader_left = false);

// With an output that takes nothing, as on a full disk.
PcapctlRun RunPcapctlOnFullDisk(const std::vector<std::string>& args);

class PcapctlFixture : public testing::Test {
 protected:
  // What the environment of whoever runs the tests says must not matter.
  PcapctlFixture();

  // With --target and --account.
  PcapctlRun Pcapctl(std::vector<std::string> args, std::stop_token stop = {});

  // The same, with an output that nobody reads.
  PcapctlRun PcapctlWithoutReader(std::vector<std::string> args);

  FakeGateway gateway_;
  const TempDir dir_;
};

}  // namespace pcaps
