// Drives the cluster of the benchmark: sources to begin with, the moment when all are ready, edits, and the floor. IO.
//
// Times are nanoseconds since 1970, so that whoever starts operators can compare them.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) < 2 {
		return fmt.Errorf("usage: drive seed|ready|edit|floor FLAGS")
	}
	flags := flag.NewFlagSet(os.Args[1], flag.ExitOnError)
	size := flags.Int("size", 1000, "number of sources")
	workers := flags.Int("workers", 16, "requests side by side")
	count := flags.Int("count", 200, "number of edits")
	every := flags.Duration("every", 0, "pause between the beginnings of two edits; none waits for the one before")
	limit := flags.Duration("limit", 10*time.Minute, "most time for all of it")
	first := flags.Int("first", 0, "how many sources were edited before")
	alone := flags.Bool("alone", false, "no operator runs: this program does what has to be done about an edit")
	haveRun := flags.Bool("have-run", false, "sources have totals of many runs in their status")
	if err := flags.Parse(os.Args[2:]); err != nil {
		return err
	}
	server, err := connect()
	if err != nil {
		return err
	}
	var result any
	switch os.Args[1] {
	case "seed":
		err = seed(server, *size, *workers, *haveRun)
	case "ready":
		result, err = ready(server, *size, *limit)
	case "edit":
		result, err = edit(server, *size, *first, *count, *every, *limit, *alone)
	case "floor":
		result, err = floor(server, *size, *workers)
	default:
		err = fmt.Errorf("no command %s", os.Args[1])
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

// started tells whoever waits on standard output that nothing will be missed from now on.
func started() { fmt.Println("started") }
