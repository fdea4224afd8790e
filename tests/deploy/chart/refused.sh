# Values that must be refused, each with a message that names the key. Sourced by ../chart.sh, never run.
# shellcheck shell=bash disable=SC2154

# names_key OUTPUT KEY: as the chart says it, as the schema does, as an unknown or as a missing one.
names_key() {
  local pointer=/${2//.//}
  [[ $1 == *"$2"* || $1 == *"at '$pointer'"* ||
    $1 == *"at '${pointer%/*}': additional properties '${pointer##*/}' not allowed"* ||
    $1 == *"at '${pointer%/*}': missing property '${pointer##*/}'"* ]]
}

# refuses HELM WORDS KEY FLAG...: what is not refused, or not so, is told.
refuses() {
  local helm=$1 words=$2 key=$3 output
  shift 3
  if output=$(render "$helm" "$@" 2>&1); then
    echo "it is taken" && return 1
  fi
  names_key "$output" "$key" || { printf 'it does not name %s:\n%s\n' "$key" "$output" && return 1; }
  [[ $output == *"$words"* ]] || { printf 'it lacks "%s":\n%s\n' "$words" "$output" && return 1; }
}

# hides HELM SECRET FLAG...: it is refused with a message that does not repeat the secret.
hides() {
  local helm=$1 secret=$2 output
  shift 2
  if output=$(render "$helm" "$@" 2>&1); then
    echo "it is taken" && return 1
  fi
  [[ $output != *"$secret"* ]] || { echo "$output" && return 1; }
}

# refused BASE KEY WORDS FLAG...: by both Helms, where BASE alone is taken.
refused() {
  local base=$chart/ci/$1-values.yaml key=$2 words=$3 helm
  shift 3
  for helm in helm3 helm4; do
    check "$helm refuses ${*:2} ($key)" refuses "$helm" "$words" "$key" --values "$base" "$@"
  done
}

hidden() {
  local base=$chart/ci/$1-values.yaml key=$2 secret=$3 helm
  shift 3
  for helm in helm3 helm4; do
    check "$helm does not repeat a wrong $key" hides "$helm" "$secret" --values "$base" "$@"
  done
}

# What is missing, or does not go together: the message has the fix.
contradictions() {
  refused single-replica image.repository 'set it to where' --set image.repository=
  refused emulator emulator.image.repository 'set it to where' --set emulator.image.repository=
  refused single-replica config.auth.mode 'mtls (client certificates)' --set config.auth.mode=
  refused single-replica config.auth.allow_insecure 'Set it to mtls or token' --set config.auth.allow_insecure=false
  refused emulator upstreamTokens.values.default 'or set upstreamTokens.existingSecret' --set emulator.enabled=false
  refused single-replica upstreamTokens.values.spare 'a Secret with the key spare' \
    --set-json 'config.upstream.credentials=[{"name": "default"}, {"name": "spare", "accounts": ["a"]}]'
  refused credentials upstreamTokens.values.lost 'has default, lab, spare' --set upstreamTokens.values.lost=a-token
  refused credentials upstreamTokens.existingSecret 'keep one' --set upstreamTokens.existingSecret=x
  refused single-replica config.upstream.credentials 'names the budget "none"' \
    --set-json 'config.upstream.credentials=[{"name": "default", "budget": "none"}]'
  refused credentials config.upstream.credentials 'an account twice' \
    --set-json 'config.upstream.credentials=[{"name": "default"}, {"name": "lab"}, {"name": "spare"}]'
  refused single-replica config.upstream.budgets 'a name twice' \
    --set-json 'config.upstream.budgets=[{"name": "default"}, {"name": "default"}]'
  refused single-replica config.upstream.base_url 'config.upstream.allow_plaintext=true' \
    --set config.upstream.base_url=http://api.example.net
  refused emulator config.upstream.base_url 'leave one of them out' --set config.upstream.base_url=https://api.example.net
  refused emulator upstreamTokens 'in plain text' --set upstreamTokens.values.default=a-token
  refused emulator upstreamTokens 'in plain text' --set upstreamTokens.existingSecret=x
  refused single-replica config.listen 'leave it out' --set config.listen=127.0.0.1:50051
  refused single-replica config.admin_listen 'leave it out' --set config.admin_listen=
  refused single-replica config.state.max_replicas 'leave it out' --set config.state.max_replicas=2
  refused single-replica config.state.redis_url 'or redis.enabled=true, or replicas=1' --set replicas=2
  refused redis-bundled config.state.redis_url 'leave one out' --set config.state.redis_url=redis://redis
  refused redis-bundled redis.existingSecret 'keep one' --set redis.existingSecret=x
  refused redis-bundled config.state.username 'leave them out' --set config.state.username=x
  refused redis-external config.state.ca_file 'rediss://' --set config.state.redis_url=redis://redis
  refused redis-external config.state.username 'redis.password' --set redis.existingSecret=
  refused single-replica redis.password 'set config.state.redis_url' --set redis.password=sixteen-letters-long
  release=2024 refused single-replica fullnameOverride 'begin with a letter' --set config.log.level=info
  refused hpa replicas 'leave replicas out' --set replicas=3
  refused hpa autoscaling.minReplicas 'more than' --set autoscaling.minReplicas=10
  refused hpa resources.requests.cpu 'is a part of it' --set resources.requests.cpu=null --set resources.limits.cpu=null
  refused redis-bundled redis.resources.limits.memory 'twice redis.maxmemory' --set redis.resources.limits.memory=1000M
  refused token-auth tls.existingSecret 'in plain text' --set tls.existingSecret=
  refused mtls tls.existingSecret 'tls.crt, tls.key and ca.crt' --set tls.existingSecret=
  refused mtls callers.list 'who may call' --set-json 'callers.list=[]'
  refused token-auth callers.existingSecret 'keep one' --set callers.existingSecret=x
  refused single-replica callers 'leave them out' --set callers.existingSecret=x
  refused spiffe config.tls.cert_file 'set both' --set config.tls.key_file=
  refused single-replica config.tls.client_ca_file 'tls.existingSecret' --set config.tls.client_ca_file=/ca.pem
  refused servicemonitor monitoring.podMonitor.enabled 'keep one' --set monitoring.podMonitor.enabled=true
  refused single-replica config.drain.timeout 'must exceed config.upstream.request_timeout (20s)' --set config.drain.timeout=20s
  refused single-replica config.watch.max_poll_interval 'must not be less' --set config.watch.max_poll_interval=1s
  refused single-replica config.limits.max_connection_age 'from 1s to 24h' --set config.limits.max_connection_age=25h
  refused single-replica config.download.buffer 'from 64KiB to 64MiB' --set config.download.buffer=1GiB
}

# What would be taken by Kubernetes, and not by the gateway.
unusable() {
  local url
  for url in redis://h:99999 redis://h:0 redis://a:b:c 'redis://a|b' redis://%zz; do
    refused networkpolicy config.state.redis_url 'must be like redis://host:6379/0' --set redis.enabled=false \
      --set "config.state.redis_url=$url"
  done
  for url in https://h:99999 https://:443 'https://a|b' https://h:%zz https://h/%zz; do
    refused networkpolicy config.upstream.base_url 'must be like https://api' --set "config.upstream.base_url=$url"
  done
  refused networkpolicy config.upstream.proxy 'http://host:port' --set config.upstream.proxy=http://p:99999
  refused token-auth 'callers.list[1].name' "another caller's" --set 'callers.list[1].name=capture-ui'
  refused token-auth 'callers.list[1].identities' 'named before' \
    --set 'callers.list[1].identities[0]=sha256:B94D27B9934D3E08A52E52D7DA7DABFAC484EFE37A5380EE9088F7ACE2EFCDE9'
  refused token-auth 'callers.list[0].identities' 'callers show tokens' --set 'callers.list[0].identities[0]=dns:ui.example.net'
  refused mtls 'callers.list[0].identities' 'callers show certificates' \
    --set 'callers.list[0].identities[0]=sha256:b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9'
}

# What the schema says.
wrong_types() {
  refused single-replica image.tag 'string' --set-json image.tag=8.2
  refused single-replica image.repository 'pattern' --set 'image.repository=Not An Image'
  refused single-replica image.digest 'pattern' --set image.digest=sha256:short
  refused single-replica image.pullPolicy 'IfNotPresent' --set image.pullPolicy=Sometimes
  refused single-replica replicas 'minimum' --set replicas=0
  refused single-replica replicas 'maximum' --set replicas=1000
  refused hpa autoscaling.cpu 'maximum' --set autoscaling.cpu=101
  refused single-replica config.auth.mode "'token'" --set config.auth.mode=tokens
  refused single-replica config.log.level "'warn'" --set config.log.level=warning
  refused single-replica config.reflection 'boolean' --set config.reflection=often
  refused single-replica config.limits.max_connections 'integer' --set config.limits.max_connections=1.5
  refused single-replica config.drain.delay 'string' --set config.drain.delay=5
  refused single-replica config.drain.delay 'pattern' --set config.drain.delay=5sec
  refused single-replica config.download.chunk_size 'pattern' --set config.download.chunk_size=256KB
  refused single-replica config.upstream.requestTimeout 'not allowed' --set config.upstream.requestTimeout=20s
  refused single-replica config.state.key_prefix 'pattern' --set 'config.state.key_prefix=a*b'
  refused single-replica config.rate_limit.accounts.a-b-c.burst 'minimum' --set config.rate_limit.accounts.a-b-c.burst=0
  refused single-replica config.upstream.credentials 'minItems' --set-json 'config.upstream.credentials=[]'
  refused token-auth callers.list.0.permission "'write'" --set callers.list[0].permission=admin
  refused token-auth callers.list.0 "'identities'" --set-json 'callers.list=[{"name": "x"}]'
  refused single-replica bindAddress "'0.0.0.0'" --set bindAddress=127.0.0.1
  refused single-replica service.port 'maximum' --set service.port=70000
  refused single-replica service.type 'not allowed' --set service.type=LoadBalancer
  refused redis-bundled redis.image.tag 'string' --set-json redis.image.tag=8.2
  refused redis-bundled redis.maxmemory 'pattern' --set redis.maxmemory=256Mi
  refused redis-bundled redis.persistence.size 'pattern' --set redis.persistence.size=1gb
  refused servicemonitor monitoring.serviceMonitor.interval 'string' --set monitoring.serviceMonitor.interval=15
  refused networkpolicy networkPolicy.dns 'minItems' --set-json 'networkPolicy.dns=[]'
  refused networkpolicy networkPolicy.redis 'array' --set networkPolicy.redis=10.0.0.0/8
  refused single-replica resources.limits.memory 'pattern' --set resources.limits.memory=1GB
  refused single-replica podLabels.team 'string' --set podLabels.team=7
  refused single-replica extraEnv.0 "'name'" --set 'extraEnv[0].value=x'
  refused single-replica tolerations 'array' --set tolerations.key=x
  refused single-replica config.drain missing --set config.drain=null
  refused single-replica autoscaling.enabled missing --set autoscaling.enabled=null
  refused single-replica emulator.enabled missing --set emulator.enabled=null
  refused single-replica serviceAccount.create missing --set serviceAccount.create=null
  refused single-replica replicaCount 'not allowed' --set replicaCount=2
}

# Secrets in the wrong form: somebody's terminal, or a CI log, is no place for them.
hidden_secrets() {
  hidden single-replica upstreamTokens.values 'hush hush' --set 'upstreamTokens.values.default=hush hush'
  hidden token-auth callers.list hush --set 'callers.list[0].identities[0]=hush'
  hidden redis-bundled redis.password hush --set redis.password=hush
  hidden redis-external config.state.redis_url hush --set config.state.redis_url=rediss://pcaps:hush@redis
  hidden single-replica config.upstream.base_url hush --set config.upstream.base_url=https://pcaps:hush@api.example.net
  hidden single-replica config.upstream.proxy hush --set config.upstream.proxy=http://pcaps:hush@proxy:3128
}

check_refused() {
  contradictions
  unusable
  wrong_types
  hidden_secrets
}
