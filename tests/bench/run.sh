#!/usr/bin/env bash
# Measures the gateway against floors. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/bench/upstream.sh
source "$repo/tests/bench/upstream.sh"
# shellcheck source=tests/bench/measure.sh
source "$repo/tests/bench/measure.sh"

usage() {
  cat <<'END'
Usage: tests/bench/run.sh [--no-install] [--help]

Builds with the release preset and measures the gateway, with its defaults, beside what does nothing but the same input and
output on the same machine at the same time: a bare gRPC server, and curl. Prints `name value floor ok|FAIL`, writes
build/bench/report.json with every sample, and exits 1 where a value misses its floor. About two minutes.

Speeds are ratios of medians of 5 runs that take turns, so that a busy machine slows both sides. Not evenly, though: who hands
work from thread to thread waits for the processor more often. As root all of it runs with priority over the neighbours, who
wait; otherwise measure on a quiet machine. The report names the load.
END
}

readonly rounds=5
readonly large_reads=4        # curl's, in one run of a round.
readonly stalled_readers=32   # Half of download.max_streams.

bin=$repo/build/release/bin
out=$repo/build/bench
nginx=

# start_gateway NAME BASE_URL: sets target to where it listens.
start_gateway() {
  cat >"$work/$1.yaml" <<END
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
upstream:
  base_url: $2
  ca_file: $work/cert.pem
  credentials: [{name: default, token_file: "$work/token", accounts: ["*"]}]
drain: {delay: 0s}
END
  start "$1" "$bin/pcaps-gateway" --config "$work/$1.yaml"
  target=$(listening_address "$1" '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
}

# What is measured; each prints one number.

# read_rate HOST:PORT PCAP: MB/s of one reader.
read_rate() { "$bin/bench_client" read --target "$1" --account "$account" --pcap "$2" --seconds "$seconds"; }

# curl_rate BASE_URL: MB/s of the large capture's file, without any gateway.
curl_rate() {
  local i
  local -a reads=()
  for ((i = 0; i < large_reads; i++)); do
    reads+=(--output /dev/null "$1/accounts/$account/pcaps/$large_pcap/download")
  done
  curl --silent --fail --cacert "$work/cert.pem" --write-out '%{size_download} %{time_total}\n' "${reads[@]}" |
    awk '{ bytes += $1; seconds += $2 } END { printf "%.1f\n", bytes / seconds / 1e6 }'
}

start_to_ready() { "$bin/bench_client" start -- "$bin/pcaps-gateway" --config "$work/plain.yaml"; }

idle_mib() { awk '/^VmRSS:/ { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }
# stalled_reader_mib PID HOST:PORT PCAP: what a reader that does not read costs the gateway.
stalled_reader_mib() {
  local before after
  read_rate "$2" "$3" >/dev/null # What the first reader costs is not the stalled ones'.
  before=$(resident_kib "$1")
  start stalled "$bin/bench_client" stall --target "$2" --account "$account" --pcap "$3" --readers "$stalled_readers"
  listening_address stalled 's/^stalled //p' >/dev/null
  after=$(settled_kib "$1")
  stop "${pids[-1]}" "$stop_timeout" || true
  unset 'pids[-1]'
  awk -v kib=$((after - before)) -v n="$stalled_readers" 'BEGIN { printf "%.2f\n", kib / 1024 / n }'
}

# A round runs each thing beside what it is compared with.
measure_round() {
  sample getpcap_gateway unary_rate "$plain"
  sample getpcap_bare unary_rate "$bare"
  sample cached_gateway read_rate "$plain" "$small_pcap"
  sample cached_bare read_rate "$bare" "$small_pcap"
  sample stream_gateway read_rate "$plain" "$large_pcap"
  sample stream_curl curl_rate "$plain_url"
  sample stream_tls_gateway read_rate "$tls" "$large_pcap"
  sample stream_tls_curl curl_rate "$tls_url"
  sample start_ms start_to_ready
}

judge_all() {
  printf '%-30s %12s %12s\n' name value floor
  judge getpcap "$(ratio getpcap_gateway getpcap_bare)" '>=' 0.16 ''
  judge download_cached "$(ratio cached_gateway cached_bare)" '>=' 0.6 ''
  judge download_stream "$(ratio stream_gateway stream_curl)" '>=' 0.35 ''
  judge download_stream_tls "$(ratio stream_tls_gateway stream_tls_curl)" '>=' 0.55 ''
  judge idle_resident "$(median idle_mib)" '<' 30 ' MiB'
  judge stalled_reader "$(median stalled_mib)" '<=' 6 ' MiB'
  judge start_to_ready "$(median start_ms)" '<' 300 ' ms'
}

version_of() { dpkg-query -W -f '${Version}' "$(first_of is_installed "$1")"; }

write_report() {
  local file name
  mkdir -p "$out"
  {
    printf '{\n  "cores": %s,\n  "load": "%s",\n  "kernel": "%s",\n' "$(nproc)" "$(cut -d ' ' -f 1-3 /proc/loadavg)" "$(uname -r)"
    printf '  "versions": {"gateway": "%s", "grpc": "%s", "curl": "%s", "nginx": "%s", "h2load": "%s"},\n' \
      "$("$bin/pcaps-gateway" --version | cut -d ' ' -f 2)" "$(version_of libgrpc++-dev)" "$(version_of curl)" \
      "$(version_of 'nginx-light|nginx')" "$(version_of nghttp2-client)"
    printf '  "samples": {\n'
    for file in "$samples"/*; do
      name=${file##*/}
      printf '    "%s": [%s],\n' "$name" "$(paste -s -d , "$file" | sed 's/,/, /g')"
    done | sed '$ s/,$//'
    printf '  },\n  "values": [\n'
    sed '$ s/,$//' "$judged"
    printf '  ]\n}\n'
  } >"$out/report.json"
}

build_programs() {
  [[ -f $repo/build/release/build.ninja ]] || configure release -DBUILD_TESTING=OFF
  build release pcaps-gateway bench_bare_server bench_client
}

# The gateway's answers to h2load are judged here, by its log: h2load sees only HTTP, and leaves when its time is over.
check_calls() {
  local failed
  failed=$(grep '"event":"rpc"' "$work/plain.log" | grep -Ev '"code":"(OK|CANCELLED)"' | tail -n 1) || true
  [[ -z $failed ]] || die "calls of the gateway failed, this one last: $failed"
}

main() {
  local install=true round
  case ${1:-} in
    "") ;;
    --no-install) install=false ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
  use_log bench
  if $install; then install_packages "${build_packages[@]}" "${bench_packages[@]}"; fi
  nginx=$(PATH=$PATH:/usr/sbin command -v nginx) || die "nginx is not installed"
  build_programs
  take_priority # Both sides of each ratio inherit it.

  work=$(mktemp -d)
  trap end_all EXIT
  trap 'exit 130' INT TERM
  samples=$work/samples judged=$work/judged
  mkdir "$samples"
  echo token >"$work/token"
  write_get_pcap_call "$account" "$small_pcap"

  say "Starting nginx, two gateways and a bare server"
  start_upstream
  start_gateway plain "$plain_url"
  local plain=$target plain_pid=${pids[-1]}
  sample idle_mib idle_mib "$plain_pid"
  start_gateway tls "$tls_url"
  local tls=$target
  start bare "$bin/bench_bare_server" --record "$plain" --account "$account" --pcap "$small_pcap"
  local bare
  bare=$(listening_address bare 's/^listening on //p')

  for ((round = 1; round <= rounds; round++)); do
    say "Round $round of $rounds (load $(cut -d ' ' -f 1 /proc/loadavg))"
    measure_round
  done
  check_calls
  say "$stalled_readers readers that do not read"
  sample stalled_mib stalled_reader_mib "$plain_pid" "$plain" "$large_pcap"

  judge_all
  write_report
  say "Every sample: $out/report.json"
  all_good
}

main "$@"
