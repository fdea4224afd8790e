// Against a listener that says what a test wants said; the real Redis is in the integration tests.
#include "clients/redis/redis_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

using boost::asio::ip::tcp;
using testing::HasSubstr;

// Answers the first connection: the n-th thing read with the n-th answer, then nothing more until
// the peer goes.
class ScriptedRedis {
 public:
  explicit ScriptedRedis(std::vector<std::string> answers)
      : acceptor_(loop_, {boost::asio::ip::address_v4::loopback(), 0}),
        thread_([this, answers = std::move(answers)] { Serve(answers); }) {}
  ~ScriptedRedis() {
    if (thread_.joinable()) Join();
  }

  RedisProbeOptions options() const {
    RedisProbeOptions options;
    options.address.host = "127.0.0.1";
    options.address.port = acceptor_.local_endpoint().port();
    options.answer_timeout = absl::Seconds(5);  // Never over where there is an answer.
    return options;
  }
  // What was sent until the peer left. Call once, after the probe.
  const std::string& AwaitReceived() {
    Join();
    return received_;
  }

 private:
  void Join() {
    // Ends an accept() for which nobody came; to close the socket would not.
    shutdown(acceptor_.native_handle(), SHUT_RDWR);
    thread_.join();
  }
  void Serve(const std::vector<std::string>& answers) {
    boost::system::error_code error;
    tcp::socket socket = acceptor_.accept(error);
    for (size_t i = 0; !error; ++i) {
      char data[1024];
      received_.append(data, socket.read_some(boost::asio::buffer(data), error));
      if (!error && i < answers.size()) boost::asio::write(socket, boost::asio::buffer(answers[i]));
    }
  }

  boost::asio::io_context loop_;
  tcp::acceptor acceptor_;
  std::string received_;
  std::thread thread_;
};

constexpr char kPong[] = "+PONG\r\n";
constexpr char kNil[] = "$-1\r\n";
constexpr char kNoScript[] = "-NOSCRIPT No matching script. Please use EVAL.\r\n";
constexpr char kNobodyHeard[] = ":0\r\n";
constexpr char kTime[] = "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n";
constexpr char kSubscribed[] = "*3\r\n$9\r\nsubscribe\r\n$12\r\npcaps:doctor\r\n:1\r\n";

std::string Bulk(const std::string& text) {
  return absl::StrCat("$", text.size(), "\r\n", text, "\r\n");
}

std::string Info(const std::string& role = "master") {
  return Bulk(
      absl::StrCat("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n"
                   "# Memory\r\nused_memory:1000\r\nused_memory_human:1K\r\nmaxmemory:2000\r\n"
                   "maxmemory_policy:noeviction\r\n# Replication\r\nrole:",
                   role, "\r\n"));
}

TEST(RedisProbe, ReadsWhatRedisSaysOfItself) {
  ScriptedRedis redis(
      {kPong, kPong, kPong, Info(), kNil, kNil, kNoScript, kNobodyHeard, kTime, kSubscribed});
  const absl::StatusOr<RedisReport> report = ProbeRedis(redis.options());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->version, "7.0.15");
  EXPECT_EQ(report->mode, "standalone");
  EXPECT_EQ(report->role, "master");
  EXPECT_EQ(report->maxmemory_policy, "noeviction");
  EXPECT_EQ(report->maxmemory, 2000);
  EXPECT_EQ(report->used_memory, 1000);
  EXPECT_GT(report->ping, absl::ZeroDuration());
}

TEST(RedisProbe, AReplicaIsNotAskedToWrite) {
  ScriptedRedis redis({kPong, kPong, kPong, Info("slave")});
  const absl::StatusOr<RedisReport> report = ProbeRedis(redis.options());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->role, "slave");
}

TEST(RedisProbe, AMasterThatLetsUsNotWorkIsAnError) {
  const std::vector<std::string> before = {kPong, kPong, kPong, Info()};
  const std::vector<std::string> works = {kNil, kNil, kNoScript, kNobodyHeard, kTime, kSubscribed};
  for (size_t at = 0; at < works.size(); ++at) {
    for (const auto& [answer, code] :
         {std::pair("-NOPERM no permissions\r\n", absl::StatusCode::kPermissionDenied),
          std::pair("-ERR The user executing the script can't run this command or subcommand\r\n",
                    absl::StatusCode::kPermissionDenied),
          std::pair("-OOM command not allowed\r\n", absl::StatusCode::kResourceExhausted),
          std::pair("-NOREPLICAS Not enough good replicas\r\n", absl::StatusCode::kAborted)}) {
      std::vector<std::string> answers = before;
      answers.insert(answers.end(), works.begin(), works.begin() + static_cast<int>(at));
      answers.emplace_back(answer);
      ScriptedRedis redis(answers);
      EXPECT_EQ(ProbeRedis(redis.options()).status().code(), code) << at << answer;
    }
  }
}

TEST(RedisProbe, WritesNothingThatIsNotThere) {
  ScriptedRedis redis(
      {kPong, kPong, kPong, Info(), kNil, kNil, kNoScript, kNobodyHeard, kTime, kSubscribed});
  RedisProbeOptions options = redis.options();
  options.key_prefix = "mine";
  ASSERT_TRUE(ProbeRedis(options).ok());
  EXPECT_THAT(redis.AwaitReceived(),
              HasSubstr("$3\r\nSET\r\n$11\r\nmine:doctor\r\n$0\r\n\r\n$2\r\nXX\r\n"));
}

TEST(RedisProbe, SendsThePasswordAsOneArgumentWhateverIsInIt) {
  ScriptedRedis redis({"-WRONGPASS invalid username-password pair\r\n"});
  RedisProbeOptions options = redis.options();
  options.username = "gw";
  options.password = std::string("a %b\r\n", 6);
  EXPECT_TRUE(absl::IsUnauthenticated(ProbeRedis(options).status()));
  EXPECT_THAT(redis.AwaitReceived(),
              HasSubstr("*3\r\n$4\r\nAUTH\r\n$2\r\ngw\r\n$6\r\na %b\r\n\r\n"));
}

TEST(RedisProbe, ErrorsTellTheirKind) {
  for (const auto& [answer, code] :
       {std::pair("-NOAUTH Authentication required.\r\n", absl::StatusCode::kUnauthenticated),
        std::pair("-NOPERM this user has no permissions\r\n", absl::StatusCode::kPermissionDenied),
        std::pair("-LOADING Redis is loading\r\n", absl::StatusCode::kFailedPrecondition),
        std::pair("-ERR unknown command\r\n", absl::StatusCode::kInternal),
        std::pair("HTTP/1.1 400 Bad Request\r\n", absl::StatusCode::kUnavailable)}) {
    ScriptedRedis redis({answer});
    EXPECT_EQ(ProbeRedis(redis.options()).status().code(), code) << answer;
  }
}

TEST(RedisProbe, ARedisThatHangsIsLeftAfterTheTimeout) {
  ScriptedRedis redis({kPong});  // And then no word.
  RedisProbeOptions options = redis.options();
  options.answer_timeout = absl::Milliseconds(200);
  const absl::Status status = ProbeRedis(options).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

}  // namespace
}  // namespace pcaps
