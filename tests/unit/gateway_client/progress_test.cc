#include "clients/gateway/pcapctl/progress.h"

#include <gtest/gtest.h>

#include <sstream>

namespace pcaps {
namespace {

using pcapctl::Progress;
using pcapctl::ProgressText;

TEST(ProgressText, TellsBytesPercentAndSpeed) {
  EXPECT_EQ(ProgressText(10'080'000, 24'000'000, 6'400'000, absl::Seconds(2)),
            " 42%  10.1 of 24.0 MB  3.2 MB/s");
  EXPECT_EQ(ProgressText(10'080'000, std::nullopt, 10'080'000, absl::Seconds(2)),
            "10.1 MB  5.0 MB/s");
  EXPECT_EQ(ProgressText(0, 0, 0, absl::ZeroDuration()), "0.0 MB  0.0 MB/s");
}

TEST(Progress, IsOneLineWrittenAnewAFewTimesASecondAndClearedAtTheEnd) {
  std::ostringstream terminal;
  const absl::Time start = absl::UnixEpoch();
  {
    Progress progress(terminal, true);
    progress.Show(1'000'000, 10'000'000, start);
    progress.Show(2'000'000, 10'000'000, start + absl::Milliseconds(400));
    EXPECT_EQ(terminal.str(), "");  // Soon over, perhaps.
    progress.Show(3'000'000, 10'000'000, start + absl::Seconds(1));
    progress.Show(4'000'000, 10'000'000, start + absl::Milliseconds(1100));
    progress.Show(5'000'000, 10'000'000, start + absl::Seconds(2));
  }
  EXPECT_EQ(terminal.str(),
            "\r\x1b[K 30%  3.0 of 10.0 MB  2.0 MB/s"
            "\r\x1b[K 50%  5.0 of 10.0 MB  2.0 MB/s"
            "\r\x1b[K");
}

TEST(Progress, SaysNothingWhereNobodyWatches) {
  std::ostringstream file;
  {
    Progress progress(file, false);
    progress.Show(1, 2, absl::UnixEpoch());
    progress.Show(2, 2, absl::UnixEpoch() + absl::Hours(1));
  }
  EXPECT_EQ(file.str(), "");
}

}  // namespace
}  // namespace pcaps
