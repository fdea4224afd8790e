#include "service/gateway/create_once.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

v1::CreatePcapRequest Request(const std::string& request_id, int packets = 10) {
  v1::CreatePcapRequest request;
  request.set_account_id("acct");
  request.set_request_id(request_id);
  request.mutable_time_limit()->set_seconds(10);
  request.mutable_simple()->set_packet_limit(packets);
  return request;
}

class CreateOnceTest : public testing::Test {
 protected:
  absl::StatusOr<v1::Pcap> Run(const v1::CreatePcapRequest& request) {
    return RunTask(loop_, once_.Run(request));
  }

  boost::asio::io_context loop_;
  ManualClock clock_{absl::UnixEpoch() + absl::Hours(24 * 365 * 50)};
  FakePcapsApi api_{clock_};
  CreateOnce once_{loop_.get_executor(),
                   [this](v1::CreatePcapRequest request) {
                     return api_.CreatePcap(std::move(request), absl::InfiniteFuture());
                   },
                   /*max_records=*/3};
};

TEST_F(CreateOnceTest, TheSameRequestIdCreatesOneCapture) {
  const auto first = Run(Request("r1"));
  const auto again = Run(Request("r1"));
  EXPECT_EQ(first->id(), again->id());
  EXPECT_EQ(api_.create_calls, 1);
}

TEST_F(CreateOnceTest, WithoutARequestIdEachCallCreates) {
  EXPECT_NE(Run(Request(""))->id(), Run(Request(""))->id());
}

TEST_F(CreateOnceTest, WaitingLongerIsNoOtherCapture) {
  v1::CreatePcapRequest patient = Request("r1");
  patient.mutable_max_queue_wait()->set_seconds(60);
  EXPECT_EQ(Run(Request("r1"))->id(), Run(patient)->id());
}

TEST_F(CreateOnceTest, OtherParametersUnderTheSameIdAreRefused) {
  ASSERT_TRUE(Run(Request("r1", 10)).ok());
  const auto reused = Run(Request("r1", 11));
  EXPECT_EQ(ReasonOf(reused.status()), v1::ERROR_REASON_REQUEST_ID_REUSED);
  EXPECT_EQ(api_.create_calls, 1);
}

TEST_F(CreateOnceTest, AnotherAccountMayUseTheSameId) {
  ASSERT_TRUE(Run(Request("r1")).ok());
  v1::CreatePcapRequest other = Request("r1");
  other.set_account_id("other");
  EXPECT_EQ(Run(other)->account_id(), "other");
}

TEST_F(CreateOnceTest, DuplicatesInFlightWaitForTheFirst) {
  api_.create_duration = absl::Seconds(5);
  std::vector<std::string> ids;
  for (int i = 0; i < 3; ++i) {
    Spawn(loop_.get_executor(), {}, once_.Run(Request("r1")),
          [&](absl::StatusOr<v1::Pcap> pcap) { ids.push_back(pcap->id()); });
  }
  loop_.poll();
  EXPECT_TRUE(ids.empty());
  clock_.Advance(absl::Seconds(5));
  loop_.restart();
  loop_.poll();
  EXPECT_EQ(ids, (std::vector<std::string>(3, "created1")));
}

TEST_F(CreateOnceTest, ACallerWhoLeavesDoesNotStopTheCreation) {
  api_.create_duration = absl::Seconds(5);
  boost::asio::cancellation_signal cancel;
  absl::Status left;
  Spawn(loop_.get_executor(), cancel.slot(), once_.Run(Request("r1")),
        [&](absl::StatusOr<v1::Pcap> pcap) { left = pcap.status(); });
  loop_.poll();
  cancel.emit(boost::asio::cancellation_type::terminal);
  loop_.restart();
  loop_.poll();
  EXPECT_TRUE(absl::IsCancelled(left));
  clock_.Advance(absl::Seconds(5));
  loop_.restart();
  loop_.poll();
  EXPECT_EQ(Run(Request("r1"))->id(), "created1");
  EXPECT_EQ(api_.create_calls, 1);
}

TEST_F(CreateOnceTest, AnUnknownOutcomeIsNeverPostedAgain) {
  api_.next_error =
      MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_CREATE_OUTCOME_UNKNOWN, "");
  EXPECT_TRUE(absl::IsAborted(Run(Request("r1")).status()));
  api_.next_error = absl::OkStatus();
  EXPECT_TRUE(absl::IsAborted(Run(Request("r1")).status()));
  EXPECT_EQ(api_.create_calls, 1);
}

TEST_F(CreateOnceTest, AFailureThatCreatedNothingMayBeTriedAgain) {
  api_.next_error =
      MakeError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UPSTREAM_UNAVAILABLE, "");
  EXPECT_FALSE(Run(Request("r1")).ok());
  api_.next_error = absl::OkStatus();
  EXPECT_TRUE(Run(Request("r1")).ok());
}

TEST_F(CreateOnceTest, TheOldestIsForgottenFirst) {
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(Run(Request(absl::StrCat("r", i))).ok());
  EXPECT_EQ(Run(Request("r1"))->id(), "created2");
  EXPECT_EQ(Run(Request("r0"))->id(), "created5");
}

}  // namespace
}  // namespace pcaps
