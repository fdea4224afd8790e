// What a Redis may answer to what the shared state asks of it. Input: a letter that says what is
// asked, then the reply in Redis's protocol.
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "clients/redis/redis_client.h"
#include "service/state/redis_state.h"
#include "tests/fuzz/property.h"
#include "tests/unit/redis/fake_redis.h"
#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(5);
constexpr size_t kMaxReplyBytes = 1 << 20;

// Whether the bytes are one reply and nothing more, so that the connection is good for the next.
bool IsOneReply(const std::string& bytes) {
  RedisParser parser(kMaxReplyBytes);
  parser.Feed(bytes + "+END\r\n");
  const auto first = parser.Next();
  if (!first.ok() || !first->has_value()) return false;
  const auto end = parser.Next();
  return end.ok() && end->has_value() && (*end)->text == "END" && (*end)->is_text();
}

class World {
 public:
  World()
      : redis_(loop_,
               [this](int /*connection*/, const std::vector<std::string>& words) {
                 const bool asked =
                     words[0] == "GET" || words[0] == "MGET" || absl::StartsWith(words[0], "EVAL");
                 return asked ? std::optional<FakeAnswer>({reply_}) : std::nullopt;
               }),
        client_(loop_.get_executor(), clock_, Options()),
        state_(client_, "pcaps", clock_) {
    const absl::Time end = clock_.Now() + kPatience;
    while (!state_.up() && clock_.Now() < end) loop_.run_one_for(std::chrono::milliseconds(1));
    Require(state_.up(), "a healthy Redis is up");
  }
  ~World() {
    client_.Stop();
    loop_.restart();
    loop_.poll();
  }

  bool up() const { return state_.up(); }

  int Feed(char name, std::string reply) {
    reply_ = std::move(reply);
    switch (name) {
      case 'c':
        static_cast<void>(Run(state_.CompareAndSet("k", "a", "b", absl::Seconds(1))));
        return 0;
      case 'g':
        static_cast<void>(Run(state_.Get("k")));
        return 0;
      case 'h':
        static_cast<void>(Run(state_.Hold("b", 1, clock_.Now())));
        return 0;
      case 'm':
        CheckValues(Run(state_.GetMany({"k1", "k2"})));
        return 0;
      case 'p':
        static_cast<void>(Run(state_.PutIfNewer("k", {{1, clock_.Now()}, "v"}, absl::Seconds(1))));
        return 0;
      case 't':
        CheckTake(Run(state_.Take(
            {.uses = {{.bucket = {"b1", 3, 60, 10}}, {.bucket = {"b2", 1, 5, 5}}}, .want = 4})));
        return 0;
      case 'w':
        CheckTurn(Run(state_.TakePollTurn("a1", "r1", {"p1"}, absl::Seconds(1))));
        return 0;
      default:
        return -1;
    }
  }

 private:
  RedisClientOptions Options() const {
    RedisClientOptions options;
    options.address = redis_.address();
    options.connect_timeout = options.command_timeout = options.max_ping = kPatience;
    options.max_reply_bytes = kMaxReplyBytes;
    options.keepalive = absl::Hours(1);
    return options;
  }

  template <typename T>
  T Run(Task<T> task) {
    return RunTask(loop_, std::move(task));
  }

  static void CheckValues(const absl::StatusOr<std::vector<std::optional<OrderedValue>>>& values) {
    if (values.ok()) Require(values->size() == 2, "each key has its value, or none");
  }

  static void CheckTake(const absl::StatusOr<TakeResult>& taken) {
    if (!taken.ok()) return;
    Require(taken->granted == 0 || (taken->granted >= 1 && taken->granted <= 4),
            "no more is granted than was wanted");
    Require(taken->retry_after > -absl::InfiniteDuration() &&
                taken->retry_after < absl::InfiniteDuration(),
            "a refusal ends");
    for (const BucketClosing& closing : taken->closings) {
      Require(closing.key == "b1" || closing.key == "b2", "what is closed was asked for");
    }
  }

  static void CheckTurn(const absl::StatusOr<PollTurn>& turn) {
    if (!turn.ok()) return;
    for (const std::string& id : turn->ids) Require(IsSafeInPath(id), "a capture's id is one", id);
  }

  boost::asio::io_context loop_;
  SystemClock clock_;
  std::string reply_;
  FakeRedis redis_;
  RedisClient client_;
  RedisState state_;
};

}  // namespace
}  // namespace pcaps

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static std::unique_ptr<pcaps::World> world;
  if (size == 0) return -1;
  const std::string reply(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (!pcaps::IsOneReply(reply)) return -1;
  // Some replies take Redis down: that it is read-only, or loads its data.
  if (world == nullptr || !world->up()) world = std::make_unique<pcaps::World>();
  return world->Feed(static_cast<char>(data[0]), reply);
}
