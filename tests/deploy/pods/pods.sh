# The chart as processes of this machine: what it renders, with Redis, the emulator and pods, each with an address of its own.
# Sourced after deploy/lib.sh, ../tools.sh and ../programs.sh, never run.
# shellcheck shell=bash disable=SC2034,SC2154

readonly service_name=gw-pcaps-gateway-pods.captures.svc # The headless one, as callers name it, and its certificate.
readonly redis_password=a-password-of-redis         # Of the values.

bin= # Directory of the programs. Empty: those that are built here.

# read_options OPTION...: of scripts that have --bin and --help alone.
read_options() {
  local option
  for option in "$@"; do
    case $option in
      --bin=*) bin=$(realpath "${option#*=}") ;;
      --help) usage && exit 0 ;;
      *) usage >&2 && exit 2 ;;
    esac
  done
}

# need_programs TARGET...: builds them where `bin` is empty, and sets it.
need_programs() {
  [[ -z $bin ]] || return 0
  install_packages "${build_packages[@]}"
  [[ -f $repo/build/release/build.ninja ]] || configure release -DBUILD_TESTING=OFF
  build release "$@"
  bin=$repo/build/release/bin
}

# A certificate for the Service's name, and a caller's token: sets ca_file, caller_token, and identity, its hash.
make_fixtures() {
  mkdir "$work/fixtures"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2 -subj "/CN=$service_name" \
    -addext "subjectAltName=DNS:$service_name" -keyout "$work/fixtures/key_file" -out "$work/fixtures/cert_file" >>"$log" 2>&1
  ca_file=$work/fixtures/cert_file
  caller_token=$work/caller.token
  identity=$(openssl rand -hex 32 | tee "$caller_token" | "$bin/pcaps-gateway" hash-token)
}

# render_chart VALUES: what a pod finds below $work/pod, its Secrets as Kubernetes mounts them.
render_chart() {
  local directory
  make_fixtures
  helm4 template gw "$repo/helm/pcaps-gateway" --namespace captures --kube-version "${kubernetes_module#*@v}" --values "$1" \
    --set "callers.list[0].identities[0]=$identity" >"$work/manifests.yaml"
  mkdir "$work/pod"
  python3 "$repo/tests/deploy/chart/mounts.py" "$work/fixtures" "$work/pod" <"$work/manifests.yaml" >>"$log"
  for directory in "$work"/pod/run/pcaps-gateway/*; do link_files "$directory"; done
  min_ready=$(sed -n 's/^ *minReadySeconds: //p' "$work/manifests.yaml")
  min_ready=${min_ready:-0}
  grace=$(sed -n 's/^ *terminationGracePeriodSeconds: //p' "$work/manifests.yaml")
}

# link_files DIRECTORY: each file a link into ..data, itself a link to where they are.
link_files() {
  local file
  mkdir "$1/..first"
  mv "$1"/* "$1/..first"
  ln -s ..first "$1/..data"
  for file in "$1"/..first/*; do ln -s "..data/${file##*/}" "$1"; done
}

# renew_file PATH <CONTENT: as the kubelet renews a Secret of one file, by a new ..data.
renew_file() {
  local directory=${1%/*} next
  next=$(mktemp -d "$directory/..next.XXXXXX")
  chmod 755 "$next"
  cat >"$next/${1##*/}"
  ln -s "${next##*/}" "$directory/..data_tmp"
  mv -T "$directory/..data_tmp" "$directory/..data"
}

# start_installation REPLICAS EMULATOR_ARGUMENT...
start_installation() {
  local i
  start emulator "$bin/pcaps-emulator" "${@:2}"
  emulator_url=$(listening_address emulator 's/^pcaps-emulator listening on //p')
  mkdir "$work/redis"
  mapfile -t redis_arguments < <(
    python3 "$repo/tests/deploy/chart/redis_arguments.py" "$redis_password" "$work/redis" <"$work/manifests.yaml")
  start_on_port redis redis_answers redis-server --bind 127.0.0.1 --port PORT "${redis_arguments[@]}"
  redis_port=$port redis_pid=${pids[-1]}
  choose_addresses
  : >"$work/endpoints"
  start dns python3 -B "$repo/tests/deploy/pods/dns.py" "$work/endpoints"
  target=dns://$(listening_address dns 's/^listening on //p')/$service_name:$grpc_port
  for ((i = 0; i < $1; i++)); do start_pod; done
}

