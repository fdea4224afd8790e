# Steps of ../day_one.sh: what goes wrong on a first day. Sourced, never run. See first_calls.sh.
# shellcheck shell=bash disable=SC2154

readonly reserve=10          # Requests that a budget which nobody remembers begins with.
readonly budget_per_second=3 # The chart's default.

redis_is_shown_as() {
  local pod note
  for pod in "${pods[@]}"; do
    note=$(admin "$pod" readyz) || { echo "pod $pod is not ready" && return 1; }
    [[ $1 == down && $note == *'redis: down'* || $1 == up && $note != *'redis: down'* ]] || { echo "$note" && return 1; }
  done
}

step_redis_killed() {
  local pcap_id
  pcap_id=$(seed "$account" 1 success) && pcap_id=${pcap_id#* } || return
  says success ctl get "$pcap_id" || return
  kill_redis
  says success ctl get "$pcap_id" || return
  refuses SHARED_STATE_UNAVAILABLE ctl create --packets 100 || return
  eventually redis_is_shown_as down
}

# Every read past all caches, faster than any budget: what reaches the upstream is what a young budget has, and what it gains.
step_redis_empty() {
  local begin sent allowed
  seed spender 20 success >"$work/spender"
  begin=$(now_ms)
  start_redis_empty
  eventually redis_is_shown_as up || return
  bench spender gets --captures "$work/spender" --per-second 40 --seconds 4 --bypass-every 1
  allowed=$((reserve + budget_per_second * ($(now_ms) - begin) / 1000 + 1))
  sent=$(requests "$begin" | wc -l)
  ((sent > 0 && sent <= allowed)) || { echo "$sent requests reached the upstream, of $allowed allowed" && return 1; }
  eventually metric_is 'sum(pcaps_state_up{backend="redis"})' 2
}

# names_first NAME TITLE POD: it stands first below that title.
names_first() {
  local first
  first=$(admin "$3" statusz | awk -v title="$2" '
    index($0, title) == 1 { heading = NR + 1 }
    heading && NR == heading + 1 { print $1 }')
  [[ $first == "$1" ]] || { echo "pod $3 says '$first' in: $(admin "$3" statusz)" && return 1; }
}

# More than all others have cost on this day.
step_statusz() {
  local pod
  await_budget 50
  bench spender gets --captures "$work/spender" --per-second 20 --calls 40 --bypass-every 1
  for pod in "${pods[@]}"; do
    names_first spender 'accounts of ' "$pod" || return
    names_first stranger 'callers of ' "$pod" || return
  done
}

# One digit of 32: the account is somebody else's.
step_mistyped() {
  local mistyped=${account/0/9}
  refuses 'is the account right?' ctl list --account "$mistyped" || return
  says success ctl list --account "$account"
}

budget_is_spent() { metric_is 'min(pcaps_budget_remaining) < bool 11.5' 1; }

# Reads want more than there is, all the time. Who sees a capture go wrong can still stop it: the reserve is for that.
step_budget_spent() {
  local full
  full=$(create_full) || return
  start_bench spent gets --captures "$work/spender" --per-second 45 --seconds 10 --bypass-every 1
  eventually budget_is_spent || return
  ctl stop "$full" || return
  kill -0 "$bench_pid" || { echo "the reads were over before the stop" && return 1; }
  wait "$bench_pid" || return
  (($(value spent outcome_UPSTREAM_BUDGET_EXHAUSTED) + $(value spent cache_stale) > 0)) || { cat "$work/spent.log" && return 1; }
  (($(others spent outcome_ OK UPSTREAM_BUDGET_EXHAUSTED ACCOUNT_RATE_LIMITED) == 0)) || { cat "$work/spent.log" && return 1; }
  (($(stat 429) == 0)) || { echo "the upstream said 429" && return 1; }
}
