// What floods come to, in figures: with the guard and without. Run by tests/bench/floods.sh, which
// judges the lines "figure NAME VALUE".
#include <algorithm>
#include <iostream>
#include <tuple>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/flood.h"
#include "tests/integration/support/siege.h"
#include "tests/integration/support/wanted.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

constexpr int kStreams = 70'000;
constexpr absl::Duration kFloodTime = absl::Seconds(5);
constexpr double kMebibyte = 1 << 20;

using Param = std::tuple<FloodKind, bool>;  // Whether with TLS.

std::string NameOf(const testing::TestParamInfo<Param>& info) {
  return absl::StrCat(FloodName(std::get<0>(info.param)), std::get<1>(info.param) ? "Tls" : "");
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

class FloodFigures : public testing::TestWithParam<Param> {
 protected:
  static FloodOptions Options(const Siege& siege) {
    FloodOptions options{.kind = std::get<0>(GetParam())};
    options.steps = kStreams;
    options.duration = kFloodTime;
    options.wire = siege.wire();
    options.wire.source = "127.0.0.2";  // Its host is shut out for a while.
    return options;
  }

  static void Print(const std::string& name, double value) {
    const testing::TestParamInfo<Param> info(GetParam(), 0);
    std::cout << "figure " << absl::AsciiStrToLower(NameOf(info)) << "_" << name << " " << value
              << "\n"
              << std::flush;
  }
};

// The rate of honest calls beside the flood, against the same time without, in turns.
double MeasureKept(const Siege& siege, const FloodOptions& flood) {
  HonestCallers honest(siege);
  std::vector<double> with;
  std::vector<double> without;
  for (int round = 0; round < Wanted("PCAPS_FLOOD_ROUNDS", 5); ++round) {
    honest.TakeRate();
    absl::SleepFor(kFloodTime);
    without.push_back(honest.TakeRate());
    const absl::Time begin = absl::Now();
    (void)RunFlood(siege.gateway().address(), flood);
    absl::SleepFor(begin + kFloodTime - absl::Now());  // Its time, even if it was closed.
    with.push_back(honest.TakeRate());
  }
  EXPECT_EQ(honest.failed(), 0);
  return Median(with) / Median(without);
}

TEST_P(FloodFigures, WithGuard) {
  const Siege siege({.tls = std::get<1>(GetParam())});
  Print("kept", MeasureKept(siege, Options(siege)));
  Print("received_kib", static_cast<double>(MostReceivedOfFloods(siege.gateway())) / 1024);
  Print("resident_mib", static_cast<double>(siege.gateway().PeakResidentBytes()) / kMebibyte);
  FloodOptions persistent = Options(siege);
  persistent.persistent = true;
  Print("back_kept", MeasureKept(siege, persistent));
  Print("back_resident_mib", static_cast<double>(siege.gateway().PeakResidentBytes()) / kMebibyte);
}

TEST_P(FloodFigures, WithoutGuard) {
  const Siege siege(
      {.tls = std::get<1>(GetParam()), .settings = {{"limits", {{"flood_guard", false}}}}});
  const FloodOptions flood = Options(siege);
  double rate = 0;
  {
    HonestCallers honest(siege);
    absl::SleepFor(kFloodTime);
    rate = honest.TakeRate();
    (void)RunFlood(siege.gateway().address(), flood);
    rate = honest.TakeRate() / rate;
  }
  Print("unguarded_kept", rate);
  Print("unguarded_resident_mib",
        static_cast<double>(siege.gateway().PeakResidentBytes()) / kMebibyte);
}

INSTANTIATE_TEST_SUITE_P(Of, FloodFigures,
                         testing::Combine(testing::Values(FloodKind::kHeadersReset,
                                                          FloodKind::kHeadersDataReset),
                                          testing::Bool()),
                         NameOf);

}  // namespace
}  // namespace pcaps::integration
