#include "service/rpc/connections/acceptor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <future>
#include <vector>

#include "tests/unit/service/rpc/connections/listening.h"

namespace pcaps {
namespace {

struct Accepted {
  Descriptor socket;
  PeerAddress peer;
};

class AcceptorTest : public testing::Test {
 protected:
  AcceptorTest() {
    absl::StatusOr<ListenSockets> listening = ListenOn("127.0.0.1:0");
    EXPECT_TRUE(listening.ok()) << listening.status();
    port_ = listening->port;
    acceptor_ = std::make_unique<Acceptor>(
        *std::move(listening),
        Acceptor::Callbacks{[this](Descriptor socket, const PeerAddress& peer) {
                              accepted_.push_back({std::move(socket), peer});
                            },
                            [this](const PeerAddress& peer) { turned_away_.set_value(peer); }});
  }

  int port_ = 0;
  std::vector<Accepted> accepted_;  // The acceptor's until it has stopped.
  std::promise<PeerAddress> turned_away_;
  std::unique_ptr<Acceptor> acceptor_;
};

TEST_F(AcceptorTest, HandsOverConnectionsWithoutDelayAndInheritance) {
  acceptor_->Start();
  const Descriptor client = ConnectTo(port_);
  acceptor_->Stop();
  ASSERT_EQ(accepted_.size(), 1u);
  EXPECT_EQ(accepted_[0].peer.host, "ipv4:127.0.0.1");
  EXPECT_NE(fcntl(accepted_[0].socket.get(), F_GETFL) & O_NONBLOCK, 0);
  EXPECT_NE(fcntl(accepted_[0].socket.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST_F(AcceptorTest, TakesThoseThatWaitBeforeItStops) {
  std::vector<Descriptor> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(ConnectTo(port_));
  acceptor_->Start();
  acceptor_->Stop();
  EXPECT_EQ(accepted_.size(), clients.size());
}

TEST_F(AcceptorTest, TurnsAwayConnectionsForWhichThereIsNoDescriptor) {
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
  Descriptor client = ConnectTo(port_);
  // The lowest that is free is the first that is forbidden.
  const Descriptor lowest(open("/dev/null", O_RDONLY | O_CLOEXEC));
  rlimit none_left = before;
  none_left.rlim_cur = static_cast<rlim_t>(lowest.get()) + 1;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none_left), 0);
  acceptor_->Start();
  EXPECT_EQ(turned_away_.get_future().get().host, "ipv4:127.0.0.1");
  EXPECT_TRUE(IsClosed(client));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
  client = ConnectTo(port_);
  acceptor_->Stop();
  EXPECT_EQ(accepted_.size(), 1u);
}

}  // namespace
}  // namespace pcaps
