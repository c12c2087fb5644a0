package source

import (
	"sync"
	"time"
)

var zones sync.Map

// location gives a time zone; each file is read once.
func location(name string) (*time.Location, error) {
	if zone, found := zones.Load(name); found {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		zones.Store(name, zone)
	}
	return zone, err
}
