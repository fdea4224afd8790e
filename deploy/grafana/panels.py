"""What the dashboard shows, row by row. dashboard.py makes Grafana's JSON of it."""

from dataclasses import dataclass, field

from queries import (
    ALL_CALLS, BAD, BUDGET_LEFT, CREATED, LOOKUPS, LOOKUPS_HIT, OWN_ERRORS, REQUESTS, STARTED, UNARY,
    UPSTREAM_ERRORS, calls, gauge, quantile, quantiles, rate, series,
)


@dataclass
class Panel:
    title: str
    description: str
    unit: str
    targets: list[tuple[str, str]]  # Query and legend.
    alerts: list[str] = field(default_factory=list)  # Whose part of the runbook it links to.
    warn: float | None = None  # From here on it is red; below it where `low`.
    low: bool = False
    stat: bool = False  # One number instead of a graph.


AT_A_GLANCE = [
    Panel("Ready replicas", "Replicas that say they are ready.", "short",
          [(f"sum({series('pcaps_ready')})", "ready")], ["PcapsNoReadyReplica"], warn=1, low=True,
          stat=True),
    Panel("Calls begun", "Calls that begin, streams included.", "reqps",
          [(STARTED, "calls")], stat=True),
    Panel("Bad calls",
          "Part of unary calls that end badly, by whosoever's fault. 0.1% may, over 30 days.",
          "percentunit",
          [(f"{rate('grpc_server_handled_total', calls(f'{UNARY}, {BAD}'))} / {ALL_CALLS}", "bad")],
          ["PcapsErrorBudgetBurn"], warn=0.001, stat=True),
    Panel("Budget left",
          "Of the upstream budget that has least, as the replica knows it that has asked most.",
          "percentunit",
          [(f"min{BUDGET_LEFT}", "left")],
          ["PcapsBudgetLow"], warn=0.25, low=True, stat=True),
    Panel("Captures created", "In the last hour. Repetitions of a request_id are not counted again.",
          "short", [(f"sum(increase({series('pcaps_creates_total', CREATED)}[1h]))", "created")],
          stat=True),
    Panel("Versions", "Replicas of each version: more than one while it is rolled.", "short",
          [(gauge("pcaps_build_info", "version"), "{{version}}")], stat=True),
]

CALLS = [
    Panel("Calls by method", "Calls that end, streams included.", "reqps",
          [(rate("grpc_server_handled_total", calls(), "grpc_method"), "{{grpc_method}}")]),
    Panel("Bad calls by cause",
          "Part of unary calls that end UNAVAILABLE, INTERNAL, UNKNOWN, DATA_LOSS or "
          "DEADLINE_EXCEEDED: 0.1% may. Those whose reason says that the upstream failed are its own.",
          "percentunit", [(f"{OWN_ERRORS} / {ALL_CALLS}", "gateway"),
           (f"{UPSTREAM_ERRORS} / {ALL_CALLS}", "upstream")],
          ["PcapsErrorBudgetBurn", "PcapsUpstreamErrorBudgetBurn"], warn=0.001),
    Panel("Errors by code",
          "Calls that do not end OK, streams included. Canceled are callers who left.", "reqps",
          [(rate("grpc_server_handled_total", calls('grpc_code!="OK"'),
            "grpc_code") + " > 0", "{{grpc_code}}")]),
    Panel("Errors by reason",
          "What the ErrorInfo of calls and streams says; the proto documents each reason.", "reqps",
          [(rate("pcaps_refused_total", by="reason") + " > 0", "{{reason}}")], ["PcapsOverloaded"]),
    Panel("Latency of unary calls",
          "To the answer. Hits take a millisecond, misses as long as the upstream.",
          "s", quantiles("grpc_server_handling_seconds", calls(UNARY))),
    Panel("Latency by method (p99)",
          "Of unary calls; no line where there are none. A create may wait for its turn on purpose.",
          "s",
          [(quantile(0.99, "grpc_server_handling_seconds", "grpc_method", calls(UNARY)),
            "{{grpc_method}}")]),
]

