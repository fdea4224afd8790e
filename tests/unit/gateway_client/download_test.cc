#include "clients/gateway/download.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "tests/unit/gateway_client/client_fixture.h"

namespace pcaps {
namespace {

constexpr char kFile[] = "0123456789abcdefghijABCDE";  // Three chunks of the fake's.
constexpr char kSha256[] = "05f20a21618ae29b08fa42b7f8b6091dc64d2a00e39c7416c6d9f14baf24d67f";

class Download : public ClientFixture {
 protected:
  Download() { gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS), kFile); }

  absl::StatusOr<DownloadResult> Fetch(int64_t offset = 0, int64_t limit = 0,
                                       const CallOptions& options = {}) {
    v1::DownloadPcapRequest request;
    request.set_account_id(kAccount);
    request.set_pcap_id("a");
    request.set_read_offset(offset);
    request.set_read_limit(limit);
    return client_->Download(request, sink_, options);
  }

  std::string received_;
  DownloadSink sink_ = [this](absl::string_view bytes) {
    absl::StrAppend(&received_, bytes);
    return absl::OkStatus();
  };
};

TEST_F(Download, DeliversTheWholeFileAndItsDigest) {
  const auto result = Fetch();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(received_, kFile);
  EXPECT_EQ(result->size, 25);
  EXPECT_EQ(result->packets, 3u);
  EXPECT_EQ(result->content_type, "application/vnd.tcpdump.pcap");
  EXPECT_EQ(absl::BytesToHexString(result->sha256), kSha256);
}

TEST_F(Download, AnEmptyFileIsAFile) {
  gateway_.AddPcap(PcapInState("a", v1::Pcap::STATUS_SUCCESS), "");
  const auto result = Fetch();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(result->size, 0);
}

TEST_F(Download, DeliversThePartAskedFor) {
  const auto result = Fetch(5, 12);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(received_, "56789abcdefg");
  EXPECT_EQ(result->size, 12);
}

TEST_F(Download, ContinuesABrokenStreamAtTheFirstMissingByteUnderTheSameEtag) {
  gateway_.BreakDownload(
      {.status = Retryable(v1::ERROR_REASON_DOWNLOAD_INTERRUPTED), .break_after = 7});
  gateway_.BreakDownload({.status = Retryable(v1::ERROR_REASON_DRAINING), .break_after = 10});
  const auto result = Fetch();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(received_, kFile);
  EXPECT_EQ(absl::BytesToHexString(result->sha256), kSha256);
  const auto requests = gateway_.downloads();
  ASSERT_EQ(requests.size(), 3u);
  EXPECT_EQ(requests[0].if_etag(), "");
  EXPECT_EQ(requests[1].read_offset(), 7);
  EXPECT_EQ(requests[2].read_offset(), 17);
  EXPECT_EQ(requests[1].if_etag(), result->etag);
  EXPECT_EQ(requests[2].if_etag(), result->etag);
}

TEST_F(Download, ContinuesAPartWithTheRestOfItsLimit) {
  gateway_.BreakDownload({.status = absl::UnavailableError("gone"), .break_after = 4});
  const auto result = Fetch(5, 12);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(received_, "56789abcdefg");
  EXPECT_EQ(gateway_.downloads()[1].read_limit(), 8);
}

TEST_F(Download, AStreamThatBreaksAfterTheLastByteIsStillVerified) {
  gateway_.BreakDownload({.status = absl::UnavailableError("gone"), .break_after = 25});
  const auto result = Fetch();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(received_, kFile);
  EXPECT_EQ(gateway_.downloads()[1].read_offset(), 25);
}

TEST_F(Download, APartThatCameWithoutItsSummaryIsNotOk) {
  gateway_.BreakDownload({.status = absl::UnavailableError("gone"), .break_after = 12});
  EXPECT_TRUE(absl::IsUnavailable(Fetch(0, 12).status()));
}

