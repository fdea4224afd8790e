#!/usr/bin/env bash
# Measures what floods do to the gateway, and that honest callers are not taken for one. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/bench/upstream.sh
source "$repo/tests/bench/upstream.sh"
# shellcheck source=tests/bench/measure.sh
source "$repo/tests/bench/measure.sh"

usage() {
  cat <<'END'
Usage: tests/bench/floods.sh [--no-install] [--help]

Builds with the release preset. Floods a gateway with 70,000 streams in 5 seconds, opened and reset, with and without a
message between, in plain text and over TLS: once on one connection, and once coming back whenever it is closed. Beside them
the same without the guard, for comparison. Then much honest traffic: a 2 GB download, 10,000 watchers, 200,000 calls on one
connection, 10,000 idle connections of one host, 1,000 callers behind one proxy. Prints `name value bound ok|FAIL`, and exits
1 where a value misses its bound. About ten minutes.

What honest callers keep is the ratio of medians of 5 runs that take turns.
END
}

readonly proxy_clients=1000
readonly proxy_calls=100000

bin=$repo/build/release/bin
nginx=

build_programs() {
  configure release -DBUILD_TESTING=ON
  build release pcaps-gateway pcaps-emulator flood_test bench_floods
}

# value_of NAME: of a figure that bench_floods printed.
value_of() { sed -n "s/^figure $1 //p" "$work/floods.log"; }

judge_floods() {
  local kind
  for kind in headersreset headersresettls headersdatareset headersdataresettls; do
    judge "${kind}_kept" "$(value_of "${kind}_kept")" '>=' 0.8 ''
    judge "${kind}_received" "$(value_of "${kind}_received_kib")" '<=' 1024 ' KiB'
    judge "${kind}_resident" "$(value_of "${kind}_resident_mib")" '<' 128 ' MiB'
    # Less than above: who comes back, and is refused, works as hard as the gateway, on the same processors.
    judge "${kind}_back_kept" "$(value_of "${kind}_back_kept")" '>=' 0.7 ''
    judge "${kind}_back_resident" "$(value_of "${kind}_back_resident_mib")" '<' 128 ' MiB'
    judge "${kind}_unguarded_kept" "$(value_of "${kind}_unguarded_kept")" '>' 0 ''
    judge "${kind}_unguarded" "$(value_of "${kind}_unguarded_resident_mib")" '>' 0 ' MiB'
  done
}

# honest NAME FILTER [VARIABLE=VALUE...]: 1 where its tests pass.
honest() {
  local name=$1 filter=$2 passed=1
  shift 2
  env "$@" "$bin/flood_test" --gtest_filter="$filter" >>"$log" 2>&1 || passed=0
  judge "$name" "$passed" '==' 1 ''
}

# Many clients, whose calls a proxy puts on one connection.
behind_proxy() {
  local result proxy_port
  start_upstream
  echo token >"$work/token"
  cat >"$work/gateway.yaml" <<END
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
upstream: {base_url: "$plain_url", credentials: [{name: default, token_file: "$work/token"}]}
rate_limit: {requests_per_second: 0}
END
  write_get_pcap_call "$account" "$small_pcap"
  start gateway "$bin/pcaps-gateway" --config "$work/gateway.yaml"
  target=$(listening_address gateway '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
  start_proxy
  result=$(h2load --clients "$proxy_clients" --requests "$proxy_calls" --max-concurrent-streams 1 \
    --data "$work/get_pcap.grpc" --header 'content-type: application/grpc' --header 'te: trailers' \
    "http://127.0.0.1:$proxy_port/pcaps.v1.PcapsService/GetPcap")
  printf '%s\n' "$result" >>"$log"
  judge behind_proxy "$(sed -n 's/^requests: .* \([0-9]*\) succeeded.*/\1/p' <<<"$result")" '==' "$proxy_calls" ''
  judge behind_proxy_closed "$(grep -c connection_closed "$work/gateway.log" || true)" '==' 0 ''
}

# Sets proxy_port. nghttpx cannot pick a free port and say which, so we try some.
start_proxy() {
  local attempt
  for ((attempt = 0; attempt < 10; attempt++)); do
    proxy_port=$((20000 + RANDOM % 10000))
    start proxy nghttpx --conf=/dev/null --frontend="127.0.0.1,$proxy_port;no-tls" --backend="${target/:/,};;proto=h2" --workers=1
    sleep 1
    if kill -0 "${pids[-1]}" 2>/dev/null; then return 0; fi
  done
  die "nghttpx does not start"
}

main() {
  local install=true
  case ${1:-} in
    "") ;;
    --no-install) install=false ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  use_log floods
  if $install; then
    install_packages "${build_packages[@]}" "${test_packages[@]}" "${bench_packages[@]}" "${proxy_packages[@]}"
  fi
  nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || die "nginx is not installed"
  build_programs
  take_priority

  work=$(mktemp -d)
  trap end_all EXIT
  trap 'exit 130' INT TERM
  samples=$work/samples judged=$work/judged
  mkdir "$samples"
  : >"$judged"
  say "Floods"
  if ! "$bin/bench_floods" >"$work/floods.log" 2>>"$log"; then
    cat "$work/floods.log" >>"$log"
    die "bench_floods failed; see $log"
  fi
  printf '%-30s %12s %12s\n' name value bound
  judge_floods
  say "Honest traffic"
  honest download_2gb 'Plain/Honest.ReaderOf*:Tls/Honest.ReaderOf*' PCAPS_DOWNLOAD_MIB=2048
  honest watchers_10000 'HonestLoad.ManyWatchers*' PCAPS_WATCHERS=10000
  honest calls_200000 'HonestLoad.ManyCalls*' PCAPS_CALLS=200000
  honest requests_60kb '*Honest.CallersOfLarge*'
  honest metadata_8kb '*Honest.CallersWithMuch*'
  honest idle_connections 'Limits.Idle*' PCAPS_IDLE_CONNECTIONS=10000
  behind_proxy
  all_good
}

main "$@"
