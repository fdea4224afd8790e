#include "service/gateway/watch_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "service/gateway/pcap_cache.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/list_writer.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using testing::ElementsAre;

class WatchStreamTest : public testing::Test {
 protected:
  void Start(std::set<std::string> ids, StreamWatchOptions options) {
    watcher_ = *hub_.Watch("acct", std::move(ids));
    Spawn(loop_.get_executor(), cancel_.slot(), StreamWatch(*watcher_, clock_, options, writer_),
          [this](absl::Status status) { end_ = std::move(status); });
    Pass(absl::ZeroDuration());
  }

  void Pass(absl::Duration time) {
    clock_.Advance(time);
    loop_.restart();
    loop_.poll();
  }

  std::vector<std::string> Sent() {
    std::vector<std::string> sent;
    for (const v1::WatchEvent& event : writer_.messages) {
      if (event.has_pcap()) {
        sent.push_back(event.pcap().id() + (event.pcap().done() ? " done" : ""));
      } else if (event.has_heartbeat()) {
        sent.emplace_back("heartbeat");
      } else {
        sent.push_back("-" + event.removed_pcap_id());
      }
    }
    return sent;
  }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::UnixEpoch() + absl::Hours(24 * 365 * 50)};
  FakePcapsApi api_{clock_};
  MemoryState state_{loop_.get_executor(), clock_};
  PcapCache cache_{loop_.get_executor(), state_, clock_, {.alone = true}};
  WatchHub hub_{loop_.get_executor(), api_,          cache_, state_, clock_,
                [] { return 0.0; },   WatchOptions()};
  std::unique_ptr<Watcher> watcher_;
  ListWriter<v1::WatchEvent> writer_;
  boost::asio::cancellation_signal cancel_;
  std::optional<absl::Status> end_;
};

TEST_F(WatchStreamTest, OneCaptureEndsOkAfterTheDoneState) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  Start({"a"}, {});
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  Pass(absl::Seconds(2));
  EXPECT_THAT(Sent(), ElementsAre("a", "a done"));
  EXPECT_TRUE(writer_.ended);
  EXPECT_TRUE(end_->ok());
}

TEST_F(WatchStreamTest, TheSnapshotIsMarkedByAHeartbeat) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  api_.Put("acct", "b", v1::Pcap::STATUS_RUNNING);
  Start({"a", "b", "c"}, {.mark_snapshot = true});
  EXPECT_THAT(Sent(), ElementsAre("-c", "a done", "b", "heartbeat"));
  EXPECT_FALSE(end_.has_value());
}

TEST_F(WatchStreamTest, ASnapshotOfDoneCapturesIsMarkedBeforeTheEnd) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  Start({"a"}, {.mark_snapshot = true});
  EXPECT_THAT(Sent(), ElementsAre("a done", "heartbeat"));
  EXPECT_TRUE(end_->ok());
}

TEST_F(WatchStreamTest, AnEmptyAccountIsMarkedToo) {
  Start({}, {.mark_snapshot = true});
  EXPECT_THAT(Sent(), ElementsAre("heartbeat"));
  EXPECT_FALSE(end_.has_value());
}

TEST_F(WatchStreamTest, NoHeartbeatComesBeforeTheSnapshot) {
  api_.read_duration = absl::Seconds(9);
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  Start({}, {.heartbeat_interval = absl::Seconds(1), .mark_snapshot = true});
  for (int i = 0; i < 8; ++i) Pass(absl::Seconds(1));
  EXPECT_THAT(Sent(), ElementsAre());
  Pass(absl::Seconds(1));
  EXPECT_THAT(Sent(), ElementsAre("a", "heartbeat"));
}

TEST_F(WatchStreamTest, SilenceIsBrokenByHeartbeats) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  Start({"a"}, {.heartbeat_interval = absl::Seconds(5)});
  for (int i = 0; i < 11; ++i) Pass(absl::Seconds(1));
  EXPECT_THAT(Sent(), ElementsAre("a", "heartbeat", "heartbeat"));
}

TEST_F(WatchStreamTest, OnlyTheFirstHeartbeatAfterAnEventComesEarly) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  Start({"a"}, {.heartbeat_interval = absl::Seconds(10), .first_heartbeat_after = 0.5});
  for (int i = 0; i < 5; ++i) Pass(absl::Seconds(1));
  EXPECT_THAT(Sent(), ElementsAre("a", "heartbeat"));
  for (int i = 0; i < 9; ++i) Pass(absl::Seconds(1));
  EXPECT_THAT(Sent(), testing::SizeIs(2));
  Pass(absl::Seconds(1));
  EXPECT_THAT(Sent(), testing::SizeIs(3));
}

TEST_F(WatchStreamTest, AnUnknownCaptureIsNotFound) {
  Start({"a"}, {.must_exist = true});
  EXPECT_EQ(ReasonOf(*end_), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
  EXPECT_THAT(Sent(), ElementsAre());
}

TEST_F(WatchStreamTest, ACaptureThatVanishesIsRemovedThenNotFound) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  Start({"a"}, {.must_exist = true});
  api_.captures.clear();
  Pass(absl::Seconds(2));
  EXPECT_THAT(Sent(), ElementsAre("a", "-a"));
  EXPECT_EQ(ReasonOf(*end_), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
}

TEST_F(WatchStreamTest, AStreamThatLivedItsLifeSaysSo) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  Start({"a"}, {.expires = clock_.Now() + absl::Seconds(7)});
  Pass(absl::Seconds(6));
  EXPECT_FALSE(end_.has_value());
  Pass(absl::Seconds(1));
  EXPECT_EQ(ReasonOf(*end_), v1::ERROR_REASON_STREAM_EXPIRED);
  EXPECT_TRUE(RetryAfterOf(*end_).has_value());
}

TEST_F(WatchStreamTest, AWatcherWhoLeavesEndsIt) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  Start({"a"}, {});
  cancel_.emit(boost::asio::cancellation_type::terminal);
  Pass(absl::ZeroDuration());
  EXPECT_TRUE(absl::IsCancelled(*end_));
}

TEST_F(WatchStreamTest, AStreamThatTakesNoMoreEndsIt) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  writer_.room = 0;
  Start({"a"}, {});
  EXPECT_TRUE(absl::IsCancelled(*end_));
}

}  // namespace
}  // namespace pcaps
