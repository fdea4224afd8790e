// Against a listener that says what a test wants said; the real Redis is in the integration tests.
#include "clients/redis/redis_probe.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

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
    if (thread_.joinable()) thread_.join();
  }

  RedisProbeOptions options() const {
    RedisProbeOptions options;
    options.address.host = "127.0.0.1";
    options.address.port = acceptor_.local_endpoint().port();
    options.answer_timeout = absl::Milliseconds(200);
    return options;
  }
  // What was sent until the peer left. Call once, after the probe.
  const std::string& AwaitReceived() {
    thread_.join();
    return received_;
  }

 private:
  void Serve(const std::vector<std::string>& answers) {
    boost::system::error_code error;
    tcp::socket socket = acceptor_.accept();
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

std::string Bulk(const std::string& text) {
  return absl::StrCat("$", text.size(), "\r\n", text, "\r\n");
}

TEST(RedisProbe, ReadsWhatRedisSaysOfItself) {
  ScriptedRedis redis(
      {kPong, kPong, kPong,
       Bulk("# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n# Memory\r\n"
            "maxmemory_policy:noeviction\r\n# Replication\r\nrole:master\r\n")});
  const absl::StatusOr<RedisReport> report = ProbeRedis(redis.options());
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_EQ(report->version, "7.0.15");
  EXPECT_EQ(report->mode, "standalone");
  EXPECT_EQ(report->role, "master");
  EXPECT_EQ(report->maxmemory_policy, "noeviction");
  EXPECT_GT(report->ping, absl::ZeroDuration());
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
  const absl::Status status = ProbeRedis(redis.options()).status();
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

}  // namespace
}  // namespace pcaps
