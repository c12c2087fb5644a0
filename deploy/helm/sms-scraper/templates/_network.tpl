{{/* Rules of NetworkPolicies. */}}

{{/* A rule for TCP ports, from or to some peers or anywhere: (list "to" peers ports). */}}
{{- define "sms-scraper.rule" -}}
{{- $direction := index . 0 -}}
- ports:
    {{- range index . 2 }}
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
  {{- with index . 1 }}
  {{ $direction }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "sms-scraper.dnsRule" -}}
- ports:
    {{- range .Values.networkPolicy.dns.ports }}
    - { protocol: UDP, port: {{ . }} }
    - { protocol: TCP, port: {{ . }} }
    {{- end }}
  {{- with .Values.networkPolicy.dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The bundled Pushgateway as a list of one peer. */}}
{{- define "sms-scraper.pushgatewayPeer" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ include "sms-scraper.namespace" . }}
  podSelector:
    matchLabels:
      {{- include "sms-scraper.selector" (list . "pushgateway") | nindent 6 }}
{{- end }}

{{/* The way to the Pushgateway, if there is one. */}}
{{- define "sms-scraper.pushgatewayRule" -}}
{{- if include "sms-scraper.pushgatewayIsOurs" . -}}
{{ include "sms-scraper.rule" (list "to" (include "sms-scraper.pushgatewayPeer" . | fromYamlArray) (list 9091)) }}
{{- else if or .Values.jobs.pushgateway.url .Values.operator.pushgateway.url -}}
{{- with .Values.networkPolicy.jobs.pushgateway.to -}}
{{ include "sms-scraper.rule" (list "to" . (list $.Values.networkPolicy.jobs.pushgateway.port)) }}
{{- end -}}
{{- end -}}
{{- end }}
