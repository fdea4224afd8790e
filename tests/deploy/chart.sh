#!/usr/bin/env bash
# The Helm chart, without a cluster. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/deploy/checks.sh
source "$repo/tests/deploy/checks.sh"
# shellcheck source=tests/deploy/tools.sh
source "$repo/tests/deploy/tools.sh"
# shellcheck source=tests/deploy/chart/refused.sh
source "$repo/tests/deploy/chart/refused.sh"
# shellcheck source=tests/deploy/chart/rendered.sh
source "$repo/tests/deploy/chart/rendered.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/chart.sh [--gateway=PROGRAM] [--update] [--help]

Holds helm/pcaps-gateway, with Helm 3 and 4, against its ci/*-values.yaml: lint, rendering, Kubernetes' schemas, the gateway's own
opinion of the configuration, and what must be refused. Ends with "N passed, N failed".

  --gateway=PROGRAM  This pcaps-gateway; else build/release/bin/pcaps-gateway is built.
  --update           First make anew what is made of other files: the table in the chart's README, its copies of rules, alerts
                     and dashboard, and tests/deploy/golden.
  --help             This text.

The first run builds Helm and other tools with Go, which takes ten minutes.
END
}

chart=$repo/helm/pcaps-gateway
parts=$repo/tests/deploy/chart
golden=$repo/tests/deploy/golden
release=gw
gateway=
update=false

readonly kube_version=${kubernetes_module#*@v} # Helm built from its module takes itself for one of an old cluster.
# What the chart needs of deploy/. Copies: a chart cannot reach outside itself, and of a link Flux would package nothing, a
# download without links the path as text.
readonly copied=(prometheus/rules.yaml prometheus/alerts.yaml grafana/pcaps-gateway.json)
# Rendered whole, with the notes: what production has, what it may have, what one tries first.
readonly golden_names=(token-auth redis-external emulator)
# What kube-score may not mind.
readonly ignored_scores=(
  container-image-pull-policy                   # The image of a version does not change.
  container-ephemeral-storage-request-and-limit # Nothing is written but the log, which the kubelet rotates.
  pod-networkpolicy                             # networkPolicy is off by default: not every cluster has what enforces it.
  statefulset-has-servicename                   # Nobody asks for Redis's pod by name; its address must outlive it.
)

read_options() {
  local option
  for option in "$@"; do
    case $option in
      --gateway=*) gateway=$(realpath "${option#--gateway=}") ;;
      --update) update=true ;;
      --help) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
}

# render HELM FLAG...: in the namespace `captures`.
render() { "$1" template "$release" "$chart" --namespace captures --kube-version "$kube_version" "${@:2}"; }

lint() { "$1" lint "$chart" --strict --quiet --kube-version "$kube_version" --values "$2"; }

# notes FLAG...: what `helm install` says at the end, which `helm template` does not: of a copy that renders it as a value.
notes() {
  [[ -d $work/notes ]] || {
    cp -r "$chart" "$work/notes"
    sed -e '1i{{ define "notes" }}' -e '$a{{ end }}notes: {{ include "notes" . | toJson }}' "$chart/templates/NOTES.txt" \
      >"$work/notes/templates/notes.yaml"
  }
  chart=$work/notes render helm4 --show-only templates/notes.yaml "$@" |
    python3 -c 'import sys, yaml; print(yaml.safe_load(sys.stdin)["notes"].strip())'
}

notes_are() { diff "$golden/$1.txt" <(notes --values "$chart/ci/$1-values.yaml"); }

update_all() {
  local name
  python3 "$parts/values_table.py" "$chart/values.yaml" "$chart/README.md" --update
  for name in "${copied[@]}"; do cp "$repo/deploy/$name" "$chart/files/"; done
  for name in "${golden_names[@]}"; do
    render helm4 --values "$chart/ci/$name-values.yaml" >"$golden/$name.yaml"
    notes --values "$chart/ci/$name-values.yaml" >"$golden/$name.txt"
  done
}

# make_schemas: of Kubernetes and of the Prometheus operator, once for each version and converter. Sets schemas.
make_schemas() {
  local specification operator version=$kubernetes_module-$prometheus_operator_module
  local kinds=(servicemonitors.yaml podmonitors.yaml prometheusrules.yaml)
  schemas=$deploy_tools/schemas-$(sha256sum - "$parts/schemas.py" <<<"$version" | sha256sum | head -c 16)
  [[ ! -e $schemas/complete ]] || return 0
  specification=$(module_directory "$kubernetes_module")/api/openapi-spec/swagger.json
  operator=$(module_directory "$prometheus_operator_module")/example/prometheus-operator-crd/monitoring.coreos.com_
  logged "Converting Kubernetes' OpenAPI specification" \
    python3 "$parts/schemas.py" "$specification" "$schemas" "${kinds[@]/#/$operator}"
  touch "$schemas/complete"
}

# conform FILE: every object of the file is one that Kubernetes has, without an unknown field.
conform() { kubeconform -strict -schema-location "$schemas/{{.ResourceKind}}{{.KindSuffix}}.json" "$1"; }

misspelt_is_refused() {
  sed '0,/readinessProbe/s//readynessProbe/' "$1" >"$work/misspelt.yaml"
  ! conform "$work/misspelt.yaml"
}

score() { kube-score score --ignore-test "$(IFS=, && echo "${ignored_scores[*]}")" "$1"; }

# make_fixtures: what Secrets of somebody else hold, named as the gateway's configuration has it.
make_fixtures() {
  local name
  fixtures=$work/fixtures
  mkdir "$fixtures"
  logged "Making a certificate" openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj /CN=gw \
    -addext subjectAltName=DNS:gw-pcaps-gateway.captures.svc -keyout "$fixtures/key_file" -out "$fixtures/cert_file"
  for name in ca_file client_ca_file; do cp "$fixtures/cert_file" "$fixtures/$name"; done
  for name in token_file password_file; do echo a-secret >"$fixtures/$name"; done
  echo 'callers: [{name: a, identities: ["uri:spiffe://prod/a"], accounts: ["*"], permission: read}]' >"$fixtures/callers_file"
}

# gateway_takes NAME: what the pod of these values would see.
gateway_takes() {
  local config
  config=$(python3 "$parts/mounts.py" "$fixtures" "$work/$1" <"$work/$1.helm4.yaml") || { echo "$config" && return 1; }
  "$gateway" --check-config --config "$config"
}

# check_values NAME: all there is to say of ci/NAME-values.yaml.
check_values() {
  local helm name=$1 values=$chart/ci/$1-values.yaml
  for helm in helm3 helm4; do
    check "$helm lint: $name" lint "$helm" "$values"
    check "$helm template: $name" render_to "$work/$name.$helm.yaml" "$helm" --values "$values"
  done
  check "both render the same: $name" diff --ignore-blank-lines "$work/$name".helm{3,4}.yaml
  check "Kubernetes has these kinds and fields: $name" conform "$work/$name.helm4.yaml"
  check "kube-score finds nothing critical: $name" score "$work/$name.helm4.yaml"
  check "pcaps-gateway takes the configuration: $name" gateway_takes "$name"
}

render_to() { render "${@:2}" >"$1"; }

check_files() {
  local name
  check "the README has the table of values.yaml" python3 "$parts/values_table.py" "$chart/values.yaml" "$chart/README.md"
  for name in "${copied[@]}"; do
    check "files/${name#*/} is deploy/$name (else: --update)" cmp "$repo/deploy/$name" "$chart/files/${name#*/}"
  done
  for name in "${golden_names[@]}"; do
    check "$name renders as before (else: --update, and look what differs)" \
      diff "$golden/$name.yaml" "$work/$name.helm4.yaml"
    check "$name: what it says at the end is as before" notes_are "$name"
  done
}

