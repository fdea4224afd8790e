#include "clients/redis/redis_subscriber.h"

#include <utility>
#include <vector>

#include "clients/redis/open_redis.h"
#include "clients/redis/redis_backoff.h"
#include "clients/redis/redis_server.h"

namespace pcaps {
RedisSubscriber::RedisSubscriber(const Loop& loop, Clock& clock,
                                 std::shared_ptr<const RedisClientOptions> options,
                                 RedisSubscription subscription)
    : loop_(loop),
      clock_(clock),
      options_(std::move(options)),
      subscription_(std::move(subscription)),
      changed_(loop) {}

void RedisSubscriber::Start() {
  Spawn(loop_, cancel_.slot(), Run(shared_from_this()), [](const absl::Status& /*why*/) {});
}

void RedisSubscriber::Stop() {
  stopped_ = true;
  SetUp(false);
  boost::asio::post(loop_, [self = shared_from_this()] {  // As the client does.
    self->cancel_.emit(boost::asio::cancellation_type::terminal);
  });
}

void RedisSubscriber::SetUp(bool up) {
  up_ = up;
  if (!up) ++downs_;
  changed_.Notify();
  if (!up && connection_ != nullptr) connection_->Close(absl::UnavailableError("Redis is down"));
}

Task<absl::Status> RedisSubscriber::Run(std::shared_ptr<RedisSubscriber> self) {
  RedisBackoff backoff(self->options_->min_backoff, self->options_->max_backoff);
  while (!self->stopped_) {
    if (!self->up_) {
      co_await self->changed_.Wait();
      continue;
    }
    const absl::Time begin = self->clock_.Now();
    const absl::Status why = co_await Listen(self);
    self->connection_ = nullptr;
    backoff.Lasted(self->clock_.Now() - begin);
    // What is unavailable the client will tell, for it has the same server.
    const bool refused = !absl::IsUnavailable(why) && !absl::IsDeadlineExceeded(why);
    if (refused && !self->stopped_ && !std::exchange(self->refusal_told_, true) &&
        self->options_->on_subscription_refused != nullptr) {
      self->options_->on_subscription_refused(why);
    }
    if (!self->stopped_) co_await self->clock_.Sleep(backoff.Next());
  }
  co_return absl::OkStatus();
}

Task<absl::Status> RedisSubscriber::Listen(std::shared_ptr<RedisSubscriber> self) {
  const RedisClientOptions& options = *self->options_;
  const uint64_t downs = self->downs_;
  auto connection = co_await OpenRedis(self->loop_, self->clock_, self->options_);
  if (!connection.ok()) co_return connection.status();
  if (self->downs_ != downs) {  // It may be to a server that was given up meanwhile.
    (*connection)->Close(absl::UnavailableError("Redis was down"));
    co_return (*connection)->why();
  }
  self->connection_ = *connection;
  const absl::Status begun = co_await Begin(self);
  if (!begun.ok()) {
    (*connection)->Close(absl::UnavailableError("no subscription"));
    co_return begun;
  }
  // A peer that is stopped, or gone without a word, is silent just like one with nothing to say.
  absl::Time next_ping = self->clock_.Now() + options.keepalive;
  while (!(*connection)->closed()) {
    co_await self->clock_.WaitUntil((*connection)->closing(), next_ping);
    if (self->clock_.Now() < next_ping) continue;
    // Where no answer comes, the connection is closed: the loop ends.
    (void)co_await PingRedis(*connection, self->clock_, options.connect_timeout);
    next_ping = self->clock_.Now() + options.keepalive;
  }
  co_return (*connection)->why();
}

Task<absl::Status> RedisSubscriber::Begin(std::shared_ptr<RedisSubscriber> self) {
  if (!self->up_) co_return absl::UnavailableError("Redis is down");
  self->connection_->OnMessage([self = self.get()](std::string message) {
    if (!self->stopped_) self->subscription_.on_message(std::move(message));
  });
  std::vector<std::string> command = {"SUBSCRIBE", self->subscription_.channel};
  const auto reply = co_await RedisConnection::Ask(self->connection_, std::move(command),
                                                   self->options_->connect_timeout);
  if (!reply.ok()) co_return reply.status();
  if (self->stopped_) co_return absl::CancelledError("stopped");
  self->refusal_told_ = false;
  self->subscription_.on_gap();
  co_return absl::OkStatus();
}

}  // namespace pcaps
