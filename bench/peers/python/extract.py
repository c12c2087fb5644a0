"""Peers in Python of the suite bench/extract: the same document to the same fields. IO: reads a file, prints.

extract.py PEER DOCUMENT REPEATS reads the document once without measuring, then REPEATS times more, and prints one JSON
object with items and the seconds of all repeats. With 0 repeats it prints the fields, an object a line. Each peer is used
as its own documentation has it, with everything that can be made once made once.
"""

import datetime
import json
import pathlib
import sys
import time

FROM = datetime.datetime(2026, 4, 30, tzinfo=datetime.timezone.utc)
UNTIL = datetime.datetime(2027, 5, 1, tzinfo=datetime.timezone.utc)


def json_paths():
    def read(body):
        return [{
            "id": event["id"], "title": event["name"], "start": event["starts_at"], "end": event["ends_at"],
            "venue": event["venue"]["name"], "address": event["venue"]["address"]["street"],
            "description": event["description"], "url": event["links"]["page"], "ticketUrl": event["links"]["tickets"],
            "image": event["images"][0]["url"], "priceMin": event["price"]["min"], "priceMax": event["price"]["max"],
            "currency": event["price"]["currency"], "categories": event["tags"],
        } for event in json.loads(body)["events"]]
    return read


def json_program():
    def address(venue):
        return ", ".join((venue["street"], venue["city"], venue["state"]))

    def read(body):
        return [{
            "id": "api-" + event["id"], "title": event["name"].split(", ")[0], "start": event["starts_at"],
            "end": event["ends_at"], "venue": event["venue"]["name"] + " (" + event["venue"]["address"]["city"] + ")",
            "address": address(event["venue"]["address"]), "description": event["description"],
            "performers": [one["name"] for one in event["performers"] if one["rank"] < 2], "url": event["links"]["page"],
            "ticketUrl": event["links"]["tickets"], "image": event["images"][0]["url"], "priceMin": event["price"]["min"],
            "priceMax": max(event["price"]["max"], event["price"]["min"]),
            "categories": [tag.upper() for tag in event["tags"]],
        } for event in json.loads(body)["events"] if not event["cancelled"]]
    return read


TEXTS = {"title": ".title a", "venue": ".meta .venue", "description": "p.teaser", "price": ".offers .price",
         "day": ".meta .date"}
ATTRIBUTES = {"url": (".title a", "href"), "start": ("time.date", "datetime"), "image": (".thumb img", "src"),
              "ticketUrl": ("a.tickets", "href")}


def selectolax():
    from selectolax.lexbor import LexborHTMLParser

    def card(node):
        fields = {name: node.css_first(css).text(strip=True) for name, css in TEXTS.items()}
        for name, (css, attribute) in ATTRIBUTES.items():
            fields[name] = node.css_first(css).attributes[attribute]
        return fields

    return lambda body: [card(node) for node in LexborHTMLParser(body).css("article.event-card")]


def parsel():
    import parsel as library
    from parsel import csstranslator

    # Selector.css translates each time it is called, from a cache; XPath that was translated before is faster still.
    to_xpath = csstranslator.HTMLTranslator().css_to_xpath
    cards = to_xpath("article.event-card")
    fields = {name: to_xpath(css + "::text") for name, css in TEXTS.items()}
    fields |= {name: to_xpath(f"{css}::attr({attribute})") for name, (css, attribute) in ATTRIBUTES.items()}

    def read(body):
        page = library.Selector(body=body, encoding="utf-8")
        return [{name: card.xpath(path).get().strip() for name, path in fields.items()} for card in page.xpath(cards)]
    return read


def icalendar():
    import icalendar as library
    import recurring_ical_events

    def text(value):
        return None if value is None else str(value)

    def occurrence(event):
        return {
            "id": text(event.get("UID")), "title": text(event.get("SUMMARY")), "venue": text(event.get("LOCATION")),
            "description": text(event.get("DESCRIPTION")), "url": text(event.get("URL")),
            "status": text(event.get("STATUS")).lower(), "categories": [str(one) for one in event["CATEGORIES"].cats],
            "start": event.start.isoformat(), "end": event.end.isoformat(),
        }

    def read(body):
        calendar = library.Calendar.from_ical(body)
        return [occurrence(event) for event in recurring_ical_events.of(calendar).between(FROM, UNTIL)]
    return read


def fastfeedparser():
    import fastfeedparser as library

    def entry(found):
        fields = {
            "id": found.get("id"), "title": found.get("title"), "url": found.get("link"),
            "description": found.get("description"), "start": found.get("published"),
            "categories": [tag["term"] for tag in found.get("tags", [])],
        }
        if enclosures := found.get("enclosures"):
            fields["image"] = enclosures[0]["url"]
        return fields

    return lambda body: [entry(found) for found in library.parse(body).entries]


def feedparser():
    import feedparser as library

    def entry(found):
        fields = {
            "id": found.get("id"), "title": found.get("title"), "url": found.get("link"),
            "description": found.get("summary"), "categories": [tag.term for tag in found.get("tags", [])],
            "start": time.strftime("%Y-%m-%dT%H:%M:%SZ", found.published_parsed),
        }
        if found.get("enclosures"):
            fields["image"] = found.enclosures[0].href
        return fields

    return lambda body: [entry(found) for found in library.parse(body).entries]


def event_of_json_ld(found):
    place, offer = found["location"], found["offers"]
    where = place["address"]
    return {
        "title": found["name"], "start": found["startDate"], "end": found["endDate"], "url": found["url"],
        "image": found["image"], "description": found["description"], "venue": place["name"],
        "address": f'{where["streetAddress"]}, {where["addressLocality"]}, {where["addressRegion"]} {where["postalCode"]}',
        "performers": [one["name"] for one in found["performer"]], "priceMin": float(offer["price"]),
        "currency": offer["priceCurrency"], "ticketUrl": offer["url"],
    }


def extruct():
    """What its documentation begins with: every syntax that it knows."""
    import extruct as library

    return lambda body: [event_of_json_ld(found) for found in library.extract(body, encoding="utf-8")["json-ld"]]


def extruct_json_ld():
    from extruct.jsonld import JsonLdExtractor

    extractor = JsonLdExtractor()
    return lambda body: [event_of_json_ld(found) for found in extractor.extract(body, encoding="utf-8")]


PEERS = {peer.__name__.replace("_", "-"): peer for peer in (
    json_paths, json_program, selectolax, parsel, icalendar, fastfeedparser, feedparser, extruct, extruct_json_ld)}


def main():
    peer, document, repeats = sys.argv[1], pathlib.Path(sys.argv[2]), int(sys.argv[3])
    body = document.read_bytes()
    read = PEERS[peer]()
    items = read(body)
    if repeats == 0:
        for item in items:
            print(json.dumps(item, ensure_ascii=False))
        return
    count = len(items)
    del items
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(repeats):
        if len(read(body)) != count:
            sys.exit("a repeat read another number of items")
    print(json.dumps({"items": count, "processor": time.process_time() - processor, "wall": time.perf_counter() - wall}))


if __name__ == "__main__":
    main()
