// Peers in Go of the suite bench/extract: the same document to the same fields with gojq, goquery and gofeed. IO.
//
//	extract gojq DOCUMENT REPEATS PROGRAM
//	extract html|feed DOCUMENT REPEATS
//
// reads the document once without measuring, then REPEATS times more, and prints one JSON object with items and the
// seconds of all repeats (processor: of the whole process, its garbage collector included). With 0 repeats it prints
// the fields, an object a line.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/andybalholm/cascadia"
	"github.com/itchyny/gojq"
	"github.com/mmcdole/gofeed"
)

type item = map[string]any

func main() {
	if len(os.Args) < 4 {
		fail(fmt.Errorf("usage: extract KIND DOCUMENT REPEATS [PROGRAM]"))
	}
	body, err := os.ReadFile(os.Args[2])
	fail(err)
	repeats, err := strconv.Atoi(os.Args[3])
	fail(err)
	var read func([]byte) []item
	switch os.Args[1] {
	case "gojq":
		read = query(os.Args[4])
	case "html":
		read = page
	case "feed":
		read = feed
	default:
		fail(fmt.Errorf("unknown kind %q", os.Args[1]))
	}
	items := read(body)
	if repeats == 0 {
		out := json.NewEncoder(os.Stdout)
		out.SetEscapeHTML(false)
		for _, one := range items {
			fail(out.Encode(one))
		}
		return
	}
	count := len(items)
	wall, processor := time.Now(), processorTime()
	for range repeats {
		if len(read(body)) != count {
			fail(fmt.Errorf("a repeat read another number of items"))
		}
	}
	fail(json.NewEncoder(os.Stdout).Encode(map[string]any{
		"items": count, "processor": (processorTime() - processor).Seconds(), "wall": time.Since(wall).Seconds(),
	}))
}

// query gives what a jq program, compiled once, makes of a document.
func query(program string) func([]byte) []item {
	parsed, err := gojq.Parse(program)
	fail(err)
	code, err := gojq.Compile(parsed)
	fail(err)
	return func(body []byte) []item {
		var document any
		fail(json.Unmarshal(body, &document))
		var items []item
		outputs := code.Run(document)
		for {
			output, more := outputs.Next()
			if !more {
				return items
			}
			if problem, is := output.(error); is {
				fail(problem)
			}
			items = append(items, output.(item))
		}
	}
}

// The manifest's selectors, compiled once.
var (
	cards   = cascadia.MustCompile("article.event-card")
	collect = []struct {
		name      string
		selector  goquery.Matcher
		attribute string
	}{
		{"title", goquery.Single(".title a"), ""}, {"url", goquery.Single(".title a"), "href"},
		{"start", goquery.Single("time.date"), "datetime"}, {"venue", goquery.Single(".meta .venue"), ""},
		{"description", goquery.Single("p.teaser"), ""}, {"image", goquery.Single(".thumb img"), "src"},
		{"price", goquery.Single(".offers .price"), ""}, {"ticketUrl", goquery.Single("a.tickets"), "href"},
		{"day", goquery.Single(".meta .date"), ""},
	}
)

// page reads the cards of a page with the manifest's selectors.
func page(body []byte) []item {
	document, err := goquery.NewDocumentFromReader(bytes.NewReader(body))
	fail(err)
	var items []item
	document.FindMatcher(cards).Each(func(_ int, card *goquery.Selection) {
		fields := make(item, len(collect))
		for _, field := range collect {
			found := card.FindMatcher(field.selector)
			if field.attribute == "" {
				fields[field.name] = strings.TrimSpace(found.Text())
			} else if value, is := found.Attr(field.attribute); is {
				fields[field.name] = value
			}
		}
		items = append(items, fields)
	})
	return items
}

// feed reads the entries of RSS or Atom.
func feed(body []byte) []item {
	parsed, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	fail(err)
	items := make([]item, 0, len(parsed.Items))
	for _, entry := range parsed.Items {
		fields := item{
			"id": entry.GUID, "title": entry.Title, "url": entry.Link, "description": entry.Description,
			"categories": entry.Categories,
		}
		if entry.PublishedParsed != nil {
			fields["start"] = entry.PublishedParsed.UTC().Format(time.RFC3339)
		}
		if len(entry.Enclosures) > 0 {
			fields["image"] = entry.Enclosures[0].URL
		}
		items = append(items, fields)
	}
	return items
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	fail(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
