{{/* Settings of Jobs, as docs/reference/operator.md describes them, and where the Pushgateway is. */}}

{{/* Not empty if Jobs push to the bundled Pushgateway. */}}
{{- define "sms-scraper.pushgatewayIsOurs" -}}
{{- if and .Values.pushgateway.enabled (not .Values.jobs.pushgateway.url) }}true{{ end -}}
{{- end }}

{{- define "sms-scraper.pushgatewayUrl" -}}
{{- if include "sms-scraper.pushgatewayIsOurs" . -}}
http://{{ include "sms-scraper.fullname" . }}-pushgateway.{{ include "sms-scraper.namespace" . }}.svc:{{ .Values.pushgateway.service.port }}
{{- else -}}
{{ .Values.jobs.pushgateway.url }}
{{- end -}}
{{- end }}

{{- define "sms-scraper.jobSettings" -}}
{{- $jobs := .Values.jobs -}}
image: {{ include "sms-scraper.image" (list . $jobs.image) | quote }}
imagePullPolicy: {{ $jobs.image.pullPolicy }}
{{- range $field := list "imagePullSecrets" "serviceAccountName" "labels" "annotations" "nodeSelector" "tolerations" "affinity" "topologySpreadConstraints" "priorityClassName" "runtimeClassName" "resources" "env" "proxy" "log" }}
{{- with index $jobs $field }}
{{ toYaml (dict $field .) }}
{{- end }}
{{- end }}
runAsUser: {{ hasKey $jobs "runAsUser" | ternary (int64 $jobs.runAsUser) "null" }}
{{- if $jobs.caConfigMap.name }}
caConfigMap:
  name: {{ $jobs.caConfigMap.name }}
  key: {{ $jobs.caConfigMap.key }}
{{- end }}
store:
  secretName: {{ $jobs.store.secretName }}
{{- with include "sms-scraper.pushgatewayUrl" . }}
pushgateway:
  url: {{ . | quote }}
  {{- with $jobs.pushgateway.secretName }}
  secretName: {{ . }}
  auth: {{ $jobs.pushgateway.auth }}
  {{- end }}
{{- end }}
allowPrivateAddresses: {{ $jobs.allowPrivateAddresses }}
{{- end }}
