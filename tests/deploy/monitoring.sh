#!/usr/bin/env bash
# Checks what watches the gateway: rules, alerts, runbook, dashboard. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"

usage() {
  cat <<'END_OF_USAGE'
Usage: tests/deploy/monitoring.sh [--help]

Checks deploy/prometheus and deploy/grafana without a gateway, in seconds: promtool reads the rules and runs their tests; each alert
has its part of the README's runbook, a test, and a panel; the dashboard is what its program prints, and follows Grafana's linter.
tests/deploy/watched.sh shows them at work. Prints `N passed, N failed` last.
END_OF_USAGE
}

main() {
  case ${1-} in
    '') ;;
    --help) usage && exit ;;
    *) usage >&2 && exit 2 ;;
  esac
  use_log monitoring
  install_packages "${prometheus_packages[@]}"
  exec python3 -B "$repo/tests/deploy/monitoring_checks.py"
}

main "$@"
