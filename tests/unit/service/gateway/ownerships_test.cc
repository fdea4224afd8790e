#include "service/gateway/ownerships.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/base/error.h"
#include "clients/base/proto_time.h"
#include "tests/unit/support/fake_pcaps_api.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using testing::HasSubstr;

constexpr char kBucket[] = "s3://bucket/dir?region=us-east-1";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

absl::Status OutcomeUnknown() {
  return MakeError(absl::StatusCode::kAborted, v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN,
                   "no answer", {{"cf_ray", "8a1b"}});
}

// A call under way.
struct Pending {
  std::optional<absl::StatusOr<v1::Ownership>> result;
  boost::asio::cancellation_signal cancel;

  bool done() const { return result.has_value(); }
  std::string id() const { return done() && result->ok() ? (*result)->id() : "none"; }
  absl::Status status() const { return done() ? result->status() : absl::UnknownError("open"); }
};

class OwnershipsTest : public testing::Test {
 protected:
  v1::Ownership& Add(const std::string& id, absl::Time submitted,
                     const std::string& bucket = kBucket) {
    v1::Ownership& ownership = api_.ownerships.emplace_back();
    ownership.set_id(id);
    ownership.set_destination_conf(bucket);
    ownership.set_status(v1::Ownership::STATUS_PENDING);
    *ownership.mutable_submit_time() = ToTimestamp(submitted);
    return ownership;
  }
  v1::Ownership& AddProved(const std::string& id, absl::Time validated) {
    v1::Ownership& ownership = Add(id, kNow - absl::Hours(1));
    ownership.set_status(v1::Ownership::STATUS_SUCCESS);
    *ownership.mutable_validate_time() = ToTimestamp(validated);
    return ownership;
  }

  std::shared_ptr<Pending> Start(Task<absl::StatusOr<v1::Ownership>> task) {
    auto pending = std::make_shared<Pending>();
    Spawn(loop_.get_executor(), pending->cancel.slot(), std::move(task),
          [pending](absl::StatusOr<v1::Ownership> result) { pending->result = std::move(result); });
    Settle();
    return pending;
  }
  std::shared_ptr<Pending> Create(const std::string& bucket = kBucket,
                                  absl::Duration time = absl::Seconds(20)) {
    const CallTerms terms(clock_.Now() + time, cost_);
    v1::CreateOwnershipRequest request;
    request.set_account_id("account");
    request.set_destination_conf(bucket);
    return Start(ownerships_.Create(request, terms));
  }
  std::shared_ptr<Pending> Validate(const std::string& bucket = kBucket) {
    v1::ValidateOwnershipRequest request;
    request.set_account_id("account");
    request.set_destination_conf(bucket);
    request.set_ownership_challenge("challenge");
    const CallTerms terms(clock_.Now() + absl::Seconds(20), cost_);
    return Start(ownerships_.Validate(request, terms));
  }

  void Settle() {
    loop_.restart();
    loop_.poll();
  }
  void Advance(absl::Duration step) {
    clock_.Advance(step);
    Settle();
  }

  boost::asio::io_context loop_;
  ManualClock clock_{kNow};
  FakePcapsApi api_{clock_};
  Ownerships ownerships_{api_, clock_};
  const std::shared_ptr<UpstreamCost> cost_ = std::make_shared<UpstreamCost>();  // Of all calls.
};

TEST_F(OwnershipsTest, ListIsNewestFirstAndPaged) {
  for (const int age : {4, 3, 2, 1, 0}) {
    Add(absl::StrCat("o", age), kNow - absl::Seconds(age));
  }
  v1::ListOwnershipsRequest request;
  request.set_account_id("account");
  request.set_page_size(2);
  std::string ids;
  do {
    const auto page = RunTask(loop_, ownerships_.List(request, kNow));
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Ownership& each : page->ownerships()) ids += each.id();
    ids += '|';
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty() && ids.size() < 40);
  EXPECT_EQ(ids, "o0o1|o2o3|o4|");
}

TEST_F(OwnershipsTest, AnAnswerIsTheAnswerAndTheListIsNotRead) {
  v1::Ownership made;
  made.set_id("made");
  api_.post_answer = made;
  EXPECT_EQ(Create()->id(), "made");
  EXPECT_EQ(Validate()->id(), "made");
  api_.post_answer = MakeError(absl::StatusCode::kInvalidArgument,
                               v1::ERROR_REASON_UPSTREAM_REJECTED, "no such region");
  EXPECT_EQ(ReasonOf(Create()->status()), v1::ERROR_REASON_UPSTREAM_REJECTED);
  EXPECT_EQ(ReasonOf(Validate()->status()), v1::ERROR_REASON_UPSTREAM_REJECTED);
  EXPECT_EQ(api_.ownership_list_calls, 0);
}

