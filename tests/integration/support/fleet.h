// Fleet: an emulator, a Redis, and gateways that share it; what every test of several replicas
// begins with.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/support/caller.h"
#include "tests/integration/support/emulator.h"
#include "tests/integration/support/gateway.h"
#include "tests/integration/support/redis.h"
#include "tests/integration/support/temp_dir.h"

namespace pcaps::integration {

// A request as the emulator saw it.
struct UpstreamRequest {
  absl::Time at;
  std::string endpoint;
  std::string account_id;
  std::string object_id;
  int status = 0;  // 0: no answer was sent.
  int replica = -1;
};

struct FleetOptions {
  int replicas = 3;
  bool redis = true;             // False: each replica for itself, so there is to be one.
  bool redis_runs = true;        // False: it is down until Redis::Start().
  boost::json::object settings;  // Laid over those of kFleet in fleet.cc.
  Emulator::Options emulator;
};

class Fleet {
 public:
  explicit Fleet(FleetOptions options = {});

  // "host:port" of each replica.
  std::vector<std::string> targets() const;
  // A caller of one replica.
  Caller& caller(int replica) { return *callers_[static_cast<size_t>(replica)]; }
  Gateway& gateway(int replica) { return *gateways_[static_cast<size_t>(replica)]; }

  // What the replicas asked the upstream since then, in order. Each has a token of its own.
  std::vector<UpstreamRequest> Requests(absl::Time since = absl::UnixEpoch());

  // New captures that no rule counts, each showing `status`; "": that of their age.
  std::vector<std::string> Seed(const std::string& account_id, int count,
                                const std::string& status = "");
  // One with this id, of 32 characters.
  void SeedNamed(const std::string& account_id, const std::string& pcap_id,
                 const std::string& status = "");
  // Makes a capture show this status; all of the account, where `pcap_id` is empty.
  void Pin(const std::string& account_id, const std::string& pcap_id, const std::string& status);

  Emulator emulator;
  Redis redis;

 private:
  TempDir directory_;
  std::vector<std::unique_ptr<Gateway>> gateways_;
  std::vector<std::unique_ptr<Caller>> callers_;
};

}  // namespace pcaps::integration
