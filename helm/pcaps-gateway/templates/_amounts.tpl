{{/* The milliseconds of a duration ("1m30s"), or the bytes of a size ("64MiB", 65536), also as Kubernetes and Redis have them ("1Gi",
"256mb"). */}}
{{- define "pcaps-gateway.amount" -}}
{{- if not (kindIs "string" .) -}}{{- . -}}{{- else -}}
{{- $units := dict "h" 3600000 "m" 60000 "s" 1000 "ms" 1 "us" 0.001 "ns" 0.000001 "" 1 "KiB" 1024 "MiB" 1048576 "GiB" 1073741824
  "kb" 1024 "mb" 1048576 "gb" 1073741824 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776
  "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9.]+[A-Za-z]*" . -1 -}}
{{- $number := regexFind "^[0-9.]+" . -}}
{{- $sum = addf $sum (mulf (float64 $number) (get $units (trimPrefix $number .))) -}}
{{- end -}}
{{- $sum -}}
{{- end -}}
{{- end }}

{{/* What is wrong with the durations and sizes of config: a JSON list. For validate.yaml. */}}
{{- define "pcaps-gateway.wrongAmounts" -}}
{{- $wrong := list -}}
{{- range $path, $bounds := .Files.Get "files/bounds.yaml" | fromYaml -}}
{{- $value := $.Values.config -}}
{{- range splitList "." $path -}}{{- $value = get $value . -}}{{- end -}}
{{- $amount := include "pcaps-gateway.amount" $value | float64 -}}
{{- $least := include "pcaps-gateway.amount" (first $bounds) | float64 -}}
{{- $most := include "pcaps-gateway.amount" (last $bounds) | float64 -}}
{{- /* None: left to the gateway's default. */ -}}
{{- if and (ne (toString $value) "") (or (lt $amount $least) (gt $amount $most)) -}}
{{- $wrong = append $wrong (printf "config.%s is %v; it must be from %v to %v" $path $value (first $bounds) (last $bounds)) -}}
{{- end -}}
{{- end -}}
{{- with .Values.config -}}
{{- if le (include "pcaps-gateway.amount" .drain.timeout | float64) (include "pcaps-gateway.amount" .upstream.request_timeout | float64) -}}
{{- $wrong = append $wrong (printf "config.drain.timeout is %s; it must exceed config.upstream.request_timeout (%s), or calls are cut off" .drain.timeout .upstream.request_timeout) -}}
{{- end -}}
{{- if lt (include "pcaps-gateway.amount" .watch.max_poll_interval | float64) (include "pcaps-gateway.amount" .watch.min_poll_interval | float64) -}}
{{- $wrong = append $wrong "config.watch.max_poll_interval must not be less than config.watch.min_poll_interval" -}}
{{- end -}}
{{- end -}}
{{- with .Values.redis -}}
{{- $limit := dig "resources" "limits" "memory" "" . -}}
{{- $twice := include "pcaps-gateway.amount" .maxmemory | float64 | mulf 2 -}}
{{- if and .enabled (toString $limit) (lt (include "pcaps-gateway.amount" $limit | float64) $twice) -}}
{{- $wrong = append $wrong (printf "redis.resources.limits.memory is %v; it must be twice redis.maxmemory (%s), or Redis is killed while it rewrites its AOF" $limit .maxmemory) -}}
{{- end -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end }}
