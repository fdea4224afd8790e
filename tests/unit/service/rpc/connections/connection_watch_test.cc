#include "service/rpc/connections/connection_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/unit/service/rpc/connections/listening.h"

namespace pcaps {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

// Ends with a reset, as that of a client who does not read what there is for it.
void Reset(Descriptor& client) {
  const linger at_once{1, 0};
  setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  client.Reset();
}

class ConnectionWatchTest : public testing::Test {
 protected:
  // Watches the server's end of `pair`, whose descriptor is closed in AwaitConnections().
  std::shared_ptr<Connection> Watch(ConnectedPair& pair, const std::string& peer) {
    const auto connection = std::make_shared<Connection>(PeerAddress{peer, peer.substr(0, 1)},
                                                         pair.server, 1000, clock_.Now());
    EXPECT_EQ(table_.Add(connection, clock_.Now()), ConnectionTable::Entry::kAdmitted);
    EXPECT_TRUE(watch_.Add(connection));
    served_.push_back(&pair.server);
    return connection;
  }

  bool AwaitConnections(int64_t count) {
    const absl::Time until = clock_.Now() + kPatience;
    while (table_.size() != count && clock_.Now() < until) {
      for (Descriptor* socket : served_) CloseIfEnded(*socket);
      absl::SleepFor(absl::Milliseconds(1));
    }
    return table_.size() == count;
  }

  // As gRPC does.
  static void CloseIfEnded(Descriptor& socket) {
    char byte = 0;
    const ssize_t received = recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (received == 0 || (received < 0 && errno != EAGAIN)) socket.Reset();
  }

  // Sends to the server's end, which reads it as gRPC would, until it is closed.
  static void Pass(const ConnectedPair& pair, int64_t bytes) {
    std::array<char, 16 << 10> piece{};
    while (bytes > 0) {
      const size_t size = std::min(static_cast<size_t>(bytes), piece.size());
      if (send(pair.client.get(), piece.data(), size, MSG_NOSIGNAL) <= 0) return;
      if (recv(pair.server.get(), piece.data(), size, MSG_WAITALL) <= 0) return;
      bytes -= static_cast<int64_t>(size);
    }
  }

