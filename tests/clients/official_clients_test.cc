// The emulator judged by others: Cloudflare's own client libraries make all nine calls to it.
#include "tests/clients/client_program.h"
#include "tests/integration/support/world.h"

namespace pcaps::clients {
namespace {

using integration::Emulator;

class OfficialClient : public testing::TestWithParam<const char*> {};

TEST_P(OfficialClient, FindsNothingOddInTheNineCalls) {
  const ClientProgram client = FindClient(GetParam());
  if (!client.unavailable.empty()) GTEST_SKIP() << client.unavailable;
  ASSERT_EQ(client.broken, "");
  Emulator emulator;
  const integration::Finished judged =
      integration::RunToEnd({client.path, emulator.base_url(), integration::kUpstreamToken});
  EXPECT_EQ(judged.exit_code, 0) << judged.out << judged.err;
  for (const char* endpoint :
       {"list_pcaps", "create_pcap", "get_pcap", "stop_pcap", "download_pcap", "list_ownerships",
        "create_ownership", "validate_ownership", "delete_ownership"}) {
    EXPECT_GT(emulator.Requests(endpoint), 0) << endpoint;
  }
  EXPECT_EQ(emulator.Stats()["endpoints"].at("unknown_route").as_int64(), 0);
}

INSTANTIATE_TEST_SUITE_P(, OfficialClient, testing::Values("official_python", "official_node"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace pcaps::clients
