// pcapctl ownership: the buckets of full captures.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "tests/unit/gateway_client/run_pcapctl.h"

namespace pcaps {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr char kBucket[] = "s3://b/d?region=us-east-1";
constexpr char kR2[] = "r2://b/d?account-id=a1&access-key-id=AKIA1234&secret-access-key=s%2Fecret";

// Standard input is a pipe while it lives.
class StandardInput {
 public:
  StandardInput() : saved_(dup(STDIN_FILENO)) {
    EXPECT_EQ(pipe(pipe_), 0);
    dup2(pipe_[0], STDIN_FILENO);
    close(pipe_[0]);
  }
  explicit StandardInput(const std::string& text) : StandardInput() {
    EXPECT_EQ(write(pipe_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
    close(pipe_[1]);
    pipe_[1] = -1;
  }
  ~StandardInput() {
    dup2(saved_, STDIN_FILENO);
    close(saved_);
    if (pipe_[1] >= 0) close(pipe_[1]);
  }
  StandardInput(const StandardInput&) = delete;
  StandardInput& operator=(const StandardInput&) = delete;

 private:
  int pipe_[2] = {-1, -1};
  const int saved_;
};

class PcapctlOwnership : public PcapctlFixture {
 protected:
  PcapctlRun Ownership(const std::vector<std::string>& args, std::stop_token stop = {}) {
    std::vector<std::string> all = {"ownership"};
    all.insert(all.end(), args.begin(), args.end());
    return Pcapctl(std::move(all), std::move(stop));
  }
  // The challenge that reaches the gateway when standard input holds `text`.
  std::string ChallengeFrom(const std::string& text) {
    const StandardInput input(text);
    const PcapctlRun run = Ownership({"validate", "-", "--bucket", kBucket});
    EXPECT_EQ(run.exit_code, 3) << run.err;  // Nobody added the bucket.
    const auto validations = gateway_.ownerships().validations();
    return validations.empty() ? "none" : validations.back().ownership_challenge();
  }
};

TEST_F(PcapctlOwnership, CreateShowsTheBucketAndTheNextStep) {
  const PcapctlRun run = Ownership({"create", "--bucket", kBucket});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, AllOf(HasSubstr("own1"), HasSubstr("pending"), HasSubstr("s3://b/d")));
  EXPECT_THAT(run.err, AllOf(HasSubstr("challenge-of-own1.txt"),
                             HasSubstr("pcapctl ownership validate - --bucket "
                                       "'s3://b/d?region=us-east-1' --account 4f2a --target ")));
  ASSERT_EQ(gateway_.ownerships().creates().size(), 1u);
  EXPECT_EQ(gateway_.ownerships().creates()[0].destination_conf(), kBucket);
  EXPECT_EQ(gateway_.ownerships().creates()[0].account_id(), kAccount);
}

TEST_F(PcapctlOwnership, ABucketsKeysComeFromTheEnvironmentAndAreNeverShown) {
  setenv("PCAPCTL_BUCKET", kR2, 1);
  const PcapctlRun run = Ownership({"create"});
  const PcapctlRun json = Ownership({"create", "--json"});
  unsetenv("PCAPCTL_BUCKET");
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(gateway_.ownerships().creates().at(0).destination_conf(), kR2);
  EXPECT_THAT(run.err, HasSubstr("--bucket 'r2://b/d?account-id=a1'"));
  for (const std::string& text : {run.out, run.err, json.out, json.err}) {
    EXPECT_THAT(text, AllOf(Not(HasSubstr("AKIA1234")), Not(HasSubstr("ecret"))));
  }
}

TEST_F(PcapctlOwnership, ASecretThatIsNoKeyIsNotShownEither) {
  const PcapctlRun run = Ownership({"create", "--bucket", "s3://b/d?sse-key=hunter2"});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("PCAPCTL_BUCKET"), Not(HasSubstr("hunter2"))));
}

TEST_F(PcapctlOwnership, CreateSpeaksJsonToPrograms) {
  const PcapctlRun run = Ownership({"create", "--bucket", kBucket, "--json"});
  EXPECT_EQ(boost::json::parse(run.out).at("id"), "own1");
  EXPECT_EQ(boost::json::parse(run.out).at("status"), "STATUS_PENDING");
  EXPECT_THAT(std::string(boost::json::parse(run.err).at("command").as_string()),
              HasSubstr("pcapctl ownership validate"));
}

