{{/* What the Prometheus Operator reads. */}}

{{/* Ends with a readable message where the cluster does not have the kind: (list $ "ServiceMonitor" "serviceMonitor.enabled"). */}}
{{- define "sms-scraper.needs" -}}
{{- $ := index . 0 -}}
{{- $kind := index . 1 -}}
{{- $known := $.Capabilities.APIVersions.Has (printf "monitoring.coreos.com/v1/%s" $kind) -}}
{{- if not (or $known $.Values.prometheusOperator.assumeInstalled) -}}
{{- fail (printf "%s is on, but this cluster has no kind %s: install the Prometheus Operator first, or set %s=false, or set prometheusOperator.assumeInstalled=true (which `helm template` needs)" (index . 2) $kind (index . 2)) -}}
{{- end -}}
{{- end }}

{{/* A ServiceMonitor or PodMonitor: (dict "root" $ "kind" "ServiceMonitor" "component" "operator" "key" "serviceMonitor" "values" … "port" "metrics"). */}}
{{- define "sms-scraper.monitor" -}}
{{- include "sms-scraper.needs" (list .root .kind (printf "%s.enabled" .key)) -}}
apiVersion: monitoring.coreos.com/v1
kind: {{ .kind }}
{{ include "sms-scraper.metadata" (dict "root" .root "component" .component "name" (printf "%s-%s" (include "sms-scraper.fullname" .root) .component) "namespace" .values.namespace "labels" .values.labels "annotations" .values.annotations) }}
spec:
  {{- $namespace := include "sms-scraper.namespace" .root }}
  {{- if ne $namespace (.values.namespace | default $namespace) }}
  namespaceSelector:
    matchNames:
      - {{ $namespace }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "sms-scraper.selector" (list .root .component) | nindent 6 }}
  {{ eq .kind "PodMonitor" | ternary "podMetricsEndpoints" "endpoints" }}:
    - port: {{ .port }}
      path: /metrics
      honorLabels: {{ .values.honorLabels }}
      {{- with .values.interval }}
      interval: {{ . }}
      {{- end }}
      {{- with .values.scrapeTimeout }}
      scrapeTimeout: {{ . }}
      {{- end }}
      {{- with .values.relabelings }}
      relabelings:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .values.metricRelabelings }}
      metricRelabelings:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
