#include "clients/redis/redis_protocol.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// As deep as hiredis reads.
RedisReply Convert(const redisReply& from) {
  RedisReply to;
  switch (from.type) {
    case REDIS_REPLY_NIL:
      break;
    case REDIS_REPLY_INTEGER:
      to.kind = RedisReply::Kind::kInteger;
      to.integer = from.integer;
      break;
    case REDIS_REPLY_ARRAY:
      to.kind = RedisReply::Kind::kArray;
      to.elements.reserve(from.elements);
      for (size_t i = 0; i < from.elements; ++i) to.elements.push_back(Convert(*from.element[i]));
      break;
    default:  // The other kinds belong to a protocol that we do not ask for.
      to.kind = from.type == REDIS_REPLY_ERROR ? RedisReply::Kind::kError : RedisReply::Kind::kText;
      if (from.str != nullptr) to.text.assign(from.str, from.len);
      break;
  }
  return to;
}

}  // namespace

void AppendRedisCommand(const std::vector<std::string>& args, std::string& out) {
  std::vector<const char*> data;
  std::vector<size_t> sizes;
  data.reserve(args.size());
  sizes.reserve(args.size());
  for (const std::string& arg : args) {
    data.push_back(arg.data());
    sizes.push_back(arg.size());
  }
  char* bytes = nullptr;
  const auto size =
      redisFormatCommandArgv(&bytes, static_cast<int>(args.size()), data.data(), sizes.data());
  if (size > 0) out.append(bytes, static_cast<size_t>(size));
  redisFreeCommand(bytes);
}

void RedisParser::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

RedisParser::RedisParser(size_t max_reply_bytes)
    : max_reply_bytes_(max_reply_bytes), reader_(redisReaderCreate()) {}

RedisParser::~RedisParser() = default;

void RedisParser::Feed(absl::string_view bytes) {
  unfinished_bytes_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

absl::StatusOr<std::optional<RedisReply>> RedisParser::Next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
    return absl::InternalError(absl::StrCat("it does not speak Redis's protocol: ",
                                            CleanText(redisReaderGetError(reader_.get()))));
  }
  const std::unique_ptr<void, decltype(&freeReplyObject)> reply(raw, freeReplyObject);
  if (reply == nullptr) {
    if (unfinished_bytes_ > max_reply_bytes_) {
      return absl::InternalError(
          absl::StrCat("its reply is longer than ", max_reply_bytes_, " bytes"));
    }
    return std::nullopt;
  }
  unfinished_bytes_ = reader_->len - reader_->pos;
  return Convert(*static_cast<const redisReply*>(reply.get()));
}

}  // namespace pcaps
