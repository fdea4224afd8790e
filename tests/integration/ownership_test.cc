// Buckets: added, listed, proved, forgotten; and what an answer lost on the way comes to.
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;

// Lost answers are looked up in the list after 1 s, and then there is no time left.
json::object ShortTime() { return {{"upstream", {{"request_timeout", "2s"}}}}; }

json::object Fault(const std::string& endpoint, const std::string& fault, int count = 1000) {
  return {{"endpoint", endpoint}, {"fault", fault}, {"count", count}};
}

std::vector<std::string> FieldsOf(const Outcome& outcome) {
  std::vector<std::string> fields;
  const google::rpc::BadRequest bad = BadRequestOf(outcome.status);
  for (const auto& violation : bad.field_violations()) fields.push_back(violation.field());
  return fields;
}

// One of each RPC.
const std::vector<std::function<Outcome(Caller&)>>& Calls() {
  static const std::vector<std::function<Outcome(Caller&)>> kCalls = {
      [](Caller& caller) { return caller.Call(ListOwnershipsRequest()); },
      [](Caller& caller) { return caller.Call(CreateOwnershipRequest()); },
      [](Caller& caller) { return caller.Call(ValidateRequest("challenge")); },
      [](Caller& caller) { return caller.Call(DeleteRequest("some-ownership")); }};
  return kCalls;
}

TEST(Ownership, BucketIsAddedProvedWithItsChallengeListedAndForgotten) {
  World world;
  const v1::Ownership added = world.CreateOwnership();
  EXPECT_EQ(added.status(), v1::Ownership::STATUS_PENDING);
  EXPECT_EQ(added.destination_conf(), kBucket);
  EXPECT_TRUE(added.has_submit_time());
  EXPECT_FALSE(added.has_validate_time());
  EXPECT_FALSE(added.filename().empty());

  const auto proved = world.caller.Call(ValidateRequest(world.Challenge(added)));
  ASSERT_TRUE(proved.status.ok()) << proved.status;
  EXPECT_EQ(proved.response.id(), added.id());
  EXPECT_EQ(proved.response.status(), v1::Ownership::STATUS_SUCCESS);
  EXPECT_TRUE(proved.response.has_validate_time());

  const auto listed = world.caller.Call(ListOwnershipsRequest());
  ASSERT_EQ(listed.response.ownerships_size(), 1) << listed.status;
  EXPECT_EQ(listed.response.ownerships(0).ShortDebugString(), proved.response.ShortDebugString());

  EXPECT_TRUE(world.caller.Call(DeleteRequest(added.id())).status.ok());
  EXPECT_EQ(world.caller.Call(ListOwnershipsRequest()).response.ownerships_size(), 0);
  ExpectError(world.caller.Call(DeleteRequest(added.id())), absl::StatusCode::kNotFound,
              "OWNERSHIP_NOT_FOUND");
}

TEST(Ownership, ListIsNewestFirstPageByPage) {
  World world;
  std::vector<std::string> newest_first;
  for (int i = 0; i < 5; ++i) {
    newest_first.insert(newest_first.begin(),
                        world.CreateOwnership(absl::StrCat("s3://bucket-", i)).id());
  }
  v1::ListOwnershipsRequest request = ListOwnershipsRequest();
  request.set_page_size(2);
  std::vector<std::string> listed;
  std::vector<int> page_sizes;
  do {
    const auto page = world.caller.Call(request);
    ASSERT_TRUE(page.status.ok()) << page.status;
    page_sizes.push_back(page.response.ownerships_size());
    for (const v1::Ownership& each : page.response.ownerships()) listed.push_back(each.id());
    request.set_page_token(page.response.next_page_token());
  } while (!request.page_token().empty() && page_sizes.size() < 10);
  EXPECT_THAT(page_sizes, ElementsAre(2, 2, 1));
  EXPECT_EQ(listed, newest_first);
}

TEST(Ownership, WrongChallengeIsAFailedOwnershipAndARightOneMayFollow) {
  World world;
  const v1::Ownership added = world.CreateOwnership();
  const auto wrong = world.caller.Call(ValidateRequest("a guess"));
  EXPECT_TRUE(wrong.status.ok()) << wrong.status;
  EXPECT_EQ(wrong.response.status(), v1::Ownership::STATUS_FAILED);
  const auto right = world.caller.Call(ValidateRequest(added.filename()));
  EXPECT_EQ(right.response.status(), v1::Ownership::STATUS_SUCCESS) << right.status;
}

