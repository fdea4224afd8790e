# What is watched: an emulator, a Redis, three gateways, a Prometheus, and who calls. Sourced by ../watched.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

readonly certificate_days_left=3 # Under a week: its alert fires from the beginning.
readonly certificate_life_days=30

# make_certificate: one that was made some weeks ago; only `openssl ca` of Debian 12 can date it back.
make_certificate() {
  local begin end
  begin=$(date -u -d "-$((certificate_life_days - certificate_days_left)) days" +%Y%m%d%H%M%SZ)
  end=$(date -u -d "+$certificate_days_left days" +%Y%m%d%H%M%SZ)
  mkdir "$work/ca"
  : >"$work/ca/index"
  cat >"$work/ca/openssl.cnf" <<END
[ca]
default_ca = here
[here]
database = $work/ca/index
new_certs_dir = $work/ca
rand_serial = yes
default_md = sha256
policy = names
[names]
commonName = supplied
END
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj /CN=localhost \
    -keyout "$work/tls.key" -out "$work/tls.csr" >>"$log" 2>&1
  openssl ca -batch -selfsign -notext -config "$work/ca/openssl.cnf" -keyfile "$work/tls.key" -in "$work/tls.csr" \
    -out "$work/tls.crt" -startdate "$begin" -enddate "$end" >>"$log" 2>&1
}

# write_callers NAME: one that nobody is.
write_callers() {
  cat >"$work/callers.yaml" <<END
callers:
  - name: $1
    identities: ["dns:$1.invalid"]
    accounts: ["*"]
    permission: read
END
}

# gateway NUMBER [SETTINGS]: accounts of their own for what is to be spent or refused, so that the others are let alone. Redis may
# take two seconds: on a busy machine it is not to be down before it is killed.
gateway() {
  local name=gateway-$1
  cat >"$work/$name.yaml" <<END
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
upstream:
  base_url: $emulator_url/client/v4
  budgets:
    - {name: default, requests_per_second: 1000, burst: 1000}
    - {name: small, requests_per_second: 1, burst: 20}
  credentials:
    - {name: default, token_file: "$work/token", accounts: ["*"], budget: default}
    - {name: small, token_file: "$work/token", accounts: [small], budget: small}
    - {name: rejected, token_file: "$work/token", accounts: [rejected], budget: default}
  rules: {simple_create_interval: 0s, one_full_at_a_time: false}
state: {redis_url: "redis://127.0.0.1:$redis_port", max_replicas: 3, command_timeout: 2s}
rate_limit: {requests_per_second: 1000, burst: 1000, accounts: {busy: {requests_per_second: 2, burst: 5}}}
watch: {max_streams_per_account: 20}
drain: {delay: 0s}
${2-}
END
  start "$name" "$bin/pcaps-gateway" --config "$work/$name.yaml"
  admins+=("$(listening_address "$name" '/"event":"admin_listening"/s/.*"listen":"\([^"]*\)".*/\1/p')")
  targets[$1]=$(listening_address "$name" '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
  gateway_pids[$1]=${pids[-1]}
}

# start_gateways: the third has what the others have not, a certificate, callers, and little patience with connections. Nobody
# calls it.
start_gateways() {
  local i
  echo token >"$work/token"
  make_certificate
  write_callers nobody
  admins=() targets=() gateway_pids=() target_flags=()
  for i in 0 1; do gateway "$i"; done
  for i in "${targets[@]}"; do target_flags+=(--target "$i"); done
  gateway 2 "tls: {cert_file: $work/tls.crt, key_file: $work/tls.key, client_ca_file: $work/tls.crt}
auth: {mode: mtls, callers_file: $work/callers.yaml}
limits: {max_connections_per_peer: 2}"
}

# start_prometheus: the real one, with the real rules made impatient; looks every second.
start_prometheus() {
  mkdir "$work/rules"
  python3 "$watched/shorten.py" "$work/rules" "$repo/deploy/prometheus/rules.yaml" "$repo/deploy/prometheus/alerts.yaml"
  cat >"$work/prometheus.yaml" <<END
global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
rule_files: ["$work/rules/*.yaml"]
scrape_configs:
  - job_name: pcaps-gateway
    static_configs: [{targets: [$(printf '"%s",' "${admins[@]}")], labels: {namespace: captures}}]
END
  start prometheus prometheus --config.file="$work/prometheus.yaml" --storage.tsdb.path="$work/prometheus" \
    --web.listen-address=127.0.0.1:0
  prometheus_url=http://$(listening_address prometheus 's/.*msg="Listening on" address=\(.*\)/\1/p')
}

# Some of all there is to call: captures made, watched to their end and read, lists, and a change for those who watch.
mixed_calls() {
  local i account pcap_id status
  local -a through=(--target "ipv4:$(IFS=, && echo "${targets[*]:0:2}")")
  for ((i = 0; ; i++)); do
    timeout 10 "$bin/pcapctl" capture "${through[@]}" --account mixed --packets 10 -o - >/dev/null || true
    timeout 10 "$bin/pcapctl" list "${through[@]}" --account mixed || true
    status=running
    if ((i % 2)); then status=conversion-pending; fi
    read -r account pcap_id < <(shuf -n 1 "$work/captures")
    control POST captures "{\"account\": \"$account\", \"pcap_id\": \"$pcap_id\", \"status\": \"$status\"}" || true
    sleep 0.5
  done
}

# One who does not read on: small files are over before anybody looks, this one is seen.
start_slow_reader() {
  local account pcap_id
  read -r account pcap_id < <(seed large 1 success)
  control POST files "{\"account\": \"$account\", \"pcap_id\": \"$pcap_id\", \"bytes\": 67108864}" >>"$log"
  start reader "$bin/bench_client" stall --target "${targets[0]}" --account "$account" --pcap "$pcap_id"
}

begin_load() {
  local i
  for ((i = 1; i <= 10; i++)); do seed "account-$i" 3 running; done >"$work/captures"
  for i in small busy rejected; do seed "$i" 1 running >"$work/$i"; done
  start_bench watchers watchers --captures "$work/captures" --watchers 60
  attached watchers
  start_bench gets gets --captures "$work/captures" --per-second 60 --seconds 3600 --in-flight 2000 --bypass-every 3
  start mixed mixed_calls
  start_slow_reader
}
