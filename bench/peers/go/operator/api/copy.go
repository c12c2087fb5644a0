// Deep copies, as controller-gen would write them. Pure.
package api

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"
)

// DeepCopyInto copies into another source.
func (in *ScrapeSource) DeepCopyInto(out *ScrapeSource) {
	*out = *in
	in.ObjectMeta.DeepCopyInto(&out.ObjectMeta)
	in.Spec.deepCopyInto(&out.Spec)
	in.Status.DeepCopyInto(&out.Status)
}

// DeepCopy copies a source.
func (in *ScrapeSource) DeepCopy() *ScrapeSource {
	out := new(ScrapeSource)
	in.DeepCopyInto(out)
	return out
}

// DeepCopyObject implements runtime.Object.
func (in *ScrapeSource) DeepCopyObject() runtime.Object { return in.DeepCopy() }

// DeepCopyObject implements runtime.Object.
func (in *ScrapeSourceList) DeepCopyObject() runtime.Object {
	out := &ScrapeSourceList{TypeMeta: in.TypeMeta}
	in.ListMeta.DeepCopyInto(&out.ListMeta)
	out.Items = make([]ScrapeSource, len(in.Items))
	for index := range in.Items {
		in.Items[index].DeepCopyInto(&out.Items[index])
	}
	return out
}

func (in *Spec) deepCopyInto(out *Spec) {
	*out = *in
	out.Fetch.Headers = slices.Clone(in.Fetch.Headers)
	if in.Extract.JSON != nil {
		out.Extract.JSON = &JSONExtract{Items: in.Extract.JSON.Items, Fields: maps.Clone(in.Extract.JSON.Fields)}
	}
	if in.Expect != nil {
		out.Expect = &Expect{MinEvents: copied(in.Expect.MinEvents)}
	}
	if in.Job != nil {
		out.Job = &JobSpec{
			ActiveDeadlineSeconds: copied(in.Job.ActiveDeadlineSeconds),
			BackoffLimit:          copied(in.Job.BackoffLimit),
		}
	}
}

// DeepCopyInto copies into another status.
func (in *Status) DeepCopyInto(out *Status) {
	*out = *in
	out.Conditions = slices.Clone(in.Conditions)
	out.CronJob = copied(in.CronJob)
}

func copied[T any](in *T) *T {
	if in == nil {
		return nil
	}
	out := *in
	return &out
}
