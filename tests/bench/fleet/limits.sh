# What a fleet may ask, and what it gives its callers. Sourced by ../fleet.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

readonly budget_seconds=360

# budget_figure NAME MIDDLE...: six minutes of more reads and watches than the budget has; MIDDLE is run after half of them.
budget_figure() {
  local name=$1 i stopped=0 stops=0 full
  shift
  rate='requests_per_second: 50, burst: 100'
  budget='requests_per_second: 3, burst: 60'
  watch='min_poll_interval: 2s, max_poll_interval: 15s'
  emulator_flags+=(--rate-limit)
  own_tokens=false
  start_fleet
  for ((i = 1; i <= 20; i++)); do seed "account-$i" 10 running; done >"$work/captures"
  full=$(curl --silent --fail --noproxy '*' -H 'Authorization: Bearer setup' "$emulator_url/client/v4/accounts/account-1/pcaps" \
    --data '{"type": "full", "system": "magic-transit", "time_limit": 3600, "colo_name": "ord02",
             "destination_conf": "s3://bucket?region=us-east-1"}' | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p')
  [[ -n $full ]] || die "no full capture"
  start_bench watchers watchers --captures "$work/captures" --watchers 400
  start_bench gets gets --captures "$work/captures" --per-second 800 --seconds "$budget_seconds" --in-flight 20000 --bypass-every 2
  for ((i = 10; i < budget_seconds; i += 10)); do
    sleep 10
    stops=$((stops + 1))
    if "$bin/pcapctl" stop --target "ipv4:$(IFS=, && echo "${targets[*]}")" --account account-1 "$full" >>"$log" 2>&1; then
      stopped=$((stopped + 1))
    fi
    if (($# > 0 && i == budget_seconds / 2)); then "$@"; fi
  done
  wait "$bench_pid"
  judge "${name}_429" "$(stat 429)" '==' 0 ''
  judge "${name}_most_in_300s" "$(stat max_requests_in_300s)" '<=' 1200 ''
  judge "${name}_stale_marked" "$(value gets cache_stale)" '>' 0 ''
  # A replica that ends, or its connection, may fail calls of the round that restarts all.
  judge "${name}_other_failures" "$(others gets outcome_ OK UPSTREAM_BUDGET_EXHAUSTED ${1:+DRAINING UNAVAILABLE CANCELLED})" '==' 0 ''
  judge "${name}_stops_failed" $((stops - stopped)) '==' 0 ''
}

about budget "200 captures of 20 accounts watched, 40 GetPcap/s an account, half max_age 0, 6 min; rate 50/s burst 100, budget 3/s burst 60, rules off, the emulator's limit on"
figure_budget() { budget_figure budget; }

flush_and_restart() {
  local i
  redis-cli -p "$redis_port" flushall >>"$log"
  for ((i = 0; i < replicas; i++)); do restart_gateway "$i"; done
}

about budget_lost "the same, with Redis flushed and every gateway restarted in the middle"
figure_budget_lost() { budget_figure budget_lost flush_and_restart; }

about retry_after "the emulator answers 429 with retry-after 20 once, 50 GetPcap/s at 3 replicas; rate, budget, rules off"
figure_retry_after() {
  local closed first
  start_fleet
  seed account-1 1 running >"$work/captures"
  fault '"fault": "status"' '"status": 429' '"retry_after": 20' '"count": 1'
  bench first gets --captures "$work/captures" --calls 1 --in-flight 1 --bypass-every 1
  closed=$(requests 0 | awk '$5 == 429 { print $1 }')
  [[ -n $closed ]] || die "no 429"
  fault '"fault": "latency"' '"latency_ms": 1000'
  bench gets gets --captures "$work/captures" --per-second 50 --seconds 25 --bypass-every 1 --in-flight 20000
  judge retry_after_called_closed "$(requests $((closed + 1)) $((closed + 20000)) | wc -l)" '==' 0 ''
  first=$(requests $((closed + 1)) | awk 'NR == 1 { print $1 }')
  judge retry_after_probes "$(requests "${first:-0}" $((${first:-0} + 1000)) | wc -l)" '==' 1 ''
}

about create_429 "one account's create is answered 429, others create meanwhile; rate, budget, rules off"
figure_create_429() {
  start_fleet
  fault '"endpoint": "create_pcap"' '"account": "refused-1"' '"fault": "status"' '"status": 429' '"retry_after": 60'
  bench refused creates --account-prefix refused- --patience 0
  bench others creates --account-prefix other- --accounts 30 --creates 30 --patience 0
  judge create_429_refused "$(value refused outcome_UPSTREAM_RATE_LIMITED)" '==' 1 ''
  judge create_429_others_ok "$(value others ok)" '==' 30 ''
}

about rate "3,000 GetPcap/s of an account and 20/s of another at 3 replicas for 10 s; rate 50/s burst 100, budget off, rules off"
figure_rate() {
  rate='requests_per_second: 50, burst: 100'
  start_fleet
  seed busy 1 success >"$work/busy"
  seed quiet 1 success >"$work/quiet"
  start_bench quiet gets --captures "$work/quiet" --per-second 20 --seconds 10
  bench busy gets --captures "$work/busy" --per-second 3000 --seconds 10 --in-flight 20000
  wait "$bench_pid"
  judge rate_admitted_at_most "$(value busy outcome_OK)" '<=' 630 ''
  judge rate_admitted_at_least "$(value busy outcome_OK)" '>=' 570 ''
  judge rate_other_refused "$(others quiet outcome_ OK)" '==' 0 ''
  judge rate_other_p99_ms "$(value quiet p99_ms)" '<' 100 ''
  kill_redis
  bench alone gets --captures "$work/busy" --per-second 3000 --seconds 10 --in-flight 20000
  judge rate_without_redis "$(value alone outcome_OK)" '<=' 630 ''
}

about rate_cost "Redis time of a rate decision: 40 GetPcap/s of each of 20 accounts; rate 50/s burst 100, budget off, rules off"
figure_rate_cost() {
  local i usec
  rate='requests_per_second: 50, burst: 100'
  start_fleet
  for ((i = 1; i <= 20; i++)); do seed "account-$i" 1 success; done >"$work/captures"
  bench warm gets --captures "$work/captures" --per-second 800 --seconds 2 --in-flight 20000
  redis-cli -p "$redis_port" config resetstat >>"$log"
  # All hits in the process: the scripts that run are those of the rates.
  bench gets gets --captures "$work/captures" --per-second 800 --seconds 10 --in-flight 20000
  usec=$(redis-cli -p "$redis_port" info commandstats |
    sed -n 's/^cmdstat_\(evalsha\|eval\|fcall\):.*usec=\([0-9]*\).*/\2/p' | awk '{ sum += $1 } END { print sum + 0 }')
  judge rate_decision_us "$(calc "$usec / $(value gets calls)")" '<' 10 ''
}