TEST(Ownership, BadRequestNamesEveryFieldAndIsNotSent) {
  World world;
  const auto list = world.caller.Call(Text<v1::ListOwnershipsRequest>("page_size: -1"));
  ExpectError(list, absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
  EXPECT_THAT(FieldsOf(list), ElementsAre("account_id", "page_size"));
  EXPECT_THAT(FieldsOf(world.caller.Call(v1::CreateOwnershipRequest())),
              ElementsAre("account_id", "destination_conf"));
  EXPECT_THAT(FieldsOf(world.caller.Call(v1::ValidateOwnershipRequest())),
              ElementsAre("account_id", "destination_conf", "ownership_challenge"));
  EXPECT_THAT(FieldsOf(world.caller.Call(v1::DeleteOwnershipRequest())),
              ElementsAre("account_id", "ownership_id"));
  EXPECT_EQ(world.emulator.Requests(), 0);
}

TEST(Ownership, BucketNobodyAddedIsNotFound) {
  World world;
  ExpectError(world.caller.Call(ValidateRequest("x")), absl::StatusCode::kNotFound,
              "OWNERSHIP_NOT_FOUND");
  ExpectError(world.caller.Call(DeleteRequest(std::string(32, '0'))), absl::StatusCode::kNotFound,
              "OWNERSHIP_NOT_FOUND");
  EXPECT_EQ(world.emulator.Requests("delete_ownership"), 1);
}

TEST(Ownership, RefusalOfTheUpstreamIsToldByEveryRpc) {
  struct Refusal {
    int status;
    int code;
    absl::StatusCode expected;
    std::string reason;
  };
  for (const Refusal& refusal :
       {Refusal{400, 1004, absl::StatusCode::kInvalidArgument, "UPSTREAM_REJECTED"},
        Refusal{401, 10000, absl::StatusCode::kInternal, "UPSTREAM_CREDENTIALS_REJECTED"},
        Refusal{403, 10000, absl::StatusCode::kPermissionDenied, "UPSTREAM_ACCOUNT_FORBIDDEN"},
        Refusal{429, 971, absl::StatusCode::kResourceExhausted, "UPSTREAM_RATE_LIMITED"}}) {
    SCOPED_TRACE(refusal.reason);
    for (const auto& call : Calls()) {
      World world;  // A rate limit would keep the next call from being sent.
      world.emulator.AddFaults({{"endpoint", "*"},
                                {"fault", "status"},
                                {"status", refusal.status},
                                {"code", refusal.code}});
      const Outcome outcome = call(world.caller);
      ExpectError(outcome, refusal.expected, refusal.reason);
      EXPECT_NE(outcome.Metadata("cf_ray"), "");
      EXPECT_EQ(outcome.Metadata("upstream_code"), absl::StrCat(refusal.code));
    }
  }
}

TEST(Ownership, AfterARateLimitNoCallIsSent) {
  World world;
  world.emulator.AddFaults(
      Merge(Fault("list_ownerships", "status"), {{"status", 429}, {"retry_after", 60}}));
  for (const auto& call : Calls()) {
    ExpectError(call(world.caller), absl::StatusCode::kResourceExhausted, "UPSTREAM_RATE_LIMITED");
  }
  EXPECT_EQ(world.emulator.Requests(), 1);
}

TEST(Ownership, UpstreamThatCannotBeReachedIsUnavailableAndNothingIsInDoubt) {
  World world({{"upstream", {{"base_url", "http://127.0.0.1:1/client/v4"}}}});
  for (const auto& call : Calls()) {
    const Outcome outcome = call(world.caller);
    ExpectError(outcome, absl::StatusCode::kUnavailable, "UPSTREAM_UNAVAILABLE");
  }
}

TEST(Ownership, NonsenseInAListIsABadResponse) {
  World world;
  world.emulator.AddFaults(Fault("list_ownerships", "bad_json"));
  ExpectError(world.caller.Call(ListOwnershipsRequest()), absl::StatusCode::kInternal,
              "UPSTREAM_BAD_RESPONSE");
}

TEST(Ownership, CreateWhoseAnswerIsLostIsFoundInTheList) {
  for (const char* fault : {"reset_after", "bad_json", "truncate", "empty"}) {
    SCOPED_TRACE(fault);
    World world;
    world.emulator.AddFaults(Fault("create_ownership", fault));
    const v1::Ownership found = world.CreateOwnership();
    const auto listed = world.caller.Call(ListOwnershipsRequest());
    ASSERT_EQ(listed.response.ownerships_size(), 1) << listed.status;
    EXPECT_EQ(found.ShortDebugString(), listed.response.ownerships(0).ShortDebugString());
    EXPECT_EQ(world.emulator.Requests("create_ownership"), 1);
  }
}

TEST(Ownership, CreateWhoseAnswerComesTooLateIsLostAndFoundInTheList) {
  World world({{"upstream", {{"request_timeout", "6s"}}}, {"drain", {{"timeout", "7s"}}}});
  world.emulator.AddFaults(
      {{"endpoint", "create_ownership"}, {"fault", "slow_headers"}, {"bytes_per_second", 1}});
  const v1::Ownership found = world.CreateOwnership();
  const auto listed = world.caller.Call(ListOwnershipsRequest());
  ASSERT_EQ(listed.response.ownerships_size(), 1) << listed.status;
  EXPECT_EQ(found.id(), listed.response.ownerships(0).id());
}

TEST(Ownership, DeleteWhoseAnswersAreLostIsAnUnknownOutcome) {
  World world;
  const v1::Ownership added = world.CreateOwnership();
  world.emulator.AddFaults(Fault("delete_ownership", "reset_after"));
  const auto deleted = world.caller.Call(DeleteRequest(added.id()));
  ExpectError(deleted, absl::StatusCode::kAborted, "OWNERSHIP_OUTCOME_UNKNOWN");
  EXPECT_EQ(world.caller.Call(ListOwnershipsRequest()).response.ownerships_size(), 0);
}

TEST(Ownership, CreateThatDidNotHappenIsAnUnknownOutcomeThatSaysWhatToDo) {
  World world(ShortTime());
  world.emulator.AddFaults(Fault("create_ownership", "reset_before"));
  const auto created = world.caller.Call(CreateOwnershipRequest());
  ExpectError(created, absl::StatusCode::kAborted, "OWNERSHIP_OUTCOME_UNKNOWN");
  EXPECT_THAT(created.status.ToString(), HasSubstr("create it again"));
  EXPECT_EQ(world.emulator.Requests("create_ownership"), 1);
  world.emulator.ClearFaults();
  world.CreateOwnership();
}

TEST(Ownership, TwoCallersWhoAddOneBucketWhileAnAnswerIsLostGetOneOwnershipEach) {
  World world;
  world.emulator.AddFaults(Fault("create_ownership", "reset_after", 1));
  std::vector<Answer<v1::Ownership>> answers(2);
  std::vector<std::thread> callers;
  for (auto& answer : answers) {
    callers.emplace_back([&] { answer = world.caller.Call(CreateOwnershipRequest()); });
  }
  for (std::thread& each : callers) each.join();
  EXPECT_TRUE(answers[0].status.ok()) << answers[0].status;
  EXPECT_TRUE(answers[1].status.ok()) << answers[1].status;
  EXPECT_NE(answers[0].response.id(), answers[1].response.id());
  EXPECT_EQ(world.emulator.Requests("create_ownership"), 2);
}

TEST(Ownership, CallerThatLeavesInTheMiddleOfACreateLeavesOneOwnership) {
  World world;
  world.emulator.AddFaults(
      {{"endpoint", "create_ownership"}, {"fault", "latency"}, {"latency_ms", 300}});
  const auto context = Caller::NewContext({{"request-id", "leaves"}});
  v1::Ownership unseen;
  grpc::Status left;
  std::thread caller([&] {
    left = world.caller.ownership_stub().CreateOwnership(context.get(), CreateOwnershipRequest(),
                                                         &unseen);
  });
  EXPECT_TRUE(Eventually([&] { return world.emulator.Requests("create_ownership") == 1; }));
  context->TryCancel();
  caller.join();
  EXPECT_EQ(left.error_code(), grpc::StatusCode::CANCELLED);
  EXPECT_EQ(world.gateway.WaitForRpc("leaves")["code"], "CANCELLED");
  EXPECT_TRUE(Eventually(
      [&] { return world.caller.Call(ListOwnershipsRequest()).response.ownerships_size() == 1; }));
  EXPECT_EQ(world.emulator.Requests("create_ownership"), 1);
}

TEST(Ownership, ValidationWhoseAnswerIsLostIsFoundInTheListWhereItProvedTheBucket) {
  World world(ShortTime());
  const v1::Ownership added = world.CreateOwnership();
  world.emulator.AddFaults(Fault("validate_ownership", "reset_after"));
  ExpectError(world.caller.Call(ValidateRequest("a guess")), absl::StatusCode::kAborted,
              "OWNERSHIP_OUTCOME_UNKNOWN");
  const auto proved = world.caller.Call(ValidateRequest(world.Challenge(added)));
  EXPECT_EQ(proved.response.id(), added.id()) << proved.status;
  EXPECT_EQ(proved.response.status(), v1::Ownership::STATUS_SUCCESS);
  EXPECT_EQ(world.emulator.Requests("validate_ownership"), 2);
}

TEST(Ownership, DeleteWhoseAnswerIsLostIsRepeatedAndItsNotFoundIsOk) {
  World world;
  const v1::Ownership added = world.CreateOwnership();
  world.emulator.AddFaults(Fault("delete_ownership", "reset_after", 1));
  const auto deleted = world.caller.Call(DeleteRequest(added.id()));
  EXPECT_TRUE(deleted.status.ok()) << deleted.status;
  EXPECT_EQ(world.emulator.Requests("delete_ownership"), 2);
}

TEST(Ownership, RpcIsLoggedWithItsAccountAndOwnership) {
  World world;
  world.caller.Call(DeleteRequest("some-ownership"), {{"request-id", "mine"}});
  const json::object line = world.gateway.WaitForRpc("mine");
  EXPECT_EQ(line.at("method"), "/pcaps.v1.OwnershipService/DeleteOwnership");
  EXPECT_EQ(line.at("account"), kAccount);
  EXPECT_EQ(line.at("ownership_id"), "some-ownership");
  EXPECT_EQ(line.at("reason"), "OWNERSHIP_NOT_FOUND");
}

}  // namespace
}  // namespace pcaps::integration
