// The job as somebody would write it in Go: GET, decode, map, upsert into SQLite, push. No guard of any kind. IO.
//
//	job NAME PAGE_URL FILE PUSHGATEWAY_URL
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
	"time"

	"encoding/json"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 5 {
		log.Fatal("usage: job NAME PAGE_URL FILE PUSHGATEWAY_URL")
	}
	name, address, file, gateway := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	started := time.Now()
	items, err := fetch(address)
	if err != nil {
		log.Fatal("page: ", err)
	}
	events, err := mapAll(items, address)
	if err != nil {
		log.Fatal("events: ", err)
	}
	counts, err := save(file, "default/"+name, started, events)
	if err != nil {
		log.Fatal("store: ", err)
	}
	if err := report(gateway, name, counts, time.Since(started)); err != nil {
		log.Fatal("push: ", err)
	}
	fmt.Println(len(events))
}

func fetch(address string) ([]item, error) {
	client := http.Client{Timeout: 30 * time.Second}
	answer, err := client.Get(address)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %s", answer.Status)
	}
	var page struct {
		Events []item `json:"events"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		return nil, err
	}
	return page.Events, nil
}
