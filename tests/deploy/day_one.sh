#!/usr/bin/env bash
# A stranger's first day with the chart. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
day=$repo/tests/deploy/day_one
# shellcheck source=tests/deploy/tools.sh
source "$repo/tests/deploy/tools.sh"
# shellcheck source=tests/deploy/programs.sh
source "$repo/tests/deploy/programs.sh"
# shellcheck source=tests/clients/toolchains.sh
source "$repo/tests/clients/toolchains.sh"
# shellcheck source=tests/bench/fleet/fleet.sh
source "$repo/tests/bench/fleet/fleet.sh" # control, seed, bench, value, ...: how to handle an emulator, and bench_client.
# shellcheck source=tests/deploy/pods/pods.sh
source "$repo/tests/deploy/pods/pods.sh"
# shellcheck source=tests/deploy/pods/roll.sh
source "$repo/tests/deploy/pods/roll.sh"
# shellcheck source=tests/deploy/day_one/first_calls.sh
source "$day/first_calls.sh"
# shellcheck source=tests/deploy/day_one/trouble.sh
source "$day/trouble.sh"
# shellcheck source=tests/deploy/day_one/operations.sh
source "$day/operations.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/day_one.sh [--bin=DIR] [--help]

What the chart renders of tests/deploy/day_one/values.yaml, as processes of this machine: two gateways (TLS, tokens), Redis,
emulator and Prometheus, where nothing differs from a cluster but addresses. Then all that one does with it, and all that
happens to it, on a first day: a line for each of 15 steps, and exit code 0 when all went well. About four minutes.

  --bin=DIR  Programs to run, instead of building them.
END
}

readonly account=023e105f4ecef8ad9ca31a8372d0c353 second_account=f037e56e89293a057740de681ac9abbe
install=true # For toolchains.sh.
prepare() {
  install_packages "${chart_packages[@]}" "${prometheus_packages[@]}" curl tcpdump
  need_tool helm4 grpcurl
  need_programs pcaps-gateway pcaps-emulator pcapctl bench_client
  mkdir -p "$client_packages"
  prepare_client python "$work/python"
}

# With the real rules, looking every second; finds the pods as it does in a cluster, by what is published.
start_prometheus() {
  cat >"$work/prometheus.yaml" <<END
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 5s}
rule_files: [$repo/deploy/prometheus/rules.yaml, $repo/deploy/prometheus/alerts.yaml]
scrape_configs: [{job_name: pcaps-gateway, file_sd_configs: [{files: [$work/scraped.json], refresh_interval: 1s}]}]
END
  start prometheus prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/prometheus" \
    --web.listen-address=127.0.0.1:0
  prometheus_url=http://$(listening_address prometheus 's/.*msg="Listening on" address=\(.*\)/\1/p')
}

start_all() {
  local i known=(--account "$account" --account "$second_account" --account spender)
  for ((i = 1; i <= 20; i++)); do known+=(--account "load-$i"); done
  for i in 1 2; do known+=(--account "watched-$i"); done
  render_chart "$day/values.yaml"
  start_installation 2 "${known[@]}" --token first-token --token second-token --require-ownership --simple-duration 2s
  control POST rules '{"simple_interval_s": 10}' >>"$log" # As the values have it.
  start_prometheus
  export PCAPCTL_TARGET=$target PCAPCTL_ACCOUNT=$account
  through=(--ca-file "$ca_file" --token-file "$caller_token")
  target_flags=(--target "$target" --ca-file "$ca_file" --token-file "$caller_token" --policy --channels 4)
}

# step SENTENCE FUNCTION: a line. In this shell, not in one of its own: what a step starts goes on.
step() {
  local begin=$SECONDS
  if "$2" >"$work/step" 2>&1; then
    echo "ok    $1 ($((SECONDS - begin)) s)"
  else
    failed=$((failed + 1))
    echo "FAIL  $1"
    sed 's/^/        /' "$work/step"
  fi
}

main() {
  failed=0
  read_options "$@"
  use_log day_one
  work=$(mktemp -d)
  trap end_all EXIT
  trap 'exit 130' INT TERM
  prepare
  start_all
  step "two gateways, Redis and Prometheus are up, and pcapctl doctor finds nothing wrong" step_start
  step "grpcurl lists the services, and calls one" step_grpcurl
  step "a capture goes through a pipe into tcpdump: 100 packets" step_capture
  step "a second one at once is refused, and with a queue wait taken" step_queue
  step "the Python example takes a capture" step_python
  step "a watch outlives the longest life of a stream" step_watch
  step "Redis killed: a get works, a create says SHARED_STATE_UNAVAILABLE" step_redis_killed
  step "Redis back and empty: no burst goes to the upstream" step_redis_empty
  step "/statusz of both gateways names who spends the budget" step_statusz
  step "both gateways are rolled under 250 calls/s and 2,000 watchers: nothing fails" step_roll
  step "the upstream token is rotated and the old one revoked: nothing fails" step_token
  step "a mistyped account is told, the right one works" step_mistyped
  step "a bucket is proved to be ours" step_ownership
  step "a full capture runs, keeps a second one off, and is stopped" step_full
  step "the budget is spent: reads are told so or answered stale, and a stop still works" step_budget_spent
  ((failed == 0))
}

main "$@"
