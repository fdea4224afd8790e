#include "service/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace pcaps {
namespace {

using testing::HasSubstr;

std::string ErrorsOf(const std::string& yaml) {
  const absl::StatusOr<Config> config = ParseConfig(yaml, "test.yaml");
  return config.ok() ? "OK" : std::string(config.status().message());
}

TEST(Config, NothingGivenIsSound) {
  EXPECT_TRUE(LoadConfig("").ok());
  EXPECT_EQ(ErrorsOf(""), "OK");
  EXPECT_EQ(ErrorsOf("upstream:\nwatch:\n"), "OK");
}

TEST(Config, EveryKeyIsRead) {
  const absl::StatusOr<Config> config = ParseConfig(R"(
listen: "[::1]:6000"
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
  request_timeout: 10s
  max_in_flight: 8
  credentials: [{name: one, token_file: /t, accounts: [a, b]}]
  retry: {max_attempts: 5, base_backoff: 1ms, max_backoff: 2ms, budget_ratio: 0.5}
  rules: {full_time_limit_max: 300s}
state: {redis_url: "rediss://redis:6380/1", username: u, password_file: /p, ca_file: /r.pem, key_prefix: "a:b", connect_timeout: 2s, command_timeout: 20ms, max_replicas: 3}
watch: {min_poll_interval: 1s, max_poll_interval: 3s, heartbeat_interval: 2s, max_duration: 1m, max_streams: 9, max_streams_per_account: 4}
download: {threads: 2, chunk_size: 64KiB, cache_size: 0, whole_max: 1MiB, buffer: 128KiB, upstream_stall_timeout: 1s, reader_stall_timeout: 2s, max_streams: 3}
drain: {delay: 0s, timeout: 11s}
log: {level: debug, format: text}
)",
                                                    "test.yaml");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->listen, "[::1]:6000");
  EXPECT_TRUE(config->reflection);
  EXPECT_EQ(config->tls.key_file, "/k.pem");
  EXPECT_EQ(config->auth.mode, Config::AuthMode::kMtls);
  EXPECT_EQ(config->auth.callers_file, "/callers.yaml");
  EXPECT_FALSE(config->auth.open_health);
  EXPECT_EQ(config->limits.max_concurrent_streams, 7);
  EXPECT_EQ(config->limits.max_connections_per_peer, 9);
  EXPECT_EQ(config->limits.max_connection_age, absl::Minutes(5));
  EXPECT_EQ(config->limits.min_client_ping_interval, absl::Seconds(20));
  EXPECT_FALSE(config->limits.flood_guard);
  EXPECT_EQ(config->upstream.credentials.at(0).accounts.at(1), "b");
  EXPECT_EQ(config->upstream.retry.budget_ratio, 0.5);
  EXPECT_EQ(config->upstream.rules.full_time_limit_max, absl::Seconds(300));
  EXPECT_EQ(config->state.redis_url, "rediss://redis:6380/1");
  EXPECT_EQ(config->state.key_prefix, "a:b");
  EXPECT_EQ(config->state.command_timeout, absl::Milliseconds(20));
  EXPECT_EQ(config->state.max_replicas, 3);
  EXPECT_EQ(config->watch.max_streams_per_account, 4);
  EXPECT_EQ(config->download.chunk_size, 64 << 10);
  EXPECT_EQ(config->download.cache_size, 0);
  EXPECT_EQ(config->download.reader_stall_timeout, absl::Seconds(2));
  EXPECT_EQ(config->drain.delay, absl::ZeroDuration());
  EXPECT_EQ(config->log.level, LogLevel::kDebug);
  EXPECT_EQ(config->log.format, LogFormat::kText);
}

