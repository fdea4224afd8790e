#include "tests/emulator/rate_limit.h"

#include <gtest/gtest.h>

namespace pcaps::emulator {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

RateLimitOptions Three() {
  return {.enabled = true, .requests = 3, .window = absl::Seconds(10), .block = absl::Seconds(20)};
}

// Requests let in of `tries` made at `when`.
int LetIn(RateLimit& limit, int tries, absl::Time when) {
  int let_in = 0;
  for (int i = 0; i < tries; ++i) let_in += limit.Take("t", when).retry_after ? 0 : 1;
  return let_in;
}

TEST(RateLimit, LetsInTheQuotaOfEachWindow) {
  RateLimit limit(Three());
  EXPECT_EQ(LetIn(limit, 3, kNow), 3);
  EXPECT_EQ(LetIn(limit, 3, kNow + absl::Seconds(10)), 3);
}

TEST(RateLimit, GoingOverBlocksEveryCallUntilTheBlockEnds) {
  RateLimit limit(Three());
  EXPECT_EQ(LetIn(limit, 5, kNow), 3);
  EXPECT_EQ(LetIn(limit, 5, kNow + absl::Seconds(11)), 0);
  EXPECT_EQ(limit.Take("t", kNow + absl::Seconds(15)).retry_after, absl::Seconds(5));
  EXPECT_EQ(LetIn(limit, 5, kNow + absl::Seconds(20)), 3);
}

TEST(RateLimit, TokensHaveQuotasOfTheirOwn) {
  RateLimit limit(Three());
  LetIn(limit, 5, kNow);
  EXPECT_FALSE(limit.Take("another", kNow).retry_after);
}

TEST(RateLimit, DisabledRefusesNothingButCountsDown) {
  RateLimitOptions options = Three();
  options.enabled = false;
  RateLimit limit(options);
  EXPECT_EQ(limit.Take("t", kNow).remaining, 2);
  EXPECT_EQ(LetIn(limit, 10, kNow), 10);
  EXPECT_EQ(limit.Take("t", kNow).remaining, 0);
}

TEST(RateLimit, HeadersSayWhatIsLeftAndUntilWhen) {
  RateLimit limit(Three());
  Answer answer;
  limit.Take("t", kNow);
  limit.AddHeaders(limit.Take("t", kNow + absl::Milliseconds(2500)), answer);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"Ratelimit", "\"default\";r=1;t=8"}, {"Ratelimit-Policy", "\"default\";q=3;w=10"}};
  EXPECT_EQ(answer.headers, expected);
}

}  // namespace
}  // namespace pcaps::emulator
