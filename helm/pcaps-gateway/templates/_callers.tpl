{{/* What is wrong with callers.list: a JSON list. For validate.yaml. Identities are not repeated: one may be a token put there by mistake. */}}
{{- define "pcaps-gateway.wrongCallers" -}}
{{- $mode := .Values.config.auth.mode -}}
{{- $wrong := list -}}
{{- $names := list -}}
{{- $identities := list -}}
{{- range $i, $caller := .Values.callers.list -}}
{{- $key := printf "callers.list[%d]" $i -}}
{{- if has $caller.name $names -}}{{- $wrong = append $wrong (printf "%s.name is another caller's, too" $key) -}}{{- end -}}
{{- $names = append $names $caller.name -}}
{{- range $caller.identities -}}
{{- $identity := ternary . (lower .) (hasPrefix "uri:" .) -}}{{/* Only URIs tell capitals from small letters. */}}
{{- $token := hasPrefix "sha256:" . -}}
{{- if not (regexMatch "^(uri:.+|dns:.+|sha256:[0-9A-Fa-f]{64})$" .) -}}
{{- $wrong = append $wrong (printf "%s.identities must be uri:..., dns:..., or sha256: and 64 hexadecimal digits (see pcaps-gateway hash-token)" $key) -}}
{{- else if and $token (eq $mode "mtls") -}}
{{- $wrong = append $wrong (printf "%s.identities has a sha256:, which is a token's: with config.auth.mode mtls callers show certificates, uri:... or dns:..." $key) -}}
{{- else if and (not $token) (eq $mode "token") -}}
{{- $wrong = append $wrong (printf "%s.identities has a uri: or dns:, which is a certificate's: with config.auth.mode token callers show tokens, sha256:..." $key) -}}
{{- end -}}
{{- if has $identity $identities -}}{{- $wrong = append $wrong (printf "%s.identities has one that was named before" $key) -}}{{- end -}}
{{- $identities = append $identities $identity -}}
{{- end -}}
{{- end -}}
{{- $wrong | toJson -}}
{{- end }}