  Log log_{LogLevel::kError, LogFormat::kJson};
  SystemClock clock_;
  ConnectionTable table_{{}};
  ClosedConnections closed_{log_, clock_};
  // That the connection of each peer has opened; none of them has become a call.
  std::map<std::string, int64_t> streams_;
  std::vector<Descriptor*> served_;
  ConnectionWatch watch_{table_,
                         closed_,
                         clock_,
                         {true,
                          {.max_held_bytes = 150 * FloodRule::kStreamBytes,
                           .count_streams = [this](const std::string& peer) {
                             return StreamCounts{streams_[peer], 0};
                           }}}};
};

TEST_F(ConnectionWatchTest, ForgetsAConnectionThatItsPeerResets) {
  watch_.Start();
  ConnectedPair pair;
  Watch(pair, "a:1");
  Reset(pair.client);
  EXPECT_TRUE(AwaitConnections(0));
}

TEST_F(ConnectionWatchTest, ForgetsAConnectionThatBothSidesHaveEnded) {
  watch_.Start();
  ConnectedPair pair;
  Watch(pair, "a:1");
  pair.client.Reset();
  shutdown(pair.server.get(), SHUT_RDWR);  // As gRPC does before it closes its descriptor.
  EXPECT_TRUE(AwaitConnections(0));
}

TEST_F(ConnectionWatchTest, ClosesAFloodAndCountsIt) {
  watch_.Start();
  ConnectedPair pair;
  Watch(pair, "a:1");
  Pass(pair, 1 << 20);
  EXPECT_TRUE(AwaitConnections(0));
  EXPECT_TRUE(IsClosed(pair.client));
  EXPECT_EQ(closed_.count(CloseReason::kFlood), 1);
}

TEST_F(ConnectionWatchTest, SeesWhatWasReadBeforeItLooked) {
  ConnectedPair pair;
  Watch(pair, "a:1");
  Pass(pair, 1 << 20);
  watch_.Start();
  EXPECT_TRUE(AwaitConnections(0));
}

TEST_F(ConnectionWatchTest, ClosesNoOtherConnection) {
  watch_.Start();
  ConnectedPair flood;
  ConnectedPair calls;
  Watch(flood, "a:1");
  Watch(calls, "b:1");
  for (int i = 0; i < 16; ++i) {
    Pass(calls, 64 << 10);
    (void)table_.Dispatch("b:1", 64 << 10);
  }
  Pass(flood, 1 << 20);
  EXPECT_TRUE(AwaitConnections(1));
  EXPECT_EQ(closed_.count(CloseReason::kFlood), 1);
}

TEST_F(ConnectionWatchTest, BelievesInCallsThatHaveNotComeInWhole) {
  streams_ = {{"a:1", 100}, {"b:1", 100}};
  watch_.Start();
  ConnectedPair calls;
  const auto connection = Watch(calls, "a:1");
  Pass(calls, 4 << 20);
  ConnectedPair flood;
  Watch(flood, "b:1");
  Pass(flood, 16 << 20);  // More than they could bring.
  EXPECT_TRUE(AwaitConnections(1));
  EXPECT_EQ(closed_.count(CloseReason::kFlood), 1);
}

TEST_F(ConnectionWatchTest, ClosesThoseOfTheWorstHostWhereAllTogetherHoldTooMuch) {
  streams_ = {{"a:1", 60}, {"b:1", 50}, {"b:2", 50}};
  std::vector<std::unique_ptr<ConnectedPair>> pairs;
  for (const auto& [peer, streams] : streams_) {
    pairs.push_back(std::make_unique<ConnectedPair>());
    Watch(*pairs.back(), peer);
  }
  watch_.Start();
  for (const auto& pair : pairs) Pass(*pair, 1000);
  EXPECT_TRUE(AwaitConnections(1));
  EXPECT_NE(table_.OfPeer("a:1"), nullptr);
  EXPECT_EQ(closed_.count(CloseReason::kFlood), 2);
}

TEST_F(ConnectionWatchTest, WithoutGuardClosesNothing) {
  ConnectionWatch watch(table_, closed_, clock_, {false, {}});
  watch.Start();
  ConnectedPair pair;
  const auto connection =
      std::make_shared<Connection>(PeerAddress{"a:1", "a"}, pair.server, 1000, clock_.Now());
  table_.Add(connection, clock_.Now());
  ASSERT_TRUE(watch.Add(connection));
  Pass(pair, 4 << 20);
  EXPECT_EQ(table_.size(), 1);
  pair.client.Reset();
  shutdown(pair.server.get(), SHUT_RDWR);
  pair.server.Reset();
  EXPECT_TRUE(AwaitConnections(0));
}

TEST_F(ConnectionWatchTest, AHostWhoseConnectionsAreNotReleasedGetsNoMore) {
  ConnectionTable table({.max_connections_per_peer = 100});
  ConnectionWatch watch(table, closed_, clock_, {});
  watch.Start();
  std::vector<std::unique_ptr<ConnectedPair>> pairs;
  for (int i = 0; i < 10; ++i) {
    pairs.push_back(std::make_unique<ConnectedPair>());
    const auto connection = std::make_shared<Connection>(PeerAddress{absl::StrCat("a:", i), "a"},
                                                         pairs.back()->server, 1000, clock_.Now());
    ASSERT_EQ(table.Add(connection, clock_.Now()), ConnectionTable::Entry::kAdmitted);
    ASSERT_TRUE(watch.Add(connection));
    Reset(pairs.back()->client);
  }
  const auto is_admitted = [&](bool admitted) {
    const auto next =
        std::make_shared<Connection>(PeerAddress{"a:x", "a"}, Descriptor(), 1000, clock_.Now());
    const bool added = table.Add(next, clock_.Now()) == ConnectionTable::Entry::kAdmitted;
    if (added) table.Remove(next);
    return added == admitted;
  };
  const absl::Time until = clock_.Now() + kPatience;
  while (!is_admitted(false) && clock_.Now() < until) absl::SleepFor(absl::Milliseconds(1));
  // Not for want of places: those that have ended have none.
  EXPECT_EQ(table.size(), 0);
  for (const auto& pair : pairs) pair->server.Reset();
  while (!is_admitted(true) && clock_.Now() < until) absl::SleepFor(absl::Milliseconds(1));
  EXPECT_TRUE(is_admitted(true));
}

TEST_F(ConnectionWatchTest, ShutsAHostOutWhoseConnectionsBroughtTooMuchInSum) {
  constexpr int64_t kEach = 25'000;
  watch_.Start();
  std::vector<std::unique_ptr<ConnectedPair>> pairs;
  for (int64_t owed = 0; owed <= HostDebts::kMax; owed += kEach) {
    EXPECT_EQ(closed_.count(CloseReason::kFlood), 0);
    pairs.push_back(std::make_unique<ConnectedPair>());
    Watch(*pairs.back(), absl::StrCat("a:", pairs.size()));
    Pass(*pairs.back(), kEach);
    Reset(pairs.back()->client);
    EXPECT_TRUE(AwaitConnections(0));
  }
  EXPECT_EQ(closed_.count(CloseReason::kFlood), 1);
  const auto next =
      std::make_shared<Connection>(PeerAddress{"a:0", "a"}, Descriptor(), 1000, clock_.Now());
  EXPECT_EQ(table_.Add(next, clock_.Now()), ConnectionTable::Entry::kShutOut);
}

}  // namespace
}  // namespace pcaps
