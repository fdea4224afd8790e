# Rolling pods as a Deployment with maxSurge 1 and maxUnavailable 0 does: once a new one has been ready for minReadySeconds an
# old one is told to end, and while it drains the next new one is started. Sourced after pods.sh, never run.
# shellcheck shell=bash disable=SC2154

now_ms() { date +%s%3N; }

seconds_since() { awk "BEGIN { printf \"%.1f\", ($(now_ms) - $1) / 1000 }"; }

port_is_open() { (exec 3<>"/dev/tcp/$subnet.$1/$grpc_port") 2>/dev/null; }

# watch_end POD SINCE_MS: until it is gone. Prints the seconds after which readiness was 503, the port closed, and it ended;
# fails where readiness was not withdrawn before the port was closed.
watch_end() {
  local status unready='' closed
  while port_is_open "$1"; do
    status=$(curl --silent --noproxy '*' --output /dev/null --write-out '%{http_code}' \
      "http://$subnet.$1:$admin_port/readyz") || true
    if [[ -z $unready && $status == 503 ]]; then unready=$(seconds_since "$2"); fi
    (($(now_ms) - $2 < grace * 1000)) || break
    sleep 0.05
  done
  closed=$(seconds_since "$2")
  timeout "$grace" tail --pid="${pod_pids[$1]}" --sleep-interval=0.1 -f /dev/null || true
  echo "readyz 503 after ${unready:-?} s, port closed after $closed s, ended after $(seconds_since "$2") s of $grace"
  [[ -n $unready ]]
}

# roll_all: every pod that is there now. A line for each; fails where one did not end as it should.
roll_all() {
  local begin pod failed=0 mark olds=("${pods[@]}")
  local -A watching=()
  for pod in "${olds[@]}"; do
    begin=$(now_ms)
    start_pod
    echo "pod $last_pod was ready after $(seconds_since "$begin") s" >"$work/roll-$pod"
    sleep "$min_ready"
    terminate "$pod"
    watch_end "$pod" "$(now_ms)" >"$work/end-$pod" &
    watching[$pod]=$!
  done
  for pod in "${olds[@]}"; do
    mark=ok
    wait "${watching[$pod]}" || mark=FAIL
    await_end "$pod" >>"$work/end-$pod" || mark=FAIL
    [[ $mark == ok ]] || failed=1
    printf '%-5s %s, for pod %s: %s\n' "$mark" "$(<"$work/roll-$pod")" "$pod" "$(<"$work/end-$pod")"
  done
  return "$failed"
}
