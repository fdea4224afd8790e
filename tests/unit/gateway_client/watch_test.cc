#include "clients/gateway/watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "clients/base/error.h"
#include "tests/unit/gateway_client/client_fixture.h"

namespace pcaps {
namespace {

using testing::ElementsAre;

class Watch : public ClientFixture {
 protected:
  Watch() { gateway_.AddPcap(State(v1::Pcap::STATUS_PENDING)); }

  static v1::Pcap State(v1::Pcap::Status status) { return PcapInState("a", status); }
  static v1::WatchEvent Event(v1::Pcap::Status status) { return EventOf(State(status)); }

  absl::StatusOr<v1::Pcap> Follow(const CallOptions& options = {}) {
    v1::WatchPcapRequest request;
    request.set_account_id(kAccount);
    request.set_pcap_id("a");
    const auto note = [this](const v1::WatchEvent& event) {
      seen_.push_back(event.pcap().status());
    };
    return client_->Watch(request, note, options);
  }

  std::vector<v1::Pcap::Status> seen_;
};

TEST_F(Watch, TellsEveryStateAndReturnsTheLast) {
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_PENDING), Event(v1::Pcap::STATUS_RUNNING),
                                   Event(v1::Pcap::STATUS_SUCCESS)}});
  const auto done = Follow();
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->status(), v1::Pcap::STATUS_SUCCESS);
  EXPECT_THAT(seen_, ElementsAre(v1::Pcap::STATUS_PENDING, v1::Pcap::STATUS_RUNNING,
                                 v1::Pcap::STATUS_SUCCESS));
}

TEST_F(Watch, ComesBackAfterStreamsThatExpireDrainOrBreak) {
  for (const absl::Status& end :
       {Retryable(v1::ERROR_REASON_STREAM_EXPIRED), Retryable(v1::ERROR_REASON_DRAINING),
        absl::UnavailableError("connection reset")}) {
    gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_RUNNING)}, .status = end});
  }
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_FAILED)}});
  const auto done = Follow();
  ASSERT_TRUE(done.ok()) << done.status();
  EXPECT_EQ(done->status(), v1::Pcap::STATUS_FAILED);
  EXPECT_EQ(gateway_.watches(), 4);
}

TEST_F(Watch, ComesBackAsOftenAsThereIsNews) {
  for (int i = 0; i < 20; ++i) {
    gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_RUNNING)},
                          .status = Retryable(v1::ERROR_REASON_STREAM_EXPIRED)});
  }
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_SUCCESS)}});
  EXPECT_TRUE(Follow().ok());
}

TEST_F(Watch, ADoneCaptureCountsHoweverTheStreamEnds) {
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_SUCCESS)},
                        .status = Retryable(v1::ERROR_REASON_DRAINING)});
  EXPECT_TRUE(Follow().ok());
  EXPECT_EQ(gateway_.watches(), 1);
}

TEST_F(Watch, ACaptureThatVanishesIsNotFound) {
  v1::WatchEvent removed;
  removed.set_removed_pcap_id("a");
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_RUNNING), removed}});
  EXPECT_EQ(ReasonOf(Follow().status()), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
}

TEST_F(Watch, AStreamThatEndsOkTooEarlyIsNotOk) {
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_RUNNING)}});
  EXPECT_TRUE(absl::IsDataLoss(Follow().status()));
}

TEST_F(Watch, OtherErrorsAreReturnedAtOnce) {
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_RUNNING)},
                        .status = absl::PermissionDeniedError("not any more")});
  EXPECT_TRUE(absl::IsPermissionDenied(Follow().status()));
  EXPECT_EQ(gateway_.watches(), 1);
}

TEST_F(Watch, StopsWhenAskedToFromAnotherThread) {
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_RUNNING)}, .hold = true});
  std::stop_source stop;
  std::thread asker([&] {
    gateway_.WaitForHold();
    stop.request_stop();
  });
  const absl::Status status = Follow({.stop = stop.get_token()}).status();
  asker.join();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

TEST_F(Watch, EndsAtItsDeadline) {
  gateway_.ScriptWatch({.events = {Event(v1::Pcap::STATUS_RUNNING)}, .hold = true});
  const absl::Time deadline = absl::Now() + absl::Milliseconds(100);
  EXPECT_TRUE(absl::IsDeadlineExceeded(Follow({.deadline = deadline}).status()));
}

}  // namespace
}  // namespace pcaps
