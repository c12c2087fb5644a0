package main

import (
	"sync"
	"sync/atomic"
)

// side calls `work` for each number below `size`, `workers` of them side by side, and gives the first error.
func side(size, workers int, work func(int) error) error {
	var next atomic.Int64
	var group sync.WaitGroup
	errors := make(chan error, workers)
	for range workers {
		group.Go(func() {
			for number := int(next.Add(1)) - 1; number < size; number = int(next.Add(1)) - 1 {
				if err := work(number); err != nil {
					errors <- err
					return
				}
			}
		})
	}
	group.Wait()
	close(errors)
	return <-errors
}
