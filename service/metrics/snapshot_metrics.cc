#include "service/metrics/snapshot_metrics.h"

#include <algorithm>
#include <utility>

namespace pcaps {
namespace {

template <typename Map>
auto Get(const Map& map, const std::string& key) {
  const auto found = map.find(key);
  return found == map.end() ? typename Map::mapped_type() : found->second;
}

int RejectionsOf(const Snapshot& snapshot, const std::string& credential) {
  for (const CredentialState& state : snapshot.credentials) {
    if (state.name == credential) return state.rejections;
  }
  return 0;
}

}  // namespace

SnapshotMetrics::SnapshotMetrics(prometheus::Registry& registry, const Config& config)
    : registry_(registry) {
  AddGauge("pcaps_build_info", "1, and which version this is.", {{"version", PCAPS_VERSION}},
           [](const Snapshot&) { return 1; });
  AddGauge("pcaps_ready", "1 where /readyz says ok.", {},
           [](const Snapshot& s) { return s.ready ? 1 : 0; });
  AddBudgets(config);
  AddCredentials(config);
  AddGateway();
  AddWatches(config);
  AddGauge("pcaps_state_up", "1 where the shared state answers.",
           {{"backend", config.state.redis_url.empty() ? "memory" : "redis"}},
           [](const Snapshot& s) { return s.state_up ? 1 : 0; });
  AddConnections();
  AddReloads();
  AddCounter("pcaps_log_lines_lost_total", "Log lines that nobody read in time.", {},
             [](const Snapshot& s) { return s.log_lines_lost; });
}

void SnapshotMetrics::Set(const Snapshot& snapshot) {
  for (const auto& [gauge, read] : gauges_) gauge->Set(read(snapshot));
  for (const auto& [counter, read] : counters_) {
    counter->Increment(std::max(read(snapshot) - counter->Value(), 0.0));
  }
}

void SnapshotMetrics::AddGauge(const char* name, const char* help, const prometheus::Labels& labels,
                               Read read) {
  auto& family = prometheus::BuildGauge().Name(name).Help(help).Register(registry_);
  gauges_.push_back({&family.Add(labels), std::move(read)});
}

void SnapshotMetrics::AddCounter(const char* name, const char* help,
                                 const prometheus::Labels& labels, Read read) {
  auto& family = prometheus::BuildCounter().Name(name).Help(help).Register(registry_);
  counters_.push_back({&family.Add(labels), std::move(read)});
}

void SnapshotMetrics::AddBudgets(const Config& config) {
  for (const Config::Budget& budget : config.upstream.budgets) {
    const prometheus::Labels labels = {{"budget", budget.name}};
    const auto add = [&](const char* name, const char* help, auto read) {
      AddGauge(name, help, labels, [budget = budget.name, read](const Snapshot& s) {
        return read(Get(s.control.budgets, budget));
      });
    };
    using Level = BudgetLedger::Level;
    add("pcaps_budget_remaining",
        "Upstream requests left in the fleet's budget, as this replica knows it: the least that a "
        "replica says is nearest the truth.",
        [](const Level& level) { return level.tokens; });
    add("pcaps_budget_limit", "Upstream requests in the budget when it is full.",
        [](const Level& level) { return level.burst; });
    add("pcaps_budget_closed", "1 while the upstream has told us to wait.",
        [](const Level& level) { return level.closed_for > absl::ZeroDuration() ? 1 : 0; });
  }
  const auto count = [this](const char* decision, Read read) {
    AddCounter("pcaps_ratelimit_decisions_total",
               "Calls, and upstream requests, that were held against a rate.",
               {{"limiter", "budget"}, {"decision", decision}}, std::move(read));
  };
  count("admitted", [](const Snapshot& s) { return s.control.budget.granted; });
  // Those refused as crowded are among the others.
  count("refused", [](const Snapshot& s) {
    return s.control.budget.refused_spent + s.control.budget.refused_closed;
  });
}

void SnapshotMetrics::AddCredentials(const Config& config) {
  for (const Config::Credential& credential : config.upstream.credentials) {
    const prometheus::Labels labels = {{"credential", credential.name}};
    AddGauge("pcaps_credential_ok", "0 after the upstream has rejected the token.", labels,
             [name = credential.name](const Snapshot& s) { return RejectionsOf(s, name) == 0; });
    AddGauge("pcaps_credential_rejections",
             "Times in a row that the upstream has rejected the token, at least a minute apart.",
             labels, [name = credential.name](const Snapshot& s) { return RejectionsOf(s, name); });
    AddGauge(
        "pcaps_upstream_circuit_open",
        "1 while the upstream is left alone because it did not answer.", labels,
        [name = credential.name](const Snapshot& s) { return Get(s.circuits_open, name) ? 1 : 0; });
  }
  AddGauge("pcaps_upstream_in_flight", "Requests to the upstream under way.", {},
           [](const Snapshot& s) { return s.upstream_in_flight; });
}

void SnapshotMetrics::AddGateway() {
  AddCounter("pcaps_singleflight_joined_total", "Callers who shared what another had asked for.",
             {}, [](const Snapshot& s) { return s.control.gateway.joined; });
  const auto count_file = [this](const char* result, Read read) {
    AddCounter("pcaps_cache_requests_total", "Answers, by what the cache had to do with them.",
               {{"cache", "file"}, {"result", result}}, std::move(read));
  };
  count_file("hit", [](const Snapshot& s) { return s.control.gateway.files_held; });
  count_file("miss", [](const Snapshot& s) { return s.control.gateway.files_asked; });
  const auto count_create = [this](const char* outcome, int64_t CreateOnce::Counts::* count) {
    AddCounter("pcaps_creates_total",
               "Calls to create a capture that were let in, by what came of them.",
               {{"outcome", outcome}},
               [count](const Snapshot& s) { return s.control.gateway.creates.*count; });
  };
  count_create("created", &CreateOnce::Counts::created);
  count_create("repeated", &CreateOnce::Counts::repeated);
  count_create("refused", &CreateOnce::Counts::refused);
  count_create("unknown", &CreateOnce::Counts::unknown);
  count_create("failed", &CreateOnce::Counts::failed);
  count_create("cancelled", &CreateOnce::Counts::cancelled);
  AddCounter("pcaps_state_corrupt_values_total",
             "Values of the shared state that were not what their key says.", {},
             [](const Snapshot& s) { return s.control.corrupt_values; });
}

void SnapshotMetrics::AddWatches(const Config& config) {
  AddGauge("pcaps_watch_streams", "Watchers.", {},
           [](const Snapshot& s) { return s.control.watchers; });
  AddGauge("pcaps_watch_observation_age_seconds",
           "Since the upstream has answered for the watched account that has waited longest.", {},
           [](const Snapshot& s) { return absl::ToDoubleSeconds(s.control.oldest_answer); });
  AddGauge("pcaps_watch_max_poll_interval_seconds", "As configured: watch.max_poll_interval.", {},
           [seconds = absl::ToDoubleSeconds(config.watch.max_poll_interval)](const Snapshot&) {
             return seconds;
           });
  const auto count_poll = [this](const char* kind, int64_t AccountPoller::Counts::* count) {
    AddCounter("pcaps_watch_polls_total", "Polls for watchers, by what was asked for.",
               {{"kind", kind}},
               [count](const Snapshot& s) { return s.control.gateway.watches.polls.*count; });
  };
  count_poll("get", &AccountPoller::Counts::gets);
  count_poll("list", &AccountPoller::Counts::lists);
  const auto count_event = [this](const char* kind, int64_t WatchHub::Counts::* count) {
    AddCounter("pcaps_watch_events_total", "Messages to watchers.", {{"kind", kind}},
               [count](const Snapshot& s) { return s.control.gateway.watches.*count; });
  };
  count_event("pcap", &WatchHub::Counts::pcaps);
  count_event("removed", &WatchHub::Counts::removed);
  count_event("heartbeat", &WatchHub::Counts::heartbeats);
}

void SnapshotMetrics::AddConnections() {
  AddGauge("pcaps_connections", "Connections of callers.", {},
           [](const Snapshot& s) { return s.connections; });
  for (size_t i = 0; i < kCloseReasons; ++i) {
    AddCounter("pcaps_connections_closed_total", "Connections refused or closed by us.",
               {{"reason", std::string(CloseReasonName(static_cast<CloseReason>(i)))}},
               [i](const Snapshot& s) { return s.closed_connections[i]; });
  }
  AddGauge("pcaps_tls_cert_not_before_seconds",
           "Since when our certificate is good, in seconds since 1970; 0 without TLS.", {},
           [](const Snapshot& s) { return absl::ToUnixSeconds(s.tls_not_before); });
  AddGauge("pcaps_tls_cert_not_after_seconds",
           "Until when our certificate is good, in seconds since 1970; 0 without TLS.", {},
           [](const Snapshot& s) { return absl::ToUnixSeconds(s.tls_not_after); });
}

void SnapshotMetrics::AddReloads() {
  for (const std::string what : kReloaded) {
    AddCounter("pcaps_reload_total", "Files read again because they have changed.",
               {{"what", what}, {"result", "ok"}},
               [what](const Snapshot& s) { return Get(s.reloads, what).ok; });
    AddCounter("pcaps_reload_total", "Files read again because they have changed.",
               {{"what", what}, {"result", "failed"}},
               [what](const Snapshot& s) { return Get(s.reloads, what).failed; });
    AddGauge("pcaps_reload_failing",
             "1 while the files as they are cannot be put in force: what was read before is.",
             {{"what", what}},
             [what](const Snapshot& s) { return Get(s.reloads, what).failing ? 1 : 0; });
  }
}

}  // namespace pcaps
