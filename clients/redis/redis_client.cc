#include "clients/redis/redis_client.h"

#include <atomic>
#include <boost/asio/cancellation_signal.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/redis/open_redis.h"
#include "clients/redis/redis_backoff.h"
#include "clients/redis/redis_connection.h"
#include "clients/redis/redis_server.h"
#include "clients/redis/redis_subscriber.h"

namespace pcaps {
namespace {

constexpr int kPings = 3;
constexpr char kNothingYet[] = "it was not tried yet";

size_t BytesOf(const std::vector<std::string>& args) {
  size_t bytes = 0;
  for (const std::string& arg : args) bytes += arg.size();
  return bytes;
}

// Whether it is one to work with.
absl::Status JudgeServer(const RedisReport& info) {
  if (info.mode == "cluster" || info.mode == "sentinel") {
    return absl::UnimplementedError(
        absl::StrCat("it runs in ", info.mode, " mode: only a single master will do"));
  }
  if (info.role == "slave") return absl::FailedPreconditionError("it is a read-only replica");
  return absl::OkStatus();
}

}  // namespace

// Shared with its coroutines: a loop that stops where it stands drops them after the client is
// gone.
class RedisClient::Core : public std::enable_shared_from_this<RedisClient::Core> {
 public:
  Core(Loop loop, Clock& clock, RedisClientOptions options)
      : loop_(std::move(loop)),
        clock_(clock),
        options_(std::make_shared<const RedisClientOptions>(std::move(options))) {}

  void Start();
  void Stop();
  void Subscribe(RedisSubscription subscription);

  static Task<absl::StatusOr<RedisReply>> Command(std::shared_ptr<Core> self,
                                                  std::vector<std::string> args);

  bool up() const { return up_; }
  absl::Duration clock_offset() const { return absl::Nanoseconds(clock_offset_ns_.load()); }
  const RedisCounters& counters() const { return counters_; }

 private:
  static Task<absl::Status> Run(std::shared_ptr<Core> self);
  // A connection that is fit for work.
  static Task<absl::StatusOr<std::shared_ptr<RedisConnection>>> Connect(std::shared_ptr<Core> self);
  static Task<absl::Status> Check(std::shared_ptr<Core> self,
                                  std::shared_ptr<RedisConnection> connection);
  // Returns when the connection has ended.
  static Task<absl::Status> Watch(std::shared_ptr<Core> self,
                                  std::shared_ptr<RedisConnection> connection);
  void GoUp(std::shared_ptr<RedisConnection> connection);
  void GoDown(absl::Status why);
  bool HasRoomFor(size_t bytes) const;

