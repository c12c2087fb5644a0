// Package source checks a ScrapeSource and makes what belongs to it. Pure.
package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"sms-scraper.dev/bench/operator/api"
)

// Valid is a source that was checked.
type Valid struct {
	*api.ScrapeSource
	Schedule cron.Schedule
	Zone     *time.Location
	Deadline int64
	Backoff  int32
	JSON     string
}

// Validate checks what a CronJob needs.
func Validate(source *api.ScrapeSource) (*Valid, error) {
	schedule, err := cron.ParseStandard(source.Spec.Schedule)
	if err != nil {
		return nil, fmt.Errorf("spec.schedule: %w", err)
	}
	zone, err := location(source.Spec.TimeZone)
	if err != nil {
		return nil, fmt.Errorf("spec.timeZone: %w", err)
	}
	address, err := url.Parse(source.Spec.Fetch.URL)
	if err != nil || (address.Scheme != "http" && address.Scheme != "https") || address.Host == "" {
		return nil, fmt.Errorf("spec.fetch.url: %q is no web address", source.Spec.Fetch.URL)
	}
	if source.Spec.Extract.JSON == nil || len(source.Spec.Extract.JSON.Fields) == 0 {
		return nil, fmt.Errorf("spec.extract: names no fields")
	}
	text, err := travel(source)
	if err != nil {
		return nil, err
	}
	valid := &Valid{ScrapeSource: source, Schedule: schedule, Zone: zone, Deadline: 600, Backoff: 1, JSON: text}
	if job := source.Spec.Job; job != nil {
		if job.ActiveDeadlineSeconds != nil {
			valid.Deadline = *job.ActiveDeadlineSeconds
		}
		if job.BackoffLimit != nil {
			valid.Backoff = *job.BackoffLimit
		}
	}
	return valid, nil
}

type travelling struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Metadata   identity `json:"metadata"`
	Spec       api.Spec `json:"spec"`
}

type identity struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

// travel gives the source as its Job reads it: without status, and with every $ doubled for the kubelet.
func travel(source *api.ScrapeSource) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(travelling{
		APIVersion: api.GroupVersion.String(),
		Kind:       "ScrapeSource",
		Metadata:   identity{Name: source.Name, Namespace: source.Namespace},
		Spec:       source.Spec,
	})
	return strings.ReplaceAll(strings.TrimSuffix(text.String(), "\n"), "$", "$$"), err
}
