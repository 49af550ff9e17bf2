{{/* What several templates share. Names are those of all charts of a release, so each begins with the chart's. */}}

{{/* The name of the objects. Kubernetes takes 63 characters. */}}
{{- define "newchart.fullname" -}}
{{- $name := printf "%s-%s" .Release.Name .Chart.Name -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- $name = .Release.Name -}}
{{- end -}}
{{- .Values.fullnameOverride | default $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "newchart.serviceAccountName" -}}
{{- $made := ternary (include "newchart.fullname" .) "default" .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default $made -}}
{{- end -}}

{{/* What the Service and the Deployment select pods by. It must stay the same as long as a release lives. */}}
{{- define "newchart.selectorLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/name: {{ .Chart.Name | trunc 63 | trimSuffix "-" | quote }}
{{- end -}}

{{/* What every object carries. */}}
{{- define "newchart.labels" -}}
{{ include "newchart.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}