TEST(Config, EveryProblemIsNamedWithItsLine) {
  const std::string errors = ErrorsOf(R"(lisen: x
watch:
  max_streams: many
  poll: 1s
download: {chunk_size: 3MB}
reflection: maybe
log: {level: loud}
)");
  EXPECT_THAT(errors, HasSubstr("test.yaml"));
  EXPECT_THAT(errors, HasSubstr("line 1: unknown key lisen"));
  EXPECT_THAT(errors, HasSubstr("line 3: watch.max_streams is 'many'"));
  EXPECT_THAT(errors, HasSubstr("line 4: unknown key watch.poll"));
  EXPECT_THAT(errors, HasSubstr("line 5: download.chunk_size is '3MB'"));
  EXPECT_THAT(errors, HasSubstr("line 6: reflection is 'maybe'"));
  EXPECT_THAT(errors, HasSubstr("debug, error, info, warn"));
}

TEST(Config, AnErrorIsOneLineWhateverTheFileSays) {
  EXPECT_THAT(ErrorsOf(R"(listen: "a\nlistening b")"), HasSubstr("listen is 'a listening b'"));
  EXPECT_THAT(ErrorsOf(R"("a\nb": 1)"), HasSubstr("unknown key a b"));
  EXPECT_THAT(ErrorsOf(R"(rate_limit: {accounts: {"a\nb": 1}})"),
              HasSubstr("rate_limit.accounts.a b must be a mapping"));
  EXPECT_LT(ErrorsOf("listen: " + std::string(1 << 20, 'x')).size(), 2000U);
}

TEST(Config, AWrongSectionChangesNoAliasOfIt) {
  const std::string errors = ErrorsOf("&a auth: *a\n");
  EXPECT_THAT(errors, HasSubstr("line 1: auth must be a mapping"));
  EXPECT_THAT(errors, testing::Not(HasSubstr("unknown key")));
}

TEST(Config, OfManyErrorsTheFirstAreTold) {
  std::string yaml;
  for (int i = 0; i < 1000; ++i) yaml += absl::StrCat("key", i, ": 1\n");
  const std::string errors = ErrorsOf(yaml);
  EXPECT_THAT(errors, HasSubstr("line 100: "));
  EXPECT_THAT(errors, testing::Not(HasSubstr("line 101: ")));
  EXPECT_THAT(errors, HasSubstr("and 900 more"));
}

TEST(Config, ShapesThatDoNotFitAreErrors) {
  EXPECT_THAT(ErrorsOf("watch: 3"), HasSubstr("watch must be a mapping"));
  EXPECT_THAT(ErrorsOf("- a\n- b"), HasSubstr("must be a mapping"));
  EXPECT_THAT(ErrorsOf("listen: [a]"), HasSubstr("must be a single value"));
  EXPECT_THAT(ErrorsOf("upstream: {credentials: 1}"), HasSubstr("must be a list"));
  EXPECT_THAT(ErrorsOf("upstream: {credentials: [{accounts: 1}]}"), HasSubstr("must be a list"));
  EXPECT_THAT(ErrorsOf("upstream: {credentials: [{accounts: [[1]]}]}"), HasSubstr("single values"));
  EXPECT_THAT(ErrorsOf("listen: \"a"), HasSubstr("line "));
}

TEST(Config, BoundsHold) {
  EXPECT_THAT(ErrorsOf("watch: {min_poll_interval: 0s}"), HasSubstr("min_poll_interval"));
  EXPECT_THAT(ErrorsOf("watch: {min_poll_interval: -1s}"), HasSubstr("min_poll_interval"));
  EXPECT_THAT(ErrorsOf("watch: {max_poll_interval: 1s}"), HasSubstr("less than min_poll_interval"));
  EXPECT_THAT(ErrorsOf("watch: {max_streams: 0}"), HasSubstr("max_streams"));
  EXPECT_THAT(ErrorsOf("download: {chunk_size: 99999999999999GiB}"), HasSubstr("chunk_size"));
  EXPECT_THAT(ErrorsOf("download: {cache_size: 17GiB}"), HasSubstr("cache_size"));
  EXPECT_THAT(ErrorsOf("upstream: {retry: {budget_ratio: 2}}"), HasSubstr("budget_ratio"));
  EXPECT_THAT(ErrorsOf("upstream: {retry: {budget_ratio: nan}}"), HasSubstr("budget_ratio"));
  EXPECT_THAT(ErrorsOf("drain: {timeout: 20s}"), HasSubstr("must exceed upstream.request_timeout"));
}

