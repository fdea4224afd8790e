// What Prometheus is told: all of it from the start, and each figure once it has a cause.
#include <gmock/gmock.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/substitute.h"
#include "tests/integration/support/metrics.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

std::string Method(const std::string& name, const std::string& method, const std::string& more = "",
                   const std::string& type = "unary") {
  return absl::Substitute(
      R"($0{$1grpc_method="$2",grpc_service="pcaps.v1.PcapsService",grpc_type="$3"})", name, more,
      method, type);
}

std::string Refused(const std::string& reason, const std::string& type = "unary") {
  return absl::Substitute(R"(pcaps_refused_total{grpc_type="$0",reason="$1"})", type, reason);
}

std::string Upstream(const std::string& operation, const std::string& outcome) {
  return absl::Substitute(R"(pcaps_upstream_requests_total{operation="$0",outcome="$1"})",
                          operation, outcome);
}

std::string Creates(const std::string& outcome) {
  return absl::Substitute(R"(pcaps_creates_total{outcome="$0"})", outcome);
}

std::string Cache(const std::string& cache, const std::string& result) {
  return absl::Substitute(R"(pcaps_cache_requests_total{cache="$0",result="$1"})", cache, result);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// A change of this list is a change for every dashboard and alert that somebody has made. To accept
// one: PCAPS_UPDATE_GOLDEN=1 watched_test.
TEST(MetricsPage, AllAreThereFromTheStartAndTheGoldenListHasThem) {
  World world;
  const ScrapedMetrics metrics = ScrapedMetrics::WhenIdle(world.gateway);
  if (std::getenv("PCAPS_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(PCAPS_GOLDEN_METRICS) << metrics.Families();
  }
  EXPECT_EQ(metrics.Families(), ReadFile(PCAPS_GOLDEN_METRICS));
  for (const auto& [series, value] : metrics.values()) {
    const bool counts =
        !absl::StartsWith(series, "process_") && absl::StrContains(series, "_total");
    EXPECT_TRUE(!counts || value == 0) << series << " " << value;
  }
}

TEST(MetricsPage, NoAccountCaptureOrCallerIsALabel) {
  World world;
  const v1::Pcap pcap = world.CreateDone();
  world.caller.Call(GetRequest(pcap.id()));
  const std::string text = world.gateway.Admin("/metrics").body;
  EXPECT_THAT(text, Not(HasSubstr(kAccount)));
  EXPECT_THAT(text, Not(HasSubstr(pcap.id())));
}

TEST(MetricsPage, CallsAreCountedByMethodAndCode) {
  World world;
  const std::string id = world.emulator.Seed(kAccount, 1, "success").at(0);
  EXPECT_TRUE(world.caller.Call(GetRequest(id)).status.ok());
  EXPECT_FALSE(world.caller.Call(GetRequest("none")).status.ok());
  EXPECT_TRUE(world.caller.Call(DownloadRequest(id)).status.ok());
  const ScrapedMetrics metrics = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_EQ(metrics[Method("grpc_server_started_total", "GetPcap")], 2);
  EXPECT_EQ(metrics[Method("grpc_server_handled_total", "GetPcap", "grpc_code=\"OK\",")], 1);
  EXPECT_EQ(metrics[Method("grpc_server_handled_total", "GetPcap", "grpc_code=\"NotFound\",")], 1);
  EXPECT_EQ(metrics[Method("grpc_server_handling_seconds_count", "GetPcap")], 2);
  EXPECT_EQ(metrics[Method("grpc_server_msg_received_total", "GetPcap")], 2);
  EXPECT_EQ(metrics[Method("grpc_server_msg_sent_total", "GetPcap")], 1);
  EXPECT_EQ(metrics[Refused("CAPTURE_NOT_FOUND")], 1);
  EXPECT_GE(metrics[Method("grpc_server_msg_sent_total", "DownloadPcap", "", "server_stream")], 3);
  EXPECT_GT(metrics["pcaps_download_bytes_total"], 100);
  EXPECT_EQ(metrics[Cache("file", "miss")], 1);
}

TEST(MetricsPage, TheCacheTellsHitsFromMissesAndWhatIsStale) {
  World world(json::object{{"cache", {{"terminal_ttl", "1h"}, {"stale_ttl", "1h"}}}});
  const v1::Pcap done = world.CreateDone();
  world.caller.Call(GetRequest(done.id()));
  world.caller.Call(GetRequest(done.id()));
  v1::GetPcapRequest now = GetRequest(done.id());
  now.mutable_max_age();
  world.caller.Call(now);
  const ScrapedMetrics metrics = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_GE(metrics[Cache("capture", "hit")], 1);
  EXPECT_EQ(metrics[Cache("capture", "bypass")], 1);
  v1::Pcap running = world.CreateSimple();
  world.caller.Call(GetRequest(running.id()));
  world.emulator.AddFaults({{"fault", "status"}, {"status", 503}});
  EXPECT_TRUE(world.caller.Call(GetRequest(running.id())).status.ok());
  const ScrapedMetrics later = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_EQ(later[Cache("capture", "stale")], 1);
  EXPECT_EQ(later["pcaps_cache_stale_age_seconds_count{cache=\"capture\"}"], 1);
}

TEST(MetricsPage, UpstreamRequestsAreCountedByOutcomeWithTheirRepetitions) {
  World world(json::object{{"upstream", {{"retry", {{"max_attempts", 2}, {"budget_ratio", 1}}}}}});
  world.emulator.AddFaults({{"fault", "status"}, {"status", 503}});
  EXPECT_FALSE(world.caller.Call(GetRequest("a")).status.ok());
  const ScrapedMetrics metrics = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_EQ(metrics[Upstream("GetPcap", "UPSTREAM_UNAVAILABLE")], 2);
  EXPECT_EQ(metrics["pcaps_upstream_retries_total{operation=\"GetPcap\"}"], 1);
  EXPECT_EQ(metrics["pcaps_upstream_request_seconds_count{operation=\"GetPcap\"}"], 2);
  EXPECT_EQ(metrics[Refused("UPSTREAM_UNAVAILABLE")], 1);
  // Five failures in a row of several captures open the circuit; the log says so as well.
  for (const char* const id : {"b", "c", "d"}) world.caller.Call(GetRequest(id));
  EXPECT_EQ(ScrapedMetrics::WhenIdle(
                world.gateway)["pcaps_upstream_circuit_open{credential=\"default\"}"],
            1);
  EXPECT_FALSE(world.gateway.WaitForEvent("circuit_open").empty());
  EXPECT_THAT(world.gateway.Admin("/readyz").body, HasSubstr("-- upstream: did not answer"));
}

TEST(MetricsPage, ARejectedTokenAndAnUpstreamThatSaysStopAreSeen) {
  World world(json::object{
      {"upstream",
       {{"budgets", {{{"name", "default"}, {"requests_per_second", 3}, {"burst", 60}}}}}}});
  EXPECT_FALSE(world.caller.Call(GetRequest("a")).status.ok());
  const ScrapedMetrics before = ScrapedMetrics::WhenIdle(world.gateway);
  const std::string remaining = "pcaps_budget_remaining{budget=\"default\"}";
  EXPECT_GT(before[remaining], 5);
  EXPECT_LT(before[remaining], 20) << "a new bucket has 10";
  EXPECT_EQ(before["pcaps_budget_limit{budget=\"default\"}"], 60);
  EXPECT_EQ(before["pcaps_credential_ok{credential=\"default\"}"], 1);
  world.emulator.AddFaults({{"fault", "status"}, {"status", 401}, {"count", 1}});
  world.caller.Call(GetRequest("b"));
  const ScrapedMetrics rejected = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_EQ(rejected["pcaps_credential_ok{credential=\"default\"}"], 0);
  EXPECT_EQ(rejected["pcaps_credential_rejections{credential=\"default\"}"], 1);

  World limited;
  limited.emulator.AddFaults({{"fault", "status"}, {"status", 429}, {"count", 1}});
  limited.caller.Call(GetRequest("c"));
  EXPECT_TRUE(Eventually([&] {
    return ScrapedMetrics::Of(limited.gateway)["pcaps_budget_closed{budget=\"default\"}"] == 1;
  }));
  EXPECT_FALSE(limited.caller.Call(GetRequest("d")).status.ok());
  const ScrapedMetrics closed = ScrapedMetrics::WhenIdle(limited.gateway);
  EXPECT_EQ(closed[remaining], 0);
  EXPECT_EQ(closed[Upstream("GetPcap", "UPSTREAM_RATE_LIMITED")], 1);
  EXPECT_GE(closed["pcaps_ratelimit_decisions_total{decision=\"refused\",limiter=\"budget\"}"], 1);
  EXPECT_FALSE(limited.gateway.WaitForEvent("upstream_said_stop").empty());
}

TEST(MetricsPage, AnAccountOverItsRateIsRefusedAndCounted) {
  World world(json::object{{"rate_limit", {{"requests_per_second", 0.001}, {"burst", 1}}}});
  world.caller.Call(GetRequest("a"));
  EXPECT_EQ(world.caller.Call(GetRequest("a")).Reason(), "ACCOUNT_RATE_LIMITED");
  const ScrapedMetrics metrics = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_EQ(metrics["pcaps_ratelimit_decisions_total{decision=\"refused\",limiter=\"account\"}"],
            1);
  EXPECT_EQ(metrics["pcaps_ratelimit_decisions_total{decision=\"admitted\",limiter=\"account\"}"],
            1);
  EXPECT_EQ(metrics[Refused("ACCOUNT_RATE_LIMITED")], 1);
}

TEST(MetricsPage, CreatesAreCountedByWhatCameOfThem) {
  World world(json::object{{"upstream", {{"rules", {{"simple_create_interval", "60s"}}}}}});
  v1::CreatePcapRequest request = SimpleRequest();
  request.set_request_id("once");
  EXPECT_TRUE(world.caller.Call(request).status.ok());
  EXPECT_TRUE(world.caller.Call(request).status.ok());
  EXPECT_EQ(world.caller.Call(SimpleRequest()).Reason(), "CREATE_TOO_SOON");
  const ScrapedMetrics metrics = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_EQ(metrics[Creates("created")], 1);
  EXPECT_EQ(metrics[Creates("repeated")], 1);
  EXPECT_EQ(metrics[Creates("refused")], 1);
}

TEST(MetricsPage, WatchersPollsAndEventsAreCounted) {
  World world;
  const v1::Pcap pcap = world.CreateSimple();
  world.PinStatus(pcap, "pending");
  auto stream = world.caller.Open(WatchRequest(pcap.id()));
  v1::WatchEvent event;
  ASSERT_TRUE(stream.Read(&event));
  const ScrapedMetrics open = ScrapedMetrics::Of(world.gateway);
  EXPECT_EQ(open["pcaps_watch_streams"], 1);
  EXPECT_LT(open["pcaps_watch_observation_age_seconds"], 60);
  world.PinStatus(pcap, "success");
  while (stream.Read(&event)) {
  }
  EXPECT_TRUE(stream.Finish().status.ok());
  // The watcher learns of its end before the gateway has put its things away.
  EXPECT_TRUE(
      Eventually([&] { return ScrapedMetrics::Of(world.gateway)["pcaps_watch_streams"] == 0; }));
  const ScrapedMetrics metrics = ScrapedMetrics::WhenIdle(world.gateway);
  EXPECT_GE(metrics["pcaps_watch_polls_total{kind=\"get\"}"], 1);
  EXPECT_GE(metrics["pcaps_watch_events_total{kind=\"pcap\"}"], 2);
  EXPECT_GE(metrics["pcaps_watch_fanout_seconds_count"], 1);
  EXPECT_GT(metrics["pcaps_state_command_seconds_count{command=\"take_poll_turn\"}"], 0);
}

}  // namespace
}  // namespace pcaps::integration
