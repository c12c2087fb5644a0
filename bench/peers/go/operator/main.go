// The peer of sms_operator: the same reconcile on controller-runtime. IO.
package main

import (
	"flag"
	"fmt"
	"os"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"sms-scraper.dev/bench/operator/api"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	unlimited := flag.Bool("unlimited", false, "no limit on the rate of requests")
	workers := flag.Int("workers", 1, "sources that are reconciled side by side")
	strip := flag.Bool("strip", false, "keep no managedFields in the caches")
	consistent := flag.Bool("consistent", false, "reads wait until the caches have seen one's own writes")
	image := flag.String("image", "registry.example/sms_scraper:1", "image of the Jobs")
	metrics := flag.String("metrics", "0", "address of /metrics")
	flag.Parse()
	ctrl.SetLogger(zap.New())

	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := api.AddToScheme(scheme); err != nil {
		return err
	}
	config, err := ctrl.GetConfig()
	if err != nil {
		return err
	}
	if *unlimited {
		config.QPS = -1
	}
	options := ctrl.Options{
		Scheme:  scheme,
		Metrics: metricsserver.Options{BindAddress: *metrics},
		Client:  client.Options{Cache: &client.CacheOptions{EnableReadYourWritesConsistency: consistent}},
	}
	if *strip {
		options.Cache.DefaultTransform = cache.TransformStripManagedFields()
	}
	manager, err := ctrl.NewManager(config, options)
	if err != nil {
		return err
	}
	err = ctrl.NewControllerManagedBy(manager).
		For(&api.ScrapeSource{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Owns(&batchv1.CronJob{}, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: *workers}).
		Complete(&reconciler{Client: manager.GetClient(), image: *image})
	if err != nil {
		return err
	}
	return manager.Start(ctrl.SetupSignalHandler())
}
