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

// image is that of the Jobs.
const image = "registry.example/sms_scraper:1"

type span struct {
	Begin int64 `json:"begin"`
	End   int64 `json:"end"`
}

// floor sends the two writes of every source and nothing else: what they are is made ready before.
func floor(server *server, size, workers int) (span, error) {
	var list api.ScrapeSourceList
	if err := server.call(http.MethodGet, sources+"?resourceVersion=0", nil, &list); err != nil {
		return span{}, err
	}
	bodies := make([][]byte, len(list.Items))
	for index := range list.Items {
		list.Items[index].TypeMeta = metav1.TypeMeta{APIVersion: api.GroupVersion.String(), Kind: "ScrapeSource"}
		valid, err := checked.Validate(&list.Items[index])
		if err != nil {
			return span{}, err
		}
		cronJob, err := checked.CronJob(valid, image)
		if err != nil {
			return span{}, err
		}
		cronJob.TypeMeta = metav1.TypeMeta{APIVersion: "batch/v1", Kind: "CronJob"}
		if bodies[index], err = json.Marshal(cronJob); err != nil {
			return span{}, err
		}
		checked.Applied(valid, cronJob, time.Now())
		list.Items[index].ManagedFields = nil
	}
	begin := time.Now().UnixNano()
	err := side(len(bodies), workers, func(number int) error {
		var made batchv1.CronJob
		if err := server.call(http.MethodPost, cronJobs, bodies[number], &made); err != nil {
			return err
		}
		found := &list.Items[number]
		found.Status.CronJob.UID = string(made.UID)
		found.Status.CronJob.Generation = made.Generation
		body, err := json.Marshal(found)
		if err != nil {
			return err
		}
		return server.call(http.MethodPut, sources+"/"+found.Name+"/status", body, nil)
	})
	return span{begin, time.Now().UnixNano()}, err
}
