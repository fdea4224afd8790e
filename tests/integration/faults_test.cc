// Every fault of the emulator on every RPC: what the table says is what the caller gets, in time,
// and what comes after it is served as if nothing had been.
#include <set>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/emulator/faults.h"
#include "tests/integration/faults_calls.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

constexpr absl::Duration kRequestTimeout = absl::Seconds(3);
constexpr absl::Duration kGrace = absl::Seconds(3);  // The machine may be busy.

// What came of one call, and when.
struct Result {
  Sight sight;
  absl::Duration took;
};

// The rounds of calls of a test: one without the fault, one with, one after it.
constexpr const char* kRounds[] = {"healthy", "struck", "next"};

// Every call has accounts of its own, and these a credential of their own: the calls run at the
// same time, and a circuit that one call's fault opens is not another's.
class Faults : public testing::TestWithParam<std::string> {
 protected:
  Faults() : world_(Settings()), other_(world_.emulator), other_caller_(other_) {}

  json::object Settings() {
    const std::string token_file = directory_.Write("token", kUpstreamToken);
    json::array credentials;
    for (const FaultyCall& call : FaultyCalls()) {
      json::array accounts;
      for (const char* round : kRounds) accounts.emplace_back(call.Account(round));
      credentials.push_back(
          {{"name", call.name}, {"token_file", token_file}, {"accounts", std::move(accounts)}});
    }
    return {{"upstream",
             {{"request_timeout", absl::FormatDuration(kRequestTimeout)},
              {"retry", {{"budget_ratio", 1}}},  // Else it is soon spent, as it should be.
              {"credentials", credentials}}},
            // Else the download that comes first would answer those that faults are to strike.
            {"download", {{"cache_size", "0"}}}};
  }

  // All calls at the same time.
  std::vector<Result> CallAll() {
    std::vector<Result> results(scenes_.size());
    std::vector<std::thread> callers;
    for (size_t i = 0; i < scenes_.size(); ++i) {
      callers.emplace_back([this, i, &result = results[i]] {
        const absl::Time start = absl::Now();
        result.sight = FaultyCalls()[i].call(world_, scenes_[i]);
        result.took = absl::Now() - start;
      });
    }
    for (std::thread& each : callers) each.join();
    return results;
  }

  // What the next calls find.
  void PrepareAll(const std::string& round) {
    scenes_.clear();
    for (const FaultyCall& call : FaultyCalls()) {
      scenes_.push_back(call.Prepare(world_, other_caller_, round));
    }
  }

  void Strike(const json::object& parameters) {
    json::array faults;
    for (size_t i = 0; i < scenes_.size(); ++i) {
      // An upstream that repeats what it must not.
      const std::string message =
          absl::StrCat("no: ", kUpstreamToken, " for ", SecretBucket("bucket"));
      faults.push_back(Merge({{"fault", GetParam()},
                              {"endpoint", FaultyCalls()[i].endpoint},
                              {"account", scenes_[i].account},
                              {"message", message}},
                             parameters));
    }
    world_.emulator.AddFaults(faults);
  }

  // `parameters` beside those of the fault's row.
  void ExpectEachAsTheTableSays(const json::object& parameters, bool stays);

  void ExpectEachFired() {
    const json::value faults = world_.emulator.Control("GET", "faults", nullptr);
    for (const json::value& fault : faults.as_array()) {
      EXPECT_GT(fault.at("fired").as_int64(), 0) << json::serialize(fault);
    }
  }

  // The create that is asked for again, of which the table says `verdict`.
  void ExpectRemembered(const FaultyCall& call, const Scene& scene, const Sight& again,
                        const Verdict& verdict, bool happened, const Sight& healthy);

  TempDir directory_;
  World world_;
  Gateway other_;
  Caller other_caller_;
  std::vector<Scene> scenes_;
};

void ExpectNoSecret(const std::string& text) {
  EXPECT_FALSE(absl::StrContains(text, kUpstreamToken)) << text;
  EXPECT_FALSE(absl::StrContains(text, kBucketSecret)) << text;
}

void ExpectNoSecret(const Sight& sight) {
  ExpectNoSecret(sight.status.ToString(absl::StatusToStringMode::kWithEverything));
  ExpectNoSecret(ErrorInfoOf(sight.status).ShortDebugString());
  for (const auto& [key, value] : sight.headers) ExpectNoSecret(value);
  for (const std::string& thing : sight.things) ExpectNoSecret(thing);
}

void ExpectSame(const Sight& sight, const Sight& expected) {
  EXPECT_TRUE(sight.status.ok()) << sight.status;
  EXPECT_EQ(sight.things, expected.things);
  EXPECT_EQ(sight.file, expected.file);
}

