// Pages of a list that the upstream gives whole: newest first, cut where the token says.
#pragma once

#include <google/protobuf/timestamp.pb.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace pcaps {

// Where an item stands in the order: by submit time, newest first, then by id.
struct PagePosition {
  int64_t seconds = 0;
  int32_t nanos = 0;
  std::string id;

  friend bool operator<(const PagePosition& a, const PagePosition& b);
};

// Names the last item of a page, and the account it belongs to. Opaque to callers, safe in URLs.
std::string MakePageToken(absl::string_view account_id, const PagePosition& last);

// INVALID_ARGUMENT where the token is not ours, or another account's. The message fits a
// BadRequest.
absl::StatusOr<PagePosition> ParsePageToken(absl::string_view token, absl::string_view account_id);

// 0 means 50, more than 1000 means 1000.
size_t CoercePageSize(int32_t page_size);

template <typename Item>
PagePosition PositionOf(const Item& item) {
  return {item.submit_time().seconds(), item.submit_time().nanos(), item.id()};
}

template <typename Item>
struct Page {
  std::vector<Item> items;
  std::string next_token;  // Empty on the last page.
};

// Fails as ParsePageToken does.
template <typename Item>
absl::StatusOr<Page<Item>> CutPage(std::vector<Item> all, const std::string& account_id,
                                   int32_t page_size, const std::string& page_token) {
  std::sort(all.begin(), all.end(),
            [](const Item& a, const Item& b) { return PositionOf(a) < PositionOf(b); });
  auto first = all.begin();
  if (!page_token.empty()) {
    const absl::StatusOr<PagePosition> after = ParsePageToken(page_token, account_id);
    if (!after.ok()) return after.status();
    first = std::find_if(all.begin(), all.end(),
                         [&](const Item& item) { return *after < PositionOf(item); });
  }
  const size_t size = CoercePageSize(page_size);
  Page<Item> page;
  for (; first != all.end() && page.items.size() < size; ++first) {
    page.items.push_back(std::move(*first));
  }
  if (first != all.end()) {
    page.next_token = MakePageToken(account_id, PositionOf(page.items.back()));
  }
  return page;
}

}  // namespace pcaps
