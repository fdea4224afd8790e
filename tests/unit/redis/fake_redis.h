// FakeRedis: a server that speaks Redis's protocol and answers as a test wants.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "clients/base/task.h"
#include "clients/redis/redis_protocol.h"
#include "clients/redis/redis_url.h"

namespace pcaps {

struct FakeAnswer {
  std::string bytes;  // Empty: none.
  bool close = false;
};

// On the test's loop.
class FakeRedis {
 public:
  // nullopt: as a Redis in good health would.
  using Script =
      std::function<std::optional<FakeAnswer>(int connection, const std::vector<std::string>&)>;

  FakeRedis(boost::asio::io_context& loop, Script script)
      : state_(std::make_shared<State>(loop, std::move(script))) {
    SpawnDetached(loop.get_executor(), Accept(state_));
  }
  ~FakeRedis() {
    boost::system::error_code ignored;
    state_->acceptor.close(ignored);
    for (const auto& socket : state_->sockets) socket->close(ignored);
  }
  FakeRedis(const FakeRedis&) = delete;
  FakeRedis& operator=(const FakeRedis&) = delete;

  RedisAddress address() const {
    return {.host = "127.0.0.1", .port = state_->acceptor.local_endpoint().port()};
  }
  int connections() const { return static_cast<int>(state_->sockets.size()); }
  // Answers come in pieces of so many bytes.
  void SetPiece(size_t bytes) { state_->piece = bytes; }

  static std::string Bulk(const std::string& text) {
    return absl::StrCat("$", text.size(), "\r\n", text, "\r\n");
  }
  static std::string Healthy(const std::string& command) {
    if (command == "PING") return "+PONG\r\n";
    if (command == "INFO") return Bulk("redis_mode:standalone\r\nrole:master\r\n");
    if (command == "TIME") return "*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n";
    return "+OK\r\n";
  }

 private:
  using Tcp = boost::asio::ip::tcp;
  static constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

  struct State {
    State(boost::asio::io_context& loop, Script script)
        : acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0}), script(std::move(script)) {}
    Tcp::acceptor acceptor;
    const Script script;
    std::list<std::shared_ptr<Tcp::socket>> sockets;
    size_t piece = size_t{1} << 30;
  };

  static Task<void> Accept(std::shared_ptr<State> state) {
    while (state->acceptor.is_open()) {
      const auto socket = std::make_shared<Tcp::socket>(state->acceptor.get_executor());
      const auto [error] = co_await state->acceptor.async_accept(*socket, kAsTuple);
      if (error) continue;
      boost::system::error_code ignored;
      socket->set_option(Tcp::no_delay(true), ignored);
      state->sockets.push_back(socket);
      SpawnDetached(state->acceptor.get_executor(),
                    Serve(state, socket, static_cast<int>(state->sockets.size())));
    }
  }

  static Task<void> Serve(std::shared_ptr<State> state, std::shared_ptr<Tcp::socket> socket,
                          int connection) {
    RedisParser commands(size_t{1} << 20);  // A command looks like a reply that is an array.
    while (socket->is_open()) {
      char data[4096];
      const auto [error, size] =
          co_await socket->async_read_some(boost::asio::buffer(data), kAsTuple);
      if (error) break;
      commands.Feed(absl::string_view(data, size));
      auto command = commands.Next();
      for (; command.ok() && command->has_value(); command = commands.Next()) {
        std::vector<std::string> words;
        for (const RedisReply& word : (*command)->elements) words.push_back(word.text);
        const FakeAnswer answer =
            state->script(connection, words).value_or(FakeAnswer{Healthy(words[0])});
        for (size_t at = 0; at < answer.bytes.size(); at += state->piece) {
          const std::string piece = answer.bytes.substr(at, state->piece);
          co_await boost::asio::async_write(*socket, boost::asio::buffer(piece), kAsTuple);
        }
        boost::system::error_code ignored;
        if (answer.close) socket->close(ignored);
      }
    }
  }

  const std::shared_ptr<State> state_;
};

}  // namespace pcaps
