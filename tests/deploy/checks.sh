# Checks that are counted and go on after a failure. Sourced, never run.
# shellcheck shell=bash

passed=0
failed=0

# check SENTENCE COMMAND...: ok when the command succeeds; what it printed otherwise.
check() {
  local sentence=$1 output
  shift
  if output=$("$@" 2>&1); then
    passed=$((passed + 1))
    echo "ok    $sentence"
  else
    failed=$((failed + 1))
    echo "FAIL  $sentence"
    output=${output:-$* failed and said nothing}
    printf '        %s\n' "${output//$'\n'/$'\n        '}"
  fi
}

# equal ACTUAL EXPECTED: for check.
equal() {
  [[ $1 == "$2" ]] || { printf 'is:        %s\nshould be: %s\n' "$1" "$2" && return 1; }
}

# nothing TEXT: for check, of a list of what should not be there.
nothing() {
  [[ -z $1 ]] || { echo "$1" && return 1; }
}

# fails_with TEXT COMMAND...: for check; the command fails and says so.
fails_with() {
  local output
  ! output=$("${@:2}" 2>&1) || { echo "$2 succeeded" && return 1; }
  grep --quiet --fixed-strings "$1" <<<"$output" || { echo "$output" && return 1; }
}

# The closing line; the exit code tells whether all was well.
closing_line() {
  echo "$passed passed, $failed failed"
  ((passed > 0 && failed == 0))
}
