// One pass for one source: read from the caches, CronJob, status. IO.
package main

import (
	"context"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"sms-scraper.dev/bench/operator/api"
	"sms-scraper.dev/bench/operator/source"
)

type reconciler struct {
	client.Client
	image string
}

// Reconcile makes the cluster as the source wants it.
func (r *reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var found api.ScrapeSource
	if err := r.Get(ctx, request.NamespacedName, &found); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !found.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil
	}
	var before api.Status
	found.Status.DeepCopyInto(&before)
	valid, err := source.Validate(&found)
	if err != nil {
		source.Refused(&found, err)
		return ctrl.Result{}, r.writeStatus(ctx, &found, &before)
	}
	cronJob, err := r.apply(ctx, valid)
	if err != nil {
		return ctrl.Result{}, err
	}
	source.Applied(valid, cronJob, time.Now())
	return ctrl.Result{}, r.writeStatus(ctx, &found, &before)
}

// apply creates or updates the CronJob, unless it is as it was left.
func (r *reconciler) apply(ctx context.Context, valid *source.Valid) (*batchv1.CronJob, error) {
	desired, err := source.CronJob(valid, r.image)
	if err != nil {
		return nil, err
	}
	var current batchv1.CronJob
	err = r.Get(ctx, client.ObjectKeyFromObject(desired), &current)
	if apierrors.IsNotFound(err) {
		return desired, r.Create(ctx, desired)
	}
	if err != nil {
		return nil, err
	}
	known := valid.Status.CronJob
	isUntouched := known == nil || (known.UID == string(current.UID) && known.Generation == current.Generation)
	if isUntouched && metav1.IsControlledBy(&current, valid) &&
		current.Annotations[source.SpecHash] == desired.Annotations[source.SpecHash] {
		return &current, nil
	}
	desired.ResourceVersion = current.ResourceVersion
	return desired, r.Update(ctx, desired)
}

func (r *reconciler) writeStatus(ctx context.Context, found *api.ScrapeSource, before *api.Status) error {
	if equality.Semantic.DeepEqual(&found.Status, before) {
		return nil
	}
	return r.Status().Update(ctx, found)
}
