# Speed and memory of what a fleet shares, beside a bare gRPC server. Sourced by ../fleet.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

readonly hit_rounds=5
readonly observed_processes=6 # Each settles on threads and memory of its own, which costs or spares it some hundredths.
readonly observed_rounds=8    # With each. Even: both are first as often.
readonly hit_account=023e105f4ecef8ad9ca31a8372d0c353
readonly hit_pcap=5ca11000000000000000000000000001

# start_bare TARGET: a bare server that answers as the gateway did; sets bare and bare_pid.
start_bare() {
  start bare "$bin/bench_bare_server" --record "$1" --account "$hit_account" --pcap "$hit_pcap"
  bare_pid=${pids[-1]}
  bare=$(listening_address bare 's/^listening on //p')
}

seed_hit() {
  control POST seed "{\"account\": \"$hit_account\", \"pcap_id\": \"$hit_pcap\", \"status\": \"success\"}" >>"$log"
  echo "$hit_account $hit_pcap" >"$work/captures"
}

# expect_hits HOST:PORT: it answers as what is measured should.
expect_hits() {
  "$bin/bench_client" gets --target "$1" --captures "$work/captures" --calls 100 --in-flight 1 >"$work/hits.log"
  (($(value hits cache_hit) >= 99)) || die "no hits: $(cat "$work/hits.log")"
}

about hits "GetPcap/s of hits in the process, and only in Redis, to those of a bare gRPC server; rate, budget, rules off"
figure_hits() {
  local round
  replicas=1
  start_fleet
  cache='max_entries: 0' # What Redis knows is all it knows.
  start_gateway 1
  seed_hit
  expect_hits "${targets[0]}"
  expect_hits "${targets[1]}"
  start_bare "${targets[0]}"
  write_get_pcap_call "$hit_account" "$hit_pcap"
  for ((round = 1; round <= hit_rounds; round++)); do
    say "Round $round of $hit_rounds (load $(cut -d ' ' -f 1 /proc/loadavg))"
    sample hit_local unary_rate "${targets[0]}"
    sample hit_bare unary_rate "$bare"
    sample hit_redis unary_rate "${targets[1]}"
  done
  expect_hits "${targets[0]}"
  expect_hits "${targets[1]}"
  judge hit_local "$(ratio hit_local hit_bare)" '>=' 0.85 ''
  judge hit_redis "$(ratio hit_redis hit_bare)" '>=' 0.4 ''
}

make_door() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 -keyout "$work/door.key" -out "$work/door.crt" 2>>"$log"
  openssl rand -hex 32 >"$work/caller.token"
  cat >"$work/callers.yaml" <<END
callers:
  - {name: bench, identities: ["$("$bin/pcaps-gateway" hash-token <"$work/caller.token")"], accounts: ["*"], permission: read}
END
}

# warm_up HOST:PORT [SCHEME [HEADER...]]: it remembers the capture from now on, and answers with it.
warm_up() {
  local before
  before=$(stat total)
  unary_rate "$@" >>"$log"
  (($(stat total) <= before + 1)) || die "what should be hits are upstream requests: $(stat total)"
}

about door "GetPcap/s of hits with TLS, with callers' tokens, and with both, to those without; rate, budget, rules off"
figure_door() {
  local round bearer
  local tls='tls: {cert_file: "'$work'/door.crt", key_file: "'$work'/door.key"}'
  local auth='auth: {mode: token, callers_file: "'$work'/callers.yaml"}'
  make_door
  bearer="authorization: Bearer $(<"$work/caller.token")"
  replicas=1
  start_fleet
  door=$tls
  start_gateway 1
  door=$auth
  start_gateway 2
  door=$tls$'\n'$auth
  start_gateway 3
  seed_hit
  write_get_pcap_call "$hit_account" "$hit_pcap"
  warm_up "${targets[0]}"
  warm_up "${targets[1]}" https
  warm_up "${targets[2]}" http "$bearer"
  warm_up "${targets[3]}" https "$bearer"
  for ((round = 1; round <= hit_rounds; round++)); do
    say "Round $round of $hit_rounds (load $(cut -d ' ' -f 1 /proc/loadavg))"
    sample door_none unary_rate "${targets[0]}"
    sample door_tls unary_rate "${targets[1]}" https
    sample door_token unary_rate "${targets[2]}" http "$bearer"
    sample door_both unary_rate "${targets[3]}" https "$bearer"
  done
  judge door_tls "$(ratio door_tls door_none)" '>=' 0.6 ''
  judge door_token "$(ratio door_token door_none)" '>=' 0.85 ''
  judge door_both "$(ratio door_both door_none)" '>=' 0.5 ''
}

