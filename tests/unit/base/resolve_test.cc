#include "clients/base/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <optional>

#include "tests/unit/support/run_task.h"

namespace pcaps {
namespace {

using Endpoints = absl::StatusOr<std::vector<boost::asio::ip::tcp::endpoint>>;

TEST(ResolveName, FindsTheAddressesOfANameAndTakesAnAddressForItself) {
  boost::asio::io_context loop;
  for (const char* host : {"localhost", "127.0.0.1", "::1"}) {
    const Endpoints endpoints = RunTask(loop, ResolveName(host, 6379));
    ASSERT_TRUE(endpoints.ok()) << endpoints.status();
    ASSERT_FALSE(endpoints->empty());
    EXPECT_TRUE(endpoints->front().address().is_loopback());
    EXPECT_EQ(endpoints->front().port(), 6379);
  }
}

TEST(ResolveName, ANameWithoutAddressIsNotFound) {
  boost::asio::io_context loop;
  const Endpoints endpoints = RunTask(loop, ResolveName("no-such-host.invalid", 1));
  EXPECT_TRUE(absl::IsNotFound(endpoints.status())) << endpoints.status();
  EXPECT_THAT(std::string(endpoints.status().message()), testing::HasSubstr("no-such-host"));
}

TEST(ResolveName, ACallerWhoLeavesIsNotHeldUp) {
  boost::asio::io_context loop;
  boost::asio::cancellation_signal leave;
  std::optional<Endpoints> result;
  Spawn(loop.get_executor(), leave.slot(), ResolveName("localhost", 1),
        [&](Endpoints endpoints) { result = std::move(endpoints); });
  leave.emit(boost::asio::cancellation_type::terminal);
  loop.run();
  ASSERT_TRUE(result.has_value());
  EXPECT_TRUE(result->ok() || absl::IsCancelled(result->status())) << result->status();
}

}  // namespace
}  // namespace pcaps
