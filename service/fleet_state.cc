#include "service/fleet_state.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "clients/base/error.h"
#include "clients/redis/redis_client.h"
#include "clients/redis/redis_url.h"
#include "service/secret_file.h"
#include "service/state/memory_state.h"
#include "service/state/redis_state.h"
#include "service/upstream_http.h"

namespace pcaps {
namespace {

absl::StatusOr<std::string> PasswordOf(const Config::State& config) {
  if (config.password_file.empty()) return std::string();
  return ReadSecretFile(config.password_file);
}

RedisClientOptions ClientOptions(const Config::State& config, Log& log) {
  RedisClientOptions options;
  // The configuration was checked.
  const absl::StatusOr<RedisAddress> address = ParseRedisUrl(config.redis_url);
  if (address.ok()) options.address = *address;
  options.username = config.username;
  options.password = [config] { return PasswordOf(config); };
  options.ca_file = config.ca_file;
  options.connect_timeout = config.connect_timeout;
  options.command_timeout = config.command_timeout;
  const std::string redis = absl::StrCat(options.address.host, ":", options.address.port);
  options.on_state = [&log, redis](bool up, const absl::Status& why) {
    if (up) return log.Info("state_up", {{"redis", redis}});
    log.Warn("state_down", {{"redis", redis},
                            {"reason", CleanText(why.message())},
                            {"effect",
                             "this replica goes by its own memory and its share of the "
                             "budgets; creates with a request_id are refused"}});
  };
  options.on_subscription_refused = [&log, redis](const absl::Status& why) {
    log.Warn("state_not_heard", {{"redis", redis},
                                 {"reason", CleanText(why.message())},
                                 {"effect", "news of other replicas come with the next poll"}});
  };
  return options;
}

}  // namespace

FleetState::FleetState(const Config::State& config, Loop control, Clock& clock, Log& log,
                       MeteredState::Observer observer)
    : control_(std::move(control)) {
  if (config.redis_url.empty()) {
    state_ = std::make_unique<MeteredState>(std::make_unique<MemoryState>(control_, clock), clock,
                                            std::move(observer));
    return;
  }
  if (config.max_replicas == 1) {
    log.Warn("state_max_replicas",
             {{"effect", "while Redis is down, each replica takes the whole rate and budget"},
              {"fix", "set state.max_replicas to how many there may be at once"}});
  }
  redis_ = std::make_unique<RedisClient>(control_, clock, ClientOptions(config, log));
  auto state = std::make_unique<RedisState>(*redis_, config.key_prefix, clock);
  redis_state_ = state.get();
  state_ = std::make_unique<MeteredState>(std::move(state), clock, std::move(observer));
}

int64_t FleetState::corrupt_values() const {
  return redis_state_ == nullptr ? 0 : static_cast<int64_t>(redis_state_->corrupt_values());
}

FleetState::~FleetState() = default;

void FleetState::Stop() {
  if (redis_ == nullptr) return;
  boost::asio::post(control_, [redis = redis_.get()] { redis->Stop(); });
}

absl::Status CheckState(const Config::State& config) {
  const absl::Status password = PasswordOf(config).status();
  if (!password.ok()) {
    return absl::Status(password.code(),
                        absl::StrCat("state.password_file: ", std::string(password.message())));
  }
  return CheckCaFile(config.ca_file);
}

}  // namespace pcaps
