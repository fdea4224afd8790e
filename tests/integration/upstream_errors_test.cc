// What the upstream does wrong, as each RPC tells its caller.
#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

struct Expected {
  absl::StatusCode code;
  std::string reason;
};

const Expected kUnavailable = {absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE"};
const Expected kBadResponse = {absl::StatusCode::kInternal, "UPSTREAM_BAD_RESPONSE"};
const Expected kRejected = {absl::StatusCode::kInvalidArgument, "UPSTREAM_REJECTED"};
const Expected kCredentials = {absl::StatusCode::kInternal, "UPSTREAM_CREDENTIALS_REJECTED"};
const Expected kForbidden = {absl::StatusCode::kPermissionDenied, "UPSTREAM_ACCOUNT_FORBIDDEN"};
const Expected kRateLimited = {absl::StatusCode::kResourceExhausted, "UPSTREAM_RATE_LIMITED"};
const Expected kNotFound = {absl::StatusCode::kNotFound, "CAPTURE_NOT_FOUND"};
const Expected kUnknownOutcome = {absl::StatusCode::kAborted, "CREATE_OUTCOME_UNKNOWN"};

// Accounts that have a credential of their own, with a circuit, and a budget.
constexpr int kAccounts = 24;

std::string AccountName(int number) { return absl::StrCat("account-", number); }

// What one call's fault closes is open to the next.
json::object BudgetPerAccount(const TempDir& directory) {
  const std::string token_file = directory.Write("token", kUpstreamToken);
  json::array credentials = {{{"name", "default"}, {"token_file", token_file}}};
  const auto budget = [](const std::string& name) {
    return json::object({{"name", name}, {"requests_per_second", 1000}, {"burst", 1000}});
  };
  json::array budgets = {budget("default")};
  for (int i = 1; i <= kAccounts; ++i) {
    const std::string name = AccountName(i);
    credentials.push_back({{"name", name},
                           {"token_file", token_file},
                           {"accounts", json::array{json::string(name)}},
                           {"budget", name}});
    budgets.push_back(budget(name));
  }
  // Lost creations are looked for after 1 s, and then there is no time left.
  return {{"upstream",
           {{"request_timeout", "2s"}, {"credentials", credentials}, {"budgets", budgets}}}};
}

class UpstreamErrors : public testing::Test {
 protected:
  UpstreamErrors() : world_(BudgetPerAccount(directory_)) {}

  // Calls every RPC while the upstream has this fault, and an account nobody has asked for yet.
  // `check` gets the name of the RPC and what came of it.
  void CallEach(const json::object& fault,
                const std::function<void(const std::string&, const Outcome&)>& check) {
    const auto call = [&](const auto& request) {
      auto named = request;
      ASSERT_LT(accounts_, kAccounts);
      named.set_account_id(AccountName(++accounts_));
      const std::string name(request.GetDescriptor()->name());
      SCOPED_TRACE(absl::StrCat(name, " ", json::serialize(fault)));
      world_.emulator.AddFaults(fault);
      check(name, world_.caller.Call(named));
      world_.emulator.ClearFaults();
    };
    call(v1::ListPcapsRequest());
    call(GetRequest("some-capture"));
    call(SimpleRequest());
    call(Text<v1::StopPcapRequest>("pcap_id: 'some-capture'"));
    call(DownloadRequest("some-capture"));
    call(WatchRequest("some-capture"));
    call(v1::WatchPcapsRequest());
  }

  void ExpectEach(const json::object& fault, const Expected& expected, const Expected& of_create,
                  const json::object& metadata) {
    CallEach(fault, [&](const std::string& rpc, const Outcome& outcome) {
      const Expected& wanted = rpc == "CreatePcapRequest" ? of_create : expected;
      ExpectError(outcome, wanted.code, wanted.reason);
      EXPECT_NE(outcome.Metadata("cf_ray"), "");
      for (const auto& [key, value] : metadata) {
        EXPECT_EQ(outcome.Metadata(key), std::string(value.as_string())) << std::string(key);
      }
    });
  }

  TempDir directory_;
  World world_;
  int accounts_ = 0;
};

json::object Status(int status, int code, const json::object& more = {}) {
  return Merge({{"endpoint", "*"}, {"fault", "status"}, {"status", status}, {"code", code}}, more);
}

TEST_F(UpstreamErrors, ServerErrorIsUnavailableAndLeavesACreateInDoubt) {
  ExpectEach(Status(500, 1001), kUnavailable, kUnknownOutcome,
             {{"upstream_http_status", "500"}, {"upstream_code", "1001"}});
  ExpectEach({{"endpoint", "*"}, {"fault", "html"}, {"status", 502}}, kUnavailable, kUnknownOutcome,
             {{"upstream_http_status", "502"}});
}

TEST_F(UpstreamErrors, OurTokenRefusedIsOurErrorAndNeverTheCallers) {
  ExpectEach(Status(401, 10000), kCredentials, kCredentials,
             {{"upstream_http_status", "401"}, {"upstream_code", "10000"}});
  const json::array chain = {{{"code", 6111}, {"message", "bad header"}}};
  ExpectEach(Status(400, 6003, {{"error_chain", chain}}), kCredentials, kCredentials,
             {{"upstream_http_status", "400"}, {"upstream_code", "6003"}});
}

TEST_F(UpstreamErrors, AccountThatOurTokenMayNotUseIsForbidden) {
  ExpectEach(Status(403, 10000), kForbidden, kForbidden,
             {{"upstream_http_status", "403"}, {"upstream_code", "10000"}});
}

TEST_F(UpstreamErrors, RateLimitIsToldWithTheTimeToWait) {
  const json::object limited = Status(429, 10013, {{"retry_after", 7}});
  ExpectEach(limited, kRateLimited, kRateLimited,
             {{"upstream_http_status", "429"}, {"upstream_code", "10013"}});
  CallEach(limited, [](const std::string&, const Outcome& outcome) {
    EXPECT_EQ(ExpectRetryInfo(outcome), absl::Seconds(7));
  });
  CallEach(Status(429, 10013), [](const std::string&, const Outcome& outcome) {
    EXPECT_GT(ExpectRetryInfo(outcome), absl::ZeroDuration());
  });
}

TEST_F(UpstreamErrors, AfterARateLimitNothingOfItsBudgetIsSentBeforeTheTimeIsOver) {
  // Accounts without a budget of their own share one.
  const auto list = [this](const std::string& account) {
    return world_.caller.Call(
        Text<v1::ListPcapsRequest>(absl::StrCat("account_id: '", account, "'")));
  };
  const std::string known = world_.emulator.Seed("shared-2", 1, "running")[0];
  world_.emulator.AddFaults(Status(429, 10013, {{"retry_after", 3}}));
  ExpectError(list("shared-1"), kRateLimited.code, kRateLimited.reason);
  world_.emulator.ClearFaults();
  const int64_t before = world_.emulator.Requests();
  const auto refused = [](const Outcome& outcome) {
    ExpectError(outcome, kRateLimited.code, kRateLimited.reason);
    EXPECT_EQ(outcome.Metadata("cf_ray"), "");
    EXPECT_GT(ExpectRetryInfo(outcome), absl::ZeroDuration());
    EXPECT_LE(ExpectRetryInfo(outcome), absl::Seconds(3));
  };
  const auto of_shared = [&known](auto request) {
    request.set_account_id("shared-2");
    request.set_pcap_id(known);
    return request;
  };
  v1::CreatePcapRequest create = SimpleRequest();
  create.set_account_id("shared-2");
  refused(list("shared-2"));
  refused(world_.caller.Call(of_shared(v1::GetPcapRequest())));
  refused(world_.caller.Call(of_shared(v1::StopPcapRequest())));
  refused(world_.caller.Call(of_shared(v1::DownloadPcapRequest())));
  refused(world_.caller.Call(create));
  EXPECT_EQ(world_.emulator.Requests(), before);
  EXPECT_TRUE(list(AccountName(1)).status.ok());
  EXPECT_TRUE(Eventually([&] { return list("shared-2").status.ok(); }));
}

TEST_F(UpstreamErrors, RateLimitOfACreateClosesTheCreatesOfItsAccountAlone) {
  const auto create = [this](const std::string& account) {
    v1::CreatePcapRequest request = SimpleRequest();
    request.set_account_id(account);
    return world_.caller.Call(request);
  };
  world_.emulator.AddFaults(Status(
      429, 10013, {{"endpoint", "create_pcap"}, {"account", "shared-1"}, {"retry_after", 60}}));
  ExpectError(create("shared-1"), kRateLimited.code, kRateLimited.reason);
  ExpectError(create("shared-1"), kRateLimited.code, kRateLimited.reason);
  EXPECT_EQ(world_.emulator.Requests("create_pcap"), 1);
  EXPECT_TRUE(create("shared-2").status.ok());
  EXPECT_TRUE(world_.caller.Call(Text<v1::ListPcapsRequest>("account_id: 'shared-1'")).status.ok());
}

TEST_F(UpstreamErrors, RefusalOfAnotherKindGivesTheUpstreamsWords) {
  const json::object words = {{"message", "the moon is in the wrong phase"}};
  ExpectEach(Status(400, 1234, words), kRejected, kRejected,
             {{"upstream_http_status", "400"}, {"upstream_code", "1234"}});
  CallEach(Status(409, 1234, words), [](const std::string&, const Outcome& outcome) {
    EXPECT_THAT(std::string(outcome.status.message()), testing::HasSubstr("the wrong phase"));
  });
  ExpectEach({{"endpoint", "*"}, {"fault", "success_false"}}, kRejected, kRejected,
             {{"upstream_http_status", "200"}});
}

TEST_F(UpstreamErrors, NonsenseIsOurErrorAndLeavesACreateInDoubt) {
  ExpectEach({{"endpoint", "*"}, {"fault", "empty"}}, kBadResponse, kUnknownOutcome,
             {{"upstream_http_status", "200"}});
  CallEach({{"endpoint", "*"}, {"fault", "garbage"}},
           [](const std::string& rpc, const Outcome& outcome) {
             const Expected& wanted = rpc == "CreatePcapRequest" ? kUnknownOutcome : kBadResponse;
             ExpectError(outcome, wanted.code, wanted.reason);
           });
}

TEST_F(UpstreamErrors, UnknownCaptureIsNotFound) {
  CallEach(Status(404, 1002), [](const std::string& rpc, const Outcome& outcome) {
    const bool of_account =
        rpc == "ListPcapsRequest" || rpc == "CreatePcapRequest" || rpc == "WatchPcapsRequest";
    const Expected& wanted = of_account ? kRejected : kNotFound;
    ExpectError(outcome, wanted.code, wanted.reason);
  });
}

TEST_F(UpstreamErrors, CaptureWithOddAnswersIsBadOrDecodedButNeverACrash) {
  const v1::Pcap pcap = world_.CreateDone();
  for (const char* kind : {"null_result", "wrong_id", "redirect", "bad_json"}) {
    SCOPED_TRACE(kind);
    world_.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", kind}, {"clear", true}});
    ExpectError(world_.caller.Call(GetRequest(pcap.id())), kBadResponse.code, kBadResponse.reason);
  }
  // A done capture stays done, whatever is said of it later.
  world_.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", "unknown_enum"}, {"clear", true}});
  EXPECT_EQ(world_.caller.Call(GetRequest(pcap.id())).response.status(), v1::Pcap::STATUS_SUCCESS);
  for (const char* kind : {"floats", "odd_fields", "chunked", "no_length"}) {
    SCOPED_TRACE(kind);
    world_.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", kind}, {"clear", true}});
    const auto got = world_.caller.Call(GetRequest(pcap.id()));
    EXPECT_TRUE(got.status.ok()) << got.status;
    EXPECT_EQ(got.response.status(), v1::Pcap::STATUS_SUCCESS);
  }
  world_.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", "unknown_enum"}, {"clear", true}});
  const auto got = world_.caller.Call(GetRequest(world_.emulator.Seed(kAccount, 1)[0]));
  EXPECT_EQ(got.response.status(), v1::Pcap::STATUS_UNKNOWN) << got.status;
  EXPECT_EQ(got.response.upstream_status(), "transmogrified");
}

TEST_F(UpstreamErrors, ReadsAreRetriedUnseen) {
  const v1::Pcap pcap = world_.CreateDone();
  for (const char* kind : {"reset_before", "reset_after", "html"}) {
    SCOPED_TRACE(kind);
    world_.emulator.AddFaults({{"endpoint", "get_pcap"}, {"fault", kind}, {"count", 1}});
    const auto got = world_.caller.Call(GetRequest(pcap.id()));
    EXPECT_TRUE(got.status.ok()) << got.status;
  }
}

TEST_F(UpstreamErrors, UpstreamThatIsDownSoonCostsNothingAnyMore) {
  world_.emulator.AddFaults({{"endpoint", "*"}, {"fault", "status"}, {"status", 503}});
  for (int i = 0; i < 5; ++i) {
    ExpectError(world_.caller.Call(GetRequest(absl::StrCat("capture-", i))), kUnavailable.code,
                kUnavailable.reason);
  }
  const int64_t before = world_.emulator.Requests();
  const auto refused = world_.caller.Call(GetRequest("capture-9"));
  ExpectError(refused, kUnavailable.code, kUnavailable.reason);
  EXPECT_GT(ExpectRetryInfo(refused), absl::ZeroDuration());
  EXPECT_EQ(world_.emulator.Requests(), before);
}

TEST_F(UpstreamErrors, RequestIdOfTheCallerComesBackAndErrorsHaveOneAnyway) {
  const v1::Pcap pcap = world_.CreateDone();
  EXPECT_EQ(
      world_.caller.Call(GetRequest(pcap.id()), {{"request-id", "mine"}}).Header("request-id"),
      "mine");
  EXPECT_EQ(world_.caller.Call(GetRequest(pcap.id())).Header("request-id"), "");
  const auto failed = world_.caller.Call(GetRequest("nothing"), {{"request-id", "mine"}});
  EXPECT_EQ(failed.Header("request-id"), "mine");
  const std::string first = world_.caller.Call(GetRequest("nothing")).Header("request-id");
  const std::string second = world_.caller.Call(GetRequest("nothing")).Header("request-id");
  EXPECT_NE(first, "");
  EXPECT_NE(first, second);
}

TEST_F(UpstreamErrors, CallersDeadlineEndsACallThatTheUpstreamHolds) {
  world_.emulator.AddFaults({{"endpoint", "*"}, {"fault", "latency"}, {"latency_ms", 60'000}});
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(200)));
  context.AddMetadata("request-id", "impatient");
  v1::Pcap unseen;
  const grpc::Status status =
      world_.caller.stub().GetPcap(&context, GetRequest("some-capture"), &unseen);
  EXPECT_TRUE(status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED ||
              status.error_code() == grpc::StatusCode::UNAVAILABLE)
      << status.error_message();
  EXPECT_FALSE(world_.gateway.WaitForRpc("impatient").empty());
}

TEST(UpstreamRules, SecondSimpleCaptureInAMinuteIsTheUpstreamsRateLimit) {
  World world({}, {.rules = true});
  world.CreateSimple();
  const auto second = world.caller.Call(SimpleRequest());
  ExpectError(second, kRateLimited.code, kRateLimited.reason);
  EXPECT_GT(ExpectRetryInfo(second), absl::ZeroDuration());
}

TEST(UpstreamTokens, ARejectedOneIsSentOnceAndLoggedOnce) {
  const TempDir directory;
  const json::object credential = {{"name", "default"},
                                   {"token_file", directory.Write("token", "not-the-token")}};
  World world({{"upstream", {{"credentials", json::array{credential}}}}});
  for (int i = 0; i < 20; ++i) {
    const std::string list = absl::StrCat("account_id: 'account-", i, "'");
    ExpectError(world.caller.Call(Text<v1::ListPcapsRequest>(list)), kCredentials.code,
                kCredentials.reason);
    const Outcome created = world.caller.Call(SimpleRequest());
    ExpectError(created, kCredentials.code, kCredentials.reason);
    EXPECT_NE(created.Metadata("cf_ray"), "") << "of the answer that is remembered";
  }
  EXPECT_EQ(world.emulator.Requests(), 1);
  const json::object line = world.gateway.WaitForEvent("upstream_credential_rejected");
  EXPECT_EQ(line.at("level"), "error");
  EXPECT_EQ(line.at("credential"), "default");
  const std::vector<json::object> log = world.gateway.Log();
  EXPECT_EQ(std::count_if(log.begin(), log.end(),
                          [](const json::object& each) {
                            return each.at("event") == "upstream_credential_rejected";
                          }),
            1);
}

TEST(UpstreamTokens, AMistypedAccountHarmsOnlyItselfAndIsAskedForOnce) {
  World world({}, {.flags = {"--account", kAccount}});
  const std::string known = world.emulator.Seed(kAccount, 1)[0];
  for (int i = 0; i < 20; ++i) {
    v1::GetPcapRequest mistyped = GetRequest(known);
    mistyped.set_account_id("acount-1");
    ExpectError(world.caller.Call(mistyped), kForbidden.code, kForbidden.reason);
    ExpectError(world.caller.Call(Text<v1::ListPcapsRequest>("account_id: 'acount-1'")),
                kForbidden.code, kForbidden.reason);
    EXPECT_TRUE(world.caller.Call(GetRequest(known)).status.ok());
  }
  EXPECT_EQ(world.emulator.Stats()["accounts"].at("acount-1").at("get_pcap"), 1);
  EXPECT_EQ(world.emulator.Requests("list_pcaps"), 0);
}

TEST(UpstreamRules, AccountWithoutCredentialIsForbiddenUnsent) {
  Emulator emulator;
  const TempDir directory;
  const json::object credential = {{"name", "one"},
                                   {"token_file", directory.Write("token", kUpstreamToken)},
                                   {"accounts", json::array{"account-1"}}};
  Gateway gateway(emulator, {{"upstream", {{"credentials", json::array{credential}}}}});
  Caller caller(gateway);
  EXPECT_TRUE(caller.Call(Text<v1::ListPcapsRequest>("account_id: 'account-1'")).status.ok());
  ExpectError(caller.Call(Text<v1::ListPcapsRequest>("account_id: 'account-2'")), kForbidden.code,
              kForbidden.reason);
  EXPECT_EQ(emulator.Requests(), 1);
}

}  // namespace
}  // namespace pcaps::integration