TEST(Config, OthersMayReachItOnlyWhenToldSo) {
  EXPECT_THAT(ErrorsOf("listen: 0.0.0.0:50051"), HasSubstr("auth.allow_insecure"));
  EXPECT_EQ(ErrorsOf("listen: 0.0.0.0:50051\nauth: {allow_insecure: true}"), "OK");
  EXPECT_EQ(ErrorsOf("listen: 127.0.0.9:50051"), "OK");
  EXPECT_EQ(ErrorsOf("listen: localhost:1"), "OK");
  EXPECT_THAT(ErrorsOf("listen: 127.0.0.1"), HasSubstr("host:port"));
  EXPECT_THAT(ErrorsOf("listen: 127.0.0.1:70000"), HasSubstr("host:port"));
  EXPECT_THAT(ErrorsOf("listen: \"::1:80\""), HasSubstr("host:port"));
  EXPECT_THAT(ErrorsOf("listen: \"[::1:80\""), HasSubstr("host:port"));
  EXPECT_TRUE(IsLoopback("[::1]:80"));
  EXPECT_FALSE(IsLoopback("10.0.0.1:80"));
}

TEST(Config, TheTokenTravelsInTheClearOnlyToThisMachineOrWhenToldSo) {
  EXPECT_EQ(ErrorsOf("upstream: {base_url: 'http://127.0.0.1:8081/client/v4'}"), "OK");
  EXPECT_EQ(ErrorsOf("upstream: {base_url: 'http://[::1]:8081/client/v4'}"), "OK");
  EXPECT_THAT(ErrorsOf("upstream: {base_url: 'http://emulator:8081'}"),
              HasSubstr("allow_plaintext"));
  EXPECT_EQ(ErrorsOf("upstream: {base_url: 'http://emulator:8081', allow_plaintext: true}"), "OK");
  EXPECT_THAT(ErrorsOf("upstream: {base_url: 'ftp://host'}"), HasSubstr("https://"));
  EXPECT_THAT(ErrorsOf("upstream: {base_url: 'nonsense'}"), HasSubstr("must be a URL"));
  EXPECT_THAT(ErrorsOf("upstream: {base_url: 'https://user:pw@host'}"), HasSubstr("no user"));
}

TEST(Config, APortIsOneOf65535) {
  for (const char* port : {"0", "65536", "65616", "99999"}) {
    EXPECT_THAT(ErrorsOf(absl::StrCat("upstream: {proxy: 'http://u:hunter2@proxy:", port, "'}")),
                AllOf(HasSubstr("upstream.proxy"), HasSubstr("1 to 65535"),
                      testing::Not(HasSubstr("hunter2"))));
    EXPECT_THAT(ErrorsOf(absl::StrCat("upstream: {proxy: 'proxy:", port, "'}")),
                HasSubstr("1 to 65535"));
    EXPECT_THAT(ErrorsOf(absl::StrCat("upstream: {base_url: 'https://api:", port, "'}")),
                HasSubstr("1 to 65535"));
  }
  for (const char* proxy : {"proxy", "proxy:3128", "socks5://[::1]:65535", "http://u:p%40@proxy"}) {
    EXPECT_EQ(ErrorsOf(absl::StrCat("upstream: {proxy: '", proxy, "'}")), "OK") << proxy;
  }
}

TEST(Config, CredentialsDoNotContradictEachOther) {
  EXPECT_THAT(ErrorsOf("upstream: {credentials: [{name: a}, {name: a, accounts: [x]}]}"),
              HasSubstr("'a' twice"));
  EXPECT_THAT(ErrorsOf("upstream: {credentials: [{name: a}, {name: b}]}"), HasSubstr("'*' twice"));
  EXPECT_THAT(ErrorsOf("upstream: {credentials: [{name: a, accounts: []}]}"),
              HasSubstr("no accounts"));
}

