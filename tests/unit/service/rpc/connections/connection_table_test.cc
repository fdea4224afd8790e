#include "service/rpc/connections/connection_table.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"

namespace pcaps {
namespace {

using Entry = ConnectionTable::Entry;

constexpr absl::Time kNow = absl::UnixEpoch();

std::shared_ptr<Connection> From(const std::string& host, int port) {
  return std::make_shared<Connection>(PeerAddress{absl::StrCat(host, ":", port), host},
                                      Descriptor(), 1000, kNow);
}

TEST(ConnectionTable, AdmitsNoMoreThanItMayInAll) {
  ConnectionTable table({.max_connections = 2, .max_connections_per_peer = 2});
  const auto first = From("a", 1);
  EXPECT_EQ(table.Add(first, kNow), Entry::kAdmitted);
  EXPECT_EQ(table.Add(From("b", 1), kNow), Entry::kAdmitted);
  EXPECT_EQ(table.Add(From("c", 1), kNow), Entry::kOverLimit);
  EXPECT_EQ(table.size(), 2);
  table.Remove(first);
  EXPECT_EQ(table.Add(From("c", 1), kNow), Entry::kAdmitted);
}

TEST(ConnectionTable, LeavesRoomForOtherHosts) {
  ConnectionTable table({.max_connections = 10, .max_connections_per_peer = 2});
  const auto first = From("a", 1);
  EXPECT_EQ(table.Add(first, kNow), Entry::kAdmitted);
  EXPECT_EQ(table.Add(From("a", 2), kNow), Entry::kAdmitted);
  EXPECT_EQ(table.Add(From("a", 3), kNow), Entry::kOverPeerLimit);
  EXPECT_EQ(table.Add(From("b", 1), kNow), Entry::kAdmitted);
  table.Remove(first);
  EXPECT_EQ(table.Add(From("a", 3), kNow), Entry::kAdmitted);
}

TEST(ConnectionTable, AdmitsNothingFromAHostThatIsShutOutUntilItsTimeIsOver) {
  ConnectionTable table({});
  const auto first = From("a", 1);
  EXPECT_EQ(table.Add(first, kNow), Entry::kAdmitted);
  table.ShutOut("a", kNow, kNow + absl::Seconds(1));
  EXPECT_EQ(table.Add(From("a", 2), kNow), Entry::kShutOut);
  EXPECT_EQ(table.Add(From("b", 1), kNow), Entry::kAdmitted);
  EXPECT_EQ(table.Add(From("a", 2), kNow + absl::Seconds(1)), Entry::kAdmitted);
  EXPECT_EQ(table.size(), 3);
}

TEST(ConnectionTable, CountsACallForTheConnectionOfItsPeer) {
  ConnectionTable table({});
  const auto one = From("a", 1);
  const auto other = From("a", 2);
  table.Add(one, kNow);
  table.Add(other, kNow);
  (void)table.Dispatch("a:1", 100);
  (void)table.Dispatch("a:1", 10);
  (void)table.Dispatch("b:1", 1000);
  EXPECT_EQ(one->explained, 110 + 2 * FloodRule::kCallOverhead);
  EXPECT_EQ(one->calls, 2);
  EXPECT_EQ(other->calls, 0);
}

TEST(ConnectionTable, CountsACallAsOpenUntilItsEnd) {
  ConnectionTable table({});
  const auto connection = From("a", 1);
  table.Add(connection, kNow);
  {
    const DispatchedCall call = table.Dispatch("a:1", 1);
    EXPECT_EQ(connection->open_calls, 1);
    table.Remove(connection);
  }
  EXPECT_EQ(connection->open_calls, 0);
  EXPECT_EQ(connection->calls, 1);
}

TEST(ConnectionTable, KnowsTheNewestConnectionOfAPortThatIsUsedAgain) {
  ConnectionTable table({.max_connections = 2, .max_connections_per_peer = 2});
  const auto old = From("a", 1);
  const auto young = From("a", 1);
  EXPECT_EQ(table.Add(old, kNow), Entry::kAdmitted);
  EXPECT_EQ(table.Add(young, kNow), Entry::kAdmitted);
  table.Remove(old);
  (void)table.Dispatch("a:1", 100);
  EXPECT_EQ(young->calls, 1);
  EXPECT_EQ(table.size(), 1);
}

TEST(ConnectionTable, AdmitsNoMoreFromAHostOfWhomManyHaveEndedAndAreNotReleased) {
  ConnectionTable table({.max_connections = 1000, .max_connections_per_peer = 300});
  for (int i = 0; i < 29; ++i) table.AddUnreleased("a");
  EXPECT_EQ(table.Add(From("a", 1), kNow), Entry::kAdmitted);
  table.AddUnreleased("a");
  EXPECT_EQ(table.Add(From("a", 2), kNow), Entry::kOverPeerLimit);
  EXPECT_EQ(table.Add(From("b", 1), kNow), Entry::kAdmitted);
  table.RemoveUnreleased("a");
  EXPECT_EQ(table.Add(From("a", 2), kNow), Entry::kAdmitted);
}

TEST(ConnectionTable, AdmitsNoneThatItCouldNotTellFromAnother) {
  ConnectionTable table({});
  const auto of = [](const std::string& to) {
    return std::make_shared<Connection>(PeerAddress{"a:1", "a", to}, Descriptor(), 1000, kNow);
  };
  EXPECT_EQ(table.Add(of("c:1"), kNow), Entry::kAdmitted);
  EXPECT_EQ(table.Add(of("d:1"), kNow), Entry::kOverPeerLimit);
  EXPECT_EQ(table.Add(of("c:1"), kNow), Entry::kAdmitted);  // The same port, used again.
  EXPECT_EQ(table.size(), 2);
}

TEST(ConnectionTable, CountsCallsWhileConnectionsComeAndGo) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 1000;
  ConnectionTable table({.max_connections = 100, .max_connections_per_peer = 100});
  const auto steady = From("steady", 1);
  table.Add(steady, kNow);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&table, i] {
      for (int round = 0; round < kRounds; ++round) {
        const auto passing = From("passing", i);
        EXPECT_EQ(table.Add(passing, kNow), Entry::kAdmitted);
        (void)table.Dispatch(passing->peer.name, 1);
        (void)table.Dispatch("steady:1", 1);
        table.Remove(passing);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(steady->calls, kThreads * kRounds);
  EXPECT_EQ(table.size(), 1);
}

}  // namespace
}  // namespace pcaps
