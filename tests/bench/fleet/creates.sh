# Creating at a fleet. Sourced by ../fleet.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

# await_created COUNT
await_created() {
  local deadline=$((SECONDS + 300))
  until (($(stat captures_created) >= $1)); do
    ((SECONDS < deadline)) || die "no $1 captures were created"
    sleep 0.2
  done
}

about creates "10,000 creates with request ids in 200 accounts at 3 replicas, connections reset, two replicas killed; rate, budget, rules off"
figure_creates() {
  local created
  start_fleet
  fault '"endpoint": "create_pcap"' '"fault": "reset_before"' '"probability": 0.0003'
  fault '"endpoint": "create_pcap"' '"fault": "reset_during"' '"probability": 0.01'
  fault '"endpoint": "create_pcap"' '"fault": "reset_after"' '"probability": 0.01'
  start_bench creates creates --creates 10000 --accounts 200 --in-flight 200 --patience 240
  await_created 3000
  kill_gateway 1
  restart_gateway 1
  await_created 6000
  kill_gateway 2
  restart_gateway 2
  wait "$bench_pid"
  created=$(stat captures_created)
  # One that is left unknown may or may not be among those created.
  judge creates_left_unknown "$(value creates left_CREATE_OUTCOME_UNKNOWN)" '<' 10 ''
  judge creates_left_otherwise "$(others creates left_ CREATE_OUTCOME_UNKNOWN)" '==' 0 ''
  judge creates_shared "$(calc "$(value creates ok) - $(value creates distinct)")" '==' 0 ''
  judge creates_too_many "$(calc "$created - $(value creates distinct)")" '<=' "$(value creates left_CREATE_OUTCOME_UNKNOWN)" ''
  # A connection that broke has no reason: UNAVAILABLE.
  judge creates_other_reasons "$(others creates outcome_ OK SHARED_STATE_UNAVAILABLE UPSTREAM_UNAVAILABLE DRAINING \
    CREATE_OUTCOME_UNKNOWN UNAVAILABLE)" '==' 0 ''
}

about queue "three creates of an account at once, max_queue_wait 150 s; rules 60 s here and at the emulator, rate off, budget off"
figure_queue() {
  rules='simple_create_interval: 60s, one_full_at_a_time: true'
  emulator_flags=()
  start_fleet
  bench creates creates --creates 3 --in-flight 3 --max-queue-wait 150 --timeout 180 --patience 0
  judge queue_ok "$(value creates ok)" '==' 3 ''
  judge queue_refused_upstream "$(requests 0 | awk '$2 == "create_pcap" && $5 != 200' | wc -l)" '==' 0 ''
  judge queue_longest_apart_s "$(requests 0 | awk '$2 == "create_pcap" { if (last) print ($1 - last) / 1000; last = $1 }' |
    sort -n | tail -n 1 | grep . || echo 999)" '<=' 65 ''
}
