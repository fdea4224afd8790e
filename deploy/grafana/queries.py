"""The queries that panels.py is made of."""

UNARY = 'grpc_type="unary"'
CREATED = 'outcome="created"'
REDIS = 'backend="redis"'
BAD = 'grpc_code=~"Unavailable|Internal|Unknown|DataLoss|DeadlineExceeded"'
# As in deploy/prometheus/rules.yaml: bad for reasons that are the upstream's.
UPSTREAM_BAD = 'reason=~"UPSTREAM_UNAVAILABLE|UPSTREAM_BAD_RESPONSE|UPSTREAM_CREDENTIALS_REJECTED"'


def series(metric, match=""):
    chosen = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"'
    return f"{metric}{{{chosen}{', ' if match else ''}{match}}}"


def calls(match=""):
    return ", ".join(filter(None, ['grpc_service=~"pcaps[.]v1[.].+"', match]))


def gauge(metric, by, how="sum"):
    return f"{how} by ({by}) ({series(metric)})"


def rate(metric, match="", by=""):
    aggregate = f"sum by ({by})" if by else "sum"
    return f"{aggregate} (rate({series(metric, match)}[$__rate_interval]))"


def quantile(part, histogram, by="", match=""):
    return (
        f"histogram_quantile({part}, {rate(histogram + '_bucket', match, f'le, {by}' if by else 'le')})"
    )


def quantiles(histogram, match=""):
    return [(quantile(part, histogram, match=match), f"p{part * 100:g}") for part in (0.5, 0.9, 0.99)]


ALL_CALLS = rate("grpc_server_handled_total", calls(UNARY))
UPSTREAM_ERRORS = rate("pcaps_refused_total", f"{UNARY}, {UPSTREAM_BAD}")
OWN_ERRORS = (
    f"clamp_min({rate('grpc_server_handled_total', calls(f'{UNARY}, {BAD}'))} - {UPSTREAM_ERRORS}, 0)"
)
# As in deploy/prometheus/rules.yaml: a replica without Redis knows its own share alone.
BUDGET_LEFT = (
    f"({series('pcaps_budget_remaining')} / {series('pcaps_budget_limit')} "
    f"unless on (namespace, job, instance) {series('pcaps_state_up', REDIS)} == 0)"
)
LOOKUPS = rate("pcaps_cache_requests_total", by="cache")
LOOKUPS_HIT = rate("pcaps_cache_requests_total", 'result="hit"', "cache")
STARTED = rate("grpc_server_started_total", calls())
REQUESTS = rate("pcaps_upstream_requests_total")
