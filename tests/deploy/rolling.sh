#!/usr/bin/env bash
# Rolls a fleet under load, as the chart does. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/deploy/tools.sh
source "$repo/tests/deploy/tools.sh"
# shellcheck source=tests/deploy/programs.sh
source "$repo/tests/deploy/programs.sh"
# shellcheck source=tests/bench/fleet/fleet.sh
source "$repo/tests/bench/fleet/fleet.sh" # control, seed, value, others: how to handle an emulator, and read bench_client.
# shellcheck source=tests/deploy/pods/pods.sh
source "$repo/tests/deploy/pods/pods.sh"
# shellcheck source=tests/deploy/pods/roll.sh
source "$repo/tests/deploy/pods/roll.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/rolling.sh [--bin=DIR] [--help]

Starts three gateways with the configuration that the chart renders (TLS, tokens, Redis, its drain times as they are), found by
the name of a headless Service through a DNS of its own. 100,000 GetPcap go to them at a steady rate with the client policy, and
300 watchers hang on them, while one gateway after the other is replaced, as fast as Kubernetes would. Prints what each
replacement took and what came of the calls; exits 1 where one failed, where readiness was not withdrawn before the port was
closed, or where the load was over too early. About three minutes.

  --bin=DIR  Programs to run, instead of building them.
END
}

readonly calls=100000
readonly per_second=700 # 143 s: three times minReadySeconds, a drain of up to 30 s behind the last, and some time around them.
readonly accounts=40    # 17.5 calls/s each: a third of what config.rate_limit allows.
readonly watchers=300   # Streams make a drain take its time.

prepare() {
  install_packages "${chart_packages[@]}" curl
  need_tool helm4
  need_programs pcaps-gateway pcaps-emulator bench_client
}

# Done captures, and one in twenty that runs on: calls that go all the way, at 1 request/s of the 3 that the budget has.
seed_captures() {
  local i
  for ((i = 1; i <= accounts; i++)); do
    if ((i % 20)); then seed "account-$i" 1 success; else seed "account-$i" 1 running; fi
  done >"$work/captures"
  seed watched 10 running >"$work/watched"
}

begin_load() {
  start_bench watchers watchers --captures "$work/watched" --watchers "$watchers" --control "$emulator_url" --seconds 120
  watchers_pid=$bench_pid
  attached watchers
  start_bench gets gets --captures "$work/captures" --calls "$calls" --per-second "$per_second" --in-flight 20000
}

# judge TEXT CONDITION: a line.
judge() {
  if (($2)); then echo "ok    $1"; else echo "FAIL  $1" && failed=1; fi
}

# printed NAME PREFIX: all of those lines in one.
printed() { grep "^$2" "$work/$1.log" | paste -s -d ,; }

print_judgement() {
  judge "$(value gets calls) calls in $(value gets seconds) s, $(value gets not_begun) left out for want of room" \
    "$(value gets calls) == calls"
  judge "$(others gets outcome_ OK) failed: $(printed gets outcome_)" "$(others gets outcome_ OK) == 0"
  echo "      latency p50 $(value gets p50_ms) ms, p99 $(value gets p99_ms) ms, most $(value gets p100_ms) ms"
  judge "watchers: $(value watchers missing_final) of $watchers missed the end; $(printed watchers break_)" \
    "$(value watchers missing_final) == 0"
}

main() {
  failed=0
  read_options "$@"
  use_log rolling
  prepare
  work=$(mktemp -d)
  trap end_all EXIT
  trap 'exit 130' INT TERM
  render_chart "$repo/tests/deploy/pods/rolling-values.yaml"
  start_installation 3
  seed_captures
  target_flags=(--target "$target" --ca-file "$ca_file" --token-file "$caller_token" --policy --channels 4)
  bench first gets --captures "$work/captures" --calls 12 --per-second 2 # A budget begins with its first use.
  await_budget 50                                                        # For the first read of each capture.
  begin_load
  sleep 5 # Load without a roll.
  roll_all || failed=1
  judge "the load went on until the last one had ended" "$(kill -0 "$bench_pid" 2>/dev/null && echo 1 || echo 0)"
  wait "$bench_pid" "$watchers_pid"
  print_judgement
  ((failed == 0))
}

main "$@"
