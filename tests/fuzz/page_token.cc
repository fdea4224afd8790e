// Page tokens: one that is taken is one of ours, and pages show every item once, in order. Input:
// the token, a line end, then bytes that the items of a list are made of.
#include <pcaps/v1/pcaps.pb.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/gateway/page.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

constexpr char kAccount[] = "a1";
constexpr size_t kMaxItems = 16;

void CheckToken(absl::string_view token) {
  const absl::StatusOr<PagePosition> position = ParsePageToken(token, kAccount);
  Require(IsOneLine(position.status().message()), "an error is one line");
  if (!position.ok()) return;
  const std::string ours = MakePageToken(kAccount, *position);
  const absl::StatusOr<PagePosition> again = ParsePageToken(ours, kAccount);
  // What is not written as we write it may become longer than a token is.
  if (!again.ok()) return Require(ours.size() > token.size(), "our token is one", ours);
  Require(!(*position < *again) && !(*again < *position), "a token names one position", ours);
  Require(!ParsePageToken(ours, "a2").ok(), "a token is of one account", ours);
  Require(
      ours.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=") ==
          std::string::npos,
      "a token is safe in a URL", ours);
}

// Three bytes an item; many submitted at the same time.
std::vector<v1::Pcap> Items(absl::string_view bytes) {
  std::vector<v1::Pcap> items;
  for (; bytes.size() >= 3 && items.size() < kMaxItems; bytes.remove_prefix(3)) {
    v1::Pcap& item = items.emplace_back();
    item.set_id(absl::StrCat(items.size(), "-", static_cast<uint8_t>(bytes[0])));
    const auto seconds = static_cast<int8_t>(bytes[1]);
    item.mutable_submit_time()->set_seconds(int64_t{seconds} * 1'000'000'000);
    item.mutable_submit_time()->set_nanos(static_cast<uint8_t>(bytes[2]) % 4);
  }
  return items;
}

void CheckPages(const std::vector<v1::Pcap>& all, int32_t page_size) {
  std::vector<v1::Pcap> seen;
  std::string token;
  do {
    const absl::StatusOr<Page<v1::Pcap>> page = CutPage(all, kAccount, page_size, token);
    Require(page.ok(), "our own token is taken", token);
    Require(page->items.size() <= CoercePageSize(page_size), "a page is no longer than asked for");
    Require(page->next_token.empty() || !page->items.empty(), "a page goes on from where it ends");
    for (const v1::Pcap& item : page->items) {
      Require(seen.empty() || PositionOf(seen.back()) < PositionOf(item), "items are in order");
      seen.push_back(item);
    }
    token = page->next_token;
  } while (!token.empty());
  Require(seen.size() == all.size(), "pages show every item once");
}

void Feed(absl::string_view token, absl::string_view list) {
  CheckToken(token);
  const std::vector<v1::Pcap> all = Items(list);
  const int32_t page_size = all.empty() ? 0 : 1 + static_cast<int32_t>(list.size() % 8);
  CheckPages(all, page_size);
  const auto foreign = CutPage(all, kAccount, page_size, std::string(token));
  if (foreign.ok()) Require(foreign->items.size() <= all.size(), "a token adds nothing");
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(input.find('\n'), size);
  pcaps::Feed(input.substr(0, end), input.substr(std::min(end + 1, size)));
  return 0;
}
