# A fleet for a figure: one emulator, one Redis, gateways. Sourced by ../fleet.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

# Settings of the next fleet. A figure changes some before it starts one; each says which in `about`.
usual_settings() {
  replicas=3
  rate='requests_per_second: 0'
  budget='requests_per_second: 1000000, burst: 1000000'
  rules='simple_create_interval: 0s, one_full_at_a_time: false'
  cache=''
  door=
  admin=127.0.0.1:0
  watch='min_poll_interval: 2s, max_poll_interval: 2s'
  emulator_flags=(--no-rules)
  own_tokens=true
}

# start_gateway NUMBER [LISTEN]: with the settings as they are. Sets targets[NUMBER] and gateway_pids[NUMBER]. With
# own_tokens each has an upstream token of its own, by which the emulator's list of requests tells them apart; else one for all,
# as a fleet has, since it is a token that the emulator limits.
start_gateway() {
  local name=gateway-$1 token=fleet
  if $own_tokens; then token=$name; fi
  echo "$token" >"$work/$name.token"
  cat >"$work/$name.yaml" <<END
listen: ${2:-127.0.0.1:0}
admin_listen: $admin
upstream:
  base_url: $emulator_url/client/v4
  credentials: [{name: default, token_file: "$work/$name.token", accounts: ["*"]}]
  budgets: [{name: default, $budget}]
  rules: {$rules}
state: {redis_url: "redis://127.0.0.1:$redis_port", max_replicas: $replicas}
cache: {$cache}
rate_limit: {$rate}
watch: {$watch, max_streams: 20000, max_streams_per_account: 20000}
drain: {delay: 0s}
$door
END
  start "$name" "$bin/pcaps-gateway" --config "$work/$name.yaml"
  gateway_pids[$1]=${pids[-1]}
  targets[$1]=$(listening_address "$name" '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
}

start_fleet() {
  local i
  start emulator "$bin/pcaps-emulator" "${emulator_flags[@]}"
  emulator_url=$(listening_address emulator 's/^pcaps-emulator listening on //p')
  # What its answers say of its limit binds a gateway, whatever the budget: without a limit it says so.
  if [[ " ${emulator_flags[*]} " != *" --rate-limit "* ]]; then control POST rate_limit '{"requests": 1000000000}' >>"$log"; fi
  start_redis
  redis_pid=${pids[-1]}
  targets=() gateway_pids=() target_flags=()
  for ((i = 0; i < replicas; i++)); do start_gateway "$i"; done
  for i in "${targets[@]}"; do target_flags+=(--target "$i"); done
}

# Ends all of the fleet at once; how it drains is not what is measured here.
stop_fleet() {
  local pid
  trap '' INT TERM
  for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}

kill_redis() {
  kill -KILL "$redis_pid"
  wait "$redis_pid" 2>/dev/null || true
}

# kill_gateway NUMBER
kill_gateway() {
  kill -KILL "${gateway_pids[$1]}"
  wait "${gateway_pids[$1]}" 2>/dev/null || true
}

# restart_gateway NUMBER: tells it to end, if it has not ended, and runs it again on its address.
restart_gateway() {
  stop "${gateway_pids[$1]}" "$stop_timeout" || true
  start_gateway "$1" "${targets[$1]}"
}

# control METHOD ENDPOINT [BODY]: see tests/emulator/control_routes.h.
control() { curl --silent --show-error --fail --noproxy '*' -X "$1" "$emulator_url/__emulator/$2" ${3:+--data "$3"}; }

# seed ACCOUNT COUNT STATUS: captures; prints "account id" lines.
seed() { control POST seed "{\"account\": \"$1\", \"count\": $2, \"status\": \"$3\"}" | sed "s/^/$1 /"; }

# fault FIELDS...: adds one fault of JSON fields.
fault() { control POST faults "{$(IFS=, && echo "$*")}" >>"$log"; }

# stat NAME: of the emulator's statistics, the first of this name.
stat() {
  if [[ $(control GET stats) =~ \"$1\":([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

# requests SINCE_MS [UNTIL_MS]: the emulator's list of requests.
requests() { control GET "requests?since_ms=$1" | awk -v until="${2:-0}" '!until || $1 < until'; }

now_ms() { date +%s%3N; }

# bench NAME SUBCOMMAND ARGUMENT...: bench_client at all targets, its output in $work/NAME.log.
bench() {
  local name=$1
  shift
  "$bin/bench_client" "$@" "${target_flags[@]}" >"$work/$name.log"
}

# start_bench: the same in the background; bench_pid is set.
start_bench() {
  local name=$1
  shift
  start "$name" "$bin/bench_client" "$@" "${target_flags[@]}"
  bench_pid=${pids[-1]}
}

# value NAME KEY: what bench_client NAME printed for it; 0 where it did not.
value() { awk -v key="$2" '$1 == key { value = $2 } END { print value + 0 }' "$work/$1.log"; }

# others NAME KEY_PREFIX OUTCOME...: the sum of what it printed for all but these.
others() {
  local name=$1 prefix=$2
  shift 2
  awk -v prefix="$prefix" -v known=" $* " 'index($1, prefix) == 1 {
    outcome = substr($1, length(prefix) + 1)
    if (index(known, " " outcome " ") == 0) sum += $2
  } END { print sum + 0 }' "$work/$name.log"
}

# attached NAME: waits until the watchers say so.
attached() { listening_address "$1" 's/^attached_ms //p' >>"$log"; }

# calc EXPRESSION
calc() { awk "BEGIN { printf \"%.10g\\n\", $1 }"; }

# shared: whether gateway 1 answers a hit for what gateway 0 has just read.
shared() {
  seed shared 1 success >"$work/shared"
  "$bin/bench_client" gets --target "${targets[0]}" --captures "$work/shared" --calls 1 --in-flight 1 >>"$log"
  sleep 0.05 # Gateway 0 does not let its caller wait until the others are told.
  "$bin/bench_client" gets --target "${targets[1]}" --captures "$work/shared" --calls 1 --in-flight 1 | grep -q cache_hit
}
