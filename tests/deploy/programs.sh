# Starts programs that are not ours, and waits for what they do. Sourced after deploy/lib.sh, never run.
# shellcheck shell=bash disable=SC2154

# start_on_port NAME ANSWERS COMMAND...: with PORT in the command replaced by one that is free; sets `port`. For programs that
# cannot pick one and say which. ANSWERS is a command that succeeds once the program can be used.
start_on_port() {
  local name=$1 answers=$2 attempt deadline
  shift 2
  for ((attempt = 0; attempt < 20; attempt++)); do
    port=$((10000 + RANDOM % 20000)) # Below those that the kernel hands out.
    start "$name" "${@//PORT/$port}"
    deadline=$((SECONDS + 180)) # The API server takes ten seconds when nothing else runs.
    while kill -0 "${pids[-1]}" 2>/dev/null && ((SECONDS < deadline)); do
      if "$answers" >/dev/null 2>&1; then return 0; fi
      sleep 0.2
    done
    stop "${pids[-1]}" 1 || true
    unset 'pids[-1]'
  done
  tail -n 20 "$work/$name.log" >&2
  die "$name did not start"
}

# eventually COMMAND...: within a minute; what it printed last when not. The controllers follow on what they are told.
eventually() {
  local output deadline=$((SECONDS + 60))
  until output=$("$@" 2>&1); do
    ((SECONDS < deadline)) || { echo "$output" && return 1; }
    sleep 0.3
  done
}