TEST_F(OwnershipsTest, ACreateWhoseAnswerIsLostIsFoundInTheListAfterOneThreeOrTenSeconds) {
  api_.post_answer = OutcomeUnknown();
  int reads = 0;
  for (const int seconds : {1, 3, 10}) {
    SCOPED_TRACE(seconds);
    const std::string id = absl::StrCat("made", seconds);
    api_.ownerships.clear();
    const auto created = Create();
    Advance(absl::Seconds(seconds) - absl::Milliseconds(1));
    Add(id, clock_.Now());
    EXPECT_FALSE(created->done());
    Advance(absl::Milliseconds(1));
    EXPECT_EQ(created->id(), id) << created->status();
    reads += 1 + (seconds > 1) + (seconds > 3);
    EXPECT_EQ(api_.ownership_list_calls, reads);
  }
  EXPECT_EQ(api_.ownership_posts, 3);
}

TEST_F(OwnershipsTest, EachRequestIsCountedTheLooksForALostAnswerToo) {
  const CallTerms terms(absl::InfiniteFuture(), cost_);
  EXPECT_TRUE(RunTask(loop_, ownerships_.List({}, terms)).ok());
  EXPECT_EQ(cost_->requests(), 1);
  EXPECT_TRUE(RunTask(loop_, ownerships_.Delete({}, terms)).ok());
  EXPECT_EQ(cost_->requests(), 2);
  api_.post_answer = OutcomeUnknown();
  const auto created = Create();
  const auto validated = Validate();
  EXPECT_EQ(cost_->requests(), 4);
  Advance(absl::Seconds(1));
  EXPECT_EQ(cost_->requests(), 6);
}

TEST_F(OwnershipsTest, ACreateOfWhichTheListShowsNothingIsUnknownAndSaysWhatToDo) {
  api_.post_answer = OutcomeUnknown();
  Add("another bucket's", kNow, "s3://bucket/other?region=us-east-1");
  Add("an older one", kNow - absl::Seconds(6));
  const auto created = Create();
  Advance(absl::Seconds(10));
  EXPECT_TRUE(absl::IsAborted(created->status())) << created->status();
  EXPECT_EQ(ReasonOf(created->status()), v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN);
  EXPECT_EQ(ErrorInfoOf(created->status()).metadata().at("cf_ray"), "8a1b");
  EXPECT_THAT(std::string(created->status().message()), HasSubstr("list the account's ownerships"));
  EXPECT_EQ(api_.ownership_list_calls, 3);
  EXPECT_EQ(api_.ownership_posts, 1);
}

TEST_F(OwnershipsTest, ACreateOfWhichTheListShowsSeveralIsUnknown) {
  api_.post_answer = OutcomeUnknown();
  Add("one", kNow);
  Add("other", kNow);
  const auto created = Create();
  Advance(absl::Seconds(10));
  EXPECT_TRUE(absl::IsAborted(created->status())) << created->status();
}

TEST_F(OwnershipsTest, TwoCallersWhoseAnswersAreBothLostAreNotToldTheSameOwnership) {
  api_.post_answer = OutcomeUnknown();
  const auto first = Create();
  const auto second = Create();
  Add("made", kNow);
  Advance(absl::Seconds(10));
  EXPECT_TRUE(absl::IsAborted(first->status())) << first->status();
  EXPECT_TRUE(absl::IsAborted(second->status())) << second->status();
}

TEST_F(OwnershipsTest, OfTwoCallersTheOneWhoseAnswerIsLostIsToldTheOtherOwnership) {
  api_.post_answer = OutcomeUnknown();
  const auto lost = Create();
  Add("ours", kNow);
  api_.post_answer = Add("theirs", kNow);
  api_.post_duration = absl::Seconds(2);
  const auto answered = Create();
  Advance(absl::Seconds(1));
  EXPECT_FALSE(lost->done());  // What it sees may be what the other one is making.
  Advance(absl::Seconds(2));
  EXPECT_EQ(answered->id(), "theirs");
  EXPECT_EQ(lost->id(), "ours") << lost->status();
}

TEST_F(OwnershipsTest, TheUpstreamsClockSaysWhatIsOlderThanTheCreate) {
  for (const absl::Duration ahead : {absl::Hours(-1), absl::Hours(1)}) {
    api_.upstream_ahead = ahead;
    api_.post_answer = OutcomeUnknown();
    api_.ownerships.clear();
    const auto created = Create();
    Add("an older one", clock_.Now() + ahead - absl::Seconds(6));
    const std::string id = absl::StrCat("made at ", absl::FormatDuration(ahead));
    Add(id, clock_.Now() + ahead - absl::Seconds(4));
    Advance(absl::Seconds(1));
    EXPECT_EQ(created->id(), id) << created->status();
  }
}

