// Bytes from a Redis, or from what claims to be one. Input: two bytes that say how the rest is cut.
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/redis/redis_error.h"
#include "clients/redis/redis_protocol.h"
#include "tests/fuzz/property.h"

namespace pcaps {
namespace {

constexpr size_t kMaxReplyBytes = 4096;

// A reply in words that tell all of it.
std::string Told(const RedisReply& reply) {
  std::string told = absl::StrCat(static_cast<int>(reply.kind), ":", reply.integer, ":",
                                  reply.text.size(), ":", reply.text, "[");
  for (const RedisReply& element : reply.elements) absl::StrAppend(&told, Told(element), ",");
  return absl::StrCat(told, "]");
}

void CheckReply(const RedisReply& reply) {
  Require(reply.is_array() || reply.elements.empty(), "only an array has elements");
  if (reply.kind == RedisReply::Kind::kError) {
    Require(IsOneLine(RedisError(reply.text).message()), "an error is one line", reply.text);
  }
  for (const RedisReply& element : reply.elements) CheckReply(element);
}

// All that is told by bytes that arrive in pieces of up to `longest`. A reply beyond the bound is
// found out when it has arrived, so that the end depends on the pieces.
std::vector<std::string> Replies(absl::string_view bytes, size_t longest, uint32_t seed) {
  RedisParser parser(kMaxReplyBytes);
  std::vector<std::string> replies;
  while (!bytes.empty()) {
    seed = seed * 1664525 + 1013904223;
    const size_t piece = std::min<size_t>(1 + (seed >> 16) % longest, bytes.size());
    parser.Feed(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
    for (;;) {
      const absl::StatusOr<std::optional<RedisReply>> reply = parser.Next();
      if (!reply.ok()) {
        Require(IsOneLine(reply.status().message()), "an error is one line");
        Require(!parser.Next().ok(), "an error is for ever");
        return replies;
      }
      if (!reply->has_value()) break;
      CheckReply(**reply);
      replies.push_back(Told(**reply));
    }
  }
  return replies;
}

void Feed(uint8_t longest, uint8_t seed, absl::string_view bytes) {
  const std::vector<std::string> whole = Replies(bytes, std::max<size_t>(bytes.size(), 1), 0);
  const std::vector<std::string> pieces = Replies(bytes, size_t{longest} + 1, seed);
  const size_t common = std::min(whole.size(), pieces.size());
  Require(std::equal(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(common),
                     pieces.begin()),
          "replies are the same in pieces");
  if (bytes.size() <= kMaxReplyBytes) {
    Require(whole.size() == pieces.size(), "as many replies come in pieces");
  }
}

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return -1;
  pcaps::Feed(data[0], data[1], {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
