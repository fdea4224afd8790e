#include "tests/emulator/faults.h"

#include <gtest/gtest.h>

namespace pcaps::emulator {
namespace {

namespace json = boost::json;

// Adds faults; the pointer of the refusal, empty where there is none.
std::string Add(FaultSet& faults, const char* text) {
  const auto error = faults.Add(json::parse(text));
  return error ? error->pointer : "";
}

int FiredOf(FaultSet& faults, int requests, Endpoint endpoint, const std::string& account = "a") {
  int fired = 0;
  for (int i = 0; i < requests; ++i) fired += faults.Fire(endpoint, account).fault ? 1 : 0;
  return fired;
}

TEST(FaultSet, FiresForItsEndpointAndAccountOnly) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"({"endpoint":"get_pcap","fault":"status","account":"a"})"), "");
  EXPECT_EQ(FiredOf(faults, 3, Endpoint::kGetPcap), 3);
  EXPECT_EQ(FiredOf(faults, 3, Endpoint::kGetPcap, "b"), 0);
  EXPECT_EQ(FiredOf(faults, 3, Endpoint::kListPcaps), 0);
}

TEST(FaultSet, AStarMeansEveryEndpoint) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"([{"endpoint":"*","fault":"status"}])"), "");
  EXPECT_EQ(FiredOf(faults, 1, Endpoint::kGetPcap), 1);
  EXPECT_EQ(FiredOf(faults, 1, Endpoint::kUnknownRoute), 1);
}

TEST(FaultSet, FiresAtMostCountTimesAndThenLeavesItToTheNext) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"([{"fault":"status","status":500,"count":2},
                            {"fault":"status","status":503,"count":1}])"),
            "");
  EXPECT_EQ(faults.Fire(Endpoint::kGetPcap, "a").fault->status, 500);
  EXPECT_EQ(faults.Fire(Endpoint::kGetPcap, "a").fault->status, 500);
  EXPECT_EQ(faults.Fire(Endpoint::kGetPcap, "a").fault->status, 503);
  EXPECT_FALSE(faults.Fire(Endpoint::kGetPcap, "a").fault);
}

TEST(FaultSet, FiresWithItsProbability) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"({"fault":"status","probability":0.25})"), "");
  EXPECT_NEAR(FiredOf(faults, 10'000, Endpoint::kGetPcap), 2500, 150);
  FaultSet never(1);
  ASSERT_EQ(Add(never, R"({"fault":"status","probability":0})"), "");
  EXPECT_EQ(FiredOf(never, 1000, Endpoint::kGetPcap), 0);
}

TEST(FaultSet, LatencyAddsToAnyOtherFault) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"([{"fault":"latency","latency_ms":20},{"fault":"html"},
                            {"fault":"latency","latency_ms":30}])"),
            "");
  const Firing firing = faults.Fire(Endpoint::kGetPcap, "a");
  EXPECT_EQ(firing.latency, absl::Milliseconds(50));
  ASSERT_TRUE(firing.fault);
  EXPECT_EQ(firing.fault->kind, FaultKind::kHtml);
}

TEST(FaultSet, ExecuteOverridesWhatTheKindDoes) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"([{"fault":"status","count":1},
                            {"fault":"status","execute":true,"count":1},
                            {"fault":"reset_before","count":1},
                            {"fault":"reset_after","count":1}])"),
            "");
  EXPECT_FALSE(faults.Fire(Endpoint::kGetPcap, "a").executes());
  EXPECT_TRUE(faults.Fire(Endpoint::kGetPcap, "a").executes());
  EXPECT_FALSE(faults.Fire(Endpoint::kGetPcap, "a").executes());
  EXPECT_TRUE(faults.Fire(Endpoint::kGetPcap, "a").executes());
}

TEST(FaultSet, AddsToEarlierOnesUnlessToldToClear) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"({"fault":"html"})"), "");
  ASSERT_EQ(Add(faults, R"({"fault":"empty"})"), "");
  EXPECT_EQ(faults.ToJson().size(), 2U);
  ASSERT_EQ(Add(faults, R"({"clear":true,"fault":"status"})"), "");
  EXPECT_EQ(faults.ToJson().size(), 1U);
  ASSERT_EQ(Add(faults, R"({"clear":true,"faults":[{"fault":"html"},{"fault":"empty"}]})"), "");
  EXPECT_EQ(faults.ToJson().size(), 2U);
  ASSERT_EQ(Add(faults, R"({"clear":true})"), "");
  EXPECT_EQ(faults.ToJson().size(), 0U);
}

TEST(FaultSet, ShowsHowOftenEachFired) {
  FaultSet faults(1);
  ASSERT_EQ(Add(faults, R"({"fault":"html","endpoint":"get_pcap"})"), "");
  FiredOf(faults, 4, Endpoint::kGetPcap);
  EXPECT_EQ(json::serialize(faults.ToJson()),
            R"([{"fault":"html","endpoint":"get_pcap","fired":4}])");
}

TEST(FaultSet, ABadFieldIsNamedAndNothingIsAdded) {
  FaultSet faults(1);
  EXPECT_EQ(Add(faults, R"([{"fault":"html"},{"fault":"explode"}])"), "/1/fault");
  EXPECT_EQ(Add(faults, R"({"faults":[{"fault":"html","endpoint":"x"}]})"), "/faults/0/endpoint");
  EXPECT_EQ(Add(faults, R"({"fault":"html","probability":1.5})"), "/probability");
  EXPECT_EQ(Add(faults, R"({"fault":"html","count":-1})"), "/count");
  EXPECT_EQ(Add(faults, R"({"fault":"latency","latency_ms":"1s"})"), "/latency_ms");
  EXPECT_EQ(Add(faults, R"({"fault":"html","cuont":1})"), "/cuont");
  EXPECT_EQ(Add(faults, R"({"endpoint":"*"})"), "/fault");
  EXPECT_EQ(Add(faults, R"(["html"])"), "/0");
  EXPECT_EQ(Add(faults, R"("html")"), "/");
  EXPECT_EQ(faults.ToJson().size(), 0U);
}

}  // namespace
}  // namespace pcaps::emulator
