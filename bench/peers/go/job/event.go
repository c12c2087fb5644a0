// From an item of the page to an event. Pure.
package main

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

type item struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	StartsAt string `json:"starts_at"`
	EndsAt   string `json:"ends_at"`
	Venue    struct {
		Name    string `json:"name"`
		Address string `json:"address"`
	} `json:"venue"`
	Summary string   `json:"summary"`
	Lineup  []string `json:"lineup"`
	Link    string   `json:"link"`
	Picture string   `json:"picture"`
	Price   string   `json:"price"`
}

type event struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Start       string   `json:"start"`
	End         string   `json:"end"`
	TimeKnown   bool     `json:"timeKnown"`
	TimeZone    string   `json:"timeZone"`
	Venue       string   `json:"venue"`
	Address     string   `json:"address"`
	Description string   `json:"description"`
	Performers  []string `json:"performers"`
	URL         string   `json:"url"`
	Image       string   `json:"image"`
	PriceMin    float64  `json:"priceMin"`
	PriceMax    float64  `json:"priceMax"`
	Currency    string   `json:"currency"`
	Status      string   `json:"status"`

	startOn, endOn, startAt string
}

const zoneName = "America/Los_Angeles"

func mapAll(items []item, page string) ([]event, error) {
	base, err := url.Parse(page)
	if err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, err
	}
	events := make([]event, 0, len(items))
	for i := range items {
		mapped, err := mapOne(&items[i], base, zone)
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i, err)
		}
		events = append(events, mapped)
	}
	return events, nil
}

func mapOne(from *item, base *url.URL, zone *time.Location) (event, error) {
	start, err := time.Parse(time.RFC3339, from.StartsAt)
	if err != nil {
		return event{}, err
	}
	end, err := time.Parse(time.RFC3339, from.EndsAt)
	if err != nil {
		return event{}, err
	}
	link, err := base.Parse(from.Link)
	if err != nil {
		return event{}, err
	}
	image, err := base.Parse(from.Picture)
	if err != nil {
		return event{}, err
	}
	least, most, err := prices(from.Price)
	if err != nil {
		return event{}, err
	}
	start, end = start.In(zone), end.In(zone)
	return event{
		ID: from.ID, Title: from.Name, Start: start.Format(time.RFC3339), End: end.Format(time.RFC3339),
		TimeKnown: true, TimeZone: zoneName, Venue: from.Venue.Name, Address: from.Venue.Address,
		Description: from.Summary, Performers: from.Lineup, URL: link.String(), Image: image.String(),
		PriceMin: least, PriceMax: most, Currency: "USD", Status: "scheduled",
		startOn: start.Format(time.DateOnly), endOn: end.Format(time.DateOnly),
		startAt: start.UTC().Format("2006-01-02T15:04:05.000Z"),
	}, nil
}

// prices reads "$10" and "$10–$15".
func prices(text string) (float64, float64, error) {
	first, last, found := strings.Cut(text, "–")
	if !found {
		last = first
	}
	least, err := strconv.ParseFloat(strings.TrimPrefix(first, "$"), 64)
	if err != nil {
		return 0, 0, err
	}
	most, err := strconv.ParseFloat(strings.TrimPrefix(last, "$"), 64)
	return least, most, err
}
