# Steps of ../day_one.sh: what a stranger calls first. Sourced, never run. Each says why it is not as it should be, and fails.
# shellcheck shell=bash disable=SC2154

# says TEXT COMMAND...: the command succeeds, and this is in what it prints.
says() {
  local output
  output=$("${@:2}" 2>&1) || { echo "$2 ended with $?: $output" && return 1; }
  [[ $output == *"$1"* ]] || { echo "no '$1' in: $output" && return 1; }
}

# refuses TEXT COMMAND...: the command fails, and says this.
refuses() {
  local output
  if output=$("${@:2}" 2>&1); then echo "$2 succeeded: $output" && return 1; fi
  [[ $output == *"$1"* ]] || { echo "no '$1' in: $output" && return 1; }
}

ctl() { timeout 60 "$bin/pcapctl" "$@" "${through[@]}"; }

# packets FILE: how many tcpdump finds in it.
packets() { tcpdump -nr "$1" 2>/dev/null | wc -l; }

# metric QUERY: the value of the first series that Prometheus has for it; 0 without one.
metric() {
  local answer
  answer=$(curl --silent --fail --noproxy '*' --data-urlencode "query=$1" "$prometheus_url/api/v1/query") || return
  if [[ $answer =~ \"value\":\[[^,]*,\"([^\"]*)\" ]]; then echo "${BASH_REMATCH[1]}"; else echo 0; fi
}

metric_is() { [[ $(metric "$1") == "$2" ]] || { echo "$1 is $(metric "$1")" && return 1; }; }

step_start() {
  says 'ok' ctl doctor || return
  eventually metric_is 'sum(up)' 2 || return
  eventually metric_is 'sum(pcaps_ready)' 2 || return
  eventually metric_is 'sum(pcaps_state_up{backend="redis"})' 2
}

step_grpcurl() {
  local -a call=(grpcurl -cacert "$ca_file" -H "authorization: Bearer $(<"$caller_token")")
  says pcaps.v1.PcapsService "${call[@]}" "$target" list || return
  says 'rpc CreatePcap' "${call[@]}" "$target" describe pcaps.v1.PcapsService || return
  says '{' "${call[@]}" -d "{\"account_id\": \"$account\"}" "$target" pcaps.v1.PcapsService/ListPcaps
}

step_capture() {
  local count
  count=$(ctl capture --packets 100 --filter 'tcp dst port 443' -o - | tcpdump -nr - | wc -l)
  ((count == 100)) || { echo "tcpdump read $count packets" && return 1; }
}

# The upstream takes one simple capture of an account in an interval.
step_queue() {
  refuses CREATE_TOO_SOON ctl capture --packets 100 -o "$work/second.pcap" || return
  ctl capture --packets 100 --max-queue-wait 30s -o "$work/second.pcap" || return
  (($(packets "$work/second.pcap") == 100)) || { echo "no 100 packets in it" && return 1; }
}

step_python() {
  local env=(GATEWAY_CA_FILE="$ca_file" GATEWAY_TOKEN="$(<"$caller_token")")
  says 'status success' env "${env[@]}" timeout 60 "$work/python/run" "$target" "$second_account" "$work/python.pcap" || return
  (($(packets "$work/python.pcap") == 100)) || { echo "no 100 packets in it" && return 1; }
}

stream_expired() { grep --quiet '"method":"/pcaps.v1.PcapsService/WatchPcap".*"reason":"STREAM_EXPIRED"' "$work"/pod-*.log; }

# The capture ends only after the first stream has lived its life.
step_watch() {
  local pcap_id watching
  pcap_id=$(seed "$account" 1 running) && pcap_id=${pcap_id#* } || return
  start watch timeout 60 "$bin/pcapctl" watch "$pcap_id" "${through[@]}"
  watching=${pids[-1]}
  eventually stream_expired || { echo "no stream has expired" && return 1; }
  control POST captures "{\"account\": \"$account\", \"pcap_id\": \"$pcap_id\", \"status\": \"success\"}" >>"$log" || return
  wait "$watching" || { echo "pcapctl watch ended with $?: $(<"$work/watch.log")" && return 1; }
  says success cat "$work/watch.log"
}
