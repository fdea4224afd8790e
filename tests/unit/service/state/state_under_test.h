// What the contract of SharedState is tested on: a state, and a way to let its time pass.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "clients/redis/redis_client.h"
#include "service/state/memory_state.h"
#include "service/state/redis_state.h"
#include "tests/unit/support/manual_clock.h"
#include "tests/unit/support/redis_process.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {

constexpr absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

class StateUnderTest {
 public:
  virtual ~StateUnderTest() = default;
  virtual SharedState& state() = 0;
  // The time that buckets go by.
  virtual absl::Time BucketNow() = 0;
  virtual void Pass(absl::Duration time) = 0;
  // Lets a value, record or turn of that `ttl` end.
  virtual void Outlive(absl::Duration ttl) = 0;

  template <typename T>
  T Run(Task<T> task) {
    return RunTask(loop_, std::move(task));
  }
  // Runs the loop until then; false where it does not come.
  bool RunUntil(const std::function<bool()>& condition,
                absl::Duration patience = absl::Seconds(20)) {
    loop_.restart();
    const absl::Time end = system_clock_.Now() + patience;
    while (!condition() && system_clock_.Now() < end) {
      loop_.run_one_for(std::chrono::milliseconds(5));
    }
    return condition();
  }

 protected:
  boost::asio::io_context loop_;
  SystemClock system_clock_;
};

class MemoryStateUnderTest : public StateUnderTest {
 public:
  SharedState& state() override { return state_; }
  absl::Time BucketNow() override { return clock_.Now(); }
  void Pass(absl::Duration time) override { clock_.Advance(time); }
  void Outlive(absl::Duration ttl) override { clock_.Advance(ttl); }

 private:
  ManualClock clock_{kStart};
  MemoryState state_{loop_.get_executor(), clock_};
};

inline RedisClientOptions PatientOptions(const RedisAddress& address) {
  RedisClientOptions options;
  options.address = address;
  options.command_timeout = absl::Seconds(5);  // Of a loaded machine.
  options.max_ping = absl::Seconds(1);
  return options;
}

// A real Redis, but for the time that buckets go by: that is a key's, which the test moves.
class RedisStateUnderTest : public StateUnderTest {
 public:
  RedisStateUnderTest() {
    RunUntil([this] { return client_.up(); });
    Pass(absl::ZeroDuration());
  }
  ~RedisStateUnderTest() override {
    // From within the loop, as a cancellation must be.
    boost::asio::post(loop_, [this] { client_.Stop(); });
    loop_.restart();
    loop_.run();
  }

  RedisState& state() override { return state_; }
  absl::Time BucketNow() override { return now_; }
  void Pass(absl::Duration time) override {
    now_ += time;
    const int64_t micros = absl::ToUnixMicros(now_);
    (void)Command({"MSET", "test:s", absl::StrCat(micros / 1'000'000), "test:us",
                   absl::StrCat(micros % 1'000'000)});
  }
  void Outlive(absl::Duration ttl) override {
    const absl::Time end = system_clock_.Now() + ttl + absl::Milliseconds(5);
    RunUntil([&] { return system_clock_.Now() >= end; });
  }
  absl::StatusOr<RedisReply> Command(std::vector<std::string> args) {
    return Run(client_.Command(std::move(args)));
  }
  RedisClient& client() { return client_; }

 private:
  static StateScripts ScriptsOfTestTime() {
    StateScripts scripts;
    for (RedisScript* script : {&scripts.take, &scripts.close, &scripts.reopen, &scripts.hold}) {
      *script = RedisScript(absl::StrReplaceAll(
          script->source(), {{"redis.call('TIME')", "redis.call('MGET', 'test:s', 'test:us')"}}));
    }
    return scripts;
  }

  RedisProcess redis_;
  absl::Time now_ = kStart;
  RedisClient client_{loop_.get_executor(), system_clock_, PatientOptions(redis_.address())};
  RedisState state_{client_, "test", system_clock_, ScriptsOfTestTime()};
};

}  // namespace pcaps
