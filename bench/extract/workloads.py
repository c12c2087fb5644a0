"""What the suite measures: documents, manifests, peers and goals. Pure."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Peer:
    """Another program that reads the same document to the same fields."""

    name: str
    # How it is called: a kind of bench/peers/go/extract, a peer of bench/peers/python/extract.py, or jq.
    program: str
    argument: str
    # How many times its throughput the product has for its goal; None where there is none.
    goal: float | None
    # The distribution whose version is told.
    package: str


@dataclasses.dataclass(frozen=True)
class Workload:
    """One document through one manifest."""

    name: str
    title: str
    manifest: str
    document: str
    peers: tuple[Peer, ...]
    sizes: tuple[int, ...] = (1_000, 10_000)

    def quick(self):
        """The same with its smallest document alone."""
        return dataclasses.replace(self, sizes=self.sizes[:1])


JQ, GOJQ = "jq", "github.com/itchyny/gojq"
GOQUERY, GOFEED = "github.com/PuerkitoBio/goquery", "github.com/mmcdole/gofeed"


def json_peers(mapping, jq, gojq, python):
    return (Peer("jq", "jq", mapping, jq, JQ), Peer("gojq", "gojq", mapping, gojq, GOJQ),
            Peer("Python json", "python", mapping, python, "python"))


def feed_peers():
    return (Peer("fastfeedparser", "python", "fastfeedparser", 1, "fastfeedparser"),
            Peer("feedparser", "python", "feedparser", 50, "feedparser"), Peer("gofeed", "go", "feed", 4, GOFEED))


WORKLOADS = (
    Workload("json-paths", "JSON, plain paths", "json-paths.yaml", "listing.json", json_peers("json-paths", 3, 2, 1.5)),
    Workload("json-program", "JSON, jq programs", "json-program.yaml", "listing.json",
             json_peers("json-program", 1, None, None)),
    Workload("html", "HTML, selectors", "html.yaml", "listing.html", (
        Peer("goquery", "go", "html", 1.5, GOQUERY), Peer("selectolax", "python", "selectolax", 1.5, "selectolax"),
        Peer("parsel", "python", "parsel", 6, "parsel"))),
    Workload("ical", "iCalendar, recurrence expanded", "ical.yaml", "calendar.ics", (
        Peer("icalendar + recurring-ical-events", "python", "icalendar", 30, "icalendar"),)),
    Workload("rss", "RSS", "rss.yaml", "feed.xml", feed_peers()),
    Workload("atom", "Atom", "atom.yaml", "atom.xml", feed_peers(), (1_000,)),
    Workload("json-ld", "JSON-LD in a page", "json-ld.yaml", "page.html", (
        Peer("extruct, every syntax (its default)", "python", "extruct", 30, "extruct"),
        Peer("extruct, JSON-LD alone", "python", "extruct-json-ld", 30, "extruct"))),
)
