// Config: everything that can be set, each default with its reason. LoadConfig is the only way in.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "service/telemetry/log.h"

namespace pcaps {

struct Config {
  // host:port the gRPC server listens on; port 0 picks a free one.
  std::string listen = "127.0.0.1:50051";
  // host:port of the admin port: metrics, health, what goes on; no secret. Empty: there is none,
  // and calls are not counted.
  std::string admin_listen = "127.0.0.1:8080";
  // Server reflection for grpcurl. Off: it is a synchronous service that costs threads.
  bool reflection = false;

  // PEM files of the gRPC port; all empty: plain text. Read again when they change.
  struct Tls {
    std::string cert_file;       // Ours, with what leads up to its root.
    std::string key_file;        // Of the certificate.
    std::string client_ca_file;  // Who may vouch for callers' certificates. Empty: nobody is asked.

    bool operator==(const Tls&) const = default;
  } tls;

  // How callers show who they are.
  enum class AuthMode {
    kNone,   // Not at all: everybody may do everything.
    kMtls,   // A client certificate's URI or DNS name.
    kToken,  // "authorization: Bearer <token>".
  };
  struct Auth {
    AuthMode mode = AuthMode::kNone;
    std::string callers_file;  // Who they are, and what each may do. Read again when it changes.
    // With mode none: lets anybody who reaches a port that is not loopback use our tokens. With
    // mode token: lets callers' tokens pass a network in plain text.
    bool allow_insecure = false;
    bool open_health = true;  // Health may be asked by anybody: probes have no identity.

    bool operator==(const Auth&) const = default;
  } auth;

  // What one peer, and all together, may take before any call of theirs is looked at.
  struct Limits {
    // Calls open at once on one connection; gRPC's own default is 2^32. A proxy needs several
    // connections above it.
    int max_concurrent_streams = 1000;
    int max_connections = 10000;  // Some 20 KiB each.
    int max_connections_per_peer =
        1000;                         // Of one address: so that one host leaves room for others.
    int max_unary_in_flight = 10000;  // Calls being served; some KiB each. Above it: OVERLOADED.
    // +-10%. Then a connection takes no new calls, so that clients spread over replicas again.
    absl::Duration max_connection_age = absl::Minutes(30);
    // Clients that ping more often, twice, are sent away (ENHANCE_YOUR_CALM).
    absl::Duration min_client_ping_interval = absl::Seconds(10);
    // Closes connections that send much more than the calls they make.
    bool flood_guard = true;

    bool operator==(const Limits&) const = default;
  } limits;

  // What one Cloudflare user may spend: all his tokens, over the whole fleet.
  struct Budget {
    std::string name = "default";
    // 1,200 in five minutes is the upstream's limit: 3/s and a full burst stay under it even when
    // the state is lost three times meanwhile (960 + 3 x 60).
    double requests_per_second = 3;
    double burst = 60;

    bool operator==(const Budget&) const = default;
  };

  struct Credential {
    std::string name = "default";
    std::string token_file;                     // Empty: the environment's CLOUDFLARE_API_TOKEN.
    std::vector<std::string> accounts = {"*"};  // Account ids, or "*" for every other one.
    std::string budget = "default";             // Credentials of one user name one budget.

    bool operator==(const Credential&) const = default;
  };

  struct Upstream {
    std::string base_url = "https://api.cloudflare.com/client/v4";
    std::string ca_file;           // PEM bundle; empty: the system's.
    std::string proxy;             // http://host:port; empty: none, whatever the environment says.
    bool allow_plaintext = false;  // http:// to a host that is not loopback: for emulators only.
    absl::Duration connect_timeout = absl::Seconds(3);
    absl::Duration request_timeout = absl::Seconds(20);  // One call with its retries and waits.
    int max_in_flight = 256;                             // Above it: OVERLOADED.
    std::vector<Budget> budgets = {Budget{}};
    std::vector<Credential> credentials = {Credential{}};
    struct Retry {
      int max_attempts = 3;
      absl::Duration base_backoff = absl::Milliseconds(200);
      absl::Duration max_backoff = absl::Seconds(5);
      double budget_ratio = 0.2;  // Retries per first attempt, so that an outage is not multiplied.

      bool operator==(const Retry&) const = default;
    } retry;
    struct Rules {
      // The upstream makes one simple capture an account in this time; 0 leaves the rule to it.
      absl::Duration simple_create_interval = absl::Seconds(60);
      // The upstream runs one full capture an account; false leaves the rule to it.
      bool one_full_at_a_time = true;
      // Older guides of the upstream say 300 s, its schema a day.
      absl::Duration full_time_limit_max = absl::Seconds(86400);

