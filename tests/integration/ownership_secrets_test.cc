// The keys of an R2 bucket: needed once, seen by nobody.
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

constexpr char kBareBucket[] = "r2://bucket/dir?account-id=a1b2";
// As an upstream may repeat them: each begins or ends with one of kSecrets.
constexpr char kEcho[] =
    "no access with AKIAS3CR3T and S3cr/Et+key, S3cr%2FEt%2Bkey, S3cr\\/Et+key of "
    "R2://bucket?SECRET-ACCESS-KEY=S3cr/Et+key";
constexpr const char* kSecrets[] = {"AKIAS3CR3T", "S3cr", "Et+key", "Et%2Bkey", "ch4llenge"};

// The bucket with its keys, written in every way there is.
std::vector<std::string> BucketsWithKeys() {
  return {absl::StrCat(kBareBucket, "&access-key-id=AKIAS3CR3T&secret-access-key=S3cr/Et+key"),
          absl::StrCat(kBareBucket, "&access-key-id=AKIAS3CR3T&secret-access-key=S3cr%2FEt%2Bkey"),
          absl::StrCat(kBareBucket, "&Access-Key-Id=AKIAS3CR3T&SECRET-ACCESS-KEY=S3cr/Et%2Bkey"),
          absl::StrCat(kBareBucket, "&access%2Dkey-id=AKIAS3CR3T&secret-access%2dkey=S3cr/Et+key")};
}

void ExpectNoSecret(const std::string& text) {
  for (const char* secret : kSecrets) {
    EXPECT_FALSE(absl::StrContains(text, secret)) << secret << " in " << text;
  }
}

template <typename Response>
void ExpectNoSecretIn(const Answer<Response>& answer) {
  ExpectNoSecret(answer.response.ShortDebugString());
  ExpectNoSecret(answer.status.ToString());  // With its details.
  ExpectNoSecret(ErrorInfoOf(answer.status).ShortDebugString());
  ExpectNoSecret(BadRequestOf(answer.status).ShortDebugString());
  for (const auto& [key, value] : answer.headers) ExpectNoSecret(value);
}

TEST(OwnershipSecrets, BucketIsProvedWithAndWithoutItsKeysWhichNoAnswerShows) {
  World world;
  for (const std::string& bucket : BucketsWithKeys()) {
    SCOPED_TRACE(bucket);
    const auto added = world.caller.Call(CreateOwnershipRequest(bucket));
    ASSERT_TRUE(added.status.ok()) << added.status;
    EXPECT_THAT(added.response.destination_conf(), HasSubstr("r2://bucket/dir?account-id=a1b2"));
    for (const std::string& again : {bucket, std::string(kBareBucket)}) {
      const auto proved =
          world.caller.Call(ValidateRequest(world.Challenge(added.response), again));
      EXPECT_EQ(proved.response.id(), added.response.id()) << proved.status;
      EXPECT_EQ(proved.response.status(), v1::Ownership::STATUS_SUCCESS);
      ExpectNoSecretIn(proved);
    }
    ExpectNoSecretIn(added);
    ExpectNoSecretIn(world.caller.Call(ListOwnershipsRequest()));
  }
  ExpectNoSecret(world.gateway.RawLog());
}

TEST(OwnershipSecrets, NoErrorShowsThemWhateverTheUpstreamSays) {
  World world({{"upstream", {{"request_timeout", "2s"}}}});
  for (const int status : {400, 404, 429, 500}) {
    for (const auto& [endpoint, message] :
         {std::pair("create_ownership", std::string(kEcho)),
          std::pair("validate_ownership", absl::StrCat(kEcho, ", challenge ch4llenge"))}) {
      world.emulator.AddFaults({{"endpoint", endpoint},
                                {"fault", "status"},
                                {"status", status},
                                {"code", 1004},
                                {"message", message}});
    }
    for (const std::string& bucket : BucketsWithKeys()) {
      SCOPED_TRACE(absl::StrCat(status, " ", bucket));
      const auto added = world.caller.Call(CreateOwnershipRequest(bucket));
      EXPECT_FALSE(added.status.ok());
      ExpectNoSecretIn(added);
      const auto proved = world.caller.Call(ValidateRequest("ch4llenge", bucket));
      EXPECT_FALSE(proved.status.ok());
      ExpectNoSecretIn(proved);
      if (status == 500) break;  // Each takes its time to read the list in vain.
    }
    world.emulator.ClearFaults();
  }
  ExpectNoSecret(world.gateway.RawLog());
}

TEST(OwnershipSecrets, NoErrorOfOursShowsThem) {
  World world;
  const std::string bad = absl::StrCat(BucketsWithKeys()[0], " ");
  ExpectNoSecretIn(world.caller.Call(CreateOwnershipRequest(bad)));
  ExpectNoSecretIn(
      world.caller.Call(ValidateRequest(absl::StrCat("ch4llenge", std::string(5000, 'x')), bad)));
  ExpectNoSecret(world.gateway.RawLog());
}

// pcapctl, its standard input from `input`.
Finished Ownership(const World& world, const std::string& input, const std::string& arguments,
                   const std::string& bucket) {
  return RunToEnd(
      {"/bin/sh", "-c",
       absl::StrCat("printf '%s\\n' '", input, "' | ", PCAPCTL, " ownership ", arguments)},
      {{"PCAPCTL_TARGET", world.gateway.address()},
       {"PCAPCTL_ACCOUNT", kAccount},
       {"PCAPCTL_BUCKET", bucket}});
}

TEST(OwnershipSecrets, PcapctlProvesABucketFromItsChallengeFileAndShowsNoKey) {
  World world;
  const std::string bucket = BucketsWithKeys()[1];
  const Finished added = Ownership(world, "", "create --json", bucket);
  ASSERT_EQ(added.exit_code, 0) << added.err;
  EXPECT_THAT(added.err, HasSubstr("--bucket 'r2://bucket/dir?account-id=a1b2'"));
  const std::string id(json::parse(added.out).at("id").as_string());
  const std::string challenge = world.emulator.Challenge(kAccount, id);

  const Finished wrong = Ownership(world, "a guess", "validate -", bucket);
  EXPECT_EQ(wrong.exit_code, 5) << wrong.err;
  const Finished proved = Ownership(world, challenge, "validate -", kBareBucket);
  EXPECT_EQ(proved.exit_code, 0) << proved.err;
  EXPECT_THAT(proved.out, HasSubstr("success"));
  const Finished listed = Ownership(world, "", "list", bucket);
  EXPECT_THAT(listed.out, HasSubstr(id));
  const Finished deleted = Ownership(world, "", absl::StrCat("delete ", id), bucket);
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  for (const Finished& each : {added, wrong, proved, listed, deleted}) {
    ExpectNoSecret(each.out);
    ExpectNoSecret(each.err);
  }
  ExpectNoSecret(world.gateway.RawLog());
}

}  // namespace
}  // namespace pcaps::integration
