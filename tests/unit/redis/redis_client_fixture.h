// A RedisClient on the test's own loop, and what it told.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "clients/redis/redis_client.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {

using Answer = absl::StatusOr<RedisReply>;

class RedisClientFixture : public testing::Test {
 protected:
  // Long enough for a loaded machine: a test that waits in vain fails after it.
  static constexpr absl::Duration kPatience = absl::Seconds(20);

  void TearDown() override {
    if (!client_.has_value()) return;
    client_->Stop();
    loop_.restart();
    const auto patience = absl::ToChronoMilliseconds(kPatience);
    loop_.run_for(patience);
    EXPECT_TRUE(loop_.stopped()) << "something of the client keeps the loop running";
  }

  RedisClientOptions Options(const RedisAddress& address) {
    RedisClientOptions options;
    options.address = address;
    options.command_timeout = absl::Milliseconds(500);  // Of a loaded machine.
    options.max_ping = absl::Milliseconds(500);
    options.on_state = [this](bool up, const absl::Status& why) {
      states_.push_back(up ? "up" : std::string(why.message()));
    };
    options.on_subscription_refused = [this](const absl::Status& why) {
      refusals_.emplace_back(why.message());
    };
    return options;
  }
  void Start(RedisClientOptions options) {
    client_.emplace(loop_.get_executor(), clock_, std::move(options));
  }

  // Runs the loop until then; false where it does not come.
  bool RunUntil(const std::function<bool()>& condition) {
    loop_.restart();
    const absl::Time end = clock_.Now() + kPatience;
    while (!condition() && clock_.Now() < end) {
      loop_.run_one_for(std::chrono::milliseconds(20));
    }
    return condition();
  }
  bool RunUntilUp() {
    return RunUntil([this] { return client_->up(); });
  }
  bool RunUntilTold(size_t states) {
    return RunUntil([this, states] { return states_.size() >= states; });
  }
  bool RunForAttempts(uint64_t more) {
    const uint64_t wanted = client_->counters().attempts + more;
    return RunUntil([this, wanted] { return client_->counters().attempts >= wanted; });
  }
  Answer Command(std::vector<std::string> args) {
    return RunTask(loop_, client_->Command(std::move(args)));
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  std::vector<std::string> states_;
  std::vector<std::string> refusals_;
  std::optional<RedisClient> client_;
};

}  // namespace pcaps
