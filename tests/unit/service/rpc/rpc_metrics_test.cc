#include "service/rpc/rpc_metrics.h"

#include <gtest/gtest.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

class RpcMetricsTest : public testing::Test {
 protected:
  // What a scrape shows: by name, with the labels that are not of the method.
  std::map<std::string, double> Scrape() {
    metrics_.Publish();
    std::map<std::string, double> values;
    const std::string text = prometheus::TextSerializer().Serialize(registry_.Collect());
    for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
      if (line[0] == '#') continue;
      const std::pair<std::string, std::string> pair =
          absl::StrSplit(line, absl::MaxSplits(' ', 1));
      EXPECT_TRUE(absl::SimpleAtod(pair.second, &values[pair.first])) << line;
    }
    return values;
  }
  double Bucket(const std::string& bound) {
    return Scrape().at("grpc_server_handling_seconds_bucket{" + labels_ + ",le=\"" + bound + "\"}");
  }
  double Of(const std::string& name) { return Scrape().at(name + "{" + labels_ + "}"); }
  double Handled(const std::string& code) {
    return Scrape().at("grpc_server_handled_total{grpc_code=\"" + code + "\"," + labels_ + "}");
  }

  const std::string labels_ =
      R"(grpc_method="GetPcap",grpc_service="pcaps.v1.PcapsService",grpc_type="unary")";
  prometheus::Registry registry_;
  RpcMetrics metrics_{registry_};
  MethodMetrics& get_ = metrics_.Add(RpcShape::kUnary, "pcaps.v1.PcapsService", "GetPcap");
  MethodMetrics& stop_ = metrics_.Add(RpcShape::kUnary, "pcaps.v1.PcapsService", "StopPcap");
};

TEST_F(RpcMetricsTest, AScrapeAddsToTheOneBefore) {
  get_.Begin();
  EXPECT_EQ(Of("grpc_server_started_total"), 1);
  EXPECT_EQ(Of("grpc_server_msg_received_total"), 1);
  EXPECT_EQ(Handled("OK"), 0);
  get_.CountMessage(100);
  get_.End(absl::OkStatus(), absl::Milliseconds(250));
  get_.Begin();
  get_.End(absl::OkStatus(), absl::Milliseconds(500));
  for (int i = 0; i < 2; ++i) {  // Nothing is counted twice.
    EXPECT_EQ(Of("grpc_server_started_total"), 2);
    EXPECT_EQ(Of("grpc_server_msg_sent_total"), 1);
    EXPECT_EQ(Handled("OK"), 2);
    EXPECT_EQ(Of("grpc_server_handling_seconds_count"), 2);
    EXPECT_DOUBLE_EQ(Of("grpc_server_handling_seconds_sum"), 0.75);
  }
}

TEST_F(RpcMetricsTest, ABoundIsInItsBucket) {
  get_.End(absl::OkStatus(), absl::Milliseconds(1));
  EXPECT_EQ(Bucket("0.001"), 1);
  get_.End(absl::OkStatus(), absl::Milliseconds(1) + absl::Nanoseconds(1));
  EXPECT_EQ(Bucket("0.001"), 1);
  EXPECT_EQ(Bucket("0.0025"), 2);
  get_.End(absl::OkStatus(), absl::Seconds(20));
  EXPECT_EQ(Bucket("10"), 2);
  EXPECT_EQ(Bucket("20"), 3);
  get_.End(absl::OkStatus(), absl::Seconds(20) + absl::Nanoseconds(1));
  EXPECT_EQ(Bucket("20"), 3);
  EXPECT_EQ(Bucket("+Inf"), 4);
}

TEST_F(RpcMetricsTest, EndsAreCountedByCodeAndReason) {
  get_.End(MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_CAPTURE_NOT_FOUND, "gone", {}),
           absl::ZeroDuration());
  EXPECT_EQ(Handled("NotFound"), 1);
  EXPECT_EQ(Handled("OK"), 0);
  EXPECT_EQ(Scrape().at(R"(pcaps_refused_total{grpc_type="unary",reason="CAPTURE_NOT_FOUND"})"), 1);
  get_.End(absl::Status(static_cast<absl::StatusCode>(99), "what?"), absl::ZeroDuration());
  EXPECT_EQ(Handled("Unknown"), 1);
}

TEST_F(RpcMetricsTest, WhatTheCacheDidIsCountedWhereThereIsOne) {
  stop_.CountServed(CacheUse::kHit, absl::ZeroDuration());
  stop_.CountServed(CacheUse::kStale, absl::Seconds(9));
  get_.CountServed(CacheUse::kHit, absl::ZeroDuration());
  get_.CountServed(CacheUse::kStale, absl::Seconds(5));
  const std::map<std::string, double> values = Scrape();
  EXPECT_EQ(values.at(R"(pcaps_cache_requests_total{cache="capture",result="hit"})"), 1);
  EXPECT_EQ(values.at(R"(pcaps_cache_requests_total{cache="capture",result="stale"})"), 1);
  EXPECT_EQ(values.at(R"(pcaps_cache_requests_total{cache="capture",result="miss"})"), 0);
  EXPECT_EQ(values.at(R"(pcaps_cache_stale_age_seconds_sum{cache="capture"})"), 5);
}

TEST_F(RpcMetricsTest, RatesOfCallersAndOfAccountsAreApart) {
  const auto count = [this](bool is_callers, bool admitted, int times) {
    for (int i = 0; i < times; ++i) metrics_.CountRate(is_callers, admitted);
  };
  count(false, false, 1);
  count(false, true, 2);
  count(true, false, 3);
  count(true, true, 4);
  const std::map<std::string, double> values = Scrape();
  const auto of = [&](const std::string& decision, const std::string& limiter) {
    return values.at("pcaps_ratelimit_decisions_total{decision=\"" + decision + "\",limiter=\"" +
                     limiter + "\"}");
  };
  EXPECT_EQ(of("refused", "account"), 1);
  EXPECT_EQ(of("admitted", "account"), 2);
  EXPECT_EQ(of("refused", "caller"), 3);
  EXPECT_EQ(of("admitted", "caller"), 4);
}

}  // namespace
}  // namespace pcaps
