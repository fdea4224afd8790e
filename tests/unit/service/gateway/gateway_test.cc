#include "service/gateway/gateway.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "clients/base/error.h"
#include "service/state/memory_state.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/list_writer.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/pcap_bytes.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

constexpr absl::Time kSoon = absl::InfiniteFuture();

class GatewayTest : public testing::Test {
 protected:
  template <typename Request>
  static Request Naming(const std::string& pcap_id) {
    Request request;
    request.set_account_id("acct");
    request.set_pcap_id(pcap_id);
    return request;
  }

  absl::Status Stop(const std::string& id) {
    return RunTask(loop_, gateway_.StopPcap(Naming<v1::StopPcapRequest>(id), kSoon)).status();
  }
  absl::Status Download(const std::string& id, bool wait = false) {
    auto request = Naming<v1::DownloadPcapRequest>(id);
    request.set_wait_until_ready(wait);
    downloaded_ = ListWriter<v1::DownloadPcapResponse>();
    return RunTask(loop_, gateway_.DownloadPcap(request, downloaded_));
  }

  // Asked now; see CallTerms.
  CallTerms Counted() const { return {kSoon, cost_}; }
  // What the upstream has been asked since this was last called.
  int64_t Cost() {
    const int64_t before = std::exchange(counted_, cost_->requests());
    return counted_ - before;
  }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::UnixEpoch() + absl::Hours(24 * 365 * 50)};
  FakePcapsApi api_{clock_};
  MemoryState state_{loop_.get_executor(), clock_};
  static GatewayOptions Options() {
    GatewayOptions options;
    options.whole_max = 64 << 10;
    options.max_downloads = 1;
    options.cache.alone = true;
    return options;
  }
  Gateway gateway_{
      loop_.get_executor(), {api_, api_, api_}, state_, {{loop_.get_executor(), &api_}}, clock_,
      [] { return 0.5; },   Options()};
  ListWriter<v1::DownloadPcapResponse> downloaded_;
  const std::shared_ptr<UpstreamCost> cost_ = std::make_shared<UpstreamCost>();
  int64_t counted_ = 0;
};

TEST_F(GatewayTest, GetAndListAnswerWhatTheUpstreamSays) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  clock_.Advance(absl::Seconds(1));
  api_.Put("acct", "b", v1::Pcap::STATUS_SUCCESS);
  const auto pcap = RunTask(loop_, gateway_.GetPcap(Naming<v1::GetPcapRequest>("a"), kSoon));
  EXPECT_EQ(pcap->value.status(), v1::Pcap::STATUS_RUNNING);
  v1::ListPcapsRequest request;
  request.set_account_id("acct");
  request.set_page_size(1);
  const auto first = RunTask(loop_, gateway_.ListPcaps(request, kSoon));
  ASSERT_EQ(first->value.pcaps_size(), 1);
  EXPECT_EQ(first->value.pcaps(0).id(), "b");
  request.set_page_token(first->value.next_page_token());
  const auto second = RunTask(loop_, gateway_.ListPcaps(request, kSoon));
  EXPECT_EQ(second->value.pcaps(0).id(), "a");
  EXPECT_TRUE(second->value.next_page_token().empty());
}

