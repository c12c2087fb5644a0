module sms-scraper.dev/bench/extract

go 1.26

require (
	github.com/PuerkitoBio/goquery v1.13.0
	github.com/andybalholm/cascadia v1.3.4
	github.com/itchyny/gojq v0.12.20
	github.com/mmcdole/gofeed v1.4.2
)

require (
	github.com/itchyny/timefmt-go v0.1.9 // indirect
	github.com/mmcdole/goxpp/v2 v2.0.0 // indirect
	golang.org/x/net v0.58.0 // indirect
	golang.org/x/text v0.41.0 // indirect
)
