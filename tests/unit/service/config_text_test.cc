#include "service/config_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace pcaps {
namespace {

using testing::HasSubstr;
using testing::Not;

// No key has its default.
constexpr char kEveryKey[] = R"(
listen: "[::1]:6000"
admin_listen: ""
reflection: true
tls: {cert_file: /c.pem, key_file: /k.pem, client_ca_file: /ca.pem}
auth: {mode: mtls, callers_file: /callers.yaml, allow_insecure: true, open_health: false}
limits: {max_concurrent_streams: 7, max_connections: 8, max_connections_per_peer: 9, max_unary_in_flight: 10, max_connection_age: 5m, min_client_ping_interval: 20s, flood_guard: false}
upstream:
  base_url: https://example.com/client/v4
  ca_file: /ca.pem
  proxy: http://proxy:3128
  allow_plaintext: true
  connect_timeout: 1s
  request_timeout: 10500ms
  max_in_flight: 8
  budgets: [{name: b, requests_per_second: 0.1, burst: 1000000}, {name: c}]
  credentials: [{name: one, token_file: /t, accounts: [a, "*"], budget: b}, {name: two, accounts: ["null"], budget: c}]
  retry: {max_attempts: 5, base_backoff: 1ms, max_backoff: 2ms, budget_ratio: 0.3}
  rules: {simple_create_interval: 0s, one_full_at_a_time: false, full_time_limit_max: 300s}
watch: {min_poll_interval: 1s, max_poll_interval: 3s, heartbeat_interval: 2s, max_duration: 61s, max_streams: 9, max_streams_per_account: 4}
download: {threads: 2, chunk_size: 65537, cache_size: 0, whole_max: 1MiB, buffer: 128KiB, upstream_stall_timeout: 1s, reader_stall_timeout: 2s, max_streams: 3}
state: {redis_url: "rediss://redis:6380/1", username: "~", password_file: "a #'b'", ca_file: /r.pem, key_prefix: "a:b", connect_timeout: 2s, command_timeout: 20ms, max_replicas: 3}
cache: {terminal_ttl: 1h, active_ttl: 1s, list_ttl: 1500us, not_found_ttl: 0s, stale_ttl: 1m, max_entries: 7}
rate_limit: {requests_per_second: 0, burst: 3.25, accounts: {a: {requests_per_second: 1, burst: 2}, "true": {}}}
drain: {delay: 0s, timeout: 11s}
log: {level: debug, format: text}
)";

// The values by their paths: "watch.max_streams" -> "9".
using Leaves = std::map<std::string, std::string>;
void AddLeaves(const YAML::Node& node, const std::string& path, Leaves& leaves) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      AddLeaves(entry.second, absl::StrCat(path, ".", entry.first.Scalar()), leaves);
    }
  } else if (node.IsSequence()) {
    for (size_t i = 0; i < node.size(); ++i) AddLeaves(node[i], absl::StrCat(path, "[", i), leaves);
  } else {
    leaves[path] = node.Scalar();
  }
}
Leaves LeavesOf(const std::string& yaml) {
  Leaves leaves;
  AddLeaves(YAML::Load(yaml), "", leaves);
  return leaves;
}

TEST(ConfigText, OfTheDefaultsReadsAsTheDefaults) {
  const absl::StatusOr<Config> read = ParseConfig(ConfigText(Config()), "text");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == Config()) << ConfigText(Config());
}

