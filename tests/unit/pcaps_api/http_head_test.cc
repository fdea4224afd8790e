#include "clients/pcaps_api/http_head.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "clients/pcaps_api/head_reader.h"

namespace pcaps {
namespace {

// The head that these lines make, of status 200.
HttpHead HeadOf(const std::vector<std::string>& lines) {
  HeadReader reader(1 << 10);
  EXPECT_TRUE(reader.Add("HTTP/1.1 200 OK\r\n", 200));
  for (const std::string& line : lines) EXPECT_TRUE(reader.Add(line + "\r\n", 200));
  EXPECT_TRUE(reader.Add("\r\n", 200));
  EXPECT_TRUE(reader.complete());
  return reader.head();
}

TEST(HeadReader, NamesAreInLowerCaseAndRepeatedHeadersJoined) {
  const HttpHead head = HeadOf({"X-One : a", "x-one:b ", "X-ONE: a", "no colon", "Empty:"});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("x-one"), "a, b, a");
  EXPECT_EQ(head.Header("empty"), "");
  EXPECT_EQ(head.Header("none"), "");
}

TEST(HeadReader, HeadsOfStatus1xxAndTrailersAreLeftOut) {
  HeadReader reader(1 << 10);
  reader.Add("HTTP/1.1 100 Continue\r\n", 100);
  reader.Add("x-early: 1\r\n", 100);
  reader.Add("\r\n", 100);
  EXPECT_FALSE(reader.complete());
  reader.Add("HTTP/1.1 204 No Content\r\n", 204);
  reader.Add("\r\n", 204);
  EXPECT_TRUE(reader.complete());
  reader.Add("x-late: 1\r\n", 204);
  EXPECT_EQ(reader.head().status, 204);
  EXPECT_TRUE(reader.head().headers.empty());
}

TEST(HeadReader, LinesAreBoundedTogether) {
  HeadReader reader(20);
  EXPECT_TRUE(reader.Add("HTTP/1.1 200\r\n", 200));
  EXPECT_TRUE(reader.Add("a: b\r\n", 200));
  EXPECT_FALSE(reader.Add("\r\n", 200));
  EXPECT_FALSE(reader.complete());
}

TEST(HttpHead, LengthIsANumberThatNoOtherFramingOverrides) {
  EXPECT_EQ(HeadOf({"Content-Length: 5"}).ContentLength(), 5);
  EXPECT_EQ(HeadOf({"Content-Length: 5", "Content-Length: 5"}).ContentLength(), 5);
  for (const char* const odd : {"-1", "5x", "5, 6", "", "9223372036854775808"}) {
    const HttpHead head{200, {{"content-length", odd}}};
    EXPECT_EQ(head.ContentLength(), std::nullopt) << odd;
    EXPECT_FALSE(head.HasFraming()) << odd;
  }
  const HttpHead chunked{200, {{"content-length", "5"}, {"transfer-encoding", "Chunked"}}};
  EXPECT_EQ(chunked.ContentLength(), std::nullopt);
  EXPECT_TRUE(chunked.HasFraming());
}

TEST(HttpHead, DateIsOneThatHttpHas) {
  EXPECT_EQ(HeadOf({"Date: Sun, 06 Nov 1994 08:49:37 GMT"}).Date(),
            absl::FromUnixSeconds(784111777));
  for (const char* const odd :
       {"", "yesterday", "Sun, 06 Nov 1994 08:49:37", "infinite-future", "infinite-past",
        "Sun, 06 Nov -1994 08:49:37 GMT", "Sun, 06 Nov 10000 08:49:37 GMT"}) {
    EXPECT_EQ(HeadOf({std::string("Date: ") + odd}).Date(), std::nullopt) << odd;
  }
}

}  // namespace
}  // namespace pcaps
