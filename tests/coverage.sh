#!/usr/bin/env bash
# Builds everything instrumented, runs all tests, and fails if they reach less than 90% of the lines of service/ and clients/.
# Usage: tests/coverage.sh [--no-install]
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../deploy/lib.sh"

readonly required_percent=90

build_dir=$repo/build/coverage
use_log coverage
if [[ ${1:-} != --no-install ]]; then
  install_packages "${build_packages[@]}" "${test_packages[@]}" "${coverage_packages[@]}"
fi

# Counts of an earlier run would add up with this one's.
if [[ -d $build_dir ]]; then find "$build_dir" -name '*.gcda' -delete; fi
"$repo/tests/run.sh" --coverage --no-install

say "Summing up (report: $build_dir/coverage.html)"
gcovr --root "$repo" --filter "$repo/service/" --filter "$repo/clients/" --object-directory "$build_dir" \
  --exclude-throw-branches -j "$(nproc)" --html "$build_dir/coverage.html" \
  --print-summary --fail-under-line "$required_percent" "$build_dir"
