package source

import (
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sms-scraper.dev/bench/operator/api"
)

// Applied brings the status to what it should be beside this CronJob. The next run is worked out anew only for a new spec.
func Applied(source *Valid, cronJob *batchv1.CronJob, now time.Time) {
	status := &source.Status
	if status.ObservedGeneration != source.Generation || status.NextRunTime == "" {
		status.NextRunTime = ""
		if !source.Spec.Suspend {
			status.NextRunTime = source.Schedule.Next(now.In(source.Zone)).UTC().Format(time.RFC3339)
		}
	}
	status.ObservedGeneration = source.Generation
	status.CronJob = &api.AppliedCronJob{
		Name:       cronJob.Name,
		UID:        string(cronJob.UID),
		Generation: cronJob.Generation,
	}
	set := func(name string, state metav1.ConditionStatus, reason, message string) {
		meta.SetStatusCondition(&status.Conditions, metav1.Condition{
			Type: name, Status: state, Reason: reason, Message: message, ObservedGeneration: source.Generation,
		})
	}
	if source.Spec.Suspend {
		set("Ready", metav1.ConditionTrue, "Suspended", "No scheduled runs: set spec.suspend to false to resume")
	} else {
		set("Ready", metav1.ConditionTrue, "Scheduled",
			fmt.Sprintf("Runs at %s (%s)", source.Spec.Schedule, source.Spec.TimeZone))
	}
	set("LastRunSucceeded", metav1.ConditionUnknown, "NoRunYet", "No run has finished yet")
	set("DataHealthy", metav1.ConditionUnknown, "NoRunYet", "No run has read events yet")
	set("MetricsPublished", metav1.ConditionUnknown, "NotConfigured",
		"No Pushgateway is configured: set pushgateway.url in the operator's job settings to push metrics")
}

// Refused says what is wrong with a source.
func Refused(source *api.ScrapeSource, problem error) {
	source.Status.ObservedGeneration = source.Generation
	meta.SetStatusCondition(&source.Status.Conditions, metav1.Condition{
		Type: "Ready", Status: metav1.ConditionFalse, Reason: "InvalidSource", Message: problem.Error(),
		ObservedGeneration: source.Generation,
	})
}
