// A client connected to a fake gateway, with pauses too short to notice.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "clients/gateway/client.h"
#include "tests/unit/gateway_client/fake_gateway.h"

namespace pcaps {

inline std::unique_ptr<GatewayClient> ConnectTo(const FakeGateway& gateway) {
  ConnectOptions options;
  options.target = gateway.target();
  options.backoff.initial = absl::Milliseconds(1);
  options.backoff.max = absl::Milliseconds(2);
  return *GatewayClient::Connect(options);
}

class ClientFixture : public testing::Test {
 protected:
  FakeGateway gateway_;
  const std::unique_ptr<GatewayClient> client_ = ConnectTo(gateway_);
};

}  // namespace pcaps
