// A list that the gateway answers page by page, read to its end.
#pragma once

#include <iterator>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace pcaps::internal {

inline constexpr int kPageSize = 1000;  // The most the gateway puts into one answer.
// A gateway that never ends its list is broken: no account has a million of anything.
inline constexpr int kMaxPages = 1000;

// `fetch` answers a request with one page; `items_of` says where its items are.
template <typename Item, typename Request, typename Fetch, typename ItemsOf>
absl::StatusOr<std::vector<Item>> ReadAllPages(Request request, Fetch fetch, ItemsOf items_of) {
  std::vector<Item> all;
  request.set_page_size(kPageSize);
  for (int i = 0; i < kMaxPages; ++i) {
    auto page = fetch(request);
    if (!page.ok()) return page.status();
    auto& items = items_of(*page);
    std::move(items.begin(), items.end(), std::back_inserter(all));
    if (page->next_page_token().empty()) return all;
    request.set_page_token(page->next_page_token());
  }
  return absl::InternalError("the gateway's list does not end");
}

}  // namespace pcaps::internal
