package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"sms-scraper.dev/bench/operator/api"
)

// source is what is read of one.
type source struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Status   api.Status        `json:"status"`
}

type page struct {
	Metadata metav1.ListMeta `json:"metadata"`
	Items    []source        `json:"items"`
}

func (s *source) isReady() bool {
	return meta.IsStatusConditionTrue(s.Status.Conditions, "Ready") &&
		s.Status.ObservedGeneration == s.Metadata.Generation && s.Status.CronJob != nil
}

type readiness struct {
	// Ready is how many sources are; First and Last are when the first and the last one became so.
	Ready int   `json:"ready"`
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// ready waits until all sources are, or gives how many are when the time is up.
func ready(server *server, size int, limit time.Duration) (readiness, error) {
	version, err := newest(server, sources)
	if err != nil {
		return readiness{}, err
	}
	var result readiness
	done := make(chan error, 1)
	seen := make(chan int64, 1024)
	go func() {
		are := make(map[string]bool, size)
		begun := sync.OnceFunc(started)
		see := func(event event[source]) bool {
			found := &event.Object
			version = found.Metadata.ResourceVersion
			if event.Type == "MODIFIED" && !are[found.Metadata.Name] && found.isReady() {
				are[found.Metadata.Name] = true
				seen <- time.Now().UnixNano()
			}
			return len(are) < size
		}
		for {
			// API servers end watches as they please.
			if err := watch(server, sources, version, begun, see); !errors.Is(err, io.EOF) {
				done <- err
				return
			}
		}
	}()
	timer := time.After(limit)
	for {
		select {
		case at := <-seen:
			if result.Ready == 0 {
				result.First = at
			}
			result.Ready++
			result.Last = at
			if result.Ready == size {
				return result, nil
			}
		case err := <-done:
			if err != nil {
				return result, fmt.Errorf("the watch ended: %w", err)
			}
			done = nil
		case <-timer:
			return result, nil
		}
	}
}

// newest is the version from which a watch shows what is new.
func newest(server *server, path string) (string, error) {
	var found page
	err := server.call("GET", path+"?limit=1", nil, &found)
	return found.Metadata.ResourceVersion, err
}