# The chart repeats what the gateway has; it must be the same.
check_agreement() {
  check "values.yaml has the gateway's defaults, as the README has them" \
    python3 "$parts/defaults.py" "$repo/README.md" "$chart/values.yaml"
  check "chart and gateway take the same numbers, durations and sizes" bounds_agree single-replica
}

bounds_agree() {
  python3 "$parts/bounds.py" "$chart" "$gateway" "$work/$1/gateway.yaml" \
    helm4 template gw "$chart" --kube-version "$kube_version" <"$chart/ci/$1-values.yaml"
}

main() {
  local name names
  read_options "$@"
  use_log chart
  install_packages "${chart_packages[@]}"
  need_tool helm3 helm4 kubeconform kube-score
  make_schemas
  if [[ -z $gateway ]]; then
    [[ -f $repo/build/release/build.ninja ]] || configure release -DBUILD_TESTING=OFF
    build release pcaps-gateway
    gateway=$repo/build/release/bin/pcaps-gateway
  fi
  work=$(mktemp -d)
  trap end_all EXIT
  make_fixtures
  if $update; then update_all; fi

  mapfile -t names < <(find "$chart/ci" -name '*-values.yaml' -printf '%f\n' | sed 's/-values.yaml$//' | sort)
  for name in "${names[@]}"; do check_values "$name"; done
  check "a misspelt field is none of Kubernetes'" misspelt_is_refused "$work/single-replica.helm4.yaml"
  check_files
  check_agreement
  check_rendered
  check_refused
  closing_line
}

main "$@"
