{{/* The name of all objects: 50 characters at most, which leaves 13 for what is put behind it (63 are what a name may have). */}}
{{- define "pcaps-gateway.fullname" -}}
{{- $name := .Release.Name -}}
{{- if not (contains .Chart.Name $name) -}}{{- $name = printf "%s-%s" $name .Chart.Name -}}{{- end -}}
{{- .Values.fullnameOverride | default $name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* Of (list $ COMPONENT): what selects its pods. Never changes: a Deployment's selector cannot. */}}
{{- define "pcaps-gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Of (list $ COMPONENT): for its objects. */}}
{{- define "pcaps-gateway.labels" -}}
{{ include "pcaps-gateway.selectorLabels" . }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Of (list $ IMAGE): its reference, by digest where there is one. */}}
{{- define "pcaps-gateway.image" -}}
{{- with index . 1 -}}
{{- .repository -}}
{{- if .digest -}}@{{ .digest }}{{- else -}}:{{ .tag | default (index $ 0).Chart.AppVersion }}{{- end -}}
{{- end -}}
{{- end }}