TEST_F(GatewayTest, OnlyARunningFullCaptureIsStoppedUpstream) {
  api_.Put("acct", "simple", v1::Pcap::STATUS_RUNNING);
  api_.Put("acct", "full", v1::Pcap::STATUS_RUNNING, v1::Pcap::TYPE_FULL);
  api_.Put("acct", "done", v1::Pcap::STATUS_SUCCESS, v1::Pcap::TYPE_FULL);
  EXPECT_EQ(ReasonOf(Stop("simple")), v1::ERROR_REASON_CAPTURE_NOT_STOPPABLE);
  EXPECT_EQ(ReasonOf(Stop("nowhere")), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
  EXPECT_TRUE(Stop("done").ok());
  EXPECT_EQ(api_.stop_calls, 0);
  EXPECT_TRUE(Stop("full").ok());
  EXPECT_EQ(api_.stop_calls, 1);
}

TEST_F(GatewayTest, OnlyASuccessfulSimpleCaptureIsDownloaded) {
  api_.Put("acct", "full", v1::Pcap::STATUS_SUCCESS, v1::Pcap::TYPE_FULL);
  api_.Put("acct", "failed", v1::Pcap::STATUS_FAILED);
  api_.Put("acct", "running", v1::Pcap::STATUS_RUNNING);
  api_.Put("acct", "done", v1::Pcap::STATUS_SUCCESS);
  api_.files["done"] = MakePcap(3, 50);
  EXPECT_EQ(ReasonOf(Download("full")), v1::ERROR_REASON_CAPTURE_NOT_DOWNLOADABLE);
  EXPECT_EQ(ReasonOf(Download("failed")), v1::ERROR_REASON_CAPTURE_FAILED);
  EXPECT_EQ(ReasonOf(Download("running")), v1::ERROR_REASON_CAPTURE_NOT_READY);
  EXPECT_EQ(ReasonOf(Download("nowhere")), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
  EXPECT_EQ(api_.download_calls, 0);
  EXPECT_TRUE(Download("done").ok());
  EXPECT_EQ(downloaded_.messages.back().summary().packets(), 3u);
}

TEST_F(GatewayTest, WaitingUntilReadyFollowsTheCaptureToItsEnd) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  api_.files["a"] = MakePcap(3, 50);
  auto request = Naming<v1::DownloadPcapRequest>("a");
  request.set_wait_until_ready(true);
  std::optional<absl::Status> end;
  Spawn(loop_.get_executor(), {}, gateway_.DownloadPcap(request, downloaded_),
        [&](absl::Status status) { end = std::move(status); });
  loop_.poll();
  EXPECT_FALSE(end.has_value());
  api_.Put("acct", "b", v1::Pcap::STATUS_SUCCESS);
  api_.files["b"] = MakePcap(1, 50);
  EXPECT_TRUE(Download("b").ok()) << "a reader that waits takes no other's slot";
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  clock_.Advance(absl::Seconds(2));
  loop_.restart();
  loop_.poll();
  ASSERT_TRUE(end.has_value());
  EXPECT_TRUE(end->ok());
}

TEST_F(GatewayTest, WaitingUntilReadyEndsWithTheLifeOfAStream) {
  api_.Put("acct", "a", v1::Pcap::STATUS_RUNNING);
  auto request = Naming<v1::DownloadPcapRequest>("a");
  request.set_wait_until_ready(true);
  std::optional<absl::Status> end;
  Spawn(loop_.get_executor(), {}, gateway_.DownloadPcap(request, downloaded_),
        [&](absl::Status status) { end = std::move(status); });
  loop_.poll();
  clock_.Advance(GatewayOptions().max_watch_duration);
  loop_.restart();
  loop_.poll();
  EXPECT_EQ(ReasonOf(*end), v1::ERROR_REASON_STREAM_EXPIRED);
}

TEST_F(GatewayTest, AFileDownloadedOnceCostsNoUpstreamCallAgain) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  api_.files["a"] = MakePcap(3, 50);
  ASSERT_TRUE(Download("a").ok());
  const auto first = downloaded_.messages;
  api_.next_error = absl::InternalError("nobody is to ask");
  EXPECT_TRUE(Download("a").ok());
  EXPECT_TRUE(Download("a", /*wait=*/true).ok());
  EXPECT_EQ(downloaded_.messages.size(), first.size());
  EXPECT_EQ(downloaded_.messages.back().summary().sha256(), first.back().summary().sha256());
  EXPECT_EQ(api_.reads() + api_.download_calls, 2);
}

TEST_F(GatewayTest, EachUseCaseCountsWhatItAsks) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  api_.Put("acct", "full", v1::Pcap::STATUS_RUNNING, v1::Pcap::TYPE_FULL);
  api_.files["a"] = MakePcap(3, 50);
  const auto get = [&](const std::string& id) {
    return RunTask(loop_, gateway_.GetPcap(Naming<v1::GetPcapRequest>(id), Counted())).ok();
  };
  const auto download = [&] {
    return RunTask(loop_,
                   gateway_.DownloadPcap(Naming<v1::DownloadPcapRequest>("a"), downloaded_, cost_))
        .ok();
  };
  EXPECT_TRUE(download());
  EXPECT_EQ(Cost(), 2) << "is it done, and the file";
  EXPECT_TRUE(download());
  EXPECT_TRUE(get("a"));
  EXPECT_EQ(Cost(), 0) << "both are remembered";
  EXPECT_FALSE(get("nowhere"));
  EXPECT_EQ(Cost(), 1);
  v1::ListPcapsRequest list;
  list.set_account_id("acct");
  EXPECT_TRUE(RunTask(loop_, gateway_.ListPcaps(list, Counted())).ok());
  EXPECT_EQ(Cost(), 1);
  v1::CreatePcapRequest create;
  create.set_account_id("acct");
  EXPECT_TRUE(RunTask(loop_, gateway_.CreatePcap(create, Counted())).ok());
  EXPECT_EQ(Cost(), 1);
  const auto stop = Naming<v1::StopPcapRequest>("full");
  EXPECT_TRUE(RunTask(loop_, gateway_.StopPcap(stop, Counted())).ok());
  EXPECT_EQ(Cost(), 1) << "the list has told what kind of capture it is";
}

