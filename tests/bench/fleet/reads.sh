# Reads and watches of a fleet. Sourced by ../fleet.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

about cold_reads "1,000 GetPcap of a cold capture at 3 replicas at once; rate off, budget off, rules off"
figure_cold_reads() {
  start_fleet
  seed account 1 running >"$work/captures"
  fault '"endpoint": "get_pcap"' '"fault": "latency"' '"latency_ms": 1000'
  bench gets gets --captures "$work/captures" --calls 1000 --in-flight 1000
  judge cold_reads_upstream "$(stat get_pcap)" '<=' 3 ''
  judge cold_reads_failed "$(others gets outcome_ OK)" '==' 0 ''
}

about downloads "100 DownloadPcap of a capture at 3 replicas at once; rate off, budget off, rules off"
figure_downloads() {
  start_fleet
  local named
  named=$(seed account 1 success)
  fault '"endpoint": "download_pcap"' '"fault": "latency"' '"latency_ms": 1000'
  bench downloads downloads --account account --pcap "${named#* }" --readers 100
  judge downloads_upstream "$(stat download_pcap)" '<=' 3 ''
  judge downloads_ok "$(value downloads outcome_OK)" '==' 100 ''
  judge downloads_distinct_hashes "$(value downloads distinct_hashes)" '==' 1 ''
}

readonly watch_interval_ms=2000 # As usual_settings has it.

about watch "10,000 watchers of 50 captures of one account at 3 replicas for 60 s, polled every 2 s; rate, budget, rules off"
figure_watch() {
  local begin
  start_fleet
  seed account 50 running >"$work/captures"
  begin=$(now_ms)
  start_bench watchers watchers --captures "$work/captures" --watchers 10000 --control "$emulator_url" --seconds 60
  attached watchers
  sleep 60
  local took=$(($(now_ms) - begin))
  judge watch_upstream "$(requests "$begin" $((begin + took)) | wc -l)" '<=' $((took / watch_interval_ms + 5 + 50)) ''
  wait "$bench_pid"
  judge watch_final_ms "$(value watchers final_p100_ms)" '<=' $((watch_interval_ms + 1000)) ''
  judge watch_missing_final "$(value watchers missing_final)" '==' 0 ''
  judge watch_breaks "$(others watchers break_)" '==' 0 ''
}

about watch_kill "the same for 20 s, and the replica that polls is killed; rate, budget, rules off"
figure_watch_kill() {
  local poller killed resumed
  start_fleet
  seed account 50 running >"$work/captures"
  start_bench watchers watchers --captures "$work/captures" --watchers 10000 --control "$emulator_url" --seconds 20
  attached watchers
  sleep 5
  poller=$(requests $(($(now_ms) - 2 * watch_interval_ms)) | tail -n 1)
  poller=${poller##*gateway-}
  [[ $poller == [0-2] ]] || die "nobody polls"
  killed=$(now_ms)
  kill_gateway "$poller"
  wait "$bench_pid"
  resumed=$(requests "$killed" | awk -v gateway="gateway-$poller" '$6 != gateway && !found++ { print $1 }')
  judge watch_kill_resumed_ms $((${resumed:-killed + 999999} - killed)) '<=' $((3 * watch_interval_ms)) ''
  judge watch_kill_others_broken "$(others watchers breaks_of_target_ "$poller")" '==' 0 ''
  judge watch_kill_reattached_ms "$(value watchers reattach_p100_ms)" '<=' 10000 ''
  judge watch_kill_not_reattached "$(value watchers not_reattached)" '==' 0 ''
  judge watch_kill_final_ms "$(value watchers final_p100_ms)" '<=' $((watch_interval_ms + 1000)) ''
  judge watch_kill_missing_final "$(value watchers missing_final)" '==' 0 ''
}

about fanout "one event to 10,000 watchers of one replica, 50 GetPcap/s beside it; rate, budget, rules off"
figure_fanout() {
  replicas=1
  watch='min_poll_interval: 60s, max_poll_interval: 60s' # The event is a read's, and comes when we say.
  start_fleet
  seed account 1 running >"$work/captures"
  seed beside 1 success >"$work/beside"
  start_bench watchers watchers --captures "$work/captures" --watchers 10000 --control "$emulator_url" --seconds 4 --trigger
  local watchers=$bench_pid
  attached watchers
  bench gets gets --captures "$work/beside" --per-second 50 --seconds 8
  wait "$watchers"
  judge fanout_10000_ms "$(value watchers final_p100_ms)" '<=' 500 ''
  judge fanout_missing "$(value watchers missing_final)" '==' 0 ''
  judge fanout_get_p99_ms "$(value gets p99_ms)" '<' 100 ''
}

about order "100,000 GetPcap at 3 replicas, a fifth of them max_age 0, of captures that go on meanwhile; rate, budget, rules off"
figure_order() {
  emulator_flags+=(--simple-duration 10s)
  start_fleet
  seed account 50 "" >"$work/captures"
  bench gets gets --captures "$work/captures" --calls 100000 --bypass-every 5
  judge order_went_back "$(value gets went_back)" '==' 0 ''
  judge order_failed "$(others gets outcome_ OK)" '==' 0 ''
}
