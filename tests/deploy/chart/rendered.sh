# What the chart makes of values: the promises that a schema cannot see. Sourced by ../chart.sh, never run.
# shellcheck shell=bash disable=SC2154

# shows BASE TEXT [FLAG...], omits BASE TEXT [FLAG...]: of all objects, or those of --show-only.
shows() { grep --quiet --fixed-strings -e "$2" <(render helm4 --values "$chart/ci/$1-values.yaml" "${@:3}"); }
omits() {
  local objects
  objects=$(render helm4 --values "$chart/ci/$1-values.yaml" "${@:3}") && ! grep --fixed-strings -e "$2" <<<"$objects"
}

# checksum FLAG...: what rolls the pods when it changes.
checksum() { render helm4 --values "$chart/ci/token-auth-values.yaml" "$@" | grep 'checksum/config'; }
rolls() { [[ $(checksum) != "$(checksum "$@")" ]]; }
rolls_not() { equal "$(checksum "$@")" "$(checksum)"; }

# pods: what the Deployment makes its pods of; when it changes they are rolled.
pods() {
  render helm4 --values "$chart/ci/token-auth-values.yaml" --show-only templates/deployment.yaml | sed -n '/^  template:/,$p'
}

newer_chart_rolls_not() {
  cp -r "$chart" "$work/newer"
  sed -i 's/^version: .*/version: 99.0.0/' "$work/newer/Chart.yaml"
  equal "$(chart=$work/newer pods)" "$(pods)"
}

check_pods() {
  local deployment=(--show-only templates/deployment.yaml)
  check "clients who see every pod have time to find a new one" shows headless 'minReadySeconds: 30'
  check "those who see one address need none" omits token-auth minReadySeconds
  check "the grace period is both drains and 10 s" shows token-auth 'terminationGracePeriodSeconds: 40'
  check "it counts 500ms and 1m30s" shows tuned 'terminationGracePeriodSeconds: 101'
  check "pods are 2" shows token-auth '  replicas: 2' "${deployment[@]}"
  check "an HPA sets them alone" omits hpa '  replicas:' "${deployment[@]}"
  check "max_replicas counts the pod that is rolled in" shows token-auth 'max_replicas: 3'
  check "and the most that an HPA makes" shows hpa 'max_replicas: 10'
  check "a new configuration rolls the pods" rolls --set config.log.level=debug
  check "a new maximum of pods, too" rolls --set replicas=3
  check "new callers roll none" rolls_not --set callers.list[0].accounts[0]=other
  check "a new upstream token rolls none" rolls_not --set upstreamTokens.values.default=other
  check "an annotation of yours does not stop that" omits extras 'checksum/config: never' \
    --set 'podAnnotations.checksum/config=never'
  check "nor does a label of yours take pods out of the Service" omits extras 'app.kubernetes.io/name: other' \
    --set 'podLabels.app\.kubernetes\.io/name=other'
  check "yours are there, too" shows extras 'team: network' "${deployment[@]}"
  check "a newer chart rolls none by itself" newer_chart_rolls_not
  check "nothing is mounted by subPath" omits extras subPath
  check "a single pod may be evicted" omits single-replica 'kind: PodDisruptionBudget'
  check "of two only one at once" shows token-auth 'maxUnavailable: 1'
  check "none is made with pdb.enabled=false" omits token-auth 'kind: PodDisruptionBudget' --set pdb.enabled=false
}

check_network() {
  check "without TLS the port is h2c" shows headless 'appProtocol: kubernetes.io/h2c'
  check "with TLS it is not" omits token-auth 'appProtocol:'
  check "nor with a certificate of somebody else's" omits spiffe 'appProtocol:'
  check "the headless Service has the pods' port" shows headless 'port: 50051' --show-only templates/service-pods.yaml \
    --set service.port=443
  check "and the other one its own address: it cannot lose it" omits headless 'clusterIP' --show-only templates/service.yaml
  release=$(printf 'r%.0s' {1..53}) check "a name is cut to what a StatefulSet's pods can bear" \
    shows redis-bundled "  name: $(printf 'r%.0s' {1..46})-redis" --show-only templates/redis-statefulset.yaml
  release=v1.0 check "and has no dot, as a Service's must not" \
    shows redis-bundled '  name: v1-0-pcaps-gateway' --show-only templates/service.yaml
  release=123 check "a release's name is text, whatever it looks like" omits redis-bundled 'instance: 123' \
    --set fullnameOverride=captures
  check "the admin port is in no Service for callers" omits token-auth 'port: 8080' --show-only templates/service.yaml
  check "Redis may be called on its own port" shows redis-external 'port: 6380'
  check "the upstream may be called on its own port" shows networkpolicy 'port: 8443' \
    --set config.upstream.base_url=https://api.example.net:8443
  check "with the emulator no public address may be called" omits emulator '0.0.0.0/0'
  check "nor may IPv4 addresses be called by way of NAT64" shows networkpolicy '- 64:ff9b::/96'
  check "pods listen on IPv6 where told" shows tuned "listen: '[::]:50051'"
}