TEST_F(GatewayTest, AStopCountsEachLookAtItsCapture) {
  api_.Put("acct", "full", v1::Pcap::STATUS_RUNNING, v1::Pcap::TYPE_FULL);
  api_.stop_answer = MakeError(absl::StatusCode::kInvalidArgument,
                               v1::ERROR_REASON_UPSTREAM_REJECTED, "it is over");
  const auto stop = Naming<v1::StopPcapRequest>("full");
  EXPECT_FALSE(RunTask(loop_, gateway_.StopPcap(stop, Counted())).ok());
  EXPECT_EQ(Cost(), 3) << "what it is, the stop, and whether it has ended";
}

TEST_F(GatewayTest, WatchersAndWhatWaitsLikeThemBearNoCost) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  api_.files["a"] = MakePcap(3, 50);
  auto request = Naming<v1::DownloadPcapRequest>("a");
  request.set_wait_until_ready(true);
  EXPECT_TRUE(RunTask(loop_, gateway_.DownloadPcap(request, downloaded_, cost_)).ok());
  EXPECT_EQ(api_.reads(), 1);
  EXPECT_EQ(Cost(), 1) << "the file alone";
}

TEST_F(GatewayTest, ALargeFileIsStreamedAndNotKept) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  api_.files["a"] = MakePcap(300, 1000);
  for (int i = 1; i <= 2; ++i) {
    EXPECT_TRUE(Download("a").ok());
    EXPECT_EQ(downloaded_.messages.back().summary().size(), 24 + 300 * 1016);
    EXPECT_EQ(api_.download_calls, i);
  }
}

TEST_F(GatewayTest, DownloadsAboveTheirLimitAreRefusedUntilASlotIsFree) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  api_.Put("acct", "b", v1::Pcap::STATUS_SUCCESS);
  api_.files["a"] = MakePcap(3, 50);
  api_.files["b"] = MakePcap(3, 50);
  api_.download_duration = absl::Seconds(5);
  ListWriter<v1::DownloadPcapResponse> first;
  std::optional<absl::Status> end;
  Spawn(loop_.get_executor(), {},
        gateway_.DownloadPcap(Naming<v1::DownloadPcapRequest>("a"), first),
        [&](absl::Status status) { end = std::move(status); });
  loop_.poll();
  const absl::Status refused = Download("b");
  EXPECT_EQ(ReasonOf(refused), v1::ERROR_REASON_OVERLOADED);
  EXPECT_TRUE(RetryAfterOf(refused).has_value());
  clock_.Advance(absl::Seconds(5));
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(end->ok());
  api_.download_duration = absl::ZeroDuration();
  EXPECT_TRUE(Download("b").ok()) << "its slot is free again";
}

TEST_F(GatewayTest, WaitingForWhatWillNeverBeReadyEndsAtOnce) {
  api_.Put("acct", "full", v1::Pcap::STATUS_RUNNING, v1::Pcap::TYPE_FULL);
  EXPECT_EQ(ReasonOf(Download("full", true)), v1::ERROR_REASON_CAPTURE_NOT_DOWNLOADABLE);
  EXPECT_EQ(ReasonOf(Download("nowhere", true)), v1::ERROR_REASON_CAPTURE_NOT_FOUND);
}

TEST_F(GatewayTest, WatchStreamsEndWhenTheirCapturesAreDone) {
  api_.Put("acct", "a", v1::Pcap::STATUS_SUCCESS);
  ListWriter<v1::WatchEvent> one;
  EXPECT_TRUE(RunTask(loop_, gateway_.WatchPcap(Naming<v1::WatchPcapRequest>("a"), one)).ok());
  EXPECT_EQ(one.messages.size(), 1u);
  v1::WatchPcapsRequest request;
  request.set_account_id("acct");
  request.add_pcap_ids("a");
  ListWriter<v1::WatchEvent> several;
  EXPECT_TRUE(RunTask(loop_, gateway_.WatchPcaps(request, several)).ok());
  EXPECT_TRUE(several.messages.back().has_heartbeat());
}

TEST_F(GatewayTest, ARepeatedCreateAnswersWithTheSameCapture) {
  v1::CreatePcapRequest request;
  request.set_account_id("acct");
  request.set_request_id("r");
  request.mutable_simple()->set_packet_limit(5);
  const auto first = RunTask(loop_, gateway_.CreatePcap(request, kSoon));
  const auto again = RunTask(loop_, gateway_.CreatePcap(request, kSoon));
  EXPECT_EQ(first->id(), again->id());
  EXPECT_EQ(api_.create_calls, 1);
}

}  // namespace
}  // namespace pcaps
