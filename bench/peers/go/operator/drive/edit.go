package main

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// scheduled is what is read of a CronJob.
type scheduled struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     struct {
		Schedule string `json:"schedule"`
	} `json:"spec"`
}

type edits struct {
	// Milliseconds from the PATCH of a source, as it is sent, to the CronJob as a watch shows it.
	Milliseconds []float64 `json:"milliseconds"`
}

// edit changes the schedule of `count` sources, one after another, or one at the beginning of each `every`; an operator follows, or
// this program itself if it is `alone`.
func edit(server *server, size, first, count int, every, limit time.Duration, alone bool) (edits, error) {
	version, err := newest(server, cronJobs)
	if err != nil {
		return edits{}, err
	}
	failed := make(chan error, count+1)
	if alone {
		from, err := newest(server, sources)
		if err != nil {
			return edits{}, err
		}
		watching := make(chan struct{})
		go react(server, from, func() { close(watching) }, failed)
		<-watching
	}
	var lock sync.Mutex
	waiting := map[string]chan time.Time{}
	ready := make(chan struct{})
	go func() {
		begun := func() { started(); close(ready) }
		_ = watch(server, cronJobs, version, begun, func(event event[scheduled]) bool {
			now := time.Now()
			key := event.Object.Metadata.Name + " " + event.Object.Spec.Schedule
			lock.Lock()
			defer lock.Unlock()
			if waiter, found := waiting[key]; found {
				delete(waiting, key)
				waiter <- now
			}
			return true
		})
	}()
	select {
	case <-ready:
	case <-time.After(limit):
		return edits{}, fmt.Errorf("no watch of CronJobs")
	}

	result := edits{Milliseconds: make([]float64, count)}
	deadline := time.Now().Add(limit)
	one := func(number int) error {
		target := name((first + number) * 7919 % size)
		schedule := fmt.Sprintf("%d %d 29 2 *", number%60, 1+number%23)
		seen := make(chan time.Time, 1)
		lock.Lock()
		waiting[target+" "+schedule] = seen
		lock.Unlock()
		sent := time.Now()
		body := fmt.Appendf(nil, `{"spec":{"schedule":%q}}`, schedule)
		if err := server.call(http.MethodPatch, sources+"/"+target, body, nil); err != nil {
			return err
		}
		select {
		case at := <-seen:
			result.Milliseconds[number] = at.Sub(sent).Seconds() * 1000
			return nil
		case err := <-failed:
			return err
		case <-time.After(time.Until(deadline)):
			return fmt.Errorf("CronJob %s did not get the schedule %s", target, schedule)
		}
	}
	if every == 0 {
		for number := range count {
			if err := one(number); err != nil {
				return result, err
			}
		}
		return result, nil
	}
	var group sync.WaitGroup
	errors := make(chan error, count)
	for number := range count {
		group.Go(func() { errors <- one(number) })
		time.Sleep(every)
	}
	group.Wait()
	for range count {
		if err := <-errors; err != nil {
			return result, err
		}
	}
	return result, nil
}