# finds_pods KIND BASE: a monitor.
finds_pods() { render helm4 --values "$chart/ci/$2-values.yaml" "${@:3}" | python3 "$parts/monitors.py" "$1"; }

check_monitoring() {
  check "a ServiceMonitor finds the pods' metrics" finds_pods ServiceMonitor servicemonitor
  check "and one Service only, also beside a headless one" finds_pods ServiceMonitor servicemonitor --set service.headless=true
  check "a PodMonitor finds them" finds_pods PodMonitor podmonitor
  check "Grafana's sidecar finds the dashboard" shows rules-dashboard 'grafana_dashboard: "1"'
  check "also where a label of yours says no" omits rules-dashboard 'grafana_dashboard: "0"' \
    --set-string monitoring.dashboard.labels.grafana_dashboard=0
  check "an HPA scales the Deployment" shows hpa 'kind: Deployment, name: gw-pcaps-gateway}' --show-only templates/hpa.yaml
  check "by CPU" shows hpa 'averageUtilization: 60'
  check "by the gateway's own, whatever runs beside it" shows hpa 'container: gateway'
  check "and takes its time to scale down" shows hpa 'scaleDown: {stabilizationWindowSeconds: 600}'
}

# redis_checksum FLAG...: what restarts the bundled Redis when it changes.
redis_checksum() { render helm4 --values "$chart/ci/redis-bundled-values.yaml" "$@" | grep 'checksum/password'; }
password_restarts_redis() {
  equal "$(redis_checksum)" "$(redis_checksum)" &&
    [[ $(redis_checksum) != "$(redis_checksum --set redis.password=another-password)" ]]
}

check_secrets() {
  check "what is in the values is in Secrets only" omits token-auth an-upstream-token --show-only templates/configmap.yaml \
    --show-only templates/deployment.yaml
  check "nor is a plain sum of Redis's password" omits redis-bundled "$(printf a-password-of-redis | sha256sum | head -c 64)"
  check "a new password restarts the bundled Redis" password_restarts_redis
  check "with Secrets of yours the chart makes none" omits existing-secrets 'kind: Secret'
  check "no pod has a token of Kubernetes'" omits extras 'automountServiceAccountToken: true'
  check "helm test is left out where strangers may not ask for health" omits token-auth helm.sh/hook \
    --set config.auth.open_health=false
}

# redis_arguments PASSWORD DIRECTORY: those of the bundled one, for a local one on a socket in the directory.
redis_arguments() {
  render helm4 --values "$chart/ci/token-auth-values.yaml" --show-only templates/redis-statefulset.yaml |
    python3 "$parts/redis_arguments.py" "$1" "$2"
  printf '%s\n' --port 0 --unixsocket "$2/redis.sock"
}

redis() { REDISCLI_AUTH=$1 redis-cli -s "$work/redis/redis.sock" "${@:2}"; }

await_redis() {
  local deadline=$((SECONDS + start_timeout))
  until [[ $(redis "$1" ping 2>/dev/null) == PONG ]]; do
    ((SECONDS < deadline)) || { cat "$work/redis.log" && return 1; }
    sleep 0.1
  done
}

# The bundled Redis, by the one of Debian: whether its arguments mean what they should.
check_redis() {
  local arguments password="with 'quotes\" and \\"
  mkdir "$work/redis"
  mapfile -t arguments < <(redis_arguments "$password" "$work/redis")
  start redis redis-server "${arguments[@]}"
  check "the bundled Redis starts, with any password" await_redis "$password"
  check "without the password it does nothing" grep --quiet NOAUTH <<<"$(redis '' ping 2>&1)"
  check "it never evicts" equal "$(redis "$password" config get maxmemory-policy | tail -n 1)" noeviction
  check "it has its bound" equal "$(redis "$password" config get maxmemory | tail -n 1)" $((256 << 20))
  check "it keeps an AOF" test -d "$work/redis/appendonlydir"
  check "it takes no snapshots" equal "$(redis "$password" config get save | tail -n 1)" ""
}

check_package() {
  local name files
  check "helm package" helm4 package "$chart" --destination "$work"
  files=$(tar --list --file "$work"/pcaps-gateway-*.tgz)
  for name in "${copied[@]}"; do check "the package has ${name#*/}" grep --quiet "/files/${name#*/}\$" <<<"$files"; done
  check "the package has no test values" nothing "$(grep /ci/ <<<"$files" || true)"
}

check_rendered() {
  check_pods
  check_network
  check_monitoring
  check_secrets
  check_redis
  check_package
}
