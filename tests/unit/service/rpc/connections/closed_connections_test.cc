#include "service/rpc/connections/closed_connections.h"

#include <gmock/gmock.h>

#include "tests/unit/support/manual_clock.h"

namespace pcaps {
namespace {

using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::GetCapturedStderr;

class ClosedConnectionsTest : public testing::Test {
 protected:
  // What is written while `run` does.
  template <typename Run>
  std::string Written(Run run) {
    CaptureStderr();
    {
      Log log(LogLevel::kInfo, LogFormat::kJson);  // Written to its end with the log's.
      ClosedConnections closed(log, clock_);
      run(closed);
    }
    return GetCapturedStderr();
  }

  static int Lines(const std::string& text) {
    return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
  }

  ManualClock clock_{absl::UnixEpoch()};
};

TEST_F(ClosedConnectionsTest, AreWrittenAtOnceAndThenSeldom) {
  const std::string written = Written([this](ClosedConnections& closed) {
    for (int i = 0; i < 100; ++i) closed.Count(CloseReason::kOverLimit, "ipv4:192.0.2.1:5");
    EXPECT_EQ(closed.Flush(), clock_.Now() + ClosedConnections::kLogInterval);
    clock_.Advance(ClosedConnections::kLogInterval);
    EXPECT_EQ(closed.Flush(), std::nullopt);
    EXPECT_EQ(closed.count(CloseReason::kOverLimit), 100);
  });
  EXPECT_EQ(Lines(written), 2);
  EXPECT_THAT(written,
              HasSubstr(R"("event":"connections_refused","reason":"over_limit","count":1,)"));
  EXPECT_THAT(written, HasSubstr(R"("count":99,"peer":"ipv4:192.0.2.1:5")"));
}

TEST_F(ClosedConnectionsTest, OfEachReasonHaveLinesOfTheirOwn) {
  const std::string written = Written([](ClosedConnections& closed) {
    closed.Count(CloseReason::kOverPeerLimit, "a");
    closed.Count(CloseReason::kFlood, "b");
    EXPECT_EQ(closed.count(CloseReason::kOverPeerLimit), 1);
    EXPECT_EQ(closed.count(CloseReason::kFlood), 1);
    EXPECT_EQ(closed.count(CloseReason::kOverLimit), 0);
  });
  EXPECT_EQ(Lines(written), 2);
  EXPECT_THAT(written, HasSubstr(R"("reason":"over_peer_limit")"));
  EXPECT_THAT(written, HasSubstr(R"("event":"connection_closed","reason":"flood")"));
}

}  // namespace
}  // namespace pcaps
