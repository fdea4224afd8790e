#include "service/gateway/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pcaps/v1/pcaps.pb.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

std::vector<v1::Pcap> Captures(int count) {
  std::vector<v1::Pcap> captures(count);
  for (int i = 0; i < count; ++i) {
    captures[i].set_id(absl::StrCat("id", i));
    // Two of each second, so that ids decide.
    captures[i].mutable_submit_time()->set_seconds(1000 + i / 2);
  }
  return captures;
}

std::vector<std::string> Ids(const Page<v1::Pcap>& page) {
  std::vector<std::string> ids;
  for (const v1::Pcap& pcap : page.items) ids.push_back(pcap.id());
  return ids;
}

TEST(Page, NewestComeFirstAndTokensLeadThroughAllOfThem) {
  std::vector<std::string> seen;
  std::string token;
  int pages = 0;
  do {
    const auto page = CutPage(Captures(7), "acct", 3, token);
    ASSERT_TRUE(page.ok());
    for (const std::string& id : Ids(*page)) seen.push_back(id);
    token = page->next_token;
    ++pages;
  } while (!token.empty());
  EXPECT_EQ(pages, 3);
  EXPECT_THAT(seen, testing::ElementsAre("id6", "id4", "id5", "id2", "id3", "id0", "id1"));
}

TEST(Page, ATokenHoldsItsPlaceWhenItemsComeAndGo) {
  const auto first = CutPage(Captures(6), "acct", 2, "");
  auto changed = Captures(8);          // Two newer ones came,
  changed.erase(changed.begin() + 5);  // and the last one shown went.
  const auto second = CutPage(changed, "acct", 2, first->next_token);
  EXPECT_THAT(Ids(*second), testing::ElementsAre("id2", "id3"));
}

TEST(Page, ForeignAndForgedTokensAreRefused) {
  const std::string token = CutPage(Captures(6), "acct", 2, "")->next_token;
  EXPECT_TRUE(ParsePageToken(token, "acct").ok());
  EXPECT_FALSE(ParsePageToken(token, "other").ok());
  EXPECT_FALSE(ParsePageToken("%%%", "acct").ok());
  EXPECT_FALSE(ParsePageToken(std::string(1000, 'A'), "acct").ok());
  EXPECT_FALSE(ParsePageToken(absl::WebSafeBase64Escape("p1|acct|x|0|id"), "acct").ok());
  EXPECT_FALSE(ParsePageToken(absl::WebSafeBase64Escape("p9|acct|1|0|id"), "acct").ok());
}

TEST(Page, SizeIsCoerced) {
  EXPECT_EQ(CoercePageSize(0), 50u);
  EXPECT_EQ(CoercePageSize(7), 7u);
  EXPECT_EQ(CoercePageSize(5000), 1000u);
}

}  // namespace
}  // namespace pcaps
