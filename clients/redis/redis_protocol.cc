#include "clients/redis/redis_protocol.h"

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"

namespace pcaps {
namespace {

// More than that answers nothing that we ask.
constexpr size_t kMaxElements = size_t{1} << 20;

// hiredis reads the protocol and calls these for what it has read. Its own would make an array as
// long as it says before any element has come: 16 GiB, if need be.

// Puts the reply where it belongs: into the array that is being read, or on its own. Null, which
// ends it all, where there are too many. Arrays are filled one after the other, so that none moves
// while it is being filled.
void* Put(const redisReadTask* task, RedisReply reply) {
  size_t& elements = *static_cast<size_t*>(task->privdata);
  if (++elements > kMaxElements) return nullptr;
  if (task->parent == nullptr) return new RedisReply(std::move(reply));
  auto* const array = static_cast<RedisReply*>(task->parent->obj);
  return &array->elements.emplace_back(std::move(reply));
}

redisReplyObjectFunctions MakeFunctions() {
  redisReplyObjectFunctions functions = {};
  functions.createString = [](const redisReadTask* task, char* text, size_t size) {
    const bool error = task->type == REDIS_REPLY_ERROR;
    return Put(task, {.kind = error ? RedisReply::Kind::kError : RedisReply::Kind::kText,
                      .text = std::string(text, size)});
  };
  // The number of elements is an int, or a size_t, by hiredis's version.
  functions.createArray = [](const redisReadTask* task, auto /*elements*/) {
    return Put(task, {.kind = RedisReply::Kind::kArray});
  };
  functions.createInteger = [](const redisReadTask* task, long long integer) {
    return Put(task, {.kind = RedisReply::Kind::kInteger, .integer = integer});
  };
  functions.createNil = [](const redisReadTask* task) { return Put(task, {}); };
#if HIREDIS_MAJOR >= 1
  // Of a protocol that we do not ask for.
  functions.createDouble = [](const redisReadTask* task, double, char* text, size_t size) {
    return Put(task, {.kind = RedisReply::Kind::kText, .text = std::string(text, size)});
  };
  functions.createBool = [](const redisReadTask* task, int) {
    return Put(task, {.kind = RedisReply::Kind::kText});
  };
#endif
  functions.freeObject = [](void* reply) { delete static_cast<RedisReply*>(reply); };
  return functions;
}

redisReader* MakeReader(size_t& elements) {
  static redisReplyObjectFunctions functions = MakeFunctions();
  redisReader* const reader = redisReaderCreateWithFunctions(&functions);
  reader->privdata = &elements;
  return reader;
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
    : max_reply_bytes_(max_reply_bytes), reader_(MakeReader(elements_)) {}

RedisParser::~RedisParser() = default;

void RedisParser::Feed(absl::string_view bytes) {
  unfinished_bytes_ += bytes.size();
  redisReaderFeed(reader_.get(), bytes.data(), bytes.size());
}

absl::StatusOr<std::optional<RedisReply>> RedisParser::Next() {
  void* raw = nullptr;
  if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
    if (elements_ > kMaxElements) {
      return absl::InternalError(
          absl::StrCat("its reply has more than ", kMaxElements, " elements"));
    }
    return absl::InternalError(absl::StrCat("it does not speak Redis's protocol: ",
                                            CleanText(redisReaderGetError(reader_.get()))));
  }
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(raw));
  if (reply == nullptr) {
    if (unfinished_bytes_ > max_reply_bytes_) {
      return absl::InternalError(
          absl::StrCat("its reply is longer than ", max_reply_bytes_, " bytes"));
    }
    return std::nullopt;
  }
  unfinished_bytes_ = reader_->len - reader_->pos;
  elements_ = 0;
  return std::move(*reply);
}

}  // namespace pcaps
