package main

import (
	"encoding/json"
	"net/http"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sms-scraper.dev/bench/operator/api"
	checked "sms-scraper.dev/bench/operator/source"
)

// react sends the two writes of every source that is changed, as soon as a watch shows it, and does nothing else: the floor of
// an edit.
func react(server *server, version string, begun func(), failed chan<- error) {
	failed <- watch(server, sources, version, begun, func(event event[api.ScrapeSource]) bool {
		found := event.Object
		if event.Type == "MODIFIED" && found.Status.ObservedGeneration != found.Generation {
			go func() {
				if err := follow(server, &found); err != nil {
					failed <- err
				}
			}()
		}
		return true
	})
}

func follow(server *server, found *api.ScrapeSource) error {
	found.TypeMeta = metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: "ScrapeSource"}
	valid, err := checked.Validate(found)
	if err != nil {
		return err
	}
	desired, err := checked.CronJob(valid, image)
	if err != nil {
		return err
	}
	desired.TypeMeta = metav1.TypeMeta{APIVersion: "batch/v1", Kind: "CronJob"}
	body, err := json.Marshal(desired)
	if err != nil {
		return err
	}
	var changed batchv1.CronJob
	if err := server.call(http.MethodPut, cronJobs+"/"+found.Name, body, &changed); err != nil {
		return err
	}
	checked.Applied(valid, &changed, time.Now())
	found.ManagedFields = nil
	if body, err = json.Marshal(found); err != nil {
		return err
	}
	return server.call(http.MethodPut, sources+"/"+found.Name+"/status", body, nil)
}
