# A Redis in trouble, under load. Sourced by ../fleet.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

ask_redis() { redis-cli -p "$redis_port" "$@" >>"$log"; }

start_redis_again() {
  start redis redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no --dir "$work"
  redis_pid=${pids[-1]}
}

begin_killed() { kill_redis; }
end_killed() { start_redis_again; }
begin_stopped() { kill -STOP "$redis_pid"; }
end_stopped() { kill -CONT "$redis_pid"; }
begin_slowed() { ask_redis client pause 5000 all; }
end_slowed() { :; } # Over by then.
begin_flushed() { ask_redis flushall; }
end_flushed() { :; }

# trouble_load NAME SECONDS: 300 GetPcap/s in the background.
trouble_load() {
  start_bench "$1" gets --captures "$work/captures" --per-second 300 --seconds "$2" --in-flight 20000 --bypass-every 5
}

about trouble "Redis killed, stopped, slowed to 5 s and flushed under 300 GetPcap/s at 3 replicas, a fifth max_age 0; rate 50/s burst 100, budget off, rules off"
figure_trouble() {
  local kind i usual_p99 since shared_again
  rate='requests_per_second: 50, burst: 100'
  start_fleet
  for ((i = 1; i <= 20; i++)); do seed "account-$i" 5 running; done >"$work/captures"
  trouble_load warm 3
  wait "$bench_pid"
  trouble_load usual 8
  wait "$bench_pid"
  usual_p99=$(value usual p99_ms)
  for kind in killed stopped slowed flushed; do
    trouble_load "$kind" 8
    sleep 1
    "begin_$kind"
    sleep 5
    "end_$kind"
    since=$(now_ms)
    until shared || (($(now_ms) - since > 30000)); do sleep 0.1; done
    shared_again=$(($(now_ms) - since))
    wait "$bench_pid"
    judge "redis_${kind}_failed" "$(others "$kind" outcome_ OK)" '==' 0 ''
    judge "redis_${kind}_added_p99_ms" "$(calc "$(value "$kind" p99_ms) - $usual_p99")" '<=' 60 ''
    judge "redis_${kind}_shared_again_ms" "$shared_again" '<=' 5000 ''
  done
}
