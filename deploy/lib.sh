# What the project's scripts share. Sourced, never run. Set `log` to a file first: it takes what is too long for the terminal.
# shellcheck shell=bash

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=deploy/packages.sh
source "$repo/deploy/packages.sh"

say() { printf '==> %s\n' "$*" >&2; }

die() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# use_log NAME: the log of this script, begun anew.
use_log() {
  log="$repo/build/logs/$1.log"
  mkdir -p "$(dirname "$log")"
  : >"$log"
}

# logged TITLE COMMAND...: runs it with its output in the log; when it fails, shows the end of that and exits.
logged() {
  local title=$1 begin=$SECONDS
  shift
  say "$title (log: $log)"
  printf '\n==> %s\n' "$*" >>"$log"
  if ! "$@" >>"$log" 2>&1; then
    tail -n 40 "$log" >&2
    die "$title failed after $((SECONDS - begin)) s; the whole output is in $log"
  fi
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }
is_known() { [[ -n $(apt-cache madison "$1" 2>/dev/null) ]]; }

# first_of CHECK "a|b": prints the first of the alternatives that CHECK accepts.
first_of() {
  local check=$1 name
  local -a names
  IFS='|' read -ra names <<<"$2"
  for name in "${names[@]}"; do
    if "$check" "$name"; then
      echo "$name"
      return 0
    fi
  done
  return 1
}

# install_packages NAME...: installs what is missing, and asks nobody when nothing is.
install_packages() {
  local wanted name
  local -a missing=() names=()
  for wanted in "$@"; do
    first_of is_installed "$wanted" >/dev/null || missing+=("$wanted")
  done
  ((${#missing[@]} > 0)) || return 0
  ((EUID == 0)) || die "these Debian packages are missing, and only root can install them: ${missing[*]}"
  logged "Asking apt for ${#missing[@]} missing packages" apt-get update
  for wanted in "${missing[@]}"; do
    name=$(first_of is_known "$wanted") || die "this system has no package ${wanted//|/ or }; Debian 12 and 13 have"
    names+=("$name")
  done
  logged "Installing ${names[*]}" \
    env DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends "${names[@]}"
}

# configure PRESET [CMAKE ARGUMENT...]: in build/PRESET.
configure() {
  logged "Configuring the $1 build" cmake -S "$repo" --preset "$@"
}

# build PRESET [TARGET...]: everything when no target is named.
build() {
  local preset=$1
  shift
  logged "Building ${*:-everything} ($preset)" \
    cmake --build "$repo/build/$preset" --parallel "$(nproc)" ${1:+--target "$@"}
}

# stop PID SECONDS: asks the program to end and waits until it has; kills it after that time.
stop() {
  kill -TERM "$1" 2>/dev/null || return 0
  timeout "$2" tail --pid="$1" --sleep-interval=0.1 -f /dev/null || kill -KILL "$1" 2>/dev/null
  wait "$1" 2>/dev/null
}

# What follows runs programs side by side. Make the scratch directory, then `trap end_all EXIT`.
work=            # Their scratch directory.
start_timeout=30 # Seconds a program may take to say that it listens.
stop_timeout=40  # Seconds a program may take to end; the gateway drains for up to 25.
pids=()

# start NAME COMMAND...: in the background, output in $work/NAME.log.
start() {
  local name=$1
  shift
  : >"$work/$name.log" # There to be read at once.
  "$@" >"$work/$name.log" 2>&1 &
  pids+=($!)
}

# listening_address NAME SED_SCRIPT: the address that the program just started prints once it listens.
listening_address() {
  local deadline=$((SECONDS + start_timeout)) address=
  until address=$(sed -n "$2" "$work/$1.log" | head -n 1) && [[ -n $address ]]; do
    if ! kill -0 "${pids[-1]}" 2>/dev/null || ((SECONDS > deadline)); then
      tail -n 20 "$work/$1.log" >&2
      die "$1 did not start"
    fi
    sleep 0.05
  done
  echo "$address"
}

# start_redis: one that keeps nothing on disk; sets redis_port. It cannot pick a free port and say which, so we try some, below
# those the kernel hands out.
start_redis() {
  local attempt deadline
  for ((attempt = 0; attempt < 20; attempt++)); do
    redis_port=$((10000 + RANDOM % 20000))
    start redis redis-server --bind 127.0.0.1 --port "$redis_port" --save '' --appendonly no --dir "$work"
    deadline=$((SECONDS + start_timeout))
    while kill -0 "${pids[-1]}" 2>/dev/null && ((SECONDS < deadline)); do
      if grep -q 'Ready to accept connections' "$work/redis.log"; then return 0; fi
      sleep 0.05
    done
    stop "${pids[-1]}" 1 || true
    unset 'pids[-1]'
  done
  tail -n 20 "$work/redis.log" >&2
  die "redis-server did not start"
}

# Ends what was started, the last one first: a gateway still talks to its upstream while it drains.
end_all() {
  local i
  trap '' INT TERM
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do stop "${pids[i]}" "$stop_timeout" || true; done
  rm -rf "$work"
}
