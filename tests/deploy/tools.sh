# Tools and specifications that Debian lacks, at these versions, from the Go module proxy. Sourced after deploy/lib.sh with
# `log` set, never run. Each is built once and kept outside the repo; a first build of Helm takes minutes.
# shellcheck shell=bash disable=SC2034,SC2154

deploy_tools=${XDG_CACHE_HOME:-~/.cache}/pcaps-gateway/deploy-tools

declare -rA tool_packages=(
  [helm3]=helm.sh/helm/v3/cmd/helm@v3.22.0
  [helm4]=helm.sh/helm/v4/cmd/helm@v4.3.1
  [kubeconform]=github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0
  [kube-score]=github.com/zegl/kube-score/cmd/kube-score@v1.20.0
  [grpcurl]=github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3
)
readonly kubernetes_module=k8s.io/kubernetes@v1.36.3 # Its OpenAPI specification.
readonly prometheus_operator_module=github.com/prometheus-operator/prometheus-operator@v0.85.0 # Its custom resources.

# need_go PURPOSE
need_go() {
  command -v go >/dev/null || install_packages "${go_packages[@]}"
  # From 1.21 on it gets by itself the release that a module asks for; Debian 12's does not.
  local version
  version=$(go env GOVERSION 2>/dev/null) || version=none
  if [[ ! $version =~ ^go1\.([0-9]+) ]] || ((BASH_REMATCH[1] < 21)); then
    echo "Skipped: Go 1.21 or later is needed $1; installed: $version" >&2
    exit 77
  fi
}

# build_tool NAME DIRECTORY: DIRECTORY/NAME.
build_tool() {
  need_go "to build $1"
  logged "Building ${tool_packages[$1]}" nice -n 10 env CGO_ENABLED=0 GOBIN="$2/new" GOFLAGS=-modcacherw \
    go install -trimpath -ldflags '-s -w' "${tool_packages[$1]}"
  mv "$2"/new/* "$2/$1"
  rmdir "$2/new"
}

# need_tool NAME...: puts them into PATH, each under its name.
need_tool() {
  local name directory lock
  for name in "$@"; do
    directory=$deploy_tools/$name-${tool_packages[$name]#*@}
    mkdir -p "$directory"
    exec {lock}>"$directory/lock" # Another run may build it.
    flock "$lock"
    [[ -x $directory/$name ]] || build_tool "$name" "$directory"
    exec {lock}>&-
    PATH=$directory:$PATH
  done
}

# module_directory MODULE@VERSION: prints where it is; downloads it first.
module_directory() {
  need_go "to download $1"
  (cd / && GOFLAGS=-modcacherw go mod download -json "$1") | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p'
}
