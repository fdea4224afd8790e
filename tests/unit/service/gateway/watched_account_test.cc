#include "service/gateway/watched_account.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

#include "clients/base/proto_time.h"

namespace pcaps {
namespace {

Observation SeenAt(int second, v1::Pcap::Status status) {
  v1::Pcap pcap;
  pcap.set_account_id("acct");
  pcap.set_id("x");
  pcap.set_status(status);
  pcap.set_done(status == v1::Pcap::STATUS_SUCCESS);
  *pcap.mutable_observed_time() = ToTimestamp(absl::FromUnixSeconds(second));
  return Seen(std::move(pcap));
}

class WatchedAccountTest : public testing::Test {
 protected:
  boost::asio::io_context loop_;
  WatchedAccount account_{"acct", loop_.get_executor()};
};

TEST_F(WatchedAccountTest, WhatIsOlderChangesNothing) {
  const SharedCapture capture = account_.Add(1, nullptr, "x");
  EXPECT_EQ(account_.Take(SeenAt(5, v1::Pcap::STATUS_RUNNING)), capture);
  EXPECT_EQ(account_.Take(SeenAt(4, v1::Pcap::STATUS_PENDING)), nullptr);
  EXPECT_EQ(capture->state->status(), v1::Pcap::STATUS_RUNNING);
  EXPECT_EQ(account_.Take(SeenAt(3, v1::Pcap::STATUS_SUCCESS)), capture) << "done counts";
  EXPECT_EQ(account_.Take(SeenAt(6, v1::Pcap::STATUS_RUNNING)), nullptr);
}

TEST_F(WatchedAccountTest, WhatIsUnchangedIsNotTold) {
  const SharedCapture capture = account_.Add(1, nullptr, "x");
  account_.Take(SeenAt(5, v1::Pcap::STATUS_RUNNING));
  EXPECT_EQ(account_.Take(SeenAt(7, v1::Pcap::STATUS_RUNNING)), nullptr);
  EXPECT_EQ(account_.last_answer, absl::FromUnixSeconds(7));
  EXPECT_EQ(capture->version, 1u);
}

TEST_F(WatchedAccountTest, OtherCapturesAreOfNoInterestUnlessAllAreWatched) {
  EXPECT_EQ(account_.Take(SeenAt(5, v1::Pcap::STATUS_RUNNING)), nullptr);
  EXPECT_TRUE(account_.captures.empty());
  account_.everything[1] = nullptr;
  EXPECT_NE(account_.Take(SeenAt(6, v1::Pcap::STATUS_RUNNING)), nullptr);
}

}  // namespace
}  // namespace pcaps
