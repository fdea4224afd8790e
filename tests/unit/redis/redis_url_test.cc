#include "clients/redis/redis_url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pcaps {
namespace {

TEST(RedisUrl, NamesHostPortDatabaseAndTls) {
  const auto plain = ParseRedisUrl("redis://redis.example");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_EQ(plain->host, "redis.example");
  EXPECT_EQ(plain->port, 6379);
  EXPECT_EQ(plain->database, 0);
  EXPECT_FALSE(plain->tls);
  const auto full = ParseRedisUrl("rediss://[::1]:7000/3");
  ASSERT_TRUE(full.ok()) << full.status();
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, 7000);
  EXPECT_EQ(full->database, 3);
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(ParseRedisUrl("redis://h/")->database, 0);
}

TEST(RedisUrl, IsRefusedWithoutRepeatingIt) {
  for (const char* url :
       {"", "hunter2", "http://hunter2", "redis://", "redis://u:hunter2@h", "redis://h/hunter2",
        "redis://h/-1", "redis://h/10000", "redis://h?p=hunter2", "redis://h:0", "redis://h:70000",
        "redis://h:65616", "redis://h:99999", "redis://h:hunter2", "redis://h%00",
        "redis://a%20b"}) {
    const auto address = ParseRedisUrl(url);
    EXPECT_TRUE(absl::IsInvalidArgument(address.status())) << url;
    EXPECT_THAT(std::string(address.status().message()),
                testing::Not(testing::HasSubstr("hunter2")));
  }
}

}  // namespace
}  // namespace pcaps
