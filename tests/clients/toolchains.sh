# Makes the clients in other languages ready to run. Sourced by tests/run.sh after deploy/lib.sh, never run.
#
# Of each client NAME, prepare_clients DIRECTORY leaves one of these in DIRECTORY/NAME:
#   run          the program
#   unavailable  why its toolchain or its packages could not be had: its tests are skipped
#   broken       why it could not be built from them: its tests fail
# Packages come from pip, npm and go as the user has configured them, at the versions that the lock files name, once; then
# nothing here needs a network.
# shellcheck shell=bash disable=SC2154

clients=(python go typescript official_python official_node)
examples=$repo/clients/gateway/examples
official_clients=$repo/tests/official_clients
client_packages=${XDG_CACHE_HOME:-~/.cache}/pcaps-gateway/clients

# need TOOL PACKAGE...: installs the packages where the tool is not in PATH.
need() {
  local tool=$1
  shift
  command -v "$tool" >/dev/null && return 0
  $install || die "$tool is missing, and with --no-install nothing is installed"
  install_packages "$@"
}

# once NAME FILE... -- COMMAND...: runs `COMMAND... DIRECTORY` and leaves DIRECTORY, for this content of the files, in `ready`.
once() {
  local name=$1 files=()
  shift
  while [[ $1 != -- ]]; do
    files+=("$1")
    shift
  done
  shift
  ready=$client_packages/$name-$(cat "${files[@]}" | sha256sum | head -c 16)
  [[ ! -e $ready/complete ]] || return 0
  rm -rf "$ready"
  mkdir -p "$ready"
  "$@" "$ready"
  touch "$ready/complete"
}

# Python: a virtual environment for each requirements.txt.

make_venv() {
  logged "Making $2" python3 -m venv "$2"
  logged "Installing the Python packages of ${1#"$repo/"}" "$2/bin/pip" install --no-deps --requirement "$1"
}

get_python_packages() {
  python3 -c 'import ensurepip, venv' 2>/dev/null || need python3-venv "${python_packages[@]}"
  once "python-$(python3 -c 'import sys; print(sys.version_info[0], sys.version_info[1], sep=".")')" "$1" -- make_venv "$1"
}

# Node: a node_modules for each package-lock.json.

install_node_packages() {
  cp "$1/package.json" "$1/package-lock.json" "$2"
  logged "Installing the Node packages of ${1#"$repo/"}" npm --prefix "$2" ci --ignore-scripts --no-audit --no-fund
}

get_node_packages() {
  need npm "${node_packages[@]}"
  need node "${node_packages[@]}"
  once node "$1/package-lock.json" -- install_node_packages "$1"
}

# The examples: get_NAME, then build_NAME DIRECTORY in what was got.

get_python() { get_python_packages "$examples/python/requirements.txt"; }

build_python() {
  cp "$examples"/python/*.py "$repo/proto/pcaps/v1/service_config.json" "$1"
  logged "Generating Python code" "$ready/bin/python" -m grpc_tools.protoc --proto_path "$repo/proto" \
    --python_out "$1" --grpc_python_out "$1" pcaps/v1/pcaps.proto
  write_run "$1" "$ready/bin/python" "$1/capture.py"
}

download_go_modules() (
  cp "$examples/go/go.mod" "$examples/go/go.sum" "$1"
  cd "$1"
  GOMODCACHE=$1/modules GOFLAGS="${GOFLAGS:-} -modcacherw" logged "Downloading the Go modules" go mod download
)

get_go() {
  need go "${go_packages[@]}"
  once go "$examples/go/go.sum" -- download_go_modules
}

build_go() (
  cd "$1"
  cp "$examples"/go/* "$repo/proto/pcaps/v1/service_config.json" .
  export GOMODCACHE=$ready/modules GOPROXY=off GOFLAGS="${GOFLAGS:-} -modcacherw"
  logged "Building the Go generators" go build -o tools/ google.golang.org/protobuf/cmd/protoc-gen-go \
    google.golang.org/grpc/cmd/protoc-gen-go-grpc
  PATH=$1/tools:$PATH logged "Generating Go code" protoc --proto_path "$repo/proto" pcaps/v1/pcaps.proto \
    --go_out . --go_opt module=pcaps-gateway --go-grpc_out . --go-grpc_opt module=pcaps-gateway
  [[ -z $(gofmt -l ./*.go) ]] || die "gofmt would change $(gofmt -l ./*.go)"
  logged "Checking the Go example" go vet .
  logged "Building the Go example" go build -o run .
)

get_typescript() { get_node_packages "$examples/typescript"; }

build_typescript() {
  cp "$examples"/typescript/* "$1"
  ln -s "$ready/node_modules" "$1/node_modules"
  mkdir "$1/gen"
  logged "Generating TypeScript" protoc --proto_path "$repo/proto" --plugin "$1/node_modules/.bin/protoc-gen-es" \
    --es_out "$1/gen" --es_opt target=ts,import_extension=js pcaps/v1/pcaps.proto google/rpc/error_details.proto
  logged "Compiling the TypeScript example" "$1/node_modules/.bin/tsc" --project "$1"
  write_run "$1" node "$1/dist/capture.js"
}

# Cloudflare's own clients.

get_official_python() { get_python_packages "$official_clients/python/requirements.txt"; }
build_official_python() { write_run "$1" "$ready/bin/python" -B "$official_clients/python/nine_calls.py"; }

get_official_node() { get_node_packages "$official_clients/node"; }

build_official_node() {
  cp "$official_clients/node/nine_calls.mjs" "$1"
  ln -s "$ready/node_modules" "$1/node_modules"
  write_run "$1" node "$1/nine_calls.mjs"
}

# write_run DIRECTORY COMMAND...: DIRECTORY/run runs the command with its own arguments behind.
write_run() {
  printf '#!/bin/sh\nexec %s "$@"\n' "$(printf '%q ' "${@:2}")" >"$1/run"
  chmod +x "$1/run"
}

# prepare_client NAME DIRECTORY: in a shell of its own, not in a condition: there Bash would go on after a failed command.
prepare_client() (
  set -e
  mkdir -p "$2"
  exec 2>"$2/unavailable"
  "get_$1"
  mv "$2/unavailable" "$2/broken"
  "build_$1" "$2"
  rm "$2/broken"
)

prepare_clients() {
  local name status
  mkdir -p "$client_packages"
  exec {lock}>"$client_packages/lock" # Another run may share the packages.
  flock "$lock"
  rm -rf "$1"
  for name in "${clients[@]}"; do
    say "Preparing the client $name"
    set +e
    prepare_client "$name" "$1/$name"
    status=$?
    set -e
    if ((status != 0)); then find "$1/$name" \( -name unavailable -o -name broken \) -exec cat {} + >&2; fi
  done
  exec {lock}>&-
}
