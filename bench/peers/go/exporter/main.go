// The peer of the operator's exporter: the same series, held and served by client_golang. IO.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	from := flag.String("from", "", "file with the series to serve, in the text format")
	listen := flag.String("listen", "127.0.0.1:9898", "address")
	flag.Parse()
	file, err := os.Open(*from)
	if err != nil {
		return err
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(file)
	if err != nil {
		return err
	}
	registry := prometheus.NewRegistry()
	for _, family := range families {
		if err := registry.Register(collector(family)); err != nil {
			return err
		}
	}
	// The parsed families are garbage from here on.
	families = nil
	handler := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	http.Handle("/metrics", handler)
	server := http.Server{Addr: *listen, ReadHeaderTimeout: 10 * time.Second}
	return server.ListenAndServe()
}

// collector holds all series of a family: made once, as an instrumented program does it.
func collector(family *dto.MetricFamily) prometheus.Collector {
	names := []string{}
	for _, pair := range family.Metric[0].Label {
		names = append(names, pair.GetName())
	}
	switch family.GetType() {
	case dto.MetricType_COUNTER:
		counters := prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: family.GetName(), Help: family.GetHelp()}, names)
		for _, metric := range family.Metric {
			counters.WithLabelValues(values(metric)...).Add(metric.Counter.GetValue())
		}
		return counters
	case dto.MetricType_HISTOGRAM:
		return histograms(family, names)
	default:
		gauges := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: family.GetName(), Help: family.GetHelp()}, names)
		for _, metric := range family.Metric {
			gauges.WithLabelValues(values(metric)...).Set(metric.Gauge.GetValue())
		}
		return gauges
	}
}

func values(metric *dto.Metric) []string {
	values := make([]string, 0, len(metric.Label))
	for _, pair := range metric.Label {
		values = append(values, pair.GetValue())
	}
	return values
}

// constant serves metrics that were made before.
type constant struct {
	description *prometheus.Desc
	metrics     []prometheus.Metric
}

func (c *constant) Describe(descriptions chan<- *prometheus.Desc) { descriptions <- c.description }

func (c *constant) Collect(metrics chan<- prometheus.Metric) {
	for _, metric := range c.metrics {
		metrics <- metric
	}
}

func histograms(family *dto.MetricFamily, names []string) prometheus.Collector {
	made := &constant{description: prometheus.NewDesc(family.GetName(), family.GetHelp(), names, nil)}
	for _, metric := range family.Metric {
		histogram := metric.Histogram
		buckets := make(map[float64]uint64, len(histogram.Bucket))
		for _, bucket := range histogram.Bucket {
			buckets[bucket.GetUpperBound()] = bucket.GetCumulativeCount()
		}
		made.metrics = append(made.metrics, prometheus.MustNewConstHistogram(
			made.description, histogram.GetSampleCount(), histogram.GetSampleSum(), buckets, values(metric)...))
	}
	return made
}
