{{/* What the schema cannot say: values that exclude each other. */}}

{{- define "sms-scraper.checks" -}}
{{- if and (gt (int .Values.operator.replicas) 1) (not .Values.operator.leaderElection.enabled) -}}
{{- fail "operator.replicas is above 1 while operator.leaderElection.enabled is false: without a leader there may be one replica only" -}}
{{- end -}}
{{- if and .Values.view.ingress.enabled (not .Values.view.ingress.hosts) -}}
{{- fail "view.ingress.enabled is true, but view.ingress.hosts is empty: name a host, such as {host: events.example.org}" -}}
{{- end -}}
{{- range .Values.jobs.env -}}
{{- if and (hasPrefix "SMS_" .name) (ne .name "SMS_LOG_FORMAT") -}}
{{- fail (printf "jobs.env: %s is set by the operator: use the value under jobs that is meant for it" .name) -}}
{{- end -}}
{{- end -}}
{{- if .Values.prometheusRule.disabled -}}
{{- $names := list -}}
{{- range $path, $_ := .Files.Glob "files/rules/*.yaml" -}}
{{- range (fromYaml ($.Files.Get $path)).groups -}}
{{- range .rules -}}
{{- $names = append $names (.alert | default .record) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- range .Values.prometheusRule.disabled -}}
{{- if not (has . $names) -}}
{{- fail (printf "prometheusRule.disabled: there is no alert or recording rule %s: there are %s" . (join ", " (sortAlpha $names))) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}
