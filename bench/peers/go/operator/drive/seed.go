package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"sms-scraper.dev/bench/operator/api"
)

func name(number int) string { return fmt.Sprintf("source-%06d", number) }

// manifest is a source of common size that runs once a day: nobody here makes Jobs of CronJobs.
func manifest(number int) api.ScrapeSource {
	return api.ScrapeSource{
		TypeMeta:   metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: "ScrapeSource"},
		ObjectMeta: metav1.ObjectMeta{Name: name(number), Namespace: "bench"},
		Spec: api.Spec{
			Schedule: fmt.Sprintf("%d %d * * *", number%60, number/60%24),
			TimeZone: "America/Los_Angeles",
			Fetch: api.Fetch{
				URL:     fmt.Sprintf("https://venue-%d.example/api/events?from=today&page=1", number),
				Method:  "GET",
				Headers: []api.Header{{Name: "Accept", Value: "application/json"}},
				Robots:  "respect",
			},
			Extract: api.Extract{JSON: &api.JSONExtract{
				Items: ".events[]",
				Fields: map[string]string{
					"title": ".title", "start": ".starts_at", "end": ".ends_at", "url": ".link",
					"location": ".venue.name", "description": ".text", "price": ".tickets.price",
				},
			}},
			Expect: &api.Expect{MinEvents: ptr.To(int64(3))},
		},
	}
}

// told is a status as many runs leave it.
func told(number int) []byte {
	return fmt.Appendf(nil, `{"status":{"lastSuccessTime":"2026-05-09T09:%02d:00Z","consecutiveFailures":%d,"totals":{`+
		`"runs":{"Succeeded":%d,"Unchanged":%d,"Failed":3},"processed":%d,"skipped":{"Duplicate":%d,"MissingStart":2},`+
		`"errors":{"fetch":3,"extract":1},"durationSeconds":%d.25,"durationBuckets":[0,4,%d,31,8,2,1,0,0,0,0,0,0]}}}`,
		number%60, number%3, 40+number%50, number%200, 1000+number, number%90, 50+number%100, number%70)
}

func seed(server *server, size, workers int, haveRun bool) error {
	namespace := []byte(`{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"bench"}}`)
	if err := server.call(http.MethodPost, "/api/v1/namespaces", namespace, nil); err != nil {
		return err
	}
	return side(size, workers, func(number int) error {
		body, err := json.Marshal(manifest(number))
		if err != nil {
			return err
		}
		if err := server.call(http.MethodPost, sources+"?fieldValidation=Strict", body, nil); err != nil || !haveRun {
			return err
		}
		return server.call(http.MethodPatch, sources+"/"+name(number)+"/status", told(number), nil)
	})
}
