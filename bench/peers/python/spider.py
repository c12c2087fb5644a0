"""The job as somebody would write it with Scrapy: a spider, an item pipeline that stores and pushes. IO.

scrapy runspider spider.py -a name=NAME -a page=PAGE_URL -a file=FILE -a gateway=PUSHGATEWAY_URL"""

import datetime

import scrapy

import event
import report
import store


class Storing:
    """Keeps the items of the spider; stores and pushes them when it closes."""

    @classmethod
    def from_crawler(cls, crawler):
        pipeline = cls()
        pipeline.crawler = crawler
        return pipeline

    def open_spider(self):
        self.started = datetime.datetime.now(datetime.UTC)
        self.events = []

    def process_item(self, item):
        self.events.append(item["event"])
        return item

    def close_spider(self):
        spider = self.crawler.spider
        runs, count, stored = store.save(spider.file, f"default/{spider.name}", self.started, self.events)
        report.push(spider.gateway, spider.name, runs, count, stored,
                    (datetime.datetime.now(datetime.UTC) - self.started).total_seconds())


class Events(scrapy.Spider):
    name = "events"
    # What `scrapy startproject` sets, and nothing that a job does not need.
    custom_settings = {
        "ROBOTSTXT_OBEY": True, "TELNETCONSOLE_ENABLED": False, "LOG_LEVEL": "WARNING", "COOKIES_ENABLED": False,
        "DOWNLOAD_MAXSIZE": 1 << 28, "DOWNLOAD_WARNSIZE": 0, "ITEM_PIPELINES": {Storing: 1},
    }

    def __init__(self, name, page, file, gateway):
        super().__init__(name)
        self.page, self.file, self.gateway = page, file, gateway

    async def start(self):
        yield scrapy.Request(self.page)

    def parse(self, response):
        for item in response.json()["events"]:
            yield {"event": event.mapped(item, response.url)}
