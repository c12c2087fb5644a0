// The families that the scraper pushes, by client_golang. IO.
package main

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/push"
)

func report(gateway, name string, result counts, took time.Duration) error {
	registry := prometheus.NewRegistry()
	counter := func(name, help string, value float64) {
		metric := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
		metric.Add(value)
		registry.MustRegister(metric)
	}
	gauge := func(name, help string, value float64) {
		metric := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
		metric.Set(value)
		registry.MustRegister(metric)
	}
	now := float64(time.Now().Unix())
	counter("sms_events_processed_total", "Events accepted by the last successful run.", float64(result.events))
	counter("sms_events_skipped_total", "Items that the last successful run rejected.", 0)
	counter("sms_ingest_runs_total", "Runs of this API since its store began.", float64(result.runs))
	counter("sms_pipeline_errors_total", "Items and steps that failed in the last run.", 0)
	gauge("sms_last_run_success", "Whether the last run succeeded.", 1)
	gauge("sms_last_run_timestamp_seconds", "When the last run ended.", now)
	gauge("sms_last_success_timestamp_seconds", "When the last successful run ended.", now)
	gauge("sms_pipeline_duration_seconds", "Duration of the last run in seconds.", took.Seconds())

	events := prometheus.NewGaugeVec(
		prometheus.GaugeOpts{Name: "sms_last_run_events", Help: "Events of the last run by what became of them."},
		[]string{"outcome"})
	for outcome, count := range map[string]int64{
		"new": result.stored, "removed": 0, "skipped": 0, "unchanged": result.events - result.stored, "updated": 0,
	} {
		events.WithLabelValues(outcome).Set(float64(count))
	}
	info := prometheus.NewGaugeVec(
		prometheus.GaugeOpts{Name: "sms_source_info", Help: "The source that this group belongs to; always 1."},
		[]string{"installation", "name", "namespace"})
	info.WithLabelValues("local", name, "default").Set(1)
	registry.MustRegister(events, info)

	return push.New(gateway, "sms_scraper").Grouping("instance", name).Gatherer(registry).
		Client(&http.Client{Timeout: 5 * time.Second}).Push()
}