UPSTREAM = [
    Panel("Upstream requests by operation",
          "Each attempt counts, retries too: this is what the budget pays for.", "reqps",
          [(rate("pcaps_upstream_requests_total", by="operation"), "{{operation}}")]),
    Panel("Upstream requests by outcome",
          "What came of them. UPSTREAM_RATE_LIMITED is a 429: there should be none.", "reqps",
          [(rate("pcaps_upstream_requests_total", by="outcome"), "{{outcome}}")],
          ["PcapsUpstreamRateLimited"]),
    Panel("Upstream latency by operation (p99)",
          "Of one attempt, to the end of its answer; no line where there are none.", "s",
          [(quantile(0.99, "pcaps_upstream_request_seconds", "operation"), "{{operation}}")]),
    Panel("Upstream retries", "Attempts after the first: of all but POSTs, and never after a 429.",
          "reqps", [(rate("pcaps_upstream_retries_total", by="operation"), "{{operation}}")]),
    Panel("Upstream requests in flight",
          "Above upstream.max_in_flight (256) a replica refuses with OVERLOADED.", "short",
          [(gauge("pcaps_upstream_in_flight", "instance"), "{{instance}}")]),
    Panel("What keeps us from asking",
          "Replicas with an open circuit, a rejected token, or a budget that the upstream has closed.",
          "short",
          [(gauge("pcaps_upstream_circuit_open", "credential"), "circuit open: {{credential}}"),
           (f"sum by (credential) ({series('pcaps_credential_ok')} == bool 0)",
            "token rejected: {{credential}}"),
           (gauge("pcaps_budget_closed", "budget"), "budget closed: {{budget}}")],
          ["PcapsCircuitOpen", "PcapsCredentialRejected", "PcapsUpstreamRateLimited"], warn=1),
]

BUDGET = [
    Panel("Budget left by budget",
          "Part of the fleet's bucket; it refills by itself. The last 10 tokens are kept for writes. "
          "Replicas without Redis are left out: they know their own share alone.",
          "percentunit", [(f"min by (budget) {BUDGET_LEFT}", "{{budget}}")],
          ["PcapsBudgetLow"], warn=0.25, low=True),
    Panel("Who refused", "Accounts' rates, callers' own rates, and the upstream budget.", "reqps",
          [(rate("pcaps_ratelimit_decisions_total", 'decision="refused"', "limiter"), "{{limiter}}")],
          ["PcapsBudgetLow"]),
    Panel("Who admitted", "The same, for what was let through.", "reqps",
          [(rate("pcaps_ratelimit_decisions_total", 'decision="admitted"', "limiter"), "{{limiter}}")]),
]

CACHE = [
    Panel("Cache hit ratio",
          "Part of lookups answered from memory, by what was asked for; no line where nothing was.",
          "percentunit",
          [(f"{LOOKUPS_HIT} / {LOOKUPS}", "{{cache}}")]),
    Panel("Cache lookups by result",
          "Stale: upstream or budget failed, and an older answer stood in. Bypass: max_age 0.",
          "reqps", [(rate("pcaps_cache_requests_total", by="cache, result"), "{{cache}} {{result}}")]),
    Panel("Age of stale answers", "How old what stood in was. No line where nothing did.", "s",
          quantiles("pcaps_cache_stale_age_seconds")),
    Panel("Calls in against calls up",
          "What callers ask, what joined a request under way, and what the upstream is asked.",
          "reqps", [(STARTED, "calls in"),
           (rate("pcaps_singleflight_joined_total"), "joined another"), (REQUESTS, "requests up")]),
    Panel("Calls for one upstream request",
          "How much the gateway saves: calls in, divided by requests up.", "short",
          [(f"{STARTED} / {REQUESTS}", "calls for one request")]),
    Panel("Creates by outcome",
          "Repeated: answered from an earlier create with this request_id. "
          "Refused: a rule, a limit, the budget or a lost Redis was in the way.",
          "cps", [(rate("pcaps_creates_total", by="outcome"), "{{outcome}}")],
          ["PcapsCreateOutcomeUnknown"]),
]

