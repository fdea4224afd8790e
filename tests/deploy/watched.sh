#!/usr/bin/env bash
# Shows dashboard and alerts at work: real gateways, a real Prometheus, real trouble. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
watched=$repo/tests/deploy/watched
# shellcheck source=tests/bench/fleet/fleet.sh
source "$repo/tests/bench/fleet/fleet.sh" # control, fault, seed, start_bench: how to handle an emulator, and to load gateways.
# shellcheck source=tests/deploy/watched/installation.sh
source "$watched/installation.sh"
# shellcheck source=tests/deploy/watched/causes.sh
source "$watched/causes.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/watched.sh [--bin=DIR] [--picture=FILE.png] [--help]

Runs three gateways, an emulator and a redis-server under mixed load, with a real Prometheus that looks every second and has the
rules of deploy/prometheus (their windows 30, their `for` 180 times shorter; else as they are). Then spends a budget, rejects a
token, breaks files, loses an answer, ends the upstream, Redis, and the gateways. Prints `alert|provoked how|fired after`, then
`panel|series|min|max` for all that the dashboard shows; exits 1 where an alert did not fire or fired before its cause, or a panel
is empty or flat at zero. About five minutes; everything is on loopback, and ended.

  --bin=DIR           Programs to run, instead of building them.
  --picture=FILE.png  Draws the dashboard's panels from what this Prometheus has seen.
END
}

bin=
picture=
dashboard=$repo/deploy/grafana/pcaps-gateway.json

read_options() {
  local option
  for option in "$@"; do
    case $option in
      --bin=*) bin=$(realpath "${option#*=}") ;;
      --picture=*) picture=$(realpath "${option#*=}") ;;
      --help) usage && exit ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
}

prepare() {
  install_packages "${redis_packages[@]}" "${prometheus_packages[@]}" openssl curl
  if [[ -z $bin ]]; then
    install_packages "${build_packages[@]}" "${test_packages[@]}"
    configure release -DBUILD_TESTING=ON
    build release pcaps-gateway pcaps-emulator pcapctl bench_client
    bin=$repo/build/release/bin
  fi
  if [[ -n $picture ]]; then
    # shellcheck source=tests/clients/toolchains.sh
    source "$repo/tests/clients/toolchains.sh"
    install=true
    mkdir -p "$client_packages"
    get_python_packages "$watched/requirements.txt"
  fi
}

start_all() {
  say "Starting emulator, Redis, gateways and Prometheus"
  start emulator "$bin/pcaps-emulator" --no-rules
  emulator_url=$(listening_address emulator 's/^pcaps-emulator listening on //p')
  # What its answers say of its limit binds a gateway, whatever the budget: without a limit it says so.
  control POST rate_limit '{"requests": 1000000000}' >>"$log"
  start_redis
  redis_pid=${pids[-1]}
  start_gateways
  start_prometheus
  begin_ms=$(now_ms)
  begin_load
}

provoke() {
  sleep 15 # Time without trouble, to compare with.
  certificate_ends
  callers_break
  budget_is_spent
  rate_is_spent
  redis_is_spoilt
  connections_crowd
  watchers_crowd
  token_is_rejected
  upstream_says_stop
  answer_is_lost
  upstream_is_down
  redis_is_full
  redis_dies
  gateways_die
}

# Each alert that there is must be in the table.
print_alerts() {
  local alert
  while read -r alert; do
    grep -q "^$alert|" "$work/alerts" || echo "$alert|nothing provokes it|FAIL" >>"$work/alerts"
  done < <(sed -n 's/.*- alert: //p' "$repo/deploy/prometheus/alerts.yaml" | sort -u)
  echo "alert|provoked how|fired after"
  cat "$work/alerts"
  ! grep -q FAIL "$work/alerts"
}

main() {
  local end failed=0
  local -a seen
  read_options "$@"
  use_log watched
  prepare
  work=$(mktemp -d)
  trap end_all EXIT
  : >"$work/alerts"
  start_all
  provoke
  end=$(date +%s)
  seen=("$prometheus_url" "$dashboard" $((begin_ms / 1000)) "$end")

  print_alerts || failed=1
  echo
  python3 -B "$watched/panels.py" "${seen[@]}" || failed=1
  if [[ -n $picture ]]; then
    "$ready/bin/python" -B "$watched/picture.py" "${seen[@]}" "$picture"
    say "The picture is $picture"
  fi
  ((failed == 0))
}

main "$@"
