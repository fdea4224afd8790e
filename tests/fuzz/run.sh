#!/usr/bin/env bash
# Feeds hostile inputs to whatever takes bytes from outside. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

usage() {
  cat <<'END'
Usage: tests/fuzz/run.sh [OPTION]...

Builds the fuzzers (libFuzzer, with the address and undefined behaviour sanitizers) and runs each on its corpus, then on what it
makes of it. What reached new code is kept in build/fuzz/corpus, and is where the next run goes on; what broke a property is kept
in build/fuzz/findings, and how to see it again is told. The last line is "N passed, N failed, 0 skipped"; the exit code is 0
only if nothing was found.

  --seconds=N      So long each, as many side by side as there are processors. Default: 600.
  --fuzzer=NAME    Only this one, a file of tests/fuzz without its .cc. Can be repeated.
  --no-install     Install no package.
  --help           This text.
END
}

readonly timeout_seconds=10 # One input that takes so long is a finding.
readonly max_memory_mb=1024 # Of a fuzzer; one allocation of that size is a finding, too.
readonly max_input_bytes=4096

out=$repo/build/fuzz
seconds=600
fuzzers=()
install=true

parse_options() {
  local option
  for option in "$@"; do
    case $option in
      --seconds=*) seconds=${option#--seconds=} ;;
      --fuzzer=*) fuzzers+=("${option#--fuzzer=}") ;;
      --no-install) install=false ;;
      --help) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
  [[ $seconds =~ ^[1-9][0-9]*$ ]] || die "--seconds must be a number of seconds"
}

# select_fuzzers: all of them where none was named.
select_fuzzers() {
  local name file
  for name in "${fuzzers[@]}"; do
    [[ -f $repo/tests/fuzz/$name.cc ]] || die "there is no tests/fuzz/$name.cc"
  done
  ((${#fuzzers[@]} == 0)) || return 0
  for file in "$repo"/tests/fuzz/*.cc; do fuzzers+=("$(basename "$file" .cc)"); done
}

# fuzz NAME: its output goes to a log. Fails where it found something.
fuzz() {
  local name=$1 dictionary=$repo/tests/fuzz/dictionaries/$1.dict
  local -a options=(
    "-max_total_time=$seconds" "-timeout=$timeout_seconds" "-rss_limit_mb=$max_memory_mb" "-max_len=$max_input_bytes"
    "-artifact_prefix=$out/findings/$name/" -print_final_stats=1
  )
  if [[ -f $dictionary ]]; then options+=("-dict=$dictionary"); fi
  mkdir -p "$out/corpus/$name" "$out/findings/$name"
  # The first corpus is the one that grows.
  "$out/bin/fuzz_$name" "${options[@]}" "$out/corpus/$name" "$repo/tests/fuzz/corpus/$name" >"$out/logs/$name.log" 2>&1
}

# number NAME SED_SCRIPT: what the script finds last in the fuzzer's log.
number() {
  local found
  found=$(sed -n "$2" "$out/logs/$1.log" | tail -n 1)
  echo "${found:-0}"
}

# report NAME RESULT: its line of the table.
report() {
  printf '%-18s %12s %9s %7s %7s  %s\n' "$1" \
    "$(number "$1" 's/^stat::number_of_executed_units: *//p')" "$(number "$1" 's/^stat::average_exec_per_sec: *//p')" \
    "$(number "$1" 's/.* cov: \([0-9]*\) .*/\1/p')" "$(number "$1" 's/.* ft: \([0-9]*\) .*/\1/p')" "$2"
}

# tell_failure NAME: what broke, and how to see it again.
tell_failure() {
  local log=$out/logs/$1.log input
  input=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
  if [[ -z $input ]]; then
    printf '\n%s did not run to its end (whole log: %s):\n' "$1" "$log"
    tail -n 8 "$log"
    return 0
  fi
  printf '\n%s found something (whole log: %s):\n' "$1" "$log"
  grep -a -m 8 -E '^(property broken|seen|SUMMARY|== ?[0-9]+== ?ERROR)|runtime error|terminate called' "$log" || true
  printf 'input:     %s\nreproduce: %s %s\n' "$input" "$out/bin/fuzz_$1" "$input"
}

# A sanitizer's finding ends the fuzzer at once, with a stack.
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1
export UBSAN_OPTIONS=print_stacktrace=1
ASAN_SYMBOLIZER_PATH=$(command -v llvm-symbolizer-19 || true)
export ASAN_SYMBOLIZER_PATH

main() {
  local name failed=0
  parse_options "$@"
  use_log fuzz
  select_fuzzers
  if $install; then install_packages "${build_packages[@]}" "${fuzz_packages[@]}"; fi
  configure fuzz
  build fuzz "${fuzzers[@]/#/fuzz_}"

  say "Fuzzing ${#fuzzers[@]} kinds of input, $seconds s each"
  rm -rf "$out/logs" "$out/results"
  mkdir -p "$out/logs" "$out/results"
  export -f fuzz
  export repo out seconds timeout_seconds max_memory_mb max_input_bytes
  # shellcheck disable=SC2016 # For the shells that xargs starts.
  printf '%s\n' "${fuzzers[@]}" |
    xargs -P "$(nproc)" -I NAME bash -c 'if fuzz NAME; then echo ok; else echo FAILED; fi >"$out/results/NAME"'

  printf '%-18s %12s %9s %7s %7s\n' fuzzer executions exec/s cov ft
  for name in "${fuzzers[@]}"; do report "$name" "$(cat "$out/results/$name")"; done
  for name in "${fuzzers[@]}"; do
    [[ $(cat "$out/results/$name") != ok ]] || continue
    ((++failed))
    tell_failure "$name"
  done
  printf '%s passed, %s failed, 0 skipped\n' $((${#fuzzers[@]} - failed)) "$failed"
  ((failed == 0))
}

main "$@"
