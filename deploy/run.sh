#!/usr/bin/env bash
# From a bare Debian to a packet capture on disk: installs, builds, starts, captures, ends what it started. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

usage() {
  cat <<'END'
Usage: deploy/run.sh [--serve] [--help]

Installs what is missing (Debian 12 or 13, as root), builds the gateway, starts it on a free loopback port beside an emulator of
the PCAPs API, takes one packet capture through it and writes it to ./capture.pcap.

  --serve   Keep gateway and emulator running in the foreground and print lines to try. Ctrl-C ends them.
  --help    This text.

With CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID set, the gateway talks to Cloudflare instead of the emulator.
END
}

readonly emulator_account=023e105f4ecef8ad9ca31a8372d0c353
readonly emulator_token=emulator-token
readonly simple_duration=7s # Long enough for the gateway, which looks every 2 s, to see every state once.

readonly capture_flags=(--packets 100 --dport 443 --protocol tcp)

serve=false
cloudflare=false # Whether the real API is the upstream.

build_programs() {
  install_packages "${build_packages[@]}"
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

start_gateway() {
  cat >"$work/gateway.yaml" <<END
listen: 127.0.0.1:0
reflection: true
upstream:
  base_url: $base_url
  credentials: [{name: default, token_file: "$work/token", accounts: ["*"]}]
drain: {delay: 0s, timeout: 25s}
log: {level: info, format: json}
END
  say "Starting the gateway"
  start gateway "$bin/pcaps-gateway" --config "$work/gateway.yaml"
  target=$(listening_address gateway '/"event":"listening"/s/.*"listen":"\([^"]*\)".*/\1/p')
}

capture() {
  say "Taking a capture through the gateway at $target"
  "$bin/pcapctl" capture --target "$target" --account "$account" "${capture_flags[@]}" -o capture.pcap
}

# Prints what to try, then waits for Ctrl-C. Of Cloudflare's captures it makes none: they are somebody's one a minute.
serve() {
  local pcap_id=PCAP_ID
  $cloudflare || pcap_id=$("$bin/pcapctl" create --target "$target" --account "$account" "${capture_flags[@]}" --json |
    sed -n 's/.*"id": *"\([^"]*\)".*/\1/p' | head -n 1)
  cat <<END

The gateway listens on $target; its log is $work/gateway.log
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

Ctrl-C ends everything.
END
  trap 'exit 0' INT TERM
  wait -n "${pids[@]}" || true
  tail -n 20 "$work"/*.log >&2
  die "a program ended by itself"
}

main() {
  case ${1:-} in
    "") ;;
    --serve) serve=true ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
  esac
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
  start_gateway
  if $serve; then serve; else capture; fi
}

main "$@"
