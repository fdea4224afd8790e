#include "clients/base/tcp_dial.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <optional>

namespace pcaps {
namespace {

using boost::asio::ip::tcp;

TEST(TcpDial, ConnectsAndClosesWithItsOwner) {
  boost::asio::io_context loop;
  tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  absl::StatusOr<TcpSocket> socket =
      DialTcp("127.0.0.1", acceptor.local_endpoint().port(), absl::Seconds(10));
  ASSERT_TRUE(socket.ok()) << socket.status();
  tcp::socket accepted = acceptor.accept();
  {
    const TcpSocket owner = *std::move(socket);
  }
  char byte = 0;
  boost::system::error_code error;
  accepted.read_some(boost::asio::buffer(&byte, 1), error);
  EXPECT_EQ(error, boost::asio::error::eof);
}

TEST(TcpDial, TheReleasedSocketBlocks) {
  boost::asio::io_context loop;
  const tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
  absl::StatusOr<TcpSocket> socket =
      DialTcp("127.0.0.1", acceptor.local_endpoint().port(), absl::Seconds(10));
  ASSERT_TRUE(socket.ok()) << socket.status();
  const int fd = socket->Release();
  EXPECT_EQ(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
  close(fd);
}

TEST(TcpDial, ARefusalNamesHostAndPort) {
  int port = 0;
  {
    boost::asio::io_context loop;
    const tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
    port = acceptor.local_endpoint().port();
  }
  const absl::Status status = DialTcp("127.0.0.1", port, absl::Seconds(10)).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()),
              testing::StartsWith("127.0.0.1:" + std::to_string(port)));
}

TEST(TcpDial, ANameWithoutAddressIsNotFound) {
  const absl::Status status = DialTcp("host.invalid", 1, absl::Seconds(30)).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr("host.invalid"));
}

TEST(TcpDial, NoAnswerEndsAtTheTimeout) {
  // A listener whose queue is full answers no more.
  boost::asio::io_context loop;
  tcp::acceptor acceptor(loop, tcp::v4());
  acceptor.bind({boost::asio::ip::address_v4::loopback(), 0});
  acceptor.listen(0);
  std::vector<TcpSocket> held;
  absl::Status status;
  for (int i = 0; i < 16 && status.ok(); ++i) {
    auto socket = DialTcp("127.0.0.1", acceptor.local_endpoint().port(), absl::Milliseconds(200));
    status = socket.status();
    if (socket.ok()) held.push_back(*std::move(socket));
  }
  EXPECT_TRUE(absl::IsDeadlineExceeded(status)) << status;
}

}  // namespace
}  // namespace pcaps
