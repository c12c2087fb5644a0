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

{{/* The bundled Pushgateway as a list of one peer, seen from a namespace: (list $ "music"). */}}
{{- define "sms-scraper.pushgatewayPeer" -}}
{{- $ := index . 0 -}}
- podSelector:
    matchLabels:
      {{- include "sms-scraper.selector" (list $ "pushgateway") | nindent 6 }}
  {{- $namespace := include "sms-scraper.namespace" $ }}
  {{- if ne $namespace (index . 1) }}
  namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ $namespace }}
  {{- end }}
{{- end }}

{{/* The way to the Pushgateway from a namespace, if there is one: (list $ "music"). */}}
{{- define "sms-scraper.pushgatewayRule" -}}
{{- $ := index . 0 -}}
{{- if include "sms-scraper.pushgatewayIsOurs" $ -}}
{{ include "sms-scraper.rule" (list "to" (include "sms-scraper.pushgatewayPeer" . | fromYamlArray) (list 9091)) }}
{{- else if or $.Values.jobs.pushgateway.url $.Values.operator.pushgateway.url -}}
{{- with $.Values.networkPolicy.jobs.pushgateway.to -}}
{{ include "sms-scraper.rule" (list "to" . (list $.Values.networkPolicy.jobs.pushgateway.port)) }}
{{- end -}}
{{- end -}}
{{- end }}
