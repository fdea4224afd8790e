// The small parts that a RedisClient is made of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "clients/redis/redis_backoff.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_script.h"

namespace pcaps {
namespace {

TEST(RedisScript, IsKnownByItsSha1) {
  EXPECT_EQ(RedisScript("return 1").sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

TEST(RedisError, TellsItsKindWithinAScriptToo) {
  using absl::StatusCode;
  for (const auto& [reply, code] :
       {std::pair("WRONGPASS invalid", StatusCode::kUnauthenticated),
        std::pair("NOAUTH Authentication required.", StatusCode::kUnauthenticated),
        std::pair("ERR AUTH <password> called without any", StatusCode::kUnauthenticated),
        std::pair("NOPERM this user has no", StatusCode::kPermissionDenied),
        std::pair("OOM command not allowed", StatusCode::kResourceExhausted),
        std::pair("ERR Error running script: @user_script: 1: -OOM command not allowed",
                  StatusCode::kResourceExhausted),
        std::pair("NOREPLICAS Not enough", StatusCode::kAborted),
        std::pair("MISCONF Redis is configured", StatusCode::kAborted),
        std::pair("NOSCRIPT No matching script.", StatusCode::kNotFound),
        std::pair("LOADING Redis is loading", StatusCode::kFailedPrecondition),
        std::pair("READONLY You can't write", StatusCode::kFailedPrecondition),
        std::pair("ERR of a user called OOM AUTH READONLY", StatusCode::kInternal),
        std::pair("", StatusCode::kInternal)}) {
    EXPECT_EQ(RedisError(reply).code(), code) << reply;
  }
}

TEST(RedisError, ShowsNoControlCharactersAndNotTooMuch) {
  const absl::Status status = RedisError("ERR a\r\n\x1b[31m" + std::string(5000, 'x'));
  EXPECT_LE(status.message().size(), 1024);
  EXPECT_EQ(std::string(status.message()).find_first_of("\r\n\x1b"), std::string::npos);
}

TEST(RedisBackoff, DoublesUpToItsBoundAndBeginsAnewAfterWhatLasted) {
  const absl::Duration min = absl::Milliseconds(50);
  const absl::Duration max = absl::Seconds(1);
  RedisBackoff backoff(min, max);
  absl::Duration wanted = min;
  for (int i = 0; i < 8; ++i) {
    const absl::Duration pause = backoff.Next();
    EXPECT_GE(pause, wanted / 2);
    EXPECT_LE(pause, wanted);
    wanted = std::min(wanted * 2, max);
    backoff.Lasted(absl::Milliseconds(10));  // Let in, and thrown out: no success.
  }
  backoff.Lasted(absl::Seconds(2));
  EXPECT_LE(backoff.Next(), min);
}

}  // namespace
}  // namespace pcaps
