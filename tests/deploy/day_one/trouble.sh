# Steps of ../day_one.sh: what goes wrong on a first day. Sourced, never run. See first_calls.sh.
# shellcheck shell=bash disable=SC2154

readonly reserve=10           # Requests that a budget which nobody remembers begins with.
readonly budget_per_second=3  # The chart's default.

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
  first=$(admin "$3" statusz | awk -v title="$2" 'found && $1 != "ACCOUNT" && $1 != "CALLER" { print $1; exit } index($0, title) == 1 { found = 1 }')
  [[ $first == "$1" ]] || { echo "pod $3 says '$first' in: $(admin "$3" statusz)" && return 1; }
}

step_statusz() {
  local pod
  for pod in "${pods[@]}"; do
    names_first spender 'accounts of the last 5 minutes' "$pod" || return
    names_first stranger 'callers of the last 5 minutes' "$pod" || return
  done
}

# One digit of 32: the account is somebody else's.
step_mistyped() {
  local mistyped=${account/0/9}
  refuses 'is the account right?' ctl list --account "$mistyped" || return
  says success ctl list --account "$account"
}

# Reads and creates have nothing left; who watches money burn can still stop it.
step_budget_spent() {
  local full refused
  full=$(create_full) || { echo "$full" && return 1; }
  bench spent gets --captures "$work/spender" --per-second 45 --seconds 6 --bypass-every 1
  refused=$(value spent outcome_UPSTREAM_BUDGET_EXHAUSTED)
  ((refused + $(value spent cache_stale) > 0)) || { echo "the budget was not spent: $(<"$work/spent.log")" && return 1; }
  (($(others spent outcome_ OK UPSTREAM_BUDGET_EXHAUSTED ACCOUNT_RATE_LIMITED) == 0)) || { cat "$work/spent.log" && return 1; }
  refuses UPSTREAM_BUDGET_EXHAUSTED ctl get "$(seed spender 1 success | sed 's/.* //')" --account spender || return
  ctl stop "$full" --json || return
  (($(stat 429) == 0)) || { echo "the upstream said 429" && return 1; }
}
