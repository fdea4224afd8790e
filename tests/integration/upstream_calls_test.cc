// What each call has cost the upstream, as its log line tells.
#include <algorithm>
#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

// Nothing is forgotten in the time of a test.
const json::object kRemembers = {{"cache",
                                  {{"terminal_ttl", "1h"},
                                   {"active_ttl", "1h"},
                                   {"list_ttl", "1h"},
                                   {"not_found_ttl", "1h"},
                                   {"stale_ttl", "1h"}}}};

class UpstreamCalls : public testing::Test {
 protected:
  void TearDown() override {
    EXPECT_EQ(told_, world_.emulator.Requests()) << "the lines add up to what the upstream saw";
  }

  template <typename Request>
  int64_t CostOf(const Request& request, absl::StatusCode code = absl::StatusCode::kOk) {
    return Told(Ask(world_.caller, request, code));
  }
  // The request id of a call that has ended with this.
  template <typename Request>
  std::string Ask(Caller& caller, const Request& request,
                  absl::StatusCode code = absl::StatusCode::kOk) {
    std::string id = absl::StrCat("call-", ++calls_);
    const absl::Status status = caller.Call(request, {{"request-id", id}}).status;
    EXPECT_EQ(status.code(), code) << status;
    return id;
  }
  int64_t Told(const std::string& request_id) {
    const json::object line = world_.gateway.WaitForRpc(request_id);
    const json::value* const cost = line.if_contains("upstream_calls");
    if (cost == nullptr) {
      ADD_FAILURE() << "the line does not tell: " << json::serialize(line);
      return -1;
    }
    told_ += cost->to_number<int64_t>();
    return cost->to_number<int64_t>();
  }
  std::string SeedDone() { return world_.emulator.Seed(kAccount, 1, "success")[0]; }

  World world_{kRemembers};

 private:
  std::atomic<int> calls_ = 0;
  int64_t told_ = 0;
};

TEST_F(UpstreamCalls, AMissIsOneAHitIsNoneAndEachRepetitionIsAnother) {
  const v1::GetPcapRequest known = GetRequest(SeedDone());
  EXPECT_EQ(CostOf(known), 1);
  EXPECT_EQ(CostOf(known), 0);
  v1::GetPcapRequest now = known;
  now.mutable_max_age();  // 0.
  EXPECT_EQ(CostOf(now), 1);
  world_.emulator.AddFaults(
      {{"endpoint", "get_pcap"}, {"fault", "status"}, {"status", 503}, {"count", 1}});
  EXPECT_EQ(CostOf(GetRequest(SeedDone())), 2);
  EXPECT_EQ(CostOf(GetRequest("nothing"), absl::StatusCode::kNotFound), 1);
  EXPECT_EQ(CostOf(GetRequest("nothing"), absl::StatusCode::kNotFound), 0);
  EXPECT_EQ(CostOf(GetRequest(""), absl::StatusCode::kInvalidArgument), 0);

  v1::ListPcapsRequest list;
  list.set_account_id(kAccount);
  EXPECT_EQ(CostOf(list), 1);
  EXPECT_EQ(CostOf(list), 0);
}

TEST_F(UpstreamCalls, OfTwoWhoReadTheSameAtOnceOneBearsTheCost) {
  const v1::GetPcapRequest request = GetRequest(SeedDone());
  // Most of the time both are there before the answer; who comes later finds it remembered.
  world_.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", "latency"}, {"latency_ms", 500}});
  std::array<std::string, 2> ids;
  {
    std::vector<std::jthread> readers;
    readers.reserve(ids.size());
    for (std::string& id : ids) {
      readers.emplace_back([&] { id = Ask(world_.caller, request); });
    }
  }
  std::array<int64_t, 2> costs = {Told(ids[0]), Told(ids[1])};
  std::sort(costs.begin(), costs.end());
  EXPECT_EQ(costs, (std::array<int64_t, 2>{0, 1}));
}

TEST_F(UpstreamCalls, ACreateIsOneAndAStopAnother) {
  v1::CreatePcapRequest create = FullRequest();
  create.set_request_id("once");
  EXPECT_EQ(CostOf(create), 1);
  EXPECT_EQ(CostOf(create), 0) << "its capture is remembered";
  v1::StopPcapRequest stop;
  stop.set_account_id(kAccount);
  stop.set_pcap_id(world_.caller.Call(create).response.id());
  EXPECT_EQ(CostOf(stop), 1);
}

TEST_F(UpstreamCalls, ADownloadIsItsFileAndTheQuestionWhetherThereIsOne) {
  const std::string pcap_id = SeedDone();
  EXPECT_EQ(CostOf(DownloadRequest(pcap_id)), 2);
  EXPECT_EQ(CostOf(DownloadRequest(pcap_id)), 0);
  const std::string known = SeedDone();
  EXPECT_EQ(CostOf(GetRequest(known)), 1);
  EXPECT_EQ(CostOf(DownloadRequest(known)), 1);
  EXPECT_EQ(CostOf(WatchRequest(known)), 0);
}

TEST_F(UpstreamCalls, EachCallAboutOwnershipsIsOne) {
  EXPECT_EQ(CostOf(CreateOwnershipRequest()), 1);
  EXPECT_EQ(CostOf(ListOwnershipsRequest()), 1);
  EXPECT_EQ(CostOf(ListOwnershipsRequest()), 1);
  EXPECT_EQ(CostOf(ValidateRequest("a guess")), 1);
  EXPECT_EQ(CostOf(DeleteRequest("nothing"), absl::StatusCode::kNotFound), 1);
  world_.emulator.AddFaults(
      {{"endpoint", "create_ownership"}, {"fault", "reset_after"}, {"count", 1}});
  EXPECT_EQ(CostOf(CreateOwnershipRequest("s3://other?region=us-east-1")), 2)
      << "the POST, and the list that told of it";
}

}  // namespace
}  // namespace pcaps::integration
