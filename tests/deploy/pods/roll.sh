# Rolling pods as a Deployment with maxSurge 1 and maxUnavailable 0 does: a new one is ready before an old one is told to end. Sourced after
# pods.sh, never run.
# shellcheck shell=bash disable=SC2154

now_ms() { date +%s%3N; }

seconds_since() { awk "BEGIN { printf \"%.1f\", ($(now_ms) - $1) / 1000 }"; }

port_is_open() { (exec 3<>"/dev/tcp/$subnet.$1/$grpc_port") 2>/dev/null; }

# watch_port POD SINCE_MS: until its port is closed. Prints the seconds after which readiness was 503, and the port closed; fails where
# clients could not have been told first.
watch_port() {
  local status unready='' readiness
  while port_is_open "$1"; do
    status=$(curl --silent --noproxy '*' --output /dev/null --write-out '%{http_code}' "http://$subnet.$1:$admin_port/readyz") || true
    if [[ -z $unready && $status == 503 ]]; then unready=$(seconds_since "$2"); fi
    (($(now_ms) - $2 < grace * 1000)) || break
    sleep 0.05
  done
  readiness="readyz 503 after ${unready:-?} s, port closed after $(seconds_since "$2") s"
  echo "$readiness"
  [[ -n $unready ]]
}

# roll POD: a new one for it. Prints a line.
roll() {
  local begin terminated readiness failed=0
  begin=$(now_ms)
  start_pod
  readiness="pod $last_pod ready after $(seconds_since "$begin") s"
  terminated=$(now_ms)
  terminate "$1"
  readiness+="; pod $1: $(watch_port "$1" "$terminated")" || failed=1
  await_end "$1" || failed=1
  echo "$readiness, ended after $(seconds_since "$terminated") s of $grace"
  return "$failed"
}