TEST(Config, StateIsARedisOrNothing) {
  EXPECT_EQ(ErrorsOf("state: {redis_url: 'redis://127.0.0.1:6379'}"), "OK");
  EXPECT_THAT(ErrorsOf("state: {redis_url: 'redis.example'}"),
              HasSubstr("line 1: state.redis_url must be a URL like redis://"));
  const std::string with_password = ErrorsOf("state: {redis_url: 'redis://:hunter2@host'}");
  EXPECT_THAT(with_password, HasSubstr("state.password_file"));
  EXPECT_THAT(with_password, testing::Not(HasSubstr("hunter2")));
  EXPECT_THAT(ErrorsOf("state: {redis_url: 'redis://h', ca_file: /c}"), HasSubstr("rediss://"));
  EXPECT_THAT(ErrorsOf("state: {username: u}"), HasSubstr("password_file"));
  EXPECT_THAT(ErrorsOf("state: {key_prefix: 'a b'}"), HasSubstr("key_prefix"));
  EXPECT_THAT(ErrorsOf("state: {key_prefix: ''}"), HasSubstr("key_prefix"));
  EXPECT_THAT(ErrorsOf("state: {max_replicas: 0}"), HasSubstr("max_replicas"));
  EXPECT_THAT(ErrorsOf("state: {command_timeout: 0s}"), HasSubstr("command_timeout"));
}

TEST(Config, BudgetsAreNamedAndUsed) {
  EXPECT_THAT(ErrorsOf("upstream: {budgets: [{name: a}, {name: a}]}"), HasSubstr("another"));
  EXPECT_THAT(ErrorsOf("upstream: {budgets: [{name: a}]}"), HasSubstr("the budget 'default'"));
  EXPECT_THAT(ErrorsOf("upstream: {budgets: [{requests_per_second: 0}]}"),
              HasSubstr("requests_per_second"));
  EXPECT_EQ(ErrorsOf("upstream: {budgets: [{name: a, burst: 2}], credentials: [{budget: a}]}"),
            "OK");
}

TEST(Config, AnAccountCanHaveARateOfItsOwn) {
  const auto config = ParseConfig(
      "rate_limit: {burst: 7, accounts: {one: {requests_per_second: 1}, two: {burst: 3}}}", "f");
  ASSERT_TRUE(config.ok()) << config.status();
  EXPECT_EQ(config->rate_limit.requests_per_second, 50);
  EXPECT_EQ(config->rate_limit.accounts.at("one").requests_per_second, 1);
  EXPECT_EQ(config->rate_limit.accounts.at("one").burst, 7);
  EXPECT_EQ(config->rate_limit.accounts.at("two").burst, 3);
  EXPECT_THAT(ErrorsOf("rate_limit: {accounts: {one: {rate: 1}}}"), HasSubstr("accounts.one.rate"));
  EXPECT_THAT(ErrorsOf("rate_limit: {accounts: [one]}"), HasSubstr("must be a mapping"));
}

TEST(Config, NothingIsGivenTwiceOrEmpty) {
  EXPECT_THAT(ErrorsOf("listen: 127.0.0.1:1\nlisten: 127.0.0.1:2"),
              HasSubstr("line 2: listen is given twice"));
  EXPECT_THAT(ErrorsOf("upstream: {credentials: []}"), HasSubstr("must not be empty"));
}

TEST(Config, AFileThatCannotBeReadIsNamed) {
  EXPECT_THAT(std::string(LoadConfig("/tmp").status().message()), HasSubstr("/tmp is a directory"));
  const absl::StatusOr<Config> config = LoadConfig("/does/not/exist.yaml");
  EXPECT_THAT(std::string(config.status().message()), HasSubstr("/does/not/exist.yaml"));
}

}  // namespace
}  // namespace pcaps
