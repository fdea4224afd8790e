#!/usr/bin/env bash
# Measures a fleet of gateways against what it promises. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/bench/measure.sh
source "$repo/tests/bench/measure.sh"

usage() {
  cat <<'END'
Usage: tests/bench/fleet.sh [--only NAME...] [--quick] [--no-install] | --list | --help

Builds with the release preset and loads three gateways that share a redis-server before one emulator. Prints
`name value bound ok|FAIL` a figure, progress on stderr, and exits 1 where a value misses its bound. About 25 minutes.

  --only NAME...  These figures alone.
  --quick         Without budget and budget_lost, which take 6 minutes each.
  --list          What each figure is, and with which settings for rates, the upstream budget and the rules on creating.

Ratios are of medians of runs that take turns, or the median of the turns' ratios; times and rates are the machine's own: measure on a quiet one.
END
}

figures=()
declare -A abouts=()

# about NAME TEXT: registers figure_NAME.
about() {
  figures+=("$1")
  abouts[$1]=$2
}

# shellcheck source=tests/bench/fleet/fleet.sh
source "$repo/tests/bench/fleet/fleet.sh"
# shellcheck source=tests/bench/fleet/reads.sh
source "$repo/tests/bench/fleet/reads.sh"
# shellcheck source=tests/bench/fleet/limits.sh
source "$repo/tests/bench/fleet/limits.sh"
# shellcheck source=tests/bench/fleet/creates.sh
source "$repo/tests/bench/fleet/creates.sh"
# shellcheck source=tests/bench/fleet/trouble.sh
source "$repo/tests/bench/fleet/trouble.sh"
# shellcheck source=tests/bench/fleet/speed.sh
source "$repo/tests/bench/fleet/speed.sh"

bin=$repo/build/release/bin
start_timeout=120 # 10,000 watchers take a while to say that they are there.

list() {
  local name
  for name in "${figures[@]}"; do printf '%-16s %s\n' "$name" "${abouts[$name]}"; done
}

build_programs() {
  [[ -f $repo/build/release/build.ninja ]] || configure release -DBUILD_TESTING=OFF
  build release pcaps-gateway pcaps-emulator pcapctl bench_bare_server bench_client
}

# run_figure NAME: in a shell of its own, with a fleet of its own that ends with it.
run_figure() {
  say "$1: ${abouts[$1]} (load $(cut -d ' ' -f 1 /proc/loadavg))"
  work=$work/$1
  mkdir "$work"
  trap stop_fleet EXIT
  trap 'exit 130' INT TERM
  usual_settings
  "figure_$1"
}

# Sets chosen, quick and install.
read_options() {
  local only=false
  while (($# > 0)); do
    case $1 in
      --only) only=true ;;
      --quick) quick=true ;;
      --no-install) install=false ;;
      --list) list && exit 0 ;;
      --help) usage && exit 0 ;;
      *)
        if ! $only || [[ -z ${abouts[$1]:-} ]]; then usage >&2 && exit 2; fi
        chosen+=("$1")
        ;;
    esac
    shift
  done
  if $only && ((${#chosen[@]} == 0)); then usage >&2 && exit 2; fi
  if ! $only; then chosen=("${figures[@]}"); fi
}

main() {
  local install=true quick=false name status
  local -a chosen=()
  read_options "$@"
  use_log fleet
  if $install; then install_packages "${build_packages[@]}" "${bench_packages[@]}" "${redis_packages[@]}"; fi
  build_programs
  take_priority

  work=$(mktemp -d)
  trap end_all EXIT
  trap 'exit 130' INT TERM
  samples=$work/samples judged=$work/judged
  mkdir "$samples"
  : >"$judged"
  printf '%-30s %12s %12s\n' name value bound
  for name in "${chosen[@]}"; do
    if $quick && [[ $name == budget* ]]; then continue; fi
    # Not in a condition: there Bash would go on after a failed command.
    set +e
    (set -e; run_figure "$name")
    status=$?
    set -e
    if ((status != 0)); then
      say "$name did not come to its end; see $log"
      tail -n 5 "$work/$name"/*.log >>"$log" 2>&1 || true
      judge "$name" 0 '==' 1 ''
    fi
    rm -rf "${work:?}/$name"
  done
  all_good
}

main "$@"