TEST_F(Download, GivesUpAfterTooManyStreamsWithoutProgress) {
  for (int i = 0; i < 10; ++i) {
    gateway_.BreakDownload({.status = Retryable(v1::ERROR_REASON_DOWNLOAD_INTERRUPTED)});
  }
  const auto result = Fetch();
  EXPECT_EQ(ReasonOf(result.status()), v1::ERROR_REASON_DOWNLOAD_INTERRUPTED);
  EXPECT_EQ(gateway_.downloads().size(), 6u);  // BackoffOptions::max_failures_in_a_row, and one.
}

TEST_F(Download, ProgressBuysFurtherTries) {
  for (int i = 0; i < 10; ++i) {
    gateway_.BreakDownload({.status = absl::UnavailableError("gone"), .break_after = 1});
  }
  ASSERT_TRUE(Fetch().ok());
  EXPECT_EQ(received_, kFile);
  EXPECT_EQ(gateway_.downloads().size(), 11u);
}

TEST_F(Download, DoesNotRepeatWhatIsNotWorthRepeating) {
  gateway_.BreakDownload({.status = absl::InternalError("defect"), .break_after = 7});
  EXPECT_TRUE(absl::IsInternal(Fetch().status()));
  EXPECT_EQ(gateway_.downloads().size(), 1u);
}

TEST_F(Download, AGatewayThatAsksForALongPauseIsNotAskedAgain) {
  gateway_.BreakDownload({.status = WithRetryAfter(absl::UnavailableError("later"), absl::Hours(1)),
                          .break_after = 7});
  EXPECT_TRUE(absl::IsUnavailable(Fetch().status()));
}

TEST_F(Download, AFileThatChangedBetweenTwoStreamsIsAborted) {
  gateway_.BreakDownload({.status = absl::UnavailableError("gone"), .break_after = 7});
  gateway_.BreakDownload({.etag = "another"});
  EXPECT_EQ(ReasonOf(Fetch().status()), v1::ERROR_REASON_DOWNLOAD_CHANGED);
  EXPECT_EQ(received_, "0123456");
}

TEST_F(Download, AnErrorOfTheSinkEndsItWithThatError) {
  sink_ = [](absl::string_view) { return absl::ResourceExhaustedError("disk full"); };
  EXPECT_EQ(Fetch().status(), absl::ResourceExhaustedError("disk full"));
  EXPECT_EQ(gateway_.downloads().size(), 1u);
}

TEST_F(Download, StopsWhenAskedTo) {
  std::stop_source stop;
  gateway_.BreakDownload({.status = absl::UnavailableError("gone"), .break_after = 7});
  sink_ = [&](absl::string_view) {
    stop.request_stop();
    return absl::OkStatus();
  };
  EXPECT_TRUE(absl::IsCancelled(Fetch(0, 0, {.stop = stop.get_token()}).status()));
  EXPECT_EQ(gateway_.downloads().size(), 1u);
}

struct Lie {
  std::string name;
  DownloadFault fault;
};

class DownloadLie : public Download, public testing::WithParamInterface<Lie> {};

TEST_P(DownloadLie, IsDataLossAndNeverOk) {
  gateway_.BreakDownload(GetParam().fault);
  EXPECT_TRUE(absl::IsDataLoss(Fetch().status()));
  EXPECT_EQ(gateway_.downloads().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(
    All, DownloadLie,
    testing::Values(Lie{"WrongSha256", {.wrong_sha256 = true}},
                    Lie{"WrongSize", {.wrong_size = true}}, Lie{"Gap", {.shift_offset = 1}},
                    Lie{"Overlap", {.shift_offset = -1}}, Lie{"NoSummary", {.no_summary = true}},
                    Lie{"NoInfo", {.no_info = true}}, Lie{"TooShort", {.lose_last_chunk = true}},
                    Lie{"TooLong", {.repeat_last_chunk = true}},
                    Lie{"MoreAfterTheSummary", {.chunk_after_summary = true}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace pcaps
