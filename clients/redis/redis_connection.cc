#include "clients/redis/redis_connection.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "clients/base/resolve.h"
#include "clients/base/run_to_end.h"
#include "clients/redis/redis_error.h"

namespace pcaps {
namespace {

constexpr size_t kReadBytes = size_t{32} << 10;
constexpr size_t kKeptBytes = size_t{1} << 20;
// A loop that looks later than this after a timeout was held up itself, and may hold the reply up,
// too: it looks again, once.
constexpr absl::Duration kLate = absl::Milliseconds(5);
constexpr absl::Duration kSecondLook = absl::Milliseconds(10);

absl::Status NoAnswer(const std::string& what, absl::Duration timeout) {
  return absl::DeadlineExceededError(absl::StrCat(what, " in ", absl::FormatDuration(timeout)));
}

std::string Peer(const RedisAddress& address) {
  const bool is_ipv6 = absl::StrContains(address.host, ":");
  return is_ipv6 ? absl::StrCat("[", address.host, "]:", address.port)
                 : absl::StrCat(address.host, ":", address.port);
}

// The payload where the reply is a message of a channel: ["message", channel, payload].
std::string* PayloadOf(RedisReply& reply) {
  if (!reply.is_array() || reply.elements.size() != 3) return nullptr;
  return reply.elements[0].text == "message" ? &reply.elements[2].text : nullptr;
}

}  // namespace

Task<absl::StatusOr<std::shared_ptr<RedisConnection>>> RedisConnection::Open(
    Loop loop, Clock& clock, RedisConnectionOptions options) {
  const RedisAddress& address = options.address;
  const absl::Time deadline = clock.Now() + options.connect_timeout;
  auto endpoints = co_await RunToEnd(ResolveName(address.host, address.port), clock, deadline);
  if (!endpoints.has_value()) {
    co_return NoAnswer(absl::StrCat("DNS gives no answer for ", address.host),
                       options.connect_timeout);
  }
  if (!endpoints->ok()) co_return endpoints->status();
  const auto stream = std::make_shared<RedisStream>(loop);
  const std::optional<absl::Status> connected =
      co_await RunToEnd(RedisStream::Connect(stream, **std::move(endpoints)), clock, deadline);
  if (!connected.has_value()) {
    stream->Close();
    co_return NoAnswer(absl::StrCat(Peer(address), " does not answer"), options.connect_timeout);
  }
  if (!connected->ok()) {
    co_return absl::Status(connected->code(),
                           absl::StrCat(Peer(address), ": ", connected->message()));
  }
  if (address.tls) {
    const std::optional<absl::Status> secured =
        co_await RunToEnd(RedisStream::StartTls(stream, address.host, options.ca_file), clock,
                          clock.Now() + options.tls_timeout);
    if (!secured.has_value()) {
      stream->Close();
      co_return NoAnswer("it gives no answer to the TLS handshake", options.tls_timeout);
    }
    if (!secured->ok()) co_return *secured;
  }
  const auto self = std::make_shared<RedisConnection>(loop, clock, options.max_reply_bytes, stream);
  SpawnDetached(loop, Read(self));
  SpawnDetached(loop, Write(self));
  co_return self;
}

RedisConnection::RedisConnection(const Loop& loop, Clock& clock, size_t max_reply_bytes,
                                 std::shared_ptr<RedisStream> stream)
    : loop_(loop),
      clock_(clock),
      stream_(std::move(stream)),
      parser_(max_reply_bytes),
      closing_(loop),
      more_to_send_(loop) {}

Task<absl::StatusOr<RedisReply>> RedisConnection::Ask(std::shared_ptr<RedisConnection> self,
                                                      std::vector<std::string> args,
                                                      absl::Duration timeout) {
  if (self->closed()) co_return self->why_;
  const auto pending = std::make_shared<Pending>(self->loop_);
  self->pending_.push_back(pending);
  AppendRedisCommand(args, self->unsent_);
  self->more_to_send_.Notify();
  absl::Time deadline = self->clock_.Now() + timeout;
  bool last_look = false;
  while (!pending->result.has_value()) {
    const bool cancelled = co_await Cancelled();
    if (cancelled) co_return absl::CancelledError("the caller left");
    const absl::Duration late = self->clock_.Now() - deadline;
    if (late >= absl::ZeroDuration() && (last_look || late < kLate)) {
      absl::Status status = NoAnswer(absl::StrCat("it gives no answer to ", args[0]), timeout);
      self->Close(absl::UnavailableError(status.message()));
      co_return status;
    }
    if (late >= kLate) {
      last_look = true;
      deadline = self->clock_.Now() + kSecondLook;
    }
    co_await self->clock_.WaitUntil(pending->done, deadline);
  }
  co_return *std::move(pending->result);
}

void RedisConnection::Close(absl::Status why) {
  if (closed()) return;
  why_ = std::move(why);
  stream_->Close();
  for (const std::shared_ptr<Pending>& each : std::exchange(pending_, {})) {
    each->result = why_;
    each->done.Notify();
  }
  more_to_send_.Notify();
  closing_.Notify();
}

Task<void> RedisConnection::Read(std::shared_ptr<RedisConnection> self) {
  std::string buffer(kReadBytes, '\0');
  while (!self->closed()) {
    const absl::StatusOr<size_t> count = co_await self->stream_->Read(buffer.data(), buffer.size());
    if (!count.ok()) {
      self->Close(count.status());
    } else if (!self->closed()) {
      self->Take(absl::string_view(buffer.data(), *count));
    }
  }
}

Task<void> RedisConnection::Write(std::shared_ptr<RedisConnection> self) {
  while (!self->closed()) {
    if (self->unsent_.empty()) {
      co_await self->more_to_send_.Wait();
      continue;
    }
    // What is issued meanwhile goes out together after that.
    std::swap(self->sending_, self->unsent_);
    const absl::Status sent = co_await self->stream_->Write(self->sending_);
    self->sending_.clear();
    if (self->sending_.capacity() > kKeptBytes) std::string().swap(self->sending_);
    if (!sent.ok()) self->Close(sent);
  }
}

void RedisConnection::Take(absl::string_view bytes) {
  parser_.Feed(bytes);
  while (!closed()) {
    absl::StatusOr<std::optional<RedisReply>> reply = parser_.Next();
    if (!reply.ok()) return Close(absl::UnavailableError(reply.status().message()));
    if (!reply->has_value()) return;
    Deliver(**std::move(reply));
  }
}

void RedisConnection::Deliver(RedisReply reply) {
  if (on_message_ != nullptr) {
    if (std::string* const payload = PayloadOf(reply); payload != nullptr) {
      return on_message_(std::move(*payload));
    }
  }
  const bool is_error = reply.kind == RedisReply::Kind::kError;
  const absl::Status error = is_error ? RedisError(reply.text) : absl::OkStatus();
  if (pending_.empty()) {
    return Close(absl::UnavailableError(is_error ? error.message()
                                                 : "it sent a reply that nobody asked for"));
  }
  const std::shared_ptr<Pending> answered = std::move(pending_.front());
  pending_.pop_front();
  if (is_error) {
    answered->result = error;
  } else {
    answered->result = std::move(reply);
  }
  answered->done.Notify();
  if (absl::IsFailedPrecondition(error)) Close(absl::UnavailableError(error.message()));
}

}  // namespace pcaps
