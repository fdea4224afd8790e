# What run.sh and fleet.sh measure with, and how they judge. Sourced, never run.
# shellcheck shell=bash disable=SC2154

readonly seconds=2            # Of each run of a round.
unary_duration=${seconds}s    # A figure may take more, and shorter, runs.
readonly unary_clients=4      # Connections of h2load,
readonly unary_streams=8      # and calls in flight on each: enough to keep all busy.
readonly settled_seconds=1    # Memory that has not grown for so long grows no more.
readonly settle_timeout=30
readonly priority=-19         # Nice, so that a compiler next door is not what is measured.

samples= # Directory of files with one number a line.
judged=  # File with one entry a judgement.

# write_get_pcap_call ACCOUNT PCAP: what h2load sends. Both are 32 bytes long; a gRPC message is a flag, its length, and the
# request: fields 1 and 2.
write_get_pcap_call() { printf '\0\0\0\0\x44\x0a\x20%s\x12\x20%s' "$1" "$2" >"$work/get_pcap.grpc"; }

# unary_rate HOST:PORT [SCHEME [HEADER...]]: GetPcap calls a second.
unary_rate() {
  local result header
  local -a headers=()
  for header in "${@:3}"; do headers+=(--header "$header"); done
  result=$(h2load --duration "$unary_duration" --warm-up-time 300ms --clients "$unary_clients" --max-concurrent-streams "$unary_streams" \
    --data "$work/get_pcap.grpc" --header 'content-type: application/grpc' --header 'te: trailers' \
    "${headers[@]}" "${2:-http}://$1/pcaps.v1.PcapsService/GetPcap")
  [[ $result == *" 0 failed, 0 errored, 0 timeout"* ]] || die "h2load: $result"
  sed -n 's|^finished in .*, \([0-9.]*\) req/s.*|\1|p' <<<"$result"
}

resident_kib() { awk '/^VmRSS:/ { print $2 }' "/proc/$1/status"; }

# settled_kib PID: its resident memory once that grows no more.
settled_kib() {
  local now most=0 since=$SECONDS deadline=$((SECONDS + settle_timeout))
  while ((SECONDS - since <= settled_seconds && SECONDS < deadline)); do
    now=$(resident_kib "$1")
    if ((now > most + 256)); then most=$now since=$SECONDS; fi
    sleep 0.1
  done
  echo "$most"
}

# sample NAME COMMAND...
sample() {
  local name=$1
  shift
  "$@" >>"$samples/$name"
}
median() { sort -n "$samples/$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
ratio() { awk -v a="$(median "$1")" -v b="$(median "$2")" 'BEGIN { printf "%.3f\n", a / b }'; }

# paired_ratio A B: the median of the ratios of each round, for two that differ less than the machine does from round to round.
paired_ratio() {
  paste "$samples/$1" "$samples/$2" | awk '{ print $1 / $2 }' >"$samples/$1.paired"
  printf '%.3f\n' "$(median "$1.paired")"
}

# judge NAME VALUE RELATION BOUND UNIT: one line of the table, one entry of the report.
judge() {
  local verdict=ok
  awk -v value="$2" -v bound="$4" "BEGIN { exit !(value $3 bound) }" || verdict=FAIL
  printf '%-30s %12s %12s  %s\n' "$1" "$2$5" "$3 $4" "$verdict"
  printf '    {"name": "%s", "value": %s, "unit": "%s", "relation": "%s", "bound": %s, "ok": %s},\n' "$1" "$2" "${5# }" "$3" "$4" \
    "$([[ $verdict == ok ]] && echo true || echo false)" >>"$judged"
}

# Whether nothing that was judged missed its bound.
all_good() { ! grep -q '"ok": false' "$judged"; }

take_priority() {
  if ((EUID == 0)); then renice -n "$priority" -p $$ >>"$log" 2>&1 || true; fi
}