  const Loop loop_;
  Clock& clock_;
  const std::shared_ptr<const RedisClientOptions> options_;
  bool stopped_ = false;
  std::atomic<bool> up_ = false;
  std::atomic<int64_t> clock_offset_ns_ = 0;
  std::shared_ptr<RedisConnection> connection_;  // While it is up.
  absl::Status why_down_ = absl::UnavailableError(kNothingYet);
  std::set<absl::StatusCode> told_;  // Kinds of reasons, since it is down.
  std::vector<std::shared_ptr<RedisSubscriber>> subscribers_;
  boost::asio::cancellation_signal cancel_;
  RedisCounters counters_;
};

void RedisClient::Core::Start() {
  boost::asio::post(loop_, [self = shared_from_this()] {
    if (self->stopped_) return;
    Spawn(self->loop_, self->cancel_.slot(), Run(self), [](const absl::Status& /*why*/) {});
  });
}

void RedisClient::Core::Stop() {
  if (std::exchange(stopped_, true)) return;
  up_ = false;
  why_down_ = absl::UnavailableError("the client was stopped");
  if (connection_ != nullptr) connection_->Close(why_down_);
  for (const std::shared_ptr<RedisSubscriber>& each : subscribers_) each->Stop();
  subscribers_.clear();
  // Posted: out of the loop's run() Asio would keep a pointer into what may be gone by then.
  boost::asio::post(loop_, [self = shared_from_this()] {
    self->cancel_.emit(boost::asio::cancellation_type::terminal);
  });
}

void RedisClient::Core::Subscribe(RedisSubscription subscription) {
  boost::asio::post(loop_,
                    [self = shared_from_this(), subscription = std::move(subscription)]() mutable {
                      if (self->stopped_) return;
                      self->subscribers_.push_back(std::make_shared<RedisSubscriber>(
                          self->loop_, self->clock_, self->options_, std::move(subscription)));
                      self->subscribers_.back()->SetUp(self->up_);
                      self->subscribers_.back()->Start();
                    });
}

Task<absl::Status> RedisClient::Core::Run(std::shared_ptr<Core> self) {
  RedisBackoff backoff(self->options_->min_backoff, self->options_->max_backoff);
  while (!self->stopped_) {
    ++self->counters_.attempts;
    const auto connection = co_await Connect(self);
    if (self->stopped_) {
      if (connection.ok()) (*connection)->Close(self->why_down_);
      break;
    }
    if (connection.ok()) {
      const absl::Time begin = self->clock_.Now();
      self->GoUp(*connection);
      const absl::Status why = co_await Watch(self, *connection);
      self->GoDown(why);
      backoff.Lasted(self->clock_.Now() - begin);
    } else {
      self->GoDown(connection.status());
    }
    if (!self->stopped_) co_await self->clock_.Sleep(backoff.Next());
  }
  co_return absl::OkStatus();
}

Task<absl::StatusOr<std::shared_ptr<RedisConnection>>> RedisClient::Core::Connect(
    std::shared_ptr<Core> self) {
  const auto connection = co_await OpenRedis(self->loop_, self->clock_, self->options_);
  if (!connection.ok()) co_return connection.status();
  const absl::Status fit = co_await Check(self, *connection);
  if (fit.ok()) co_return *connection;
  (*connection)->Close(absl::UnavailableError(fit.message()));
  co_return fit;
}

Task<absl::Status> RedisClient::Core::Check(std::shared_ptr<Core> self,
                                            std::shared_ptr<RedisConnection> connection) {
  const absl::Duration timeout = self->options_->connect_timeout;
  const absl::Status selected =
      co_await SelectRedisDatabase(connection, self->options_->address.database, timeout);
  if (!selected.ok()) co_return selected;
  const absl::StatusOr<RedisReport> info = co_await AskRedisInfo(connection, timeout);
  if (!info.ok()) co_return info.status();
  const absl::Status fit = JudgeServer(*info);
  if (!fit.ok()) co_return fit;
  const absl::StatusOr<absl::Duration> offset =
      co_await AskRedisClockOffset(connection, self->clock_, timeout);
  if (!offset.ok()) co_return offset.status();
  for (int i = 0; i < kPings; ++i) {
    const absl::StatusOr<absl::Duration> ping =
        co_await PingRedis(connection, self->clock_, timeout);
    if (!ping.ok()) co_return ping.status();
    if (*ping > self->options_->max_ping) {
      co_return absl::DeadlineExceededError(
          absl::StrCat("it is slow: a PING takes ", absl::FormatDuration(*ping)));
    }
  }
  self->clock_offset_ns_ = absl::ToInt64Nanoseconds(*offset);
  co_return absl::OkStatus();
}

Task<absl::Status> RedisClient::Core::Watch(std::shared_ptr<Core> self,
                                            std::shared_ptr<RedisConnection> connection) {
  absl::Time next_look = self->clock_.Now() + self->options_->keepalive;
  while (!connection->closed()) {
    co_await self->clock_.WaitUntil(connection->closing(), next_look);
    if (connection->closed() || self->clock_.Now() < next_look) continue;
    const absl::StatusOr<absl::Duration> offset =
        co_await AskRedisClockOffset(connection, self->clock_, self->options_->command_timeout);
    if (offset.ok()) self->clock_offset_ns_ = absl::ToInt64Nanoseconds(*offset);
    next_look = self->clock_.Now() + self->options_->keepalive;
  }
  co_return connection->why();
}

void RedisClient::Core::GoUp(std::shared_ptr<RedisConnection> connection) {
  connection_ = std::move(connection);
  told_.clear();
  up_ = true;
  ++counters_.connections;
  if (options_->on_state != nullptr) options_->on_state(true, absl::OkStatus());
  for (const std::shared_ptr<RedisSubscriber>& each : subscribers_) each->SetUp(true);
}

void RedisClient::Core::GoDown(absl::Status why) {
  if (stopped_) return;
  connection_ = nullptr;
  up_ = false;
  why_down_ = why;
  const bool silent = absl::IsUnavailable(why) || absl::IsDeadlineExceeded(why);
  const bool is_new = told_.insert(silent ? absl::StatusCode::kUnavailable : why.code()).second;
  if (is_new && options_->on_state != nullptr) options_->on_state(false, why);
  for (const std::shared_ptr<RedisSubscriber>& each : subscribers_) each->SetUp(false);
}

bool RedisClient::Core::HasRoomFor(size_t bytes) const {
  return connection_->awaiting_replies() < static_cast<size_t>(options_->max_pipeline) &&
         connection_->unsent_bytes() + bytes <= options_->max_unsent_bytes;
}

Task<absl::StatusOr<RedisReply>> RedisClient::Core::Command(std::shared_ptr<Core> self,
                                                            std::vector<std::string> args) {
  const std::shared_ptr<RedisConnection> connection = self->connection_;
  if (connection == nullptr || connection->closed()) {
    ++self->counters_.refused_down;
    const absl::Status& why = connection == nullptr ? self->why_down_ : connection->why();
    co_return absl::UnavailableError(absl::StrCat("Redis is down: ", why.message()));
  }
  if (!self->HasRoomFor(BytesOf(args))) {
    ++self->counters_.refused_full;
    co_return absl::UnavailableError("too many commands wait for Redis");
  }
  ++self->counters_.sent;
  absl::StatusOr<RedisReply> reply =
      co_await RedisConnection::Ask(connection, std::move(args), self->options_->command_timeout);
  if (absl::IsDeadlineExceeded(reply.status())) ++self->counters_.timed_out;
  // Of the server, not of this command.
  if (absl::IsDeadlineExceeded(reply.status()) || absl::IsFailedPrecondition(reply.status())) {
    co_return absl::UnavailableError(reply.status().message());
  }
  co_return reply;
}

RedisClient::RedisClient(Loop loop, Clock& clock, RedisClientOptions options)
    : core_(std::make_shared<Core>(std::move(loop), clock, std::move(options))) {
  core_->Start();
}

RedisClient::~RedisClient() = default;

void RedisClient::Stop() { core_->Stop(); }

Task<absl::StatusOr<RedisReply>> RedisClient::Command(std::vector<std::string> args) {
  return Core::Command(core_, std::move(args));
}

namespace {

std::vector<std::string> ScriptCommand(const char* name, const std::string& script,
                                       const std::vector<std::string>& keys,
                                       const std::vector<std::string>& args) {
  std::vector<std::string> command = {name, script, absl::StrCat(keys.size())};
  command.insert(command.end(), keys.begin(), keys.end());
  command.insert(command.end(), args.begin(), args.end());
  return command;
}

}  // namespace

Task<absl::StatusOr<RedisReply>> RedisClient::Run(RedisScript script, std::vector<std::string> keys,
                                                  std::vector<std::string> args) {
  const std::shared_ptr<Core> core = core_;
  absl::StatusOr<RedisReply> reply =
      co_await Core::Command(core, ScriptCommand("EVALSHA", script.sha1(), keys, args));
  // Redis forgets them whenever it likes: when it starts, and when it is told to.
  if (!absl::IsNotFound(reply.status())) co_return reply;
  co_return co_await Core::Command(core, ScriptCommand("EVAL", script.source(), keys, args));
}

void RedisClient::Subscribe(std::string channel,
                            std::function<void(std::string message)> on_message,
                            std::function<void()> on_gap) {
  core_->Subscribe({std::move(channel), std::move(on_message), std::move(on_gap)});
}

bool RedisClient::up() const { return core_->up(); }

absl::Duration RedisClient::clock_offset() const { return core_->clock_offset(); }

const RedisCounters& RedisClient::counters() const { return core_->counters(); }

}  // namespace pcaps