TEST(ConfigText, ReadsAsTheConfigurationItIsOf) {
  const absl::StatusOr<Config> config = ParseConfig(kEveryKey, "test.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  const std::string text = ConfigText(*config);
  const absl::StatusOr<Config> read = ParseConfig(text, "text");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(*read == *config) << text;

  // The test above says something of a key only where it has not its default.
  const Leaves leaves = LeavesOf(text);
  for (const auto& [path, value] : LeavesOf(ConfigText(Config()))) {
    ASSERT_EQ(leaves.count(path), 1U) << path;
    EXPECT_NE(leaves.at(path), value) << path;
  }
}

// Adds a key that is not known to each mapping of `node`, and says what the reader must answer if
// it knows exactly those that are there.
void AddUnknownKeys(YAML::Node node, const std::string& path, std::vector<std::string>& answers) {
  if (!node.IsMap() && !node.IsSequence()) return;
  std::set<std::string> keys;
  size_t i = 0;
  for (const auto& entry : node) {
    if (node.IsSequence()) {
      AddUnknownKeys(entry, absl::StrCat(path, "[", i++, "]"), answers);
    } else {
      const std::string key = entry.first.Scalar();
      keys.insert(key);
      AddUnknownKeys(entry.second, path.empty() ? key : absl::StrCat(path, ".", key), answers);
    }
  }
  if (node.IsSequence() || path == "rate_limit.accounts") return;  // Its keys are ids.
  node["zz"] = "";
  answers.push_back(absl::StrCat("unknown key ", path, path.empty() ? "" : ".",
                                 "zz; known here: ", absl::StrJoin(keys, ", "), "\n"));
}

TEST(ConfigText, HasEveryKeyThatIsRead) {
  Config config;
  config.rate_limit.accounts["a"] = {};
  YAML::Node yaml = YAML::Load(ConfigText(config));
  std::vector<std::string> answers;
  AddUnknownKeys(yaml, "", answers);
  const absl::Status errors = ParseConfig(YAML::Dump(yaml), "text").status();
  ASSERT_FALSE(errors.ok());
  for (const std::string& answer : answers) {
    EXPECT_THAT(absl::StrCat(errors.message(), "\n"), HasSubstr(answer));
  }
  EXPECT_EQ(answers.size(), 17U);  // The file, its 11 sections, and the five below them.
}

TEST(ConfigText, IsWhatTheReadmeShows) {
  std::ifstream file(PCAPS_README);
  std::stringstream text;
  text << file.rdbuf();
  const std::string readme = text.str();
  const size_t begin = readme.find("```yaml\nlisten:");
  ASSERT_NE(begin, std::string::npos);
  const std::string example = readme.substr(begin + 8, readme.find("```", begin + 8) - begin - 8);

  const absl::StatusOr<Config> config = ParseConfig(example, "README.md");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_TRUE(*config == Config());
  std::vector<std::string> shown;
  for (const auto& entry : YAML::Load(example)) shown.push_back(entry.first.Scalar());
  std::vector<std::string> told;
  for (const auto& entry : YAML::Load(ConfigText(Config()))) told.push_back(entry.first.Scalar());
  EXPECT_EQ(shown, told);  // In this order.
  std::set<std::string> shown_paths;
  for (const auto& [path, value] : LeavesOf(example)) shown_paths.insert(path);
  for (const auto& [path, value] : LeavesOf(ConfigText(Config()))) {
    EXPECT_EQ(shown_paths.erase(path), 1U) << path;
  }
  EXPECT_THAT(shown_paths, testing::IsEmpty());
}

TEST(ConfigText, ShowsNoPassword) {
  Config config;
  config.upstream.proxy = "http://user:pass/word@proxy:3128";
  config.upstream.base_url = "https://token@example.com/v4";
  config.state.redis_url = "redis://:secret@redis:6379/1";
  const std::string text = ConfigText(config);
  EXPECT_THAT(text, HasSubstr("proxy: http://REDACTED@proxy:3128\n"));
  EXPECT_THAT(text, HasSubstr("base_url: https://REDACTED@example.com/v4\n"));
  EXPECT_THAT(text, HasSubstr("redis://REDACTED@redis:6379/1"));
  config.upstream.proxy = "user:word@proxy:3128";
  EXPECT_THAT(ConfigText(config), HasSubstr("proxy: REDACTED@proxy:3128\n"));
}

TEST(ConfigText, TakesAnyText) {
  for (const char* const odd : {"a\nb: c", "\x01\x7f", "{x}", "a, b]", "- a", "!t", "\"", "\\", "ä",
                                " a ", "&a *a", "?", "%", "@", "`", "a: b", "NULL", "0x1"}) {
    Config config;
    config.tls.cert_file = odd;
    config.tls.key_file = odd;
    config.rate_limit.accounts[odd] = {};
    const absl::StatusOr<Config> read = ParseConfig(ConfigText(config), "text");
    ASSERT_TRUE(read.ok()) << read.status() << ConfigText(config);
    EXPECT_TRUE(*read == config) << ConfigText(config);
  }
}

}  // namespace
}  // namespace pcaps
