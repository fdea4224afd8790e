# The Debian packages (12 and 13) that the project needs, by what they are needed for. Sourced, never run.
# "a|b" means: a where this release has it, else b.
# shellcheck shell=bash disable=SC2034

# To build the gateway, pcapctl and the emulator.
build_packages=(
  g++
  cmake
  ninja-build
  ccache
  ca-certificates
  protobuf-compiler
  protobuf-compiler-grpc
  libprotobuf-dev
  libgrpc++-dev
  libabsl-dev
  'libboost-json1.81-dev|libboost-json-dev' # Debian 12 has Boost 1.81 beside its default 1.74; 13's default is 1.83.
  'libboost-url1.81-dev|libboost-url-dev'
  libcurl4-openssl-dev
  libhiredis-dev
  libssl-dev
  libyaml-cpp-dev
  prometheus-cpp-dev
  libcli11-dev
)

# To run a fleet: what its gateways share.
redis_packages=(redis-server)

# To build and run the tests.
test_packages=(
  libgtest-dev
  libgmock-dev
  "${redis_packages[@]}"
  openssl # Makes the certificates of the TLS tests.
)

# To measure speed: a static upstream, and clients that do little else than count.
bench_packages=(
  'nginx-light|nginx'
  nghttp2-client # h2load
  curl
  openssl # Makes the certificate of the upstream.
)

# To build and run the fuzzers.
fuzz_packages=(
  clang-19 # Both releases have this version.
  libclang-rt-19-dev # libFuzzer, and the sanitizers.
  llvm-19 # Names the functions in the stack of a finding.
)

# To check rules and alerts, and to see what a real one makes of the metrics. Nothing here uses the service it starts.
prometheus_packages=(prometheus)

# To see how callers fare who share connections.
proxy_packages=(nghttp2-proxy) # nghttpx

# To measure coverage.
coverage_packages=(gcovr)

# To check the sources.
lint_packages=(
  git
  clang-format-19 # Both releases have this version; another one may format differently.
  shellcheck
  python3-venv # For the tools that .ci/requirements.txt names.
)

# To check the Helm chart.
chart_packages=(
  "${redis_packages[@]}"
  python3-yaml
  openssl # Makes the certificate of the gateway under test.
)

# To make other Debians to try it on.
chroot_packages=(debootstrap)

# To build the images and run what is in them.
image_packages=(
  buildah
  "${chroot_packages[@]}"
  jq      # Reads what buildah says of an image.
  tcpdump # Judges a capture.
)

# To run what deploy/compose.yaml does.
compose_packages=(
  "${redis_packages[@]}"
  prometheus # And promtool.
  curl
)

# To try the chart on an API server.
cluster_packages=(etcd-server)

# To build and run clients in other languages; each group only where its tool is not in PATH.
go_packages=(golang-go)
node_packages=(nodejs npm)
python_packages=(python3-venv)
