#include "tests/emulator/ownership_store.h"

#include <gtest/gtest.h>

namespace pcaps::emulator {
namespace {

constexpr char kAccount[] = "acct";
constexpr char kBucket[] = "s3://bucket/dir?region=us-east-1";
const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

Ownership Added() {
  Ownership ownership;
  ownership.id = std::string(32, 'c');
  ownership.destination_conf = kBucket;
  ownership.submitted = kNow;
  return ownership;
}

TEST(OwnershipStore, IsPendingWithAnEmptyValidatedTime) {
  OwnershipStore store;
  const auto json = ToJson(store.Add(kAccount, Added()));
  EXPECT_EQ(json.at("status"), "pending");
  EXPECT_EQ(json.at("validated"), "");
  EXPECT_EQ(json.at("filename"), "ownership-challenge-cccccccccccccccccccccccccccccccc.txt");
}

TEST(OwnershipStore, TheFilesNameAndItsContentsBothProveIt) {
  for (const std::string& proof : {Added().Filename(), Added().ChallengeContents()}) {
    OwnershipStore store;
    store.Add(kAccount, Added());
    EXPECT_FALSE(store.IsValidated(kAccount, kBucket));
    const Ownership* ownership = store.Validate(kAccount, kBucket, proof, kNow);
    ASSERT_NE(ownership, nullptr);
    EXPECT_EQ(ownership->status, "success");
    EXPECT_EQ(ownership->validated, kNow);
    EXPECT_TRUE(store.IsValidated(kAccount, kBucket));
  }
}

TEST(OwnershipStore, AWrongProofFailsAndARightOneMayFollow) {
  OwnershipStore store;
  store.Add(kAccount, Added());
  EXPECT_EQ(store.Validate(kAccount, kBucket, "guess", kNow)->status, "failed");
  EXPECT_EQ(store.Validate(kAccount, kBucket, Added().Filename(), kNow)->status, "success");
}

TEST(OwnershipStore, AccountsAndBucketsAreApart) {
  OwnershipStore store;
  store.Add(kAccount, Added());
  EXPECT_EQ(store.Validate("other", kBucket, Added().Filename(), kNow), nullptr);
  EXPECT_EQ(store.Validate(kAccount, "s3://x", Added().Filename(), kNow), nullptr);
  EXPECT_EQ(store.Find("other", Added().id), nullptr);
}

TEST(OwnershipStore, ABucketIsTheSameWithAndWithoutItsKeys) {
  constexpr char kBare[] = "r2://bucket/dir?account-id=a1";
  for (const std::string keys : {"&access-key-id=AK&secret-access-key=SK", "&Secret-Access-Key=SK",
                                 "&secret%2Daccess-key=S"}) {
    OwnershipStore store;
    Ownership ownership = Added();
    ownership.destination_conf = kBare + keys;
    store.Add(kAccount, ownership);
    EXPECT_EQ(store.Validate(kAccount, "r2://bucket/dir?account-id=a2", "x", kNow), nullptr);
    EXPECT_EQ(store.Validate(kAccount, "r2://bucket?account-id=a1", "x", kNow), nullptr);
    ASSERT_NE(store.Validate(kAccount, kBare, ownership.Filename(), kNow), nullptr) << keys;
    EXPECT_TRUE(store.IsValidated(kAccount, ownership.destination_conf));
  }
}

TEST(OwnershipStore, AnErasedOneIsGone) {
  OwnershipStore store;
  store.Add(kAccount, Added());
  EXPECT_TRUE(store.Erase(kAccount, Added().id));
  EXPECT_FALSE(store.Erase(kAccount, Added().id));
  EXPECT_EQ(store.Find(kAccount, Added().id), nullptr);
}

}  // namespace
}  // namespace pcaps::emulator