TEST_F(OwnershipsTest, ABucketIsRecognisedWithoutItsKeys) {
  for (const std::string shown : {"r2://b/d?account-id=a1",
                                  "r2://b/d?account-id=a1&access-key-id=REDACTED&"
                                  "secret-access-key=REDACTED"}) {
    api_.post_answer = OutcomeUnknown();
    api_.ownerships.clear();
    Add(shown, clock_.Now(), shown);
    const auto created =
        Create("r2://b/d?account-id=a1&access-key-id=AKIA&Secret-Access-Key=s%2Fecret");
    Advance(absl::Seconds(1));
    EXPECT_EQ(created->id(), shown) << created->status();
  }
}

TEST_F(OwnershipsTest, TheListIsReadNoMoreThanTheDeadlineAllows) {
  api_.post_answer = OutcomeUnknown();
  const auto created = Create(kBucket, absl::Seconds(3));
  EXPECT_FALSE(created->done());
  Advance(absl::Seconds(1));
  // At once: waiting for the deadline would tell nothing more.
  EXPECT_TRUE(absl::IsAborted(created->status())) << created->status();
  EXPECT_EQ(api_.ownership_list_calls, 1);
  EXPECT_TRUE(absl::IsAborted(Create(kBucket, absl::Seconds(1))->status()));
  EXPECT_EQ(api_.ownership_list_calls, 1);
}

TEST_F(OwnershipsTest, AListThatCannotBeReadIsReadAgain) {
  api_.post_answer = OutcomeUnknown();
  api_.next_error = absl::UnavailableError("no answer");
  const auto created = Create();
  Add("made", kNow);
  Advance(absl::Seconds(1));
  EXPECT_FALSE(created->done());
  api_.next_error = absl::OkStatus();
  Advance(absl::Seconds(2));
  EXPECT_EQ(created->id(), "made");
}

TEST_F(OwnershipsTest, ACallerThatLeavesEndsTheReading) {
  api_.post_answer = OutcomeUnknown();
  const auto created = Create();
  const auto validated = Validate();
  created->cancel.emit(boost::asio::cancellation_type::terminal);
  validated->cancel.emit(boost::asio::cancellation_type::terminal);
  Settle();
  EXPECT_TRUE(absl::IsCancelled(created->status())) << created->status();
  EXPECT_TRUE(absl::IsCancelled(validated->status())) << validated->status();
  EXPECT_EQ(api_.ownership_list_calls, 0);
}

TEST_F(OwnershipsTest, AValidationWhoseAnswerIsLostIsFoundInTheList) {
  api_.post_answer = OutcomeUnknown();
  const auto validated = Validate();
  Advance(absl::Seconds(1));
  EXPECT_FALSE(validated->done());
  AddProved("proved", kNow);
  Advance(absl::Seconds(2));
  EXPECT_EQ(validated->id(), "proved") << validated->status();
  EXPECT_EQ(api_.ownership_posts, 1);
}

TEST_F(OwnershipsTest, AValidationIsUnknownUnlessTheBucketWasProvedSinceItWasSent) {
  api_.post_answer = OutcomeUnknown();
  AddProved("proved long ago", kNow - absl::Seconds(6));
  AddProved("another bucket's", kNow).set_destination_conf("s3://bucket");
  Add("pending", kNow);
  Add("failed", kNow).set_status(v1::Ownership::STATUS_FAILED);
  const auto validated = Validate();
  Advance(absl::Seconds(10));
  EXPECT_EQ(ReasonOf(validated->status()), v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN);
  EXPECT_THAT(std::string(validated->status().message()), HasSubstr("validate it again"));
  EXPECT_EQ(api_.ownership_list_calls, 3);
  EXPECT_EQ(api_.ownership_posts, 1);
}

TEST_F(OwnershipsTest, DeleteTellsTheUpstreamsError) {
  EXPECT_TRUE(RunTask(loop_, ownerships_.Delete({}, kNow)).ok());
  api_.next_error =
      MakeError(absl::StatusCode::kNotFound, v1::ERROR_REASON_OWNERSHIP_NOT_FOUND, "");
  EXPECT_TRUE(absl::IsNotFound(RunTask(loop_, ownerships_.Delete({}, kNow)).status()));
}

}  // namespace
}  // namespace pcaps
