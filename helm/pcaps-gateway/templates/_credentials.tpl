{{/* What is wrong with config.upstream's credentials and budgets, and the tokens: a JSON list. For validate.yaml. */}}
{{- define "pcaps-gateway.wrongCredentials" -}}
{{- $upstream := .Values.config.upstream -}}
{{- $tokens := .Values.upstreamTokens -}}
{{- $wrong := list -}}
{{- $budgets := list -}}
{{- range $upstream.budgets -}}{{- $budgets = append $budgets .name -}}{{- end -}}
{{- $names := list -}}
{{- $accounts := list -}}
{{- range $upstream.credentials -}}
{{- $names = append $names .name -}}
{{- $accounts = concat $accounts (.accounts | default (list "*")) -}}
{{- $budget := .budget | default "default" -}}
{{- if not (has $budget $budgets) -}}
{{- $wrong = append $wrong (printf "config.upstream.credentials: %s names the budget %q, which config.upstream.budgets lacks" .name $budget) -}}
{{- end -}}
{{- if not (or .token_file $tokens.existingSecret (hasKey $tokens.values .name) $.Values.emulator.enabled) -}}
{{- $wrong = append $wrong (printf "upstreamTokens.values.%s is required: a token for the credential %s of config.upstream.credentials; or set upstreamTokens.existingSecret to a Secret with the key %s" .name .name .name) -}}
{{- end -}}
{{- end -}}
{{- range $name, $_ := $tokens.values -}}
{{- if not (has $name $names) -}}
{{- $wrong = append $wrong (printf "upstreamTokens.values.%s is no credential's: config.upstream.credentials has %s" $name (join ", " $names)) -}}
{{- end -}}
{{- end -}}
{{- if ne (len $budgets) (len (uniq $budgets)) -}}
{{- $wrong = append $wrong "config.upstream.budgets has a name twice" -}}
{{- end -}}
{{- if or (ne (len $names) (len (uniq $names))) (ne (len $accounts) (len (uniq $accounts))) -}}
{{- $wrong = append $wrong "config.upstream.credentials has a name or an account twice" -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end }}
