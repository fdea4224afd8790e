// Redis's protocol: commands as bytes, and bytes as replies. Only here is hiredis.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "clients/redis/redis_reply.h"

struct redisReader;  // NOLINT(readability-identifier-naming): hiredis named it.

namespace pcaps {

// Appends the command to `out`. The arguments may hold any bytes.
void AppendRedisCommand(const std::vector<std::string>& args, std::string& out);

// Replies out of a stream of bytes.
class RedisParser {
 public:
  explicit RedisParser(size_t max_reply_bytes);
  ~RedisParser();
  RedisParser(const RedisParser&) = delete;
  RedisParser& operator=(const RedisParser&) = delete;

  void Feed(absl::string_view bytes);

  // The next reply; nullopt where it is not complete. INTERNAL, once and for all: this is no Redis,
  // or a reply is too long.
  absl::StatusOr<std::optional<RedisReply>> Next();

 private:
  struct Free {
    void operator()(redisReader* reader) const;
  };
  const size_t max_reply_bytes_;
  size_t elements_ = 0;  // Of the reply that is being read.
  const std::unique_ptr<redisReader, Free> reader_;
  size_t unfinished_bytes_ = 0;  // Since the last whole reply.
};

}  // namespace pcaps