# scrape_every_second NAME: as Prometheus does, if 15 times as often.
scrape_every_second() {
  local address
  address=$(listening_address "$1" '/"event":"admin_listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
  while curl --silent --show-error --fail --noproxy '*' "http://$address/metrics" >"$work/scraped"; do
    mv "$work/scraped" "$work/metrics"
    sleep 1
  done
}

# silence_gateway NUMBER: runs it again on its address without a line of its log: it does not say when it is there, either.
silence_gateway() {
  local address=${targets[$1]} deadline=$((SECONDS + start_timeout))
  stop "${gateway_pids[$1]}" "$stop_timeout" || true
  echo 'log: {level: error}' >>"$work/gateway-$1.yaml"
  sed -i "s/^listen: .*/listen: $address/" "$work/gateway-$1.yaml"
  start "gateway-$1" "$bin/pcaps-gateway" --config "$work/gateway-$1.yaml"
  gateway_pids[$1]=${pids[-1]}
  until (: >"/dev/tcp/${address%:*}/${address##*:}") 2>/dev/null; do
    ((SECONDS < deadline)) || die "gateway-$1 did not start"
    sleep 0.05
  done
}

# start_observed: gateway 0 with metrics, scraped, and a log; gateway 1 with neither. Both have the capture in memory.
start_observed() {
  admin=127.0.0.1:0
  start_gateway 0
  admin='""'
  start_gateway 1
  silence_gateway 1
  warm_up "${targets[0]}"
  warm_up "${targets[1]}"
  start scrapes scrape_every_second gateway-0
}

about observed "GetPcap/s of hits with metrics, scraped every second, and a log line each, to those with neither; rate, budget, rules off"
figure_observed() {
  local process round
  replicas=0 # Each process begins its own,
  start_fleet
  replicas=1 # as the only one there is.
  seed_hit
  write_get_pcap_call "$hit_account" "$hit_pcap"
  unary_duration=500ms
  for ((process = 1; process <= observed_processes; process++)); do
    start_observed
    for ((round = 1; round <= observed_rounds; round++)); do
      say "Round $round of $observed_rounds, with process $process of $observed_processes (load $(cut -d ' ' -f 1 /proc/loadavg))"
      if ((round % 2)); then sample observed_on unary_rate "${targets[0]}"; fi
      sample observed_off unary_rate "${targets[1]}"
      if ((round % 2 == 0)); then sample observed_on unary_rate "${targets[0]}"; fi
    done
    grep -q 'grpc_server_handled_total{grpc_code="OK",grpc_method="GetPcap".* [0-9.e+]*[1-9]' "$work/metrics" ||
      die "nothing was counted"
    kill_gateway 0
    kill_gateway 1
  done
  judge observed "$(paired_ratio observed_on observed_off)" '>=' 0.93 ''
}

about cached_memory "bytes a gateway grows by for each of 50,000 captures that it remembers; rate, budget, rules off"
figure_cached_memory() {
  local i before after
  replicas=1
  start_fleet
  for ((i = 1; i <= 50; i++)); do seed "account-$i" 1000 success; done >"$work/captures"
  for ((i = 1; i <= 10; i++)); do seed "warm-$i" 200 ""; done >"$work/warm"
  bench warm gets --captures "$work/warm" --calls 10000 --in-flight 32 --bypass-every 1
  before=$(settled_kib "${gateway_pids[0]}")
  bench gets gets --captures "$work/captures" --calls 50000 --in-flight 32
  after=$(settled_kib "${gateway_pids[0]}")
  judge cached_failed "$(others gets outcome_ OK)" '==' 0 ''
  judge bytes_per_cached_capture $(((after - before) * 1024 / 50000)) '<' 1024 ''
}

# watchers_kib PID HOST:PORT: what it grows by for 10,000 idle watchers.
watchers_kib() {
  local before after
  before=$(settled_kib "$1")
  start idle "$bin/bench_client" watchers --target "$2" --captures "$work/captures" --watchers 10000
  attached idle
  after=$(settled_kib "$1")
  kill -KILL "${pids[-1]}"
  echo $((after - before))
}

about watcher_memory "bytes a gateway grows by for each of 10,000 idle watchers, above a bare gRPC server; rate, budget, rules off"
figure_watcher_memory() {
  local gateway_kib bare_kib
  replicas=1
  start_fleet
  seed_hit
  start_bare "${targets[0]}"
  # It recorded a file; what is watched goes on.
  control POST captures "{\"account\": \"$hit_account\", \"status\": \"running\"}" >>"$log"
  redis-cli -p "$redis_port" flushall >>"$log"
  restart_gateway 0
  gateway_kib=$(watchers_kib "${gateway_pids[0]}" "${targets[0]}")
  bare_kib=$(watchers_kib "$bare_pid" "$bare")
  say "10,000 watchers: gateway $gateway_kib KiB, bare server $bare_kib KiB"
  judge bytes_per_watcher $(((gateway_kib - bare_kib) * 1024 / 10000)) '<=' 8192 ''
}
