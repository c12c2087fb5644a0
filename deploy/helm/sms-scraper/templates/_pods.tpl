{{/* What Deployments have in common. */}}

{{/* Fields of a Pod about where it runs and what it may do: (list $ "operator" .Values.operator). */}}
{{- define "sms-scraper.pod" -}}
{{- $ := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index . 2 -}}
enableServiceLinks: false
{{- with $.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.runtimeClassName }}
runtimeClassName: {{ . }}
{{- end }}
{{- with $values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- range . }}
  {{- $selector := dict "labelSelector" (dict "matchLabels" (include "sms-scraper.selector" (list $ $component) | fromYaml)) }}
  - {{ toYaml (mustMerge (deepCopy .) (hasKey . "labelSelector" | ternary dict $selector)) | nindent 4 | trim }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The field `metadata` of a Pod template, with what must restart it: (list $ "operator" .Values.operator (dict …)). */}}
{{- define "sms-scraper.podMetadata" -}}
{{- $ := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index . 2 -}}
metadata:
  labels:
    {{- include "sms-scraper.selector" (list $ $component) | nindent 4 }}
    {{- with omit (mustMergeOverwrite (dict) $.Values.commonLabels $values.podLabels) "app.kubernetes.io/name" "app.kubernetes.io/instance" "app.kubernetes.io/component" }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with mustMergeOverwrite (dict) $values.podAnnotations (index . 3) }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* Probes, resources and powers of the only container. */}}
{{- define "sms-scraper.container" -}}
{{- range $field := list "livenessProbe" "readinessProbe" "resources" "securityContext" }}
{{- with index $ $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* A PodDisruptionBudget where there are several replicas: (list $ "operator" .Values.operator). */}}
{{- define "sms-scraper.podDisruptionBudget" -}}
{{- $ := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index . 2 -}}
{{- if and $values.podDisruptionBudget.enabled (gt (int $values.replicas) 1) -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "sms-scraper.metadata" (dict "root" $ "component" $component "name" (printf "%s-%s" (include "sms-scraper.fullname" $) $component)) }}
spec:
  maxUnavailable: {{ $values.podDisruptionBudget.maxUnavailable }}
  # A Pod that is broken anyway does not hold up the drain of its node.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "sms-scraper.selector" (list $ $component) | nindent 6 }}
{{- end }}
{{- end }}
