// Package api holds the ScrapeSource kind, as far as the sources of the benchmark use it. Pure.
package api

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// GroupVersion of the kind.
var GroupVersion = schema.GroupVersion{Group: "sms-scraper.dev", Version: "v1alpha1"}

// AddToScheme registers the kind.
func AddToScheme(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &ScrapeSource{}, &ScrapeSourceList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}

// ScrapeSource is one source of events.
type ScrapeSource struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`
	Spec              Spec   `json:"spec"`
	Status            Status `json:"status,omitempty"`
}

// ScrapeSourceList is a list of them.
type ScrapeSourceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ScrapeSource `json:"items"`
}

// Spec has its fields in the order in which they travel to the Job.
type Spec struct {
	APIName  string   `json:"apiName,omitempty"`
	Schedule string   `json:"schedule"`
	TimeZone string   `json:"timeZone"`
	Cadence  string   `json:"cadence,omitempty"`
	Suspend  bool     `json:"suspend"`
	Fetch    Fetch    `json:"fetch"`
	Extract  Extract  `json:"extract"`
	Expect   *Expect  `json:"expect,omitempty"`
	Job      *JobSpec `json:"job,omitempty"`
}

// Fetch says how a page is fetched.
type Fetch struct {
	URL     string   `json:"url"`
	Method  string   `json:"method"`
	Headers []Header `json:"headers,omitempty"`
	Robots  string   `json:"robots"`
}

// Header is one header of the request.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"`
}

// Extract says how events are read.
type Extract struct {
	JSON *JSONExtract `json:"json,omitempty"`
}

// JSONExtract reads JSON.
type JSONExtract struct {
	Items  string            `json:"items"`
	Fields map[string]string `json:"fields"`
}

// Expect says what a healthy run looks like.
type Expect struct {
	MinEvents *int64 `json:"minEvents,omitempty"`
}

// JobSpec holds settings of the Job.
type JobSpec struct {
	ActiveDeadlineSeconds *int64 `json:"activeDeadlineSeconds,omitempty"`
	BackoffLimit          *int32 `json:"backoffLimit,omitempty"`
}

// Status is what the operator knows.
type Status struct {
	ObservedGeneration  int64              `json:"observedGeneration,omitempty"`
	Conditions          []metav1.Condition `json:"conditions,omitempty"`
	ConsecutiveFailures int64              `json:"consecutiveFailures"`
	NextRunTime         string             `json:"nextRunTime,omitempty"`
	CronJob             *AppliedCronJob    `json:"cronJob,omitempty"`
}

// AppliedCronJob is the CronJob as the operator left it.
type AppliedCronJob struct {
	Name       string `json:"name"`
	UID        string `json:"uid"`
	Generation int64  `json:"generation"`
}
