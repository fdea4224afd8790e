// Siege: a gateway that is asked by honest callers while something else goes on.
#pragma once

#include <grpcpp/channel.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "tests/integration/support/caller.h"
#include "tests/integration/support/door.h"
#include "tests/integration/support/emulator.h"
#include "tests/integration/support/gateway.h"
#include "tests/integration/support/wire.h"

namespace pcaps::integration {

struct SiegeOptions {
  bool tls = false;
  boost::json::object settings = {};
};

class Siege {
 public:
  explicit Siege(const SiegeOptions& options = {});

  // A connection of its own, and what a Wire needs for one.
  std::shared_ptr<grpc::Channel> Connect() const { return gateway_.Connect(credentials_); }
  WireOptions wire() const;

  // A capture that is done, and in the gateway's memory.
  const std::string& pcap_id() const { return pcap_id_; }
  const Gateway& gateway() const { return gateway_; }
  Emulator& emulator() { return emulator_; }

 private:
  const Door door_;
  const bool tls_;
  const std::shared_ptr<grpc::ChannelCredentials> credentials_;
  Emulator emulator_;
  Gateway gateway_;
  std::string pcap_id_;
};

// The most that the gateway read of a flood until it closed it, as far as its log says.
int64_t MostReceivedOfFloods(const Gateway& gateway);

// Honest callers, two of them on a connection of their own, each with one call after the other.
class HonestCallers {
 public:
  explicit HonestCallers(const Siege& siege);
  ~HonestCallers();

  // Calls a second that went well since it was last asked, or since they began.
  double TakeRate();
  int64_t failed() const { return failed_; }

 private:
  void Call(const std::string& pcap_id);

  Caller caller_;
  std::atomic<bool> over_ = false;
  std::atomic<int64_t> done_ = 0;
  std::atomic<int64_t> failed_ = 0;
  absl::Time since_;
  std::vector<std::thread> threads_;
};

}  // namespace pcaps::integration