TEST_F(PcapctlOwnership, ValidateSaysWhetherTheBucketIsProved) {
  ASSERT_EQ(Ownership({"create", "--bucket", kBucket}).exit_code, 0);
  const PcapctlRun wrong = Ownership({"validate", "wrong", "--bucket", kBucket});
  EXPECT_EQ(wrong.exit_code, 5);
  EXPECT_THAT(wrong.out, HasSubstr("failed"));
  EXPECT_THAT(wrong.err, HasSubstr("not proved"));
  const PcapctlRun right =
      Ownership({"validate", FakeOwnerships::kChallenge, "--bucket", kBucket, "--json"});
  EXPECT_EQ(right.exit_code, 0) << right.err;
  EXPECT_EQ(boost::json::parse(right.out).at("status"), "STATUS_SUCCESS");
  EXPECT_THAT(right.err, IsEmpty());
}

TEST_F(PcapctlOwnership, TheChallengeFromStandardInputLosesItsFinalNewlineOnly) {
  EXPECT_EQ(ChallengeFrom("challenge\n"), "challenge");
  EXPECT_EQ(ChallengeFrom("challenge"), "challenge");
  EXPECT_EQ(ChallengeFrom(" two\nlines \n\n"), " two\nlines \n");
  EXPECT_EQ(ChallengeFrom("carriage return\r"), "carriage return\r");
}

TEST_F(PcapctlOwnership, StandardInputWithoutEndIsRefusedUnsent) {
  const StandardInput input(std::string(20'000, 'x'));
  const PcapctlRun run = Ownership({"validate", "-", "--bucket", kBucket});
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(run.err, HasSubstr("standard input"));
  EXPECT_TRUE(gateway_.ownerships().validations().empty());
}

TEST_F(PcapctlOwnership, AnInterruptEndsTheWaitForStandardInput) {
  const StandardInput silent;
  std::stop_source stop;
  PcapctlRun run;
  std::thread waiting(
      [&] { run = Ownership({"validate", "-", "--bucket", kBucket}, stop.get_token()); });
  stop.request_stop();
  waiting.join();
  EXPECT_EQ(run.exit_code, 130) << run.err;
  EXPECT_TRUE(gateway_.ownerships().validations().empty());
}

TEST_F(PcapctlOwnership, ListAndDeleteForPeopleAndForPrograms) {
  for (const char* bucket : {"gs://one", "gs://two"}) {
    ASSERT_EQ(Ownership({"create", "--bucket", bucket}).exit_code, 0);
  }
  const PcapctlRun table = Ownership({"list"});
  EXPECT_THAT(table.out, AllOf(HasSubstr("ID"), HasSubstr("own2  pending  2024-05-01 12:00:00Z")));
  EXPECT_LT(table.out.find("gs://two"), table.out.find("gs://one"));
  const PcapctlRun lines = Ownership({"list", "--json"});
  EXPECT_EQ(boost::json::parse(lines.out.substr(0, lines.out.find('\n'))).at("id"), "own2");
  EXPECT_EQ(Ownership({"delete", "own1"}).out, "deleted\n");
  EXPECT_EQ(Ownership({"delete", "own2", "--json"}).out, "{}\n");
  const PcapctlRun gone = Ownership({"delete", "own2"});
  EXPECT_EQ(gone.exit_code, 3);
  EXPECT_THAT(gone.err, HasSubstr("OWNERSHIP_NOT_FOUND"));
}

TEST_F(PcapctlOwnership, AnUnknownOutcomeExits8AndSaysWhatTheGatewaySays) {
  gateway_.ownerships().FailNext(MakeError(absl::StatusCode::kAborted,
                                           v1::ERROR_REASON_OWNERSHIP_OUTCOME_UNKNOWN,
                                           "list the account's ownerships"));
  const PcapctlRun run = Ownership({"create", "--bucket", kBucket});
  EXPECT_EQ(run.exit_code, 8);
  EXPECT_THAT(run.err, HasSubstr("list the account's ownerships"));
}

TEST_F(PcapctlOwnership, WrongUsageExits2AndAsksTheGatewayNothing) {
  for (const std::vector<std::string>& args : {std::vector<std::string>{},
                                               {"create"},
                                               {"validate", "--bucket", kBucket},
                                               {"validate", "x"},
                                               {"delete"},
                                               {"fly"}}) {
    EXPECT_EQ(Ownership(args).exit_code, 2);
  }
  EXPECT_TRUE(gateway_.ownerships().creates().empty());
  EXPECT_TRUE(gateway_.ownerships().validations().empty());
}

TEST_F(PcapctlOwnership, HelpShowsExamples) {
  for (const char* command : {"list", "create", "validate", "delete"}) {
    const PcapctlRun help = Ownership({command, "--help"});
    EXPECT_EQ(help.exit_code, 0);
    EXPECT_THAT(help.out, HasSubstr(absl::StrCat("pcapctl ownership ", command)));
  }
}

}  // namespace
}  // namespace pcaps