void ExpectVerdict(const Sight& sight, const Verdict& verdict, const Sight& seen_where_ok) {
  if (verdict.code == absl::StatusCode::kOk) return ExpectSame(sight, seen_where_ok);
  ExpectError(sight, verdict.code, verdict.reason);
  EXPECT_TRUE(sight.things.empty());
}

void Faults::ExpectRemembered(const FaultyCall& call, const Scene& scene, const Sight& again,
                              const Verdict& verdict, bool happened, const Sight& healthy) {
  if (!happened) return ExpectVerdict(again, verdict, healthy);
  if (GetParam() == "wrong_id") {
    return ExpectError(again, absl::StatusCode::kNotFound, "CAPTURE_NOT_FOUND");
  }
  Sight found = again;
  EXPECT_TRUE(Eventually([&] {
    if (!found.status.ok()) found = call.call(world_, scene);
    return found.status.ok();
  }));
  ExpectSame(found, healthy);
}

void Faults::ExpectEachAsTheTableSays(const json::object& parameters, bool stays) {
  const FaultRow* const row = FindFaultRow(GetParam());
  ASSERT_NE(row, nullptr) << "the table has no row for this fault";
  PrepareAll("healthy");
  const std::vector<Result> healthy = CallAll();
  PrepareAll("struck");
  Strike(Merge(stays ? row->stays : row->once, parameters));
  const int64_t posts_before = world_.emulator.Requests("create_pcap");
  const int64_t created_before = world_.emulator.CapturesCreated();
  const std::vector<Result> struck = CallAll();
  ExpectEachFired();
  EXPECT_EQ(world_.emulator.Requests("create_pcap"), posts_before + 1) << "a POST is sent once";
  world_.emulator.ClearFaults();
  const std::vector<Result> again = CallAll();
  const int64_t created = world_.emulator.CapturesCreated() - created_before;
  EXPECT_LE(created, 1) << "a capture is created once";
  PrepareAll("next");
  const std::vector<Result> next = CallAll();
  for (size_t i = 0; i < scenes_.size(); ++i) {
    const FaultyCall& call = FaultyCalls()[i];
    SCOPED_TRACE(call.name);
    const Verdict verdict = call.Expected(*row, stays);
    const Sight distorted = call.Distorted(GetParam(), healthy[i].sight);
    ExpectVerdict(struck[i].sight, verdict, distorted);
    EXPECT_LT(struck[i].took, kRequestTimeout + kGrace);
    ExpectNoSecret(struck[i].sight);
    // A create is remembered by its request_id, unless it surely did not happen.
    const bool remembered =
        call.kind == EndpointKind::kPost &&
        (verdict.code == absl::StatusCode::kOk || verdict.code == absl::StatusCode::kAborted);
    if (remembered) {
      Scene scene{.account = call.Account("struck"), .request_id = "struck"};
      ExpectRemembered(call, scene, again[i].sight, verdict, created > 0, healthy[i].sight);
    } else {
      ExpectSame(again[i].sight, healthy[i].sight);
    }
    ExpectSame(next[i].sight, healthy[i].sight);
  }
  ExpectNoSecret(world_.gateway.RawLog());
}

TEST_P(Faults, ThatStrikeOnceGiveEachCallerWhatTheTableSays) {
  ExpectEachAsTheTableSays({{"count", 1}}, /*stays=*/false);
}

TEST_P(Faults, ThatStayGiveEachCallerWhatTheTableSays) {
  ExpectEachAsTheTableSays({}, /*stays=*/true);
}

INSTANTIATE_TEST_SUITE_P(, Faults, testing::ValuesIn(emulator::FaultKindNames()),
                         [](const auto& each) { return each.param; });

// The RPCs of the services whose every call the matrix has to make.
std::set<std::string> RpcsOf(const google::protobuf::ServiceDescriptor& service) {
  std::set<std::string> names;
  for (int i = 0; i < service.method_count(); ++i) {
    names.insert(std::string(service.method(i)->name()));
  }
  return names;
}

TEST(FaultMatrix, CallsEveryRpcAndHasARowForEveryFaultAndNoOther) {
  std::set<std::string> called;
  for (const FaultyCall& call : FaultyCalls()) called.insert(call.rpc);
  std::set<std::string> rpcs = RpcsOf(*v1::Pcap::descriptor()->file()->service(0));
  rpcs.merge(RpcsOf(*v1::Ownership::descriptor()->file()->service(0)));
  EXPECT_EQ(called, rpcs);

  std::multiset<std::string> rows;
  for (const FaultRow& row : FaultTable()) rows.insert(row.fault);
  const std::vector<std::string> kinds = emulator::FaultKindNames();
  EXPECT_EQ(rows, std::multiset<std::string>(kinds.begin(), kinds.end()));
}

}  // namespace
}  // namespace pcaps::integration
