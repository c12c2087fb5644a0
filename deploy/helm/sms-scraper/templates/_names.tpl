{{/* Names, namespaces, labels and images. */}}

{{- define "sms-scraper.name" -}}
{{ .Values.nameOverride | default .Chart.Name | trunc 50 | trimSuffix "-" }}
{{- end }}

{{/* What every name begins with; room is left for the longest of our endings. A release may have a dot in its
name, a Service may not. */}}
{{- define "sms-scraper.fullname" -}}
{{- $name := include "sms-scraper.name" . -}}
{{- $release := .Release.Name | replace "." "-" -}}
{{- if .Values.fullnameOverride -}}
{{ .Values.fullnameOverride | trunc 35 | trimSuffix "-" }}
{{- else if contains $name $release -}}
{{ $release | trunc 35 | trimSuffix "-" }}
{{- else -}}
{{ printf "%s-%s" $release $name | trunc 35 | trimSuffix "-" }}
{{- end -}}
{{- end }}

{{- define "sms-scraper.operator" -}}
{{ include "sms-scraper.fullname" . }}-operator
{{- end }}

{{/* Not the operator's own name: kustomize puts a hash behind it, and takes the Lease in a role for the same. */}}
{{- define "sms-scraper.jobSettingsName" -}}
{{ include "sms-scraper.fullname" . }}-job-settings
{{- end }}

{{- define "sms-scraper.serviceAccount" -}}
{{ .Values.operator.serviceAccount.name | default (.Values.operator.serviceAccount.create | ternary (include "sms-scraper.operator" .) "default") }}
{{- end }}

{{- define "sms-scraper.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{/* The namespace that is watched, or nothing. */}}
{{- define "sms-scraper.watched" -}}
{{- with .Values.watchNamespaces }}{{ first . }}{{ end -}}
{{- end }}

{{- define "sms-scraper.installation" -}}
{{- $watched := include "sms-scraper.watched" . -}}
{{ .Values.installation | default (empty $watched | ternary "sms-scraper" (printf "sms-scraper-%s" $watched) | trunc 63) }}
{{- end }}

{{- define "sms-scraper.lease" -}}
{{ .Values.operator.leaderElection.leaseName | default (include "sms-scraper.operator" .) }}
{{- end }}

{{/* Labels by which Pods of a component are found: (list $ "operator"). */}}
{{- define "sms-scraper.selector" -}}
{{- $ := index . 0 -}}
app.kubernetes.io/name: {{ include "sms-scraper.name" $ }}
app.kubernetes.io/instance: {{ $.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Labels of an object of a component, and further ones: (list $ "operator" .Values.operator.labels). Those by which objects find
each other, and Helm finds its own, cannot be changed. */}}
{{- define "sms-scraper.labels" -}}
{{- $ := index . 0 -}}
{{- $more := mustMergeOverwrite (dict) $.Values.commonLabels (gt (len .) 2 | ternary (last .) dict) -}}
helm.sh/chart: {{ $.Chart.Name }}-{{ $.Chart.Version | replace "+" "_" }}
app.kubernetes.io/managed-by: {{ $.Release.Service }}
{{- if not (hasKey $more "app.kubernetes.io/version") }}
app.kubernetes.io/version: {{ $.Chart.AppVersion | quote }}
{{- end }}
{{- if not (hasKey $more "app.kubernetes.io/part-of") }}
app.kubernetes.io/part-of: sms-scraper
{{- end }}
{{ include "sms-scraper.selector" (list $ (index . 1)) }}
{{- with omit $more "helm.sh/chart" "app.kubernetes.io/managed-by" "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The field `annotations` with the common ones and further ones, or nothing: (list $ .Values.x.annotations). */}}
{{- define "sms-scraper.annotations" -}}
{{- $ := index . 0 -}}
{{- with mustMergeOverwrite (dict) $.Values.commonAnnotations (gt (len .) 1 | ternary (last .) dict) -}}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end -}}
{{- end }}

{{/* The field `metadata`: (dict "root" $ "component" "operator" "name" … "namespace" … "labels" … "annotations" …). */}}
{{- define "sms-scraper.metadata" -}}
metadata:
  name: {{ .name }}
  {{- if not .cluster }}
  namespace: {{ .namespace | default (include "sms-scraper.namespace" .root) }}
  {{- end }}
  labels:
    {{- include "sms-scraper.labels" (list .root .component (.labels | default dict)) | nindent 4 }}
  {{- with include "sms-scraper.annotations" (list .root (.annotations | default dict)) }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end }}

{{/* An image as a Pod names it: (list $ .Values.operator.image). */}}
{{- define "sms-scraper.image" -}}
{{- $ := index . 0 -}}
{{- $image := index . 1 -}}
{{- with $image.registry | default $.Values.imageRegistry | default (dig "imageRegistry" "" ($.Values.global | default dict)) }}{{ . }}/{{ end }}{{ $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default $.Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* Where people reach the view, as far as the chart knows. */}}
{{- define "sms-scraper.viewUrl" -}}
{{- $view := .Values.view -}}
{{- if $view.url -}}
{{ $view.url }}
{{- else if $view.ingress.enabled -}}
{{- with first $view.ingress.hosts -}}
{{- if not (hasPrefix "*" .host) -}}
{{ empty $view.ingress.tls | ternary "http" "https" }}://{{ .host }}{{ dig "path" "/" (first (.paths | default (list dict))) }}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
