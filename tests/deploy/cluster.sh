#!/usr/bin/env bash
# The chart against a real API server. See --help.
set -euo pipefail
# shellcheck source=deploy/lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/../../deploy/lib.sh"
# shellcheck source=tests/deploy/checks.sh
source "$repo/tests/deploy/checks.sh"
# shellcheck source=tests/deploy/tools.sh
source "$repo/tests/deploy/tools.sh"
# shellcheck source=tests/deploy/programs.sh
source "$repo/tests/deploy/programs.sh"
# shellcheck source=tests/deploy/kubernetes.sh
source "$repo/tests/deploy/kubernetes.sh"

usage() {
  cat <<'END'
Usage: tests/deploy/cluster.sh [--chart DIRECTORY] [--helm 3|4] [--help] [NAME...]

Installs, upgrades, rolls back and uninstalls the chart for each of its ci/NAME-values.yaml (or those named), with Helm 3 and with
Helm 4, in namespaces that enforce the `restricted` pod security, on an API server of its own with etcd and the controllers: what
Helm sends must be accepted without a warning, every pod must be made, and nothing must be left. There are no nodes: no pod runs.
A release with the longest name, whose Redis has a password that the chart makes, is tried each time.
Ends with "N passed, N failed".

  --chart DIRECTORY  Another chart than helm/pcaps-gateway.
  --helm 3|4         Only this one.
  --help             This text.

The first run builds Kubernetes with Go, which takes a quarter of an hour.
END
}

chart=$repo/helm/pcaps-gateway
helms=(helm3 helm4)
helm= # That of the release under test.
names=()
name= # Of the values under test, and of the namespace they are tried in.
release=gw
readonly longest_release=a-release-with-the-longest-name-that-helm-will-accept # 53 characters.

read_options() {
  while (($# > 0)); do
    case $1 in
      --chart)
        [[ -d ${2:-} ]] || die "--chart needs a directory"
        chart=$2
        shift
        ;;
      --helm)
        [[ ${2:-} == [34] ]] || die "--helm needs 3 or 4"
        helms=("helm$2")
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

# helmed VERB ARGUMENT...: fails, too, when the API server warns, which Helm shows as a line of a library's log.
helmed() {
  local output
  output=$("$helm" --namespace "$name" "$@" 2>&1) || { echo "$output" && return 1; }
  ! grep --extended-regexp 'warnings\.go:[0-9]+\]' <<<"$output"
}

make_namespace() {
  "$kubernetes/kubectl" create --filename - >/dev/null <<END
apiVersion: v1
kind: Namespace
metadata: {name: "$name", labels: {pod-security.kubernetes.io/enforce: restricted, pod-security.kubernetes.io/warn: restricted}}
END
  eventually kube get serviceaccount default >/dev/null # It takes pods from then on.
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
  [[ -z $hooks ]] || kube create --dry-run=server --filename - <<<"$hooks"
}

# What the values say is there already, and no pod is made without.
make_accounts() {
  local account
  for account in $(helm_get manifest "$release" | sed -n 's/^ *serviceAccountName: *//p' | sort -u); do
    kube get serviceaccount "$account" >/dev/null 2>&1 || kube create serviceaccount "$account" >/dev/null
  done
}

# Of everything that can be listed and deleted. The claims of a StatefulSet stay: there is data in them. Events go with time.
nothing_is_left() {
  local types left
  types=$(kube api-resources --namespaced --verbs list,delete --output name |
    grep -v -e '^persistentvolumeclaims$' -e '^events' | paste -s -d ,)
  left=$(kube get "$types" --selector app.kubernetes.io/instance="$release" --ignore-not-found --output name)
  nothing "$left"
}

# A chart whose pods are not restricted: without this, that nothing was found in ours would say nothing.
careless_pod_is_noticed() {
  local careless=$work/careless
  name=careless-$helm
  mkdir -p "$careless/templates"
  echo '{apiVersion: v2, name: careless, version: 0.0.0}' >"$careless/Chart.yaml"
  cat >"$careless/templates/deployment.yaml" <<'END'
apiVersion: apps/v1
kind: Deployment
metadata: {name: careless}
spec:
  selector: {matchLabels: {app: careless}}
  template: {metadata: {labels: {app: careless}}, spec: {containers: [{name: careless, image: none}]}}
END
  make_namespace
  check "$name: the warning is noticed" fails_with 'would violate PodSecurity' helmed install "$release" "$careless"
  check "$name: that its pod is refused is noticed" eventually fails_with 'violates PodSecurity' pods_are_made
}

# try NAME VALUES [FLAG...]: the life of a release with ci/VALUES-values.yaml.
try() {
  local secrets versions values=(--values "$chart/ci/$2-values.yaml" "${@:3}")
  name=$1-$helm
  make_namespace
  check "$name: install" helmed install "$release" "$chart" "${values[@]}"
  make_accounts
  check "$name: stored are $(kinds)" equal "$(stored | wc -l)" "$(helm_get manifest "$release" | grep -c '^kind:')"
  check "$name: every pod is made, under restricted pod security" eventually pods_are_made
  check "$name: the pods of helm test, if it has any, are accepted" hooks_are_accepted
  secrets=$(secrets) versions=$(versions)
  check "$name: upgrade" helmed upgrade "$release" "$chart" "${values[@]}" --set config.log.level=error
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
  local module kinds=(servicemonitors.yaml podmonitors.yaml prometheusrules.yaml)
  module=$(module_directory "$prometheus_operator_module")
  logged "Installing the kinds of Prometheus's operator" "$kubernetes/kubectl" apply --server-side \
    "${kinds[@]/#/--filename=$module/example/prometheus-operator-crd/monitoring.coreos.com_}"
}

main() {
  local each
  read_options "$@"
  use_log cluster
  install_packages "${cluster_packages[@]}"
  need_tool "${helms[@]}"
  get_kubernetes
  work=$(mktemp -d)
  trap end_all EXIT
  start_kubernetes
  install_monitoring
  for helm in "${helms[@]}"; do
    careless_pod_is_noticed
    for each in "${names[@]}"; do try "$each" "$each"; done
    release=$longest_release try long-name redis-bundled --set redis.password= # Made by the chart: an upgrade must keep it.
  done
  closing_line
}

main "$@"
