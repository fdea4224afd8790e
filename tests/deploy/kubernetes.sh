# A Kubernetes without nodes: etcd, the API server and the controllers, on loopback. Whatever is created is checked, stored and
# acted upon as in a cluster; pods are made, and stay pending. Sourced after deploy/lib.sh, tools.sh and programs.sh, never run.
# shellcheck shell=bash disable=SC2154

readonly kubernetes_version=${kubernetes_module#*@v}
readonly kubernetes=$deploy_tools/kubernetes-$kubernetes_version
readonly kubernetes_programs=(kube-apiserver kube-controller-manager kubectl)

# The go.mod of k8s.io/kubernetes takes its libraries from directories that the module does not hold; v0.Y.Z of each is the same.
write_go_module() {
  local program
  mkdir -p "$1"
  cat >"$1/tools.go" <<END
//go:build tools

package tools

import (
$(for program in "${kubernetes_programs[@]}"; do printf '\t_ "k8s.io/kubernetes/cmd/%s"\n' "$program"; done)
)
END
  sed "s|^module .*|module tools|; s|=> ./staging/src/\(.*\)|=> \1 v0.${kubernetes_version#1.}|" \
    "$(module_directory "$kubernetes_module")/go.mod" >"$1/go.mod"
  go mod edit -require "$kubernetes_module" "$1/go.mod"
}

# Once: it takes a quarter of an hour on two cores.
get_kubernetes() {
  local program version=k8s.io/component-base/version.git
  for program in "${kubernetes_programs[@]}"; do
    [[ ! -x $kubernetes/$program ]] || continue
    need_go "$program"
    write_go_module "$kubernetes/src"
    # -s -w: without what a debugger needs, half of the size. -X: helm asks which version it talks to.
    logged "Building $program" nice -n 10 go build -C "$kubernetes/src" -mod=mod -trimpath -ldflags \
      "-s -w -X ${version}Version=v$kubernetes_version -X ${version}Major=1 -X ${version}Minor=${kubernetes_version:2:2}" \
      -o "$kubernetes/$program" "k8s.io/kubernetes/cmd/$program"
  done
}

etcd_answers() { grep --quiet 'ready to serve client requests' "$work/etcd.log"; }
api_answers() { "$kubernetes/kubectl" --server "https://127.0.0.1:$port" "${admin[@]}" get --raw /readyz; }

# For kubectl and helm: the one user there is may do everything.
write_kubeconfig() {
  export KUBECONFIG=$work/kubeconfig
  cat >"$KUBECONFIG" <<END
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: admin}}]
users: [{name: admin, user: {token: "$admin_token"}}]
clusters: [{name: test, cluster: {server: "https://127.0.0.1:$port", certificate-authority: "$work/apiserver.crt"}}]
END
}

# start_kubernetes: sets KUBECONFIG. Everything is in $work and ends with end_all.
start_kubernetes() {
  local etcd
  admin_token=$(openssl rand -hex 16)
  admin=(--token "$admin_token" --certificate-authority "$work/apiserver.crt") # The server signs for itself.
  echo "$admin_token,admin,1,system:masters" >"$work/tokens.csv"
  openssl genrsa -out "$work/accounts.key" 2048 2>/dev/null
  say "Starting etcd"
  start_on_port etcd etcd_answers etcd --data-dir "$work/etcd" --listen-client-urls http://127.0.0.1:PORT \
    --advertise-client-urls http://127.0.0.1:PORT --listen-peer-urls http://127.0.0.1:0 \
    --initial-advertise-peer-urls http://127.0.0.1:0 --initial-cluster default=http://127.0.0.1:0
  etcd=http://127.0.0.1:$port
  say "Starting the API server of Kubernetes $kubernetes_version"
  start_on_port apiserver api_answers "$kubernetes/kube-apiserver" --etcd-servers "$etcd" --bind-address 127.0.0.1 \
    --advertise-address 127.0.0.1 --secure-port PORT --cert-dir "$work" --service-cluster-ip-range 10.96.0.0/16 \
    --authorization-mode RBAC --token-auth-file "$work/tokens.csv" --service-account-issuer https://kubernetes.default.svc \
    --service-account-key-file "$work/accounts.key" --service-account-signing-key-file "$work/accounts.key"
  write_kubeconfig
  say "Starting the controllers"
  start controllers "$kubernetes/kube-controller-manager" --kubeconfig "$KUBECONFIG" --secure-port 0 --leader-elect=false \
    --service-account-private-key-file "$work/accounts.key" --root-ca-file "$work/apiserver.crt"
}
