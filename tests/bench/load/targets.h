// Targets: connections to the gateways of a fleet; and what is asked for there.
#pragma once

#include <pcaps/v1/pcaps.grpc.pb.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

namespace pcaps::load {

struct NamedCapture {
  std::string account_id;
  std::string pcap_id;
};

// How callers get in.
struct Access {
  std::string authorities;  // PEM of those to trust; empty: no TLS.
  std::string token;        // Sent as `authorization: Bearer`. gRPC sends it over TLS only.
  bool policy = false;      // The client policy, proto/pcaps/v1/service_config.json.
};

// Thread-safe.
class Targets {
 public:
  using Stub = v1::PcapsService::Stub;

  // `channels` of gRPC's channels to each of `addresses`: host:port, or another target gRPC knows.
  Targets(const std::vector<std::string>& addresses, int channels, const Access& access = {});

  size_t size() const { return targets_.size(); }
  // One of the connections to a target, each in turn. Any number names a target.
  Stub& stub(size_t target);

 private:
  struct Target {
    std::vector<std::unique_ptr<Stub>> stubs;
    std::atomic<size_t> next = 0;
  };
  std::vector<std::unique_ptr<Target>> targets_;
};

}  // namespace pcaps::load