WATCHING = [
    Panel("Watchers", "Open WatchPcap and WatchPcaps streams.", "short",
          [(gauge("pcaps_watch_streams", "instance"), "{{instance}}")]),
    Panel("Polls for watchers", "Requests that the fleet's pollers send for all watchers together.",
          "reqps", [(rate("pcaps_watch_polls_total", by="kind"), "{{kind}}")]),
    Panel("Events to watchers", "Messages sent: changes, removals, heartbeats.", "cps",
          [(rate("pcaps_watch_events_total", by="kind"), "{{kind}}")]),
    Panel("Fan-out delay", "From a change being seen by a replica to its last watcher being woken.",
          "s", quantiles("pcaps_watch_fanout_seconds")),
    Panel("Age of observations",
          "Since the upstream answered about the watched account that has waited longest.", "s",
          [(gauge("pcaps_watch_observation_age_seconds", "instance", "max"), "{{instance}}"),
           (f"8 * max({series('pcaps_watch_max_poll_interval_seconds')})", "8 poll intervals")],
          ["PcapsObservationsOld"]),
]

DOWNLOADS = [
    Panel("Downloads under way",
          "Open DownloadPcap streams; above download.max_streams (64) a replica refuses.", "short",
          [(gauge("pcaps_download_streams", "instance"), "{{instance}}")]),
    Panel("Bytes to readers", "Of capture files, from the upstream or the cache.", "Bps",
          [(rate("pcaps_download_bytes_total", by="instance"), "{{instance}}")]),
]

REDIS = [
    Panel("Shared state up", "1: it answers. memory: this replica shares nothing.", "short",
          [(gauge("pcaps_state_up", "instance, backend", "min"), "{{backend}} of {{instance}}")],
          ["PcapsRedisDown"], warn=1, low=True),
    Panel("Latency of commands (p99)",
          "Above state.command_timeout (50 ms) Redis counts as down. No line where none were sent.",
          "s", [(quantile(0.99, "pcaps_state_command_seconds", "command"), "{{command}}")], warn=0.05),
    Panel("Commands", "Calls of the shared state, one script or command each.", "ops",
          [(rate("pcaps_state_command_seconds_count", by="command"), "{{command}}")]),
    Panel("Failed commands and corrupt values",
          "Corrupt: values that made no sense or were another capture's, and were dropped.", "ops",
          [(rate("pcaps_state_errors_total", by="command"), "{{command}}"),
           (rate("pcaps_state_corrupt_values_total"), "corrupt values")], ["PcapsRedisRefuses"]),
]

PROCESS = [
    Panel("CPU", "Cores in use.", "short",
          [(rate("process_cpu_seconds_total", by="instance"), "{{instance}}")]),
    Panel("Memory", "Resident. An idle stream costs 16 KiB, the download cache download.cache_size.",
          "bytes",
          [(gauge("process_resident_memory_bytes", "instance"), "{{instance}}")]),
    Panel("Descriptors", "Part of what the process may open. A connection takes two.", "percentunit",
          [(f"max by (instance) ({series('process_open_fds')} / {series('process_max_fds')})",
            "{{instance}}")],
          warn=0.8),
    Panel("Connections", "Open connections of callers.", "short",
          [(gauge("pcaps_connections", "instance"), "{{instance}}")]),
    Panel("Connections refused or closed",
          "Over a limit, of a host that is shut out, or closed for a flood.", "cps",
          [(rate("pcaps_connections_closed_total", by="reason"), "{{reason}}")]),
    Panel("Files that cannot be used",
          "Replicas that go on with old files, because the new ones make no sense.", "short",
          [(gauge("pcaps_reload_failing", "what"), "{{what}}")], ["PcapsReloadFailed"],
          warn=1),
    Panel("Files read again", "Changes that were seen, and what came of them.", "cps",
          [(rate("pcaps_reload_total", by="what, result"), "{{what}} {{result}}")]),
    Panel("Certificate's time left", "Of the certificate that ends first; no line without TLS.", "s",
          [(f"min by (instance) (({series('pcaps_tls_cert_not_after_seconds')} > 0) - time())",
            "{{instance}}")],
          ["PcapsCertificateExpiring"], warn=7 * 86400, low=True),
    Panel("Log lines lost", "Nobody reads the gateway's standard error fast enough.", "cps",
          [(rate("pcaps_log_lines_lost_total", by="instance"), "{{instance}}")]),
]

ROWS = {
    "At a glance": AT_A_GLANCE,
    "Calls": CALLS,
    "Upstream": UPSTREAM,
    "Budget and rates": BUDGET,
    "Cache, coalescing, creates": CACHE,
    "Watching": WATCHING,
    "Downloads": DOWNLOADS,
    "Redis": REDIS,
    "Process and connections": PROCESS,
}