redis_answers() { [[ $(REDISCLI_AUTH=$redis_password redis-cli -p "${redis_port:-$port}" ping) == PONG ]]; }

# All of 127.0.0.0/8 is this machine: every pod has an address there, and the same ports. Free on all addresses: free on these.
choose_addresses() {
  subnet=127.$((RANDOM % 254 + 1)).$((RANDOM % 256))
  read -r grpc_port admin_port < <(python3 -c 'import socket
both = [socket.create_server(("", 0)) for _ in range(2)]
print(*(each.getsockname()[1] for each in both))')
  pods=() last_pod=0
  declare -gA pod_pids=()
}

# The Service's endpoints: pods that are ready and not told to end. For callers, and for Prometheus.
publish() {
  local scraped
  printf "$subnet.%s\n" "${pods[@]}" >"$work/endpoints.next"
  mv "$work/endpoints.next" "$work/endpoints"
  scraped=$(printf "\"$subnet.%s:$admin_port\"," "${pods[@]}")
  echo "[{\"targets\": [${scraped%,}], \"labels\": {\"namespace\": \"captures\"}}]" >"$work/scraped.json.next"
  mv "$work/scraped.json.next" "$work/scraped.json"
}

admin() { curl --silent --show-error --fail --noproxy '*' "http://$subnet.$1:$admin_port/$2"; }

is_ready() { admin "$1" readyz >/dev/null 2>&1; }

# start_pod: one more, until it is ready. Of its configuration only addresses differ from the chart's.
start_pod() {
  local deadline=$((SECONDS + start_timeout)) pod=$((++last_pod))
  sed -e "s/^listen: .*/listen: $subnet.$pod:$grpc_port/" -e "s/^admin_listen: .*/admin_listen: $subnet.$pod:$admin_port/" \
    -e "s|gw-pcaps-gateway-emulator:8080|${emulator_url#http://}|" -e "s|gw-pcaps-gateway-redis:6379|127.0.0.1:$redis_port|" \
    "$work/pod/gateway.yaml" >"$work/pod-$pod.yaml"
  start "pod-$pod" "$bin/pcaps-gateway" --config "$work/pod-$pod.yaml"
  pod_pids[$pod]=${pids[-1]}
  until is_ready "$pod"; do
    if ((SECONDS > deadline)) || ! kill -0 "${pod_pids[$pod]}" 2>/dev/null; then
      tail -n 20 "$work/pod-$pod.log" >&2
      die "pod $pod was not ready within $start_timeout s"
    fi
    sleep 0.1
  done
  pods+=("$pod")
  publish
}

# terminate POD: it is no endpoint any more, and is told to end.
terminate() {
  local each left=()
  for each in "${pods[@]}"; do if ((each != $1)); then left+=("$each"); fi; done
  pods=("${left[@]}")
  publish
  kill -TERM "${pod_pids[$1]}"
}

# await_end POD: fails where it is not gone within the chart's grace period, or not with exit code 0.
await_end() {
  local code=0
  if ! timeout "$grace" tail --pid="${pod_pids[$1]}" --sleep-interval=0.1 -f /dev/null; then
    kill -KILL "${pod_pids[$1]}"
    echo "pod $1 had not ended after $grace s"
    return 1
  fi
  wait "${pod_pids[$1]}" || code=$?
  ((code == 0)) || { echo "pod $1 ended with $code: $(tail -n 5 "$work/pod-$1.log")" && return 1; }
}

# await_budget TOKENS: until every pod knows of so many. It begins with 10, the reserve of writes: Redis may have forgotten more.
await_budget() {
  local pod left deadline=$((SECONDS + 60)) # It refills at 3/s.
  for pod in "${pods[@]}"; do
    until left=$(admin "$pod" metrics | sed -n 's/^pcaps_budget_remaining{budget="default"} //p') && ((${left%.*} >= $1)); do
      ((SECONDS < deadline)) || die "pod $pod has $left requests left in its budget after a minute"
      sleep 0.5
    done
  done
}

kill_redis() {
  kill -KILL "$redis_pid"
  wait "$redis_pid" 2>/dev/null || true
}

# start_redis_empty: on its port again, its volume lost.
start_redis_empty() {
  rm -rf "$work/redis/appendonlydir"
  start redis redis-server --bind 127.0.0.1 --port "$redis_port" "${redis_arguments[@]}"
  redis_pid=${pids[-1]}
}
