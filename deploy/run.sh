#!/usr/bin/env bash
# From a bare Debian to a packet capture on disk: installs, builds, starts, captures, ends what it started. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'END'
Usage: deploy/run.sh [--serve [--redis [--replicas N]]] [--help]

Installs what is missing (Debian 12 or 13, as root), builds the gateway, starts it on a free loopback port beside an emulator of
the PCAPs API, takes one packet capture through it and writes it to ./capture.pcap.

  --serve       Keep gateway and emulator running in the foreground and print lines to try. Ctrl-C ends them.
  --redis       With --serve: keep the gateway's state in a redis-server, started beside it.
  --replicas N  With --serve and --redis: N gateways, 1 to 9, that share that state.
  --help        This text.

With CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID set, the gateway talks to Cloudflare instead of the emulator.
END
}

readonly emulator_account=023e105f4ecef8ad9ca31a8372d0c353
readonly emulator_token=emulator-token
readonly simple_duration=7s # Long enough for the gateway, which looks every 2 s, to see every state once.

readonly capture_flags=(--packets 100 --dport 443 --protocol tcp)

serve=false
redis=false
replicas=1
cloudflare=false # Whether the real API is the upstream.

build_programs() {
  local -a packages=("${build_packages[@]}")
  if $redis; then packages+=("${redis_packages[@]}"); fi
  install_packages "${packages[@]}"
  # A build directory that has the tests keeps them.
  [[ -f $repo/build/release/build.ninja ]] || configure release -DBUILD_TESTING=OFF
  build release pcaps-gateway pcaps-emulator pcapctl
}

# Sets base_url, account and the token's file. The directory is readable by us alone, and so is the token.
use_cloudflare() {
  say "Using Cloudflare's API"
  base_url=https://api.cloudflare.com/client/v4
  account=$CLOUDFLARE_ACCOUNT_ID
  printf '%s' "$CLOUDFLARE_API_TOKEN" >"$work/token"
}

use_emulator() {
  account=$emulator_account
  printf '%s' "$emulator_token" >"$work/token"
  say "Starting the emulator of the PCAPs API"
  start emulator "$bin/pcaps-emulator" --listen 127.0.0.1:0 --token "$emulator_token" \
    --simple-duration "$simple_duration"
  base_url=$(listening_address emulator 's|^pcaps-emulator listening on \(http://.*\)$|\1|p')/client/v4
}

# Starts one and adds its address to targets.
start_gateway() {
  local name=gateway-$((${#targets[@]} + 1)) state=
  if $redis; then state="state: {redis_url: \"redis://127.0.0.1:$redis_port\", max_replicas: $replicas}"; fi
  cat >"$work/$name.yaml" <<END
listen: 127.0.0.1:0
admin_listen: 127.0.0.1:0
reflection: true
upstream:
  base_url: $base_url
  credentials: [{name: default, token_file: "$work/token", accounts: ["*"]}]
$state
drain: {delay: 0s, timeout: 25s}
log: {level: info, format: json}
END
  say "Starting $name"
  start "$name" "$bin/pcaps-gateway" --config "$work/$name.yaml"
  targets+=("$(listening_address "$name" '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')")
}

capture() {
  local target=${targets[0]}
  say "Taking a capture through the gateway at $target"
  "$bin/pcapctl" capture --target "$target" --account "$account" "${capture_flags[@]}" -o capture.pcap
}

# What a fleet is for: what one replica learns, all know.
print_fleet() {
  local each pcap_id=$1
  echo
  echo "All $replicas share the Redis at 127.0.0.1:$redis_port:"
  echo
  for each in "${targets[@]}"; do echo "  $bin/pcapctl get --target $each --account $account $pcap_id"; done
  echo
  echo "The same with one target, whose replicas take turns:"
  echo
  echo "  $bin/pcapctl watch --target $round_robin --account $account $pcap_id"
  echo "  redis-cli -p $redis_port monitor"
}

# Prints what to try, then waits for Ctrl-C. Of Cloudflare's captures it makes none: they are somebody's one a minute.
serve() {
  local pcap_id=PCAP_ID target=${targets[0]} round_robin
  round_robin=ipv4:$(IFS=, && echo "${targets[*]}")
  $cloudflare || pcap_id=$("$bin/pcapctl" create --target "$target" --account "$account" "${capture_flags[@]}" --json |
    sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -n 1)
  cat <<END

The gateway listens on ${targets[*]}; its log is $work/gateway-*.log
The account is $account, a capture of it $pcap_id

  $bin/pcapctl list --target $target --account $account
  $bin/pcapctl watch --target $target --account $account $pcap_id
  $bin/pcapctl download --target $target --account $account $pcap_id -o capture.pcap

  grpcurl -plaintext $target list
  grpcurl -plaintext $target describe pcaps.v1.PcapsService
  grpcurl -plaintext -d '{"account_id": "$account"}' $target pcaps.v1.PcapsService/ListPcaps
  grpcurl -plaintext -d '{"account_id": "$account", "pcap_id": "$pcap_id"}' $target pcaps.v1.PcapsService/GetPcap
  grpcurl -plaintext -d '{"account_id": "$account", "pcap_id": "$pcap_id"}' $target pcaps.v1.PcapsService/WatchPcap
  grpcurl -plaintext -d '{"account_id": "$account", "pcap_id": "$pcap_id"}' $target pcaps.v1.PcapsService/DownloadPcap
END
  if $redis; then print_fleet "$pcap_id"; fi
  echo
  echo "Ctrl-C ends everything."
  trap 'exit 0' INT TERM
  wait -n "${pids[@]}" || true
  tail -n 20 "$work"/*.log >&2
  die "a program ended by itself"
}

wrong_usage() {
  printf 'error: %s\n\n' "$1" >&2
  usage >&2
  exit 2
}

# Sets serve, redis and replicas.
read_options() {
  local replicas_asked=false
  while (($# > 0)); do
    case $1 in
      --serve) serve=true ;;
      --redis) redis=true ;;
      --replicas)
        [[ ${2:-} =~ ^[1-9]$ ]] || wrong_usage "--replicas needs a number, 1 to 9"
        replicas=$2 replicas_asked=true
        shift
        ;;
      --help) usage && exit 0 ;;
      *) wrong_usage "what is $1?" ;;
    esac
    shift
  done
  if ! $serve; then
    ! $redis || wrong_usage "--redis needs --serve"
    ! $replicas_asked || wrong_usage "--replicas needs --serve"
  fi
  if ((replicas > 1)) && ! $redis; then
    wrong_usage "$replicas replicas without Redis would not share what they know, nor the rates: add --redis"
  fi
}

main() {
  local i
  read_options "$@"
  if [[ -n ${CLOUDFLARE_API_TOKEN:-} && -n ${CLOUDFLARE_ACCOUNT_ID:-} ]]; then
    cloudflare=true
  elif [[ -n ${CLOUDFLARE_API_TOKEN:-}${CLOUDFLARE_ACCOUNT_ID:-} ]]; then
    die "CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID go together: one of them is not set"
  fi
  use_log run
  bin=$repo/build/release/bin
  build_programs

  work=$(mktemp -d)
  trap end_all EXIT
  if $cloudflare; then use_cloudflare; else use_emulator; fi
  if $redis; then
    say "Starting redis-server"
    start_redis
  fi
  targets=()
  for ((i = 0; i < replicas; i++)); do start_gateway; done
  if $serve; then serve; else capture; fi
}

main "$@"
