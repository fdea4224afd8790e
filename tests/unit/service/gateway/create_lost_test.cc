#include "service/gateway/create_lost.h"

#include "tests/unit/service/gateway/create_fixture.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

class CreateLostTest : public CreateFixture {
 protected:
  CreateLostTest() : CreateFixture(NoRules()) {}

  // As the upstream shows what the request creates.
  v1::Pcap Created(const v1::CreatePcapRequest& request) {
    return *RunTask(loop_, a_->api.CreatePcap(request, absl::InfiniteFuture()));
  }
  std::string Look(const v1::CreatePcapRequest& request, absl::Time sent,
                   const std::string& maker = "us") {
    const auto found = RunTask(loop_, lost_.Look({request, maker, sent}, absl::InfiniteFuture()));
    return found.has_value() ? found->id() : "";
  }

  LostCreates lost_{a_->api, memory_, clock_, absl::Seconds(20)};
};

TEST_F(CreateLostTest, ARequestIsKnownByItsCapture) {
  for (const v1::CreatePcapRequest& request : {SimpleRequest(""), FullRequest("")}) {
    EXPECT_TRUE(IsCreatedBy(request, Created(request)));
  }
  v1::CreatePcapRequest upper = SimpleRequest("");
  upper.mutable_filter()->set_source_address("2001:DB8::1");
  v1::Pcap lower = Created(upper);
  lower.mutable_filter()->set_source_address("2001:db8:0::1");
  EXPECT_TRUE(IsCreatedBy(upper, lower));
  // Some upstreams tell no limits.
  lower.clear_packet_limit();
  EXPECT_TRUE(IsCreatedBy(upper, lower));
}

TEST_F(CreateLostTest, EveryDifferenceMakesItAnothers) {
  const v1::CreatePcapRequest simple = SimpleRequest("");
  const v1::CreatePcapRequest full = FullRequest("");
  const auto differs = [&](const v1::CreatePcapRequest& request, auto change) {
    v1::CreatePcapRequest other = request;
    change(other);
    return !IsCreatedBy(request, Created(other)) && !IsCreatedBy(other, Created(request));
  };
  EXPECT_TRUE(differs(simple, [](auto& it) { it.mutable_time_limit()->set_seconds(11); }));
  EXPECT_TRUE(differs(simple, [](auto& it) { it.mutable_simple()->set_packet_limit(11); }));
  EXPECT_TRUE(
      differs(simple, [](auto& it) { it.mutable_filter()->set_source_address("1.1.1.1"); }));
  EXPECT_TRUE(
      differs(simple, [](auto& it) { it.mutable_filter()->set_destination_address("1.1.1.1"); }));
  EXPECT_TRUE(differs(simple, [](auto& it) { it.mutable_filter()->set_source_port(0); }));
  EXPECT_TRUE(differs(simple, [](auto& it) { it.mutable_filter()->set_destination_port(1); }));
  EXPECT_TRUE(differs(simple, [](auto& it) { it.mutable_filter()->set_protocol(6); }));
  EXPECT_TRUE(differs(full, [](auto& it) { it.mutable_full()->set_colo_name("ams"); }));
  EXPECT_TRUE(differs(full, [](auto& it) {
    it.mutable_full()->set_destination_conf("s3://other/dir?region=x&secret-access-key=secret");
  }));
  EXPECT_TRUE(differs(simple, [](auto& it) { *it.mutable_full() = FullRequest("").full(); }));
  EXPECT_TRUE(IsCreatedBy(full, [&] {
    v1::Pcap pcap = Created(full);
    pcap.mutable_full()->set_destination_conf("s3://bucket/dir?region=x");  // Without keys.
    return pcap;
  }()));
}

TEST_F(CreateLostTest, OffsetTimesDifferByASecondOrMore) {
  v1::CreatePcapRequest request = SimpleRequest("");
  request.mutable_simple()->mutable_offset_time()->set_seconds(1000);
  request.mutable_simple()->mutable_offset_time()->set_nanos(900'000'000);
  v1::Pcap pcap = Created(request);
  pcap.mutable_offset_time()->set_seconds(1000);
  EXPECT_TRUE(IsCreatedBy(request, pcap));
  pcap.mutable_offset_time()->set_seconds(999);
  EXPECT_FALSE(IsCreatedBy(request, pcap));
}

TEST_F(CreateLostTest, OnlyWhatWasSubmittedAroundTheSendingCounts) {
  upstream_.ahead = -absl::Minutes(3);
  const absl::Time submitted = clock_.Now();
  Created(SimpleRequest(""));
  EXPECT_EQ(Look(SimpleRequest(""), submitted + absl::Seconds(6)), "");
  EXPECT_EQ(Look(SimpleRequest(""), submitted - absl::Seconds(26)), "");
  EXPECT_EQ(Look(SimpleRequest(""), submitted + absl::Seconds(5)), "created1");
  EXPECT_EQ(Look(SimpleRequest(""), submitted - absl::Seconds(25)), "created1");
}

TEST_F(CreateLostTest, OneOfTwoIsNobodysUntilTheOtherIsBound) {
  Created(SimpleRequest(""));
  Created(SimpleRequest(""));
  EXPECT_EQ(Look(SimpleRequest(""), clock_.Now()), "");
  EXPECT_EQ(*RunTask(loop_, lost_.made().Bind({"acct", "created1"}, "them")), "them");
  EXPECT_EQ(Look(SimpleRequest(""), clock_.Now()), "created2");
  EXPECT_EQ(Look(SimpleRequest(""), clock_.Now(), "others"), "");
  EXPECT_EQ(Look(SimpleRequest(""), clock_.Now()), "created2");  // Ours stays ours.
  EXPECT_EQ(*RunTask(loop_, lost_.made().Bind({"acct", "created2"}, "others")), "us");
}

}  // namespace
}  // namespace pcaps
