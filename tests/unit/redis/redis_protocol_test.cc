#include "clients/redis/redis_protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

using Kind = RedisReply::Kind;
using testing::HasSubstr;

constexpr size_t kMaxReplyBytes = size_t{64} << 20;

// The one reply that the bytes hold.
RedisReply Parse(const std::string& bytes) {
  RedisParser parser(kMaxReplyBytes);
  for (const char byte : bytes) parser.Feed(std::string(1, byte));
  auto reply = parser.Next();
  EXPECT_TRUE(reply.ok() && reply->has_value()) << bytes;
  if (!reply.ok() || !reply->has_value()) return {};
  EXPECT_FALSE(parser.Next()->has_value()) << bytes;
  return **std::move(reply);
}

std::string ErrorOf(const std::string& bytes) {
  RedisParser parser(kMaxReplyBytes);
  parser.Feed(bytes);
  const auto reply = parser.Next();
  EXPECT_FALSE(parser.Next().ok()) << "an error is for ever";
  return std::string(reply.status().message());
}

TEST(RedisParser, KnowsEveryKind) {
  EXPECT_EQ(Parse("+OK\r\n").text, "OK");
  const std::string bytes("\r\n\0\xff", 4);
  EXPECT_EQ(Parse(absl::StrCat("$4\r\n", bytes, "\r\n")).text, bytes);
  EXPECT_EQ(Parse(":-12\r\n").integer, -12);
  EXPECT_EQ(Parse("-ERR no\r\n").kind, Kind::kError);
  EXPECT_EQ(Parse("-ERR no\r\n").text, "ERR no");
  EXPECT_TRUE(Parse("$-1\r\n").is_nil());
  EXPECT_TRUE(Parse("*-1\r\n").is_nil());
  EXPECT_TRUE(Parse("*0\r\n").is_array());
}

TEST(RedisParser, ArraysHoldArrays) {
  const RedisReply reply = Parse("*4\r\n*2\r\n:1\r\n*1\r\n:2\r\n$-1\r\n-ERR x\r\n*1\r\n+y\r\n");
  ASSERT_EQ(reply.elements.size(), 4U);
  ASSERT_EQ(reply.elements[0].elements.size(), 2U);
  EXPECT_EQ(reply.elements[0].elements[0].integer, 1);
  EXPECT_EQ(reply.elements[0].elements[1].elements[0].integer, 2);
  EXPECT_TRUE(reply.elements[1].is_nil());
  EXPECT_EQ(reply.elements[2].kind, Kind::kError);
  EXPECT_EQ(reply.elements[3].elements[0].text, "y");
}

TEST(RedisParser, RepliesFollowEachOther) {
  RedisParser parser(kMaxReplyBytes);
  parser.Feed("*1\r\n:1\r\n:2\r\n:3");
  EXPECT_EQ((*parser.Next())->elements[0].integer, 1);
  EXPECT_EQ((*parser.Next())->integer, 2);
  EXPECT_FALSE(parser.Next()->has_value());
  parser.Feed("\r\n");
  EXPECT_EQ((*parser.Next())->integer, 3);
}

// Else the array would be made before anything of it has come.
TEST(RedisParser, AnArrayIsNotBelievedHowLongItIs) {
  RedisParser parser(kMaxReplyBytes);
  parser.Feed("*2147483647\r\n:1\r\n");
  const auto reply = parser.Next();
  EXPECT_TRUE(reply.ok() && !reply->has_value());
}

TEST(RedisParser, WhatIsTooLongTooDeepOrNoReplyIsAnErrorForEver) {
  std::string many = "*2000000\r\n";
  for (int i = 0; i < 1'100'000; ++i) many += ":1\r\n";
  EXPECT_THAT(ErrorOf(many), HasSubstr("more than 1048576 elements"));
  EXPECT_THAT(ErrorOf(absl::StrCat("$99999999\r\n", std::string(kMaxReplyBytes, 'x'))),
              HasSubstr("longer than"));
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "*1\r\n";
  EXPECT_THAT(ErrorOf(deep), HasSubstr("does not speak"));
  EXPECT_THAT(ErrorOf("HTTP/1.1 400 Bad Request\r\n"), HasSubstr("does not speak"));
}

}  // namespace
}  // namespace pcaps
