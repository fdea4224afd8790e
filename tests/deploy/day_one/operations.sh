# Steps of ../day_one.sh: what an operator does, and full captures. Sourced, never run. See first_calls.sh.
# shellcheck shell=bash disable=SC2154

# Both replaced, one after the other. Nobody's call fails, and no watcher misses the end of his capture.
step_roll() {
  local i failed=0 watchers gets
  for ((i = 1; i <= 20; i++)); do seed "load-$i" 1 success; done >"$work/load"
  for i in 1 2; do seed "watched-$i" 25 running; done >"$work/watched"
  await_budget 35 # 20 first reads, the polls of two accounts, and the reserve.
  start_bench watchers watchers --captures "$work/watched" --watchers 2000 --control "$emulator_url" --seconds 90
  watchers=$bench_pid
  attached watchers
  start_bench gets gets --captures "$work/load" --per-second 250 --calls 22000 --in-flight 20000 # 88 s.
  gets=$bench_pid
  roll_all || failed=1
  kill -0 "$gets" || { echo "the load was over before the roll" && failed=1; }
  wait "$gets" "$watchers" || failed=1
  cat "$work/gets.log" "$work/watchers.log"
  ((failed == 0 && $(value gets calls) == 22000 && $(others gets outcome_ OK) == 0)) || return 1
  (($(value watchers missing_final) == 0 && $(value watchers ended_ok) == 2000))
}

reloaded() {
  local pod
  for pod in "${pods[@]}"; do
    grep --quiet '"event":"reloaded".*upstream_token' "$work/pod-$pod.log" || { echo "pod $pod has not" && return 1; }
  done
}

# As Kubernetes renews a Secret. The old token is revoked once the new one is in force; nobody notices.
step_token() {
  local last
  start_bench rotation gets --captures "$work/load" --per-second 2 --seconds 12 --bypass-every 1
  echo second-token | renew_file "$work/pod/run/pcaps-gateway/tokens/default"
  eventually reloaded || return
  control POST token '{"token": "second-token"}' >>"$log" || return
  wait "$bench_pid" || return
  last=$(requests 0 | tail -n 1)
  [[ $last == *second-token ]] || { echo "the last request was $last" && return 1; }
  (($(others rotation outcome_ OK) == 0)) || { cat "$work/rotation.log" && return 1; }
}

readonly bucket='s3://captures/today?region=us-east-1'

step_ownership() {
  local created id
  created=$(ctl ownership create --bucket "$bucket" --json) || { echo "$created" && return 1; }
  id=$(sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' <<<"$created")
  control GET "challenge?account=$account&id=$id" >"$work/challenge" || return
  says success ctl ownership validate - --bucket "$bucket" <"$work/challenge" || return
  says success ctl ownership list
}

# create_full: prints its id.
create_full() { ctl create full --colo ord02 --bucket "$bucket" --time-limit 1h --json | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p'; }

is_done() { ctl get "$1" --json | grep --quiet '"done": *true'; }

# One runs; a second one is refused, with the first one's id; it is stopped, and ends.
step_full() {
  local full
  full=$(create_full) || return
  refuses "$full" ctl create full --colo ord02 --bucket "$bucket" || return
  ctl stop "$full" || return
  eventually is_done "$full"
}
