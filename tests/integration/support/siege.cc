#include "tests/integration/support/siege.h"

#include <grpcpp/security/credentials.h>

#include <algorithm>
#include <utility>

#include "tests/integration/support/world.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

constexpr int kCallers = 2;

json::object Settings(const Door& door, const SiegeOptions& options) {
  // Calls are answered from memory: nothing but the gateway is measured.
  json::object settings = {{"cache", {{"terminal_ttl", "1h"}}}, {"log", {{"level", "info"}}}};
  if (options.tls) settings = Merge(std::move(settings), door.Settings("none"));
  return Merge(std::move(settings), options.settings);
}

}  // namespace

Siege::Siege(const SiegeOptions& options)
    : door_({}),
      tls_(options.tls),
      credentials_(tls_ ? door_.Tls() : grpc::InsecureChannelCredentials()),
      gateway_(emulator_, Settings(door_, options)),
      pcap_id_(emulator_.Seed(kAccount, 1, "success").front()) {
  Caller caller(Connect());
  const absl::Status status = caller.Call(GetRequest(pcap_id_)).status;
  EXPECT_TRUE(status.ok()) << status;
}

WireOptions Siege::wire() const {
  WireOptions options;
  if (tls_) options.trusted = &door_.authority();
  return options;
}

int64_t MostReceivedOfFloods(const Gateway& gateway) {
  int64_t most = 0;
  for (const json::object& line : gateway.Log()) {
    if (line.at("event") != "connection_closed") continue;
    most = std::max(most, line.at("received_bytes").to_number<int64_t>());
  }
  return most;
}

HonestCallers::HonestCallers(const Siege& siege) : caller_(siege.Connect()), since_(absl::Now()) {
  for (int i = 0; i < kCallers; ++i) {
    threads_.emplace_back([this, pcap_id = siege.pcap_id()] { Call(pcap_id); });
  }
}

HonestCallers::~HonestCallers() {
  over_ = true;
  for (std::thread& thread : threads_) thread.join();
}

void HonestCallers::Call(const std::string& pcap_id) {
  while (!over_) {
    const absl::Status status = caller_.Call(GetRequest(pcap_id)).status;
    EXPECT_TRUE(status.ok()) << status;
    ++(status.ok() ? done_ : failed_);
  }
}

double HonestCallers::TakeRate() {
  const absl::Time now = absl::Now();
  const auto done = static_cast<double>(done_.exchange(0));
  return done / absl::ToDoubleSeconds(now - std::exchange(since_, now));
}

}  // namespace pcaps::integration
