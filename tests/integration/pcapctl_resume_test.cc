// pcapctl download --resume, the program: killed, and cut off from its gateway.
#include <csignal>
#include <memory>

#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

using testing::HasSubstr;

constexpr int64_t kBytes = 24'000'000;  // Streamed: the gateway does not hold it whole.
constexpr int64_t kEnough = 2'000'000;  // Of them, before something happens.

class PcapctlResume : public testing::Test {
 protected:
  PcapctlResume() : pcap_(world_.CreateLarge(kBytes)) {
    world_.emulator.AddFaults(
        {{"endpoint", "download_pcap"}, {"fault", "slow_body"}, {"bytes_per_second", 4'000'000}});
  }

  std::vector<std::string> Arguments(const Gateway& gateway) const {
    return {PCAPCTL,    "download",        pcap_.id(),  "-o",     directory_.File("large.pcap"),
            "--target", gateway.address(), "--account", kAccount, "--resume"};
  }
  int64_t PartBytes() const {
    std::error_code none_yet;
    const auto size = std::filesystem::file_size(directory_.File("large.pcap.part"), none_yet);
    return none_yet ? 0 : static_cast<int64_t>(size);
  }
  // Through a gateway that has never heard of the first one's streams.
  void ExpectTheRestComesThroughAnotherGateway() {
    const int64_t had = PartBytes();
    EXPECT_FALSE(std::filesystem::exists(directory_.File("large.pcap")));
    world_.emulator.ClearFaults();
    const Gateway other(world_.emulator);
    const Finished resumed = RunToEnd(Arguments(other));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
    EXPECT_THAT(resumed.err, HasSubstr(absl::StrCat("continuing at byte ", had, "\n")));
    EXPECT_TRUE(directory_.Read("large.pcap") == world_.emulator.Download(kAccount, pcap_.id()));
    EXPECT_FALSE(std::filesystem::exists(directory_.File("large.pcap.part")));
    EXPECT_FALSE(std::filesystem::exists(directory_.File("large.pcap.part.json")));
  }

  World world_;
  const TempDir directory_;
  const v1::Pcap pcap_;
};

TEST_F(PcapctlResume, KilledGoesOnWhereItWas) {
  Process killed(Arguments(world_.gateway));
  ASSERT_TRUE(Eventually([&] { return PartBytes() > kEnough; })) << killed.err().text();
  const Finished second = RunToEnd(Arguments(world_.gateway));
  EXPECT_EQ(second.exit_code, 5);
  EXPECT_THAT(second.err, HasSubstr("another process is downloading"));
  killed.Signal(SIGKILL);
  EXPECT_EQ(killed.Wait(), 128 + SIGKILL);
  ExpectTheRestComesThroughAnotherGateway();
}

TEST_F(PcapctlResume, CutOffFromItsGatewayTellsHowToGoOnAndDoes) {
  Process cut_off(Arguments(world_.gateway));
  ASSERT_TRUE(Eventually([&] { return PartBytes() > kEnough; })) << cut_off.err().text();
  world_.gateway.process().Signal(SIGTERM);
  EXPECT_EQ(cut_off.Wait(), 7) << cut_off.err().text();
  EXPECT_THAT(cut_off.err().text(),
              HasSubstr("large.pcap.part; to continue:\n  pcapctl download "));
  ExpectTheRestComesThroughAnotherGateway();
}

}  // namespace
}  // namespace pcaps::integration
