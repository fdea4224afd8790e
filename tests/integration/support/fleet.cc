#include "tests/integration/support/fleet.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace pcaps::integration {
namespace {

namespace json = boost::json;

// Laid over the quick settings: what a fleet shares is on, but for rates, budget and rules. Redis
// may be slow, because the machine is busy: only tests of that want to notice.
constexpr char kFleet[] = R"({
  "cache": {"terminal_ttl": "24h", "active_ttl": "2s", "list_ttl": "5s", "not_found_ttl": "5s", "stale_ttl": "24h"},
  "watch": {"min_poll_interval": "500ms", "max_poll_interval": "500ms", "max_streams": 5000, "max_streams_per_account": 5000},
  "state": {"command_timeout": "1s"}
})";

std::string TokenOf(int replica) { return absl::StrCat(kUpstreamToken, "-", replica); }

// The emulator must take the token of each replica.
Emulator::Options WithTokens(Emulator::Options options, int replicas) {
  for (int i = 0; i < replicas; ++i) {
    options.flags.emplace_back("--token");
    options.flags.push_back(TokenOf(i));
  }
  return options;
}

}  // namespace

Fleet::Fleet(FleetOptions options) : emulator(WithTokens(options.emulator, options.replicas)) {
  if (!options.redis_runs) redis.Kill();
  for (int i = 0; i < options.replicas; ++i) {
    const std::string token_file = directory_.Write(absl::StrCat("token-", i), TokenOf(i));
    const json::object credential = {{"name", "default"}, {"token_file", token_file}};
    const json::array credentials = {json::value(credential)};
    json::object settings =
        Merge(json::parse(kFleet).get_object(), {{"upstream", {{"credentials", credentials}}}});
    if (options.redis) {
      settings =
          Merge(std::move(settings),
                {{"state", {{"redis_url", redis.url()}, {"max_replicas", options.replicas}}}});
    }
    gateways_.push_back(
        std::make_unique<Gateway>(emulator, Merge(std::move(settings), options.settings)));
    callers_.push_back(std::make_unique<Caller>(*gateways_.back()));
  }
}

std::vector<std::string> Fleet::targets() const {
  std::vector<std::string> addresses;
  for (const auto& gateway : gateways_) addresses.push_back(gateway->address());
  return addresses;
}

std::vector<UpstreamRequest> Fleet::Requests(absl::Time since) {
  const std::string text =
      emulator.Text("GET", absl::StrCat("requests?since_ms=", absl::ToUnixMillis(since)), nullptr);
  std::vector<UpstreamRequest> requests;
  for (const absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    UpstreamRequest request = {.endpoint = words[1], .account_id = words[2], .object_id = words[3]};
    int64_t at_ms = 0;
    EXPECT_TRUE(absl::SimpleAtoi(words[0], &at_ms)) << line;
    request.at = absl::FromUnixMillis(at_ms);
    EXPECT_TRUE(absl::SimpleAtoi(words[4], &request.status)) << line;
    for (int i = 0; i < static_cast<int>(gateways_.size()); ++i) {
      if (words[5] == TokenOf(i)) request.replica = i;
    }
    requests.push_back(std::move(request));
  }
  return requests;
}

std::vector<std::string> Fleet::Seed(const std::string& account_id, int count,
                                     const std::string& status) {
  return emulator.Seed(account_id, count, status);
}

void Fleet::SeedNamed(const std::string& account_id, const std::string& pcap_id,
                      const std::string& status) {
  (void)emulator.Text("POST", "seed",
                      {{"account", account_id}, {"pcap_id", pcap_id}, {"status", status}});
}

void Fleet::Pin(const std::string& account_id, const std::string& pcap_id,
                const std::string& status) {
  json::object capture = {{"account", account_id}, {"status", status}};
  if (!pcap_id.empty()) capture["pcap_id"] = pcap_id;
  emulator.Control("POST", "captures", capture);
}

}  // namespace pcaps::integration
