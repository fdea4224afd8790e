#!/usr/bin/env bash
# deploy/compose.yaml, as far as it can be tried without Docker's engine. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/deploy/checks.sh
source "$repo/tests/deploy/checks.sh"
# shellcheck source=tests/deploy/programs.sh
source "$repo/tests/deploy/programs.sh"
# shellcheck source=tests/deploy/tools.sh
source "$repo/tests/deploy/tools.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/compose.sh [--bin DIRECTORY] [--help]

Has Docker Compose read deploy/compose.yaml, in front of Cloudflare and with the emulator, and looks at what it understood; then
runs gateway, emulator, Redis and Prometheus as it says, as processes of this machine, and takes a capture. Not tried: the images
of others, and Grafana. Ends with "N passed, N failed".

  --bin DIRECTORY  Where the programs are. Default: build/release/bin.
  --help           This text.
END
}

bin=$repo/build/release/bin
readonly account=023e105f4ecef8ad9ca31a8372d0c353

# Docker Compose is made to be a main module: what its go.mod leaves out is honoured only from one that says so, too.
readonly compose_version=2.40.3
readonly compose=$deploy_tools/compose-v$compose_version/docker-compose

build_compose() {
  local source
  source=$(dirname "$compose")/src
  mkdir -p "$source"
  printf 'module tools\n\nrequire github.com/docker/compose/v2 v%s\n' "$compose_version" >"$source/go.mod"
  sed -n '/^exclude/,/^)/p' "$(module_directory "github.com/docker/compose/v2@v$compose_version")/go.mod" >>"$source/go.mod"
  env CGO_ENABLED=0 nice -n 10 go build -C "$source" -mod=mod -trimpath -ldflags '-s -w' -o "$compose" \
    github.com/docker/compose/v2/cmd
}

# In an environment without variables of ours.
composed() { env --ignore-environment PATH="$PATH" HOME="$work" "${with[@]}" "$compose" --file "$repo/deploy/compose.yaml" "$@"; }

check_reading() {
  local with=()
  check "without a token it says what to set" fails_with 'or use --env-file' composed config --quiet
  with=(CLOUDFLARE_API_TOKEN=t)
  composed config --format json >"$work/cloudflare.json"
  check "with a token: $(composed config --services | sort | paste -s -d ' ')" equal \
    "$(composed config --services | sort | paste -s -d ' ')" "gateway grafana prometheus redis"
  with=()
  composed --env-file "$repo/deploy/compose/emulator.env" config --format json >"$work/emulator.json"
  check "a real token does not go to the emulator" nothing \
    "$(CLOUDFLARE_API_TOKEN=r3al composed --env-file "$repo/deploy/compose/emulator.env" config | grep r3al)"
  check "with emulator.env: and the emulator" test \
    "$(composed --env-file "$repo/deploy/compose/emulator.env" config --services | grep emulator)"
  check "in front of Cloudflare: $(python3 "$repo/tests/deploy/compose.py" ports "$work/cloudflare.json")" \
    python3 "$repo/tests/deploy/compose.py" judge "$work/cloudflare.json"
  check "with the emulator: $(python3 "$repo/tests/deploy/compose.py" ports "$work/emulator.json")" \
    python3 "$repo/tests/deploy/compose.py" judge "$work/emulator.json"
}

# on_loopback FILE: with the addresses of the containers replaced by those of our processes.
on_loopback() {
  sed -e "s|http://emulator:8080|${upstream-}|; s|redis:6379|127.0.0.1:${redis-}|; s|gateway:8080|${admin-}|" \
    -e 's|0.0.0.0:[0-9]*|127.0.0.1:0|' "$1"
}

redis_answers() { redis-cli -p "$port" ping; }
redis_setting() { redis-cli -p "$redis" config get "$1" | tail -n 1; }
prometheus_answers() { curl --fail --silent "http://127.0.0.1:$port/-/ready"; }
sees_gateway() {
  promtool query instant "http://127.0.0.1:$port" 'up{job="pcaps-gateway", namespace="compose"} == 1' | grep '=>'
}

# The processes of emulator.env, as their services say they are started.
main_job() {
  local upstream redis target admin
  local -a command
  mapfile -t command < <(python3 "$repo/tests/deploy/compose.py" command "$work/emulator.json" redis)
  start_on_port redis redis_answers "${command[@]}" --bind 127.0.0.1 --port PORT --dir "$work"
  redis=$port
  check "Redis evicts nothing and writes to its file" equal "$(redis_setting maxmemory-policy) $(redis_setting appendonly)" \
    "noeviction yes"

  start emulator "$bin/pcaps-emulator" --listen 127.0.0.1:0
  upstream=$(listening_address emulator 's|^pcaps-emulator listening on \(http://.*\)$|\1|p')
  on_loopback "$repo/deploy/compose/emulator.yaml" >"$work/gateway.yaml"
  start gateway env CLOUDFLARE_API_TOKEN=any-will-do "$bin/pcaps-gateway" --config "$work/gateway.yaml"
  target=$(listening_address gateway '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
  admin=$(listening_address gateway '/"event":"admin_listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
  check "pcapctl takes a capture" "$bin/pcapctl" capture --target "$target" --account "$account" -o "$work/capture.pcap"
  check "Redis has heard of it" grep --quiet ':pcap:' <<<"$(redis-cli -p "$redis" keys '*')"

  cp "$repo"/deploy/prometheus/*.yaml "$work"
  on_loopback "$repo/deploy/prometheus/prometheus.yaml" >"$work/prometheus.yaml"
  check "Prometheus accepts its configuration, and our rules" promtool check config "$work/prometheus.yaml"
  start_on_port prometheus prometheus_answers prometheus --config.file "$work/prometheus.yaml" \
    --storage.tsdb.path "$work/series" --web.listen-address 127.0.0.1:PORT
  check "Prometheus sees the gateway" eventually sees_gateway
}

# The files as they are, addresses and all.
check_configurations() {
  local each
  for each in cloudflare emulator; do
    check "the gateway accepts $each.yaml" env CLOUDFLARE_API_TOKEN=t "$bin/pcaps-gateway" \
      --config "$repo/deploy/compose/$each.yaml" --check-config
  done
}

main() {
  case ${1:-} in
    --bin) bin=${2:?--bin needs a directory} ;;
    --help) usage && exit 0 ;;
    '') ;;
    *) usage >&2 && exit 2 ;;
  esac
  use_log compose
  install_packages "${compose_packages[@]}"
  [[ -x $bin/pcaps-gateway ]] || die "$bin has no pcaps-gateway: deploy/run.sh builds it"
  [[ -x $compose ]] || need_go "to build Docker Compose"
  [[ -x $compose ]] || logged "Building Docker Compose $compose_version" build_compose
  work=$(mktemp -d)
  trap end_all EXIT
  check_reading
  check_configurations
  main_job
  closing_line
}

main "$@"
