{{/* The name of all objects: 46 characters at most. Of the bundled Redis's StatefulSet it is NAME-redis, and Kubernetes puts another 11
(a hyphen and a hash) behind that in a label of 63: with a longer name it is taken, and never gets a pod. Release names may have dots,
Services' not. */}}
{{- define "pcaps-gateway.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- .Values.fullnameOverride | default $name | replace "." "-" | trunc 46 | trimSuffix "-" -}}
{{- end }}

{{/* Of (list $ COMPONENT): what selects its pods. Never changes: a Deployment's selector cannot. */}}
{{- define "pcaps-gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Of (list $ COMPONENT): for its objects. */}}
{{- define "pcaps-gateway.labels" -}}
{{ include "pcaps-gateway.selectorLabels" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Of (list OURS VALUES), OURS being YAML: both; no value of yours takes the place of one of ours. */}}
{{- define "pcaps-gateway.merged" -}}
{{- merge (index . 0 | fromYaml) (index . 1 | default dict) | toYaml -}}
{{- end }}

{{/* Of (list $ IMAGE): its reference, by digest where there is one. */}}
{{- define "pcaps-gateway.image" -}}
{{- with index . 1 -}}
{{- .repository -}}
{{- if .digest -}}@{{ .digest }}{{- else -}}:{{ .tag | default (index $ 0).Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end }}

{{/* Of a Service's gRPC port: HTTP/2 without TLS, which meshes and gateways must not take for HTTP/1.1. */}}
{{- define "pcaps-gateway.appProtocol" -}}
{{- if not (or .Values.tls.existingSecret .Values.config.tls.cert_file) -}}
appProtocol: kubernetes.io/h2c
{{- end -}}
{{- end }}

{{/* Of (list URL DEFAULT): its port. Of any text, so that validate.yaml has the word about a wrong URL. */}}
{{- define "pcaps-gateway.port" -}}
{{- regexFind "^[a-z]+://[^/]*" (index . 0) | regexFind ":[0-9]+$" | trimPrefix ":" | default (index . 1) -}}
{{- end }}
