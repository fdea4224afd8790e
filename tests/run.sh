#!/usr/bin/env bash
# Installs what the tests need, builds everything and runs all tests. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../deploy/lib.sh"
# shellcheck source=tests/clients/toolchains.sh
source "$repo/tests/clients/toolchains.sh"

usage() {
  cat <<'END'
Usage: tests/run.sh [OPTION]...

Builds with the release preset and runs the unit and integration tests, and those of the clients in other languages and of
what is deployed, which are skipped where their toolchain or packages cannot be had. The last line is "N passed, N failed, N skipped";
the exit code is 0 only if tests ran and none failed.

  --sanitize=address   Build and run with the address and undefined behaviour sanitizers.
  --sanitize=thread    The thread sanitizer: only the unit tests that need no gRPC (the distribution's is not instrumented).
  --coverage           Instrumented for tests/coverage.sh.
  --quick              Leave out the tests that take over a second, the clients in other languages, and deploy/.
  --filter=REGEX       Only the tests whose name matches.
  --require-all        Fail on any skipped test that tests/allowed_skips.txt does not name.
  --no-install         Install no package.
  --help               This text.
END
}

preset=release
targets=()
ctest_options=()
excluded_labels=()
require_all=false
install=true

parse_options() {
  local option
  for option in "$@"; do
    case $option in
      --sanitize=address) preset=asan ;;
      --sanitize=thread)
        preset=tsan
        targets=(pcaps_tests_below_rpc)
        ctest_options+=(--label-regex '^unit')
        excluded_labels+=(grpc)
        ;;
      --coverage) preset=coverage ;;
      --quick) excluded_labels+=(slow clients deploy) ;;
      --filter=*) ctest_options+=(--tests-regex "${option#--filter=}") ;;
      --require-all) require_all=true ;;
      --no-install) install=false ;;
      --help) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
}

# A sanitizer's finding ends the test at once, with a stack.
export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:halt_on_error=1
export LSAN_OPTIONS=print_suppressions=0
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1

# select_tests: turns what was asked for into options for ctest.
select_tests() {
  # They tell nothing about our code under instruments.
  if [[ $preset != release ]]; then excluded_labels+=(clients deploy); fi
  # Several --label-exclude would exclude only what matches them all.
  if ((${#excluded_labels[@]} > 0)); then
    ctest_options+=(--label-exclude "$(IFS='|' && echo "${excluded_labels[*]}")")
  fi
}

# selects LABEL: whether any test with the label is to run.
selects() {
  local tests
  tests=$(ctest --test-dir "$repo/build/$preset" --show-only --label-regex "$1" "${ctest_options[@]}")
  [[ $tests != *"Total Tests: 0"* ]]
}

# run_ctest REPORT: the results as JUnit XML. Temporary files of the tests live in a directory that goes away with them.
run_ctest() {
  local scratch status=0
  scratch=$(mktemp -d)
  TMPDIR=$scratch TEST_TMPDIR=$scratch ctest --test-dir "$repo/build/$preset" --parallel "$(nproc)" --output-on-failure \
    --no-tests=error --output-junit "$1" "${ctest_options[@]}" || status=$?
  rm -rf "$scratch"
  return "$status"
}

# names_with_status REPORT STATUS: the tests that ended so.
names_with_status() { sed -n "s/.*<testcase name=\"\([^\"]*\)\".* status=\"$2\".*/\1/p" "$1"; }

# forbidden_skips: of the tests named on standard input, those that tests/allowed_skips.txt does not name.
forbidden_skips() { grep -vxFf <(sed -e '/^#/d' -e 's/[[:space:]].*//' -e '/^$/d' "$repo/tests/allowed_skips.txt") || true; }

# summarize REPORT CTEST_STATUS: prints the closing line; succeeds if all is well.
summarize() {
  local passed failed skipped forbidden=
  passed=$(names_with_status "$1" run | wc -l)
  failed=$(names_with_status "$1" fail | wc -l)
  skipped=$({ names_with_status "$1" notrun && names_with_status "$1" disabled; } | tee "$1.skipped" | wc -l)
  if $require_all; then forbidden=$(forbidden_skips <"$1.skipped"); fi

  if ((failed > 0)); then printf '\nFailed:\n%s\n' "$(names_with_status "$1" fail)"; fi
  if [[ -n $forbidden ]]; then printf '\nSkipped, and tests/allowed_skips.txt does not name them:\n%s\n' "$forbidden"; fi
  if (($2 != 0 && failed == 0)); then printf '\nctest itself failed (exit code %s): see above.\n' "$2"; fi
  printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
  (($2 == 0 && failed == 0)) && [[ -z $forbidden ]]
}

main() {
  local report status=0
  parse_options "$@"
  use_log "tests-$preset"
  if $install; then install_packages "${build_packages[@]}" "${test_packages[@]}"; fi
  configure "$preset" -DBUILD_TESTING=ON
  build "$preset" "${targets[@]}"
  select_tests
  if selects clients; then prepare_clients "$repo/build/$preset/prepared-clients"; fi

  say "Running the tests ($preset)"
  report=$repo/build/$preset/tests.xml
  rm -f "$report"
  run_ctest "$report" || status=$?
  [[ -f $report ]] || die "ctest wrote no results (exit code $status)"
  summarize "$report" "$status"
}

main "$@"
