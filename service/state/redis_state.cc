#include "service/state/redis_state.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "clients/base/error.h"
#include "clients/base/id.h"
#include "clients/base/sha256.h"
#include "service/state/ordered_value.h"

namespace pcaps {
namespace {

constexpr char kNobody[] = "-";
constexpr size_t kAskerBytes = 8;

absl::Status Unexpected() {
  return absl::InternalError("Redis gave an answer that makes no sense");
}

std::string Millis(absl::Duration ttl) {
  return absl::StrCat(std::max<int64_t>(absl::ToInt64Milliseconds(ttl), 1));
}

std::string MicrosText(absl::Time time) { return absl::StrCat(absl::ToUnixMicros(time)); }

std::string Exact(double number) { return absl::StrFormat("%.17g", number); }

// In letters and digits only, whatever is in the name.
std::string AskerName(const std::string& asker) {
  if (asker.empty()) return kNobody;
  return absl::BytesToHexString(Sha256::Of(asker).substr(0, kAskerBytes));
}

bool AreIntegers(const std::vector<RedisReply>& elements, size_t begin, size_t end) {
  return std::all_of(elements.begin() + static_cast<std::ptrdiff_t>(begin),
                     elements.begin() + static_cast<std::ptrdiff_t>(end),
                     [](const RedisReply& element) { return element.is_integer(); });
}

std::optional<std::string> TextOrNothing(const RedisReply& reply) {
  return reply.is_text() ? std::optional(reply.text) : std::nullopt;
}

// Of buckets of the request: the place of each, from 1, and until when.
std::optional<std::vector<BucketClosing>> ReadClosings(const std::vector<RedisReply>& elements,
                                                       const TakeRequest& request) {
  std::vector<BucketClosing> closings;
  for (size_t i = 0; i + 1 < elements.size(); i += 2) {
    const int64_t place = elements[i].is_integer() ? elements[i].integer : 0;
    int64_t until = 0;
    if (place < 1 || place > static_cast<int64_t>(request.uses.size()) ||
        !absl::SimpleAtoi(elements[i + 1].text, &until)) {
      return std::nullopt;
    }
    closings.push_back(
        {request.uses[static_cast<size_t>(place - 1)].bucket.key, absl::FromUnixMicros(until)});
  }
  return closings;
}

std::optional<TakeResult> ReadTakeResult(const std::vector<RedisReply>& elements,
                                         const TakeRequest& request) {
  TakeResult result;
  int64_t now = 0;
  int64_t ready = 0;
  if (elements.size() != 8 || !absl::SimpleAtod(elements[0].text, &result.granted) ||
      !absl::SimpleAtoi(elements[1].text, &now) || !absl::SimpleAtoi(elements[2].text, &ready) ||
      !AreIntegers(elements, 3, 6) || !absl::SimpleAtod(elements[7].text, &result.left)) {
    return std::nullopt;
  }
  const bool sound = result.granted >= 1 && result.granted <= std::max(request.want, 1.0);
  if (!sound && result.granted != 0) return std::nullopt;
  if (!std::isfinite(result.left)) return std::nullopt;
  result.now = absl::FromUnixMicros(now);
  result.retry_after = absl::FromUnixMicros(ready) - result.now;
  result.closed = elements[3].integer != 0;
  result.probe = elements[4].integer != 0;
  std::optional<std::vector<BucketClosing>> closings = ReadClosings(elements[6].elements, request);
  if (!closings.has_value()) return std::nullopt;
  result.closings = *std::move(closings);
  return result;
}

}  // namespace

RedisState::RedisState(RedisClient& client, const std::string& key_prefix, Clock& clock,
                       StateScripts scripts)
    : client_(client),
      prefix_(absl::StrCat(key_prefix, ":")),
      clock_(clock),
      scripts_(std::move(scripts)) {}

std::string RedisState::Key(const std::string& key) const { return absl::StrCat(prefix_, key); }

std::string RedisState::Channel() const { return absl::StrCat(prefix_, "v1:updates"); }

Task<absl::StatusOr<std::vector<std::optional<OrderedValue>>>> RedisState::GetMany(
    std::vector<std::string> keys) {
  std::vector<std::optional<OrderedValue>> values;
  if (keys.empty()) co_return values;
  std::vector<std::string> args = {"MGET"};
  args.reserve(1 + keys.size());
  for (const std::string& key : keys) args.push_back(Key(key));
  const absl::StatusOr<RedisReply> reply = co_await client_.Command(std::move(args));
  if (!reply.ok()) co_return reply.status();
  if (reply->elements.size() != keys.size()) co_return Unexpected();
  values.reserve(keys.size());
  for (const RedisReply& element : reply->elements) {
    values.push_back(element.is_text() ? ReadOrderedValue(element.text) : std::nullopt);
    if (element.is_text() && !values.back().has_value()) ++corrupt_values_;
  }
  co_return values;
}

Task<absl::StatusOr<bool>> RedisState::PutIfNewer(std::string key, OrderedValue value,
                                                  absl::Duration ttl) {
  std::vector<std::string> keys = {Key(key)};
  std::vector<std::string> args = {WriteOrderedValue(value), Millis(ttl)};
  const absl::StatusOr<RedisReply> reply =
      co_await client_.Run(scripts_.put_if_newer, std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  const std::vector<RedisReply>& elements = reply->elements;
  if (elements.size() != 2 || !AreIntegers(elements, 0, 2)) co_return Unexpected();
  corrupt_values_ += static_cast<uint64_t>(elements[1].integer);
  co_return elements[0].integer != 0;
}

Task<absl::StatusOr<std::optional<std::string>>> RedisState::Get(std::string key) {
  std::vector<std::string> args = {"GET", Key(key)};
  const absl::StatusOr<RedisReply> reply = co_await client_.Command(std::move(args));
  if (reply.ok()) co_return TextOrNothing(*reply);
  if (absl::StrContains(reply.status().message(), "WRONGTYPE")) {
    ++corrupt_values_;
    co_return std::optional<std::string>();
  }
  co_return reply.status();
}

Task<absl::StatusOr<CasResult>> RedisState::CompareAndSet(std::string key,
                                                          std::optional<std::string> expected,
                                                          std::optional<std::string> desired,
                                                          absl::Duration ttl) {
  std::vector<std::string> keys = {Key(key)};
  std::vector<std::string> args = {expected.has_value() ? "1" : "0", expected.value_or(""),
                                   desired.has_value() ? "1" : "0", desired.value_or(""),
                                   Millis(ttl)};
  const absl::StatusOr<RedisReply> reply =
      co_await client_.Run(scripts_.compare_and_set, std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  const std::vector<RedisReply>& elements = reply->elements;
  if (elements.size() != 3 || !elements[0].is_integer() || !elements[2].is_integer()) {
    co_return Unexpected();
  }
  corrupt_values_ += static_cast<uint64_t>(elements[2].integer);
  co_return CasResult{elements[0].integer != 0, TextOrNothing(elements[1])};
}

Task<absl::StatusOr<TakeResult>> RedisState::Take(TakeRequest request) {
  std::vector<std::string> keys;
  std::vector<std::string> args = {Exact(request.want), AskerName(request.asker)};
  for (const BucketUse& use : request.uses) {
    keys.push_back(Key(use.bucket.key));
    for (const double number :
         {use.bucket.tokens_per_second, use.bucket.burst, use.bucket.initial, use.reserve}) {
      args.push_back(Exact(number));
    }
    args.emplace_back(use.only_contested ? "1" : "0");
  }
  const absl::Time sent = clock_.Now();
  const absl::StatusOr<RedisReply> reply =
      co_await client_.Run(scripts_.take, std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  const std::optional<TakeResult> result = ReadTakeResult(reply->elements, request);
  if (!result.has_value()) co_return Unexpected();
  corrupt_values_ += static_cast<uint64_t>(reply->elements[5].integer);
  LearnTime(result->now, sent, clock_.Now());
  co_return *result;
}

Task<absl::Status> RedisState::ChangeBucket(RedisScript script, std::string key,
                                            std::vector<std::string> args) {
  std::vector<std::string> keys = {Key(key)};
  const absl::StatusOr<RedisReply> reply =
      co_await client_.Run(std::move(script), std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  if (!reply->is_integer()) co_return Unexpected();
  corrupt_values_ += static_cast<uint64_t>(reply->integer);
  co_return absl::OkStatus();
}

Task<absl::Status> RedisState::Close(std::string bucket_key, absl::Time until) {
  return ChangeBucket(scripts_.close, std::move(bucket_key), {MicrosText(until)});
}

Task<absl::Status> RedisState::Reopen(Bucket bucket) {
  return ChangeBucket(
      scripts_.reopen, std::move(bucket.key),
      {Exact(bucket.tokens_per_second), Exact(bucket.burst), Exact(bucket.initial)});
}

Task<absl::Status> RedisState::Hold(std::string bucket_key, double tokens, absl::Time until) {
  return ChangeBucket(scripts_.hold, std::move(bucket_key), {Exact(tokens), MicrosText(until)});
}

Task<absl::StatusOr<PollTurn>> RedisState::TakePollTurn(std::string account_id, std::string holder,
                                                        std::set<std::string> ids,
                                                        absl::Duration ttl) {
  std::vector<std::string> args = {std::move(holder), Millis(ttl)};
  args.insert(args.end(), ids.begin(), ids.end());
  std::vector<std::string> keys = {Key(absl::StrCat("poll:", account_id)),
                                   Key(absl::StrCat("want:", account_id))};
  const absl::StatusOr<RedisReply> reply =
      co_await client_.Run(scripts_.take_poll_turn, std::move(keys), std::move(args));
  if (!reply.ok()) co_return reply.status();
  const std::vector<RedisReply>& elements = reply->elements;
  if (elements.size() != 3 || !AreIntegers(elements, 0, 2)) co_return Unexpected();
  corrupt_values_ += static_cast<uint64_t>(elements[1].integer);
  PollTurn turn;
  turn.mine = elements[0].integer != 0;
  for (const RedisReply& id : elements[2].elements) {
    if (IsId(id.text) || id.text == kEveryCapture) {
      turn.ids.insert(id.text);
    } else {
      ++corrupt_values_;
    }
  }
  co_return turn;
}

Task<absl::Status> RedisState::GivePollTurn(std::string account_id, std::string holder) {
  std::vector<std::string> keys = {Key(absl::StrCat("poll:", account_id))};
  std::vector<std::string> args = {std::move(holder)};
  const absl::StatusOr<RedisReply> reply =
      co_await client_.Run(scripts_.give_poll_turn, std::move(keys), std::move(args));
  co_return reply.status();
}

Task<absl::Status> RedisState::Publish(std::string message) {
  std::vector<std::string> args = {"PUBLISH", Channel(), std::move(message)};
  const absl::StatusOr<RedisReply> reply = co_await client_.Command(std::move(args));
  co_return reply.status();
}

void RedisState::Subscribe(std::function<void(std::string message)> on_message,
                           std::function<void()> on_gap) {
  client_.Subscribe(Channel(), std::move(on_message), std::move(on_gap));
}

absl::Time RedisState::Now() const { return clock_.Now() + ClockOffset(); }

bool RedisState::up() const { return client_.up(); }

absl::Duration RedisState::ClockOffset() const {
  const absl::Duration measured = client_.clock_offset();
  if (absl::ToInt64Nanoseconds(measured) != measured_offset_.load()) return measured;
  return absl::Nanoseconds(refined_offset_.load());
}

void RedisState::LearnTime(absl::Time redis_now, absl::Time sent, absl::Time received) {
  // Redis says it to the microsecond, rounded down.
  const absl::Duration least = redis_now - received;
  const absl::Duration most = redis_now + absl::Microseconds(1) - sent;
  if (most < least) return;  // Our clock was set back.
  const absl::Duration refined = std::clamp(ClockOffset(), least, most);
  refined_offset_ = absl::ToInt64Nanoseconds(refined);
  measured_offset_ = absl::ToInt64Nanoseconds(client_.clock_offset());
}

}  // namespace pcaps
