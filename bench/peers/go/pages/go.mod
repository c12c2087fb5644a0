module sms-scraper.dev/bench/pages

go 1.25.0
