#!/usr/bin/env bash
# The chart against a real API server. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/deploy/checks.sh
source "$repo/tests/deploy/checks.sh"
# shellcheck source=tests/deploy/kubernetes.sh
source "$repo/tests/deploy/kubernetes.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/cluster.sh [--chart DIRECTORY] [--help] [NAME...]

Installs, upgrades, rolls back and uninstalls the chart for each of its ci/NAME-values.yaml (or those named), with helm, in
namespaces that enforce the `restricted` pod security, on an API server of its own with etcd and the controllers: what helm sends
must be accepted without a warning, every pod must be made, and nothing must be left. There are no nodes: no pod runs. Ends with
"N passed, N failed".

  --chart DIRECTORY  Another chart than helm/pcaps-gateway.
  --help             This text.

The first run builds Kubernetes with Go, which takes a quarter of an hour. HELM names the helm to use; else the one in PATH.
END
}

chart=$repo/helm/pcaps-gateway
helm=${HELM:-helm}
names=()
name= # Of the values under test, and of the namespace they are tried in.
readonly release=gw
readonly operator_version=0.85.0 # Of Prometheus's operator: whose kinds the monitors and rules are.

read_options() {
  while (($# > 0)); do
    case $1 in
      --chart)
        [[ -d ${2:-} ]] || die "--chart needs a directory"
        chart=$2
        shift
        ;;
      --help) usage && exit 0 ;;
      -*) usage >&2 && exit 2 ;;
      *) names+=("$1") ;;
    esac
    shift
  done
  ((${#names[@]} > 0)) ||
    mapfile -t names < <(find "$chart/ci" -name '*-values.yaml' -printf '%f\n' | sed 's/-values.yaml$//' | sort)
  ((${#names[@]} > 0)) || die "$chart/ci has no values"
}

kube() { "$kubernetes/kubectl" --namespace "$name" "$@"; }

# helmed VERB ARGUMENT...: fails when the API server, or helm, warns.
helmed() {
  local output
  output=$("$helm" --namespace "$name" "$@" 2>&1) || { echo "$output" && return 1; }
  ! grep --ignore-case -e warning -e 'would violate' <<<"$output"
}

# eventually COMMAND...: within a minute; what it printed last when not. The controllers follow on what they are told.
eventually() {
  local output deadline=$((SECONDS + 60))
  until output=$("$@" 2>&1); do
    ((SECONDS < deadline)) || { echo "$output" && return 1; }
    sleep 0.3
  done
}

make_namespace() {
  "$kubernetes/kubectl" create --filename - >/dev/null <<END
apiVersion: v1
kind: Namespace
metadata: {name: "$name", labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: restricted}}
END
}

# What restricts the pods does so: without this, that all are accepted would say nothing.
careless_pod_is_refused() {
  local output
  output=$(kube run careless --image none --privileged --dry-run=server 2>&1) && return 1
  grep --quiet 'violates PodSecurity "restricted:' <<<"$output" || { echo "$output" && return 1; }
}

helm_get() { "$helm" --namespace "$name" get "$@"; }

# What was sent, in a line, and what is there of it.
kinds() {
  helm_get manifest "$release" | sed -n 's/^kind: *//p' | sort | uniq -c | awk '{print ($1 > 1 ? $1 " " : "") $2}' | paste -s -d ,
}
stored() { helm_get manifest "$release" | kube get --filename - --output name; }

# Versions of the pods: each has a ReplicaSet.
versions() { kube get replicasets --output name | wc -l; }

secrets() {
  kube get secrets --selector app.kubernetes.io/instance="$release" \
    --output jsonpath='{range .items[*]}{.metadata.name} {.data}{"\n"}{end}'
}

workload_columns=A:kind,B:metadata.name,C:metadata.generation,D:status.observedGeneration,E:spec.replicas,F:status.replicas

# Every workload is as its controller has last seen it, and has its pods.
pods_are_made() {
  local all missing
  all=$(kube get deployments,replicasets,statefulsets --no-headers --output custom-columns="$workload_columns")
  grep --quiet '^ReplicaSet ' <<<"$all" || { echo "no ReplicaSet yet" && return 1; }
  missing=$(awk '$3 != $4 || $6 + 0 < $5 + 0 {print $1, $2, "has", $6 + 0, "of", $5, "pods"}' <<<"$all")
  [[ -n $missing ]] || return 0
  echo "$missing"
  kube get events --field-selector type=Warning --output jsonpath='{range .items[*]}{.message}{"\n"}{end}'
  return 1
}

has_versions() { equal "$(versions)" "$1"; }

# Tests run after the installation, as pods: there is no node for them, but the API server can say what it thinks.
hooks_are_accepted() {
  local hooks
  hooks=$(helm_get hooks "$release")
  [[ -n $hooks ]] || { echo "the chart has no helm test" && return 1; }
  kube create --dry-run=server --filename - <<<"$hooks"
}

# Of everything that can be listed and deleted. The claims of a StatefulSet stay: there is data in them. Events go with time.
nothing_is_left() {
  local types left
  types=$(kube api-resources --namespaced --verbs list,delete --output name |
    grep -v -e '^persistentvolumeclaims$' -e '^events' | paste -s -d ,)
  left=$(kube get "$types" --selector app.kubernetes.io/instance="$release" --ignore-not-found --output name)
  nothing "$left"
}

# try NAME: the life of a release with these values.
try() {
  local secrets versions values=$chart/ci/$1-values.yaml
  name=$1
  make_namespace
  eventually kube get serviceaccount default >/dev/null # A namespace takes pods from then on.
  check "$name: install" helmed install "$release" "$chart" --values "$values"
  check "$name: stored are $(kinds)" equal "$(stored | wc -l)" "$(helm_get manifest "$release" | grep -c '^kind:')"
  check "$name: every pod is made, under restricted pod security" eventually pods_are_made
  check "$name: the pods of helm test are accepted" hooks_are_accepted
  secrets=$(secrets) versions=$(versions)
  check "$name: upgrade" helmed upgrade "$release" "$chart" --values "$values" --set config.log.level=debug
  check "$name: the new configuration rolls the pods" eventually has_versions $((versions + 1))
  check "$name: every new pod is made" eventually pods_are_made
  check "$name: no secret was made anew" equal "$(secrets)" "$secrets"
  check "$name: rollback" helmed rollback "$release" 1
  check "$name: the pods are of their first version again" eventually has_versions $((versions + 1))
  check "$name: and all are made" eventually pods_are_made
  check "$name: uninstall" helmed uninstall "$release" --wait=false
  check "$name: nothing is left" eventually nothing_is_left
}

# Those of what watches it, for the monitors and rules: from the Go module of its operator.
install_monitoring() {
  local module
  module=$(module_field Dir "github.com/prometheus-operator/prometheus-operator@v$operator_version")
  logged "Installing the kinds of Prometheus's operator" "$kubernetes/kubectl" apply --server-side \
    --filename "$module/example/prometheus-operator-crd/monitoring.coreos.com_"{servicemonitors,podmonitors,prometheusrules}.yaml
}

main() {
  local each
  read_options "$@"
  use_log cluster
  install_packages "${cluster_packages[@]}"
  command -v "$helm" >/dev/null || die "helm is missing: set HELM"
  get_kubernetes
  work=$(mktemp -d)
  trap end_all EXIT
  start_kubernetes
  install_monitoring
  name=default
  "$kubernetes/kubectl" label namespace default pod-security.kubernetes.io/enforce=restricted >/dev/null
  eventually kube get serviceaccount default >/dev/null
  check "a pod that may do everything is refused" careless_pod_is_refused
  for each in "${names[@]}"; do try "$each"; done
  closing_line
}

main "$@"