      bool operator==(const Rules&) const = default;
    } rules;

    bool operator==(const Upstream&) const = default;
  } upstream;

  // What replicas share: a Redis, or nothing but this process's memory.
  struct State {
    std::string redis_url;  // redis://host:port/db, or rediss:// for TLS. Empty: memory.
    std::string username;   // Of an ACL; empty: Redis's default user.
    std::string password_file;
    std::string ca_file;               // PEM bundle for rediss://; empty: the system's.
    std::string key_prefix = "pcaps";  // Of all keys, so that a Redis can be shared.
    absl::Duration connect_timeout = absl::Seconds(1);
    absl::Duration command_timeout = absl::Milliseconds(50);  // All that one RPC waits for state.
    int max_replicas = 1;  // Each one's share of the budgets when Redis is gone is 1/max_replicas.

    bool operator==(const State&) const = default;
  } state;

  // Times after which a remembered answer is asked for again; 0 remembers none.
  struct Cache {
    absl::Duration terminal_ttl = absl::Hours(24);  // A done capture changes no more.
    absl::Duration active_ttl = absl::Seconds(2);   // min_poll_interval: nobody sees more.
    absl::Duration list_ttl = absl::Seconds(5);
    absl::Duration not_found_ttl = absl::Seconds(5);
    absl::Duration stale_ttl = absl::Hours(24);  // Older answers still stand in for an upstream
                                                 // in trouble, marked stale.
    int max_entries = 100000;                    // Of this process; under 1 KiB each.

    bool operator==(const Cache&) const = default;
  } cache;

  // Calls of one account, over the whole fleet.
  struct Rate {
    double requests_per_second = 50;  // 0: no limit.
    double burst = 100;

    bool operator==(const Rate&) const = default;
  };
  struct RateLimit : Rate {
    std::map<std::string, Rate> accounts;  // Those with a rate of their own.

    bool operator==(const RateLimit&) const = default;
  } rate_limit;

  struct Watch {
    absl::Duration min_poll_interval = absl::Seconds(2);   // Young captures change quickly,
    absl::Duration max_poll_interval = absl::Seconds(15);  // old ones seldom.
    absl::Duration heartbeat_interval = absl::Seconds(15);
    absl::Duration max_duration =
        absl::Minutes(30);               // +-20%, so that streams spread over replicas again.
    int max_streams = 5000;              // 16 KiB each. Above it: OVERLOADED.
    int max_streams_per_account = 2000;  // So that one account leaves room for others.

    bool operator==(const Watch&) const = default;
  } watch;

  struct Download {
    int threads = 1;                 // One moves over 1 GB/s, more than upstream gives.
    int64_t chunk_size = 256 << 10;  // Bytes a message.
    int64_t cache_size = 64 << 20;   // Of files kept for the next reader; 0 keeps none.
    int64_t whole_max = 8 << 20;     // Larger bodies are streamed; a simple capture is 1.8 MB.
    int64_t buffer = 1 << 20;        // Bytes held for a slow reader of a streamed body.
    absl::Duration upstream_stall_timeout = absl::Seconds(30);
    absl::Duration reader_stall_timeout = absl::Seconds(60);
    int max_streams = 64;  // 8 MiB each at worst. Above it: OVERLOADED.

    bool operator==(const Download&) const = default;
  } download;

  struct Drain {
    absl::Duration delay = absl::Seconds(5);     // Serve as usual while load balancers notice.
    absl::Duration timeout = absl::Seconds(25);  // Then finish what runs; exceeds request_timeout.

    bool operator==(const Drain&) const = default;
  } drain;

  struct LogOptions {
    LogLevel level = LogLevel::kInfo;
    LogFormat format = LogFormat::kJson;

    bool operator==(const LogOptions&) const = default;
  } log;

  bool operator==(const Config&) const = default;
};

// The configuration in a YAML file; the defaults for an empty path. INVALID_ARGUMENT lists every
// problem, each with its line.
absl::StatusOr<Config> LoadConfig(const std::string& file);

// The same from YAML text; `name` stands for the file in messages.
absl::StatusOr<Config> ParseConfig(const std::string& yaml, const std::string& name);

// As in a file: "none", "mtls", "token".
const char* AuthModeName(Config::AuthMode mode);

// Whether "host:port" (or "[v6]:port") names this machine alone.
bool IsLoopback(absl::string_view host_port);

}  // namespace pcaps
