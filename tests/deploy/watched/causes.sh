# Provokes what alerts are for, one after the other, and waits for each. Sourced by ../watched.sh, never run.
# shellcheck shell=bash disable=SC2154

readonly patience=240 # Seconds; the slowest alert needs 120 s to mean anything.

instant() { curl --silent --fail --noproxy '*' --data-urlencode "query=$1" "$prometheus_url/api/v1/query"; }
# firing ALERT [SEVERITY]
firing() {
  [[ $(instant "ALERTS{alertname=\"$1\", severity=~\"${2:-.+}\", alertstate=\"firing\"}") != *'"result":[]'* ]]
}

# cause ALERT...: what comes next is to make these fire, and they do not yet.
cause() {
  local alert
  for alert in "$@"; do
    if firing "$alert"; then echo "$alert|nothing: before its cause|FAIL" >>"$work/alerts"; fi
  done
  since=$(now_ms)
}

# expect ALERT HOW [SEVERITY]: waits until it fires; a line of the table.
expect() {
  local after
  until firing "$1" "${3-}"; do
    if (($(now_ms) - since > patience * 1000)); then
      echo "$1|$2|FAIL: not within $patience s" >>"$work/alerts"
      return
    fi
    sleep 0.2
  done
  after=$(calc "int(($(now_ms) - $since) / 100) / 10")
  say "$1 after $after s"
  echo "$1|$2|$after s" >>"$work/alerts"
}

# bypass ACCOUNT ARGUMENT...: reads with max_age 0.
bypass() { "$bin/bench_client" gets "${target_flags[@]}" --captures "$work/$1" --bypass-every 1 "${@:2}" >>"$log"; }

certificate_ends() {
  since=$begin_ms
  expect PcapsCertificateExpiring "a certificate of $certificate_life_days days with $certificate_days_left left"
}

callers_break() {
  write_callers somebody
  sleep 4 # Seen, and in force.
  cause PcapsReloadFailed
  echo 'callers: [' >"$work/callers.yaml"
  expect PcapsReloadFailed "a callers file that is no YAML"
  write_callers somebody
}

budget_is_spent() {
  cause PcapsBudgetLow
  bypass small --per-second 10 --seconds 20 &
  expect PcapsBudgetLow "10 reads/s with max_age 0 of an account whose budget is 1/s"
  wait $!
}

# Its own rate refuses these: no alert, but a line in a panel.
rate_is_spent() { bypass busy --per-second 20 --seconds 5; }

# What is remembered makes no sense any more: dropped, and counted.
redis_is_spoilt() {
  local key
  while read -r key; do redis-cli -p "$redis_port" set "$key" nonsense >>"$log"; done < <(
    redis-cli -p "$redis_port" --scan --pattern 'pcaps:*:pcap:account-*')
}

connections_crowd() {
  local i connection
  local -a open=()
  for i in {1..6}; do
    if exec {connection}<>"/dev/tcp/${targets[2]/://}"; then open+=("$connection"); fi
  done
  sleep 2
  for i in "${open[@]}"; do exec {i}>&-; done
}

watchers_crowd() {
  cause PcapsOverloaded
  start_bench crowd watchers --captures "$work/busy" --watchers 60
  expect PcapsOverloaded "60 watchers of an account that may have 20 at each of two gateways"
  kill "$bench_pid"
}

token_is_rejected() {
  cause PcapsCredentialRejected
  fault '"account": "rejected"' '"fault": "status"' '"status": 401'
  bypass rejected --per-second 2 --seconds 3
  expect PcapsCredentialRejected "401 to all requests for a credential's account" warning
  sleep 61 # The rejection is remembered for 60 s; then a call finds out that it holds.
  if firing PcapsCredentialRejected critical; then echo "PcapsCredentialRejected|while nobody calls|FAIL" >>"$work/alerts"; fi
  bypass rejected --calls 1
  expect PcapsCredentialRejected "the same, and a call after a minute that hears it again: critical" critical
  control DELETE faults >>"$log"
}

upstream_says_stop() {
  cause PcapsUpstreamRateLimited
  fault '"endpoint": "get_pcap"' '"fault": "status"' '"status": 429' '"retry_after": 5' '"count": 1'
  expect PcapsUpstreamRateLimited "one 429 to a GetPcap"
  sleep 8 # Until it is over.
}

answer_is_lost() {
  cause PcapsCreateOutcomeUnknown
  fault '"endpoint": "create_pcap"' '"account": "lost-1"' '"fault": "reset_before"'
  "$bin/bench_client" creates "${target_flags[@]}" --account-prefix lost- --patience 0 >>"$log" || true
  expect PcapsCreateOutcomeUnknown "a create reset after it was sent, that the list never shows"
  control DELETE faults >>"$log"
}

upstream_is_down() {
  cause PcapsUpstreamErrorBudgetBurn PcapsCircuitOpen PcapsObservationsOld
  fault '"fault": "status"' '"status": 503'
  expect PcapsUpstreamErrorBudgetBurn "503 to every request, under 60 reads/s"
  expect PcapsCircuitOpen "the same"
  expect PcapsObservationsOld "the same, for two minutes, with 60 watchers"
  if firing PcapsErrorBudgetBurn; then echo "PcapsErrorBudgetBurn|what is the upstream's fault|FAIL" >>"$work/alerts"; fi
  control DELETE faults >>"$log"
  sleep 10 # The circuit closes; callers get answers again.
}

redis_is_full() {
  local creates
  cause PcapsRedisRefuses
  redis-cli -p "$redis_port" config set maxmemory-policy noeviction >>"$log"
  redis-cli -p "$redis_port" config set maxmemory 1 >>"$log"
  "$bin/bench_client" creates "${target_flags[@]}" --creates 1000 --in-flight 20 --patience 30 >>"$log" 2>&1 &
  creates=$!
  expect PcapsRedisRefuses "maxmemory 1, while 20 at a time create with request ids"
  if firing PcapsRedisDown; then echo "PcapsRedisDown|a Redis that answers|FAIL" >>"$work/alerts"; fi
  redis-cli -p "$redis_port" config set maxmemory 0 >>"$log"
  kill "$creates" 2>/dev/null || true
  wait "$creates" || true
  sleep 5 # What failed is over.
}

redis_dies() {
  local creates
  cause PcapsRedisDown PcapsErrorBudgetBurn
  kill_redis
  "$bin/bench_client" creates "${target_flags[@]}" --creates 1000 --in-flight 20 --patience 30 >>"$log" 2>&1 &
  creates=$!
  expect PcapsRedisDown "redis-server killed"
  expect PcapsErrorBudgetBurn "the same, while 20 at a time create with request ids"
  kill "$creates" 2>/dev/null || true
  wait "$creates" || true
}

gateways_die() {
  local i
  cause PcapsNoReadyReplica
  for i in "${!gateway_pids[@]}"; do kill_gateway "$i"; done
  expect PcapsNoReadyReplica "every gateway killed"
}
