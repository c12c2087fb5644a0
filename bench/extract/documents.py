"""Documents of N events in each format, the same in every run. IO: writes one folder.

documents.py FOLDER COUNT [COUNT...] writes FOLDER/COUNT/listing.json, listing.html, calendar.ics, feed.xml, atom.xml and
page.html (JSON-LD). Sizes are those of the wild: 600 to 900 bytes an event, with parts that no manifest asks for.
"""

import datetime
import html
import json
import pathlib
import random
import sys

FIRST = datetime.datetime(2026, 5, 1, 19, 30)
BANDS = ["The Loud Neighbours", "Quiet Please", "Señor Ruído", "Paper Lanterns", "Salt & Cedar", "Night Ferry",
         "Copper Kettle", "Žluté Balónky", "Two Left Feet", "Gravel Road Choir"]
VENUES = [("The Blue Room", "1413 NW 56th St"), ("Harbour Hall", "200 Pier Ave"), ("Café Größenwahn", "9 Union St"),
          ("Old Mill", "77 River Rd")]
TAGS = ["music", "comedy", "theatre", "family", "dance", "film"]
WORDS = ("an evening of songs stories and slow dancing with friends from near and far doors open early seats are few "
         "bring a coat the garden is lovely after the rain tickets at the door or online all ages welcome").split()


def events(count):
    """The events as the documents tell them. Neither tags nor entities stand in the texts: a peer leaves them alone."""
    chance = random.Random(20260501)
    for number in range(count):
        start = FIRST + datetime.timedelta(days=number % 300, minutes=30 * chance.randrange(-4, 5))
        venue, street = chance.choice(VENUES)
        bands = chance.sample(BANDS, chance.randrange(1, 4))
        low = chance.randrange(5, 40)
        yield {
            "number": number, "id": f"event-{number:06}", "title": f"{bands[0]}, night {number}", "bands": bands,
            "start": start, "end": start + datetime.timedelta(hours=3), "venue": venue, "street": street,
            "text": " ".join(chance.choice(WORDS) for _ in range(chance.randrange(18, 34))).capitalize() + ".",
            "url": f"https://venue.example/shows/{number}?from=list", "image": f"https://cdn.example/images/{number}.jpg",
            "tickets": f"https://tickets.example/buy/{number}", "low": low, "high": low + chance.choice([0, 5, 10]),
            "tags": chance.sample(TAGS, 2), "cancelled": number % 25 == 7, "published": start - datetime.timedelta(days=40),
        }


def listing_json(found):
    """An API's answer: nested places and offers, and fields that nobody reads."""
    return json.dumps({"meta": {"page": 1, "total": len(found), "took": 0.013}, "events": [{
        "id": event["id"], "type": "event", "name": event["title"], "slug": f"night-{event['number']}",
        "starts_at": event["start"].isoformat() + "-07:00", "ends_at": event["end"].isoformat() + "-07:00",
        "venue": {"id": 7, "name": event["venue"], "timezone": "America/Los_Angeles",
                  "address": {"street": event["street"], "city": "Seattle", "state": "WA", "zip": "98107"},
                  "location": {"lat": 47.668, "lon": -122.376}},
        "description": event["text"], "performers": [{"name": band, "rank": rank} for rank, band in enumerate(event["bands"])],
        "images": [{"url": event["image"], "width": 1200, "height": 630}],
        "links": {"page": event["url"], "tickets": event["tickets"]},
        "price": {"min": event["low"], "max": event["high"], "currency": "USD"},
        "cancelled": event["cancelled"], "tags": event["tags"],
    } for event in found]}, ensure_ascii=False)


def listing_html(found):
    """A page of cards, indented as templates leave it."""
    cards = "".join(f"""
        <article class="card event-card {event['tags'][0]}" id="{event['id']}" data-index="{event['number']}">
          <a class="thumb" href="{event['url']}" aria-hidden="true" tabindex="-1">
            <img src="{event['image']}" alt="" width="400" height="210" loading="lazy">
          </a>
          <div class="card-body">
            <h3 class="title"><a href="{event['url']}">{html.escape(event['title'])}</a></h3>
            <p class="meta">
              <time class="date" datetime="{event['start'].isoformat()}-07:00">{event['start']:%a, %b %d, %Y}</time>
              <span class="sep">&middot;</span>
              <span class="venue">{html.escape(event['venue'])}</span>
            </p>
            <p class="teaser">{event['text']}</p>
            <div class="offers"><span class="price">${event['low']}</span>
              <a class="button tickets" href="{event['tickets']}" rel="noopener">Tickets</a></div>
          </div>
        </article>""" for event in found)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>What is on</title><link rel="stylesheet" href="/style.css">
</head><body><header><nav><ul><li><a href="/">Home</a></li><li><a href="/shows">Shows</a></li></ul></nav></header>
<main><section class="listing">{cards}
</section></main><footer><p>Venue &copy; 2026</p></footer></body></html>
"""


def folded(line):
    """A content line in pieces of at most 75 bytes (RFC 5545, 3.1)."""
    pieces, rest = [], line
    while len(rest.encode()) > 73:
        end = 73
        while len(rest[:end].encode()) > 73:
            end -= 1
        pieces.append(rest[:end])
        rest = rest[end:]
    return "\r\n ".join([*pieces, rest])


ZONE = """BEGIN:VTIMEZONE
TZID:America/Los_Angeles
BEGIN:DAYLIGHT
TZOFFSETFROM:-0800
TZOFFSETTO:-0700
TZNAME:PDT
DTSTART:20070311T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:-0700
TZOFFSETTO:-0800
TZNAME:PST
DTSTART:20071104T020000
RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
END:STANDARD
END:VTIMEZONE"""


def calendar(found):
    """A calendar: every tenth event recurs, with a date left out, and every thirtieth has one moved as well."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Venue//Calendar//EN", *ZONE.split("\n")]

    def component(event, start, end, uid, *extra):
        escape = lambda text: text.replace(",", "\\,")
        lines.extend(["BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20260420T080000Z", "SEQUENCE:1",
                      f"DTSTART;TZID=America/Los_Angeles:{start:%Y%m%dT%H%M%S}",
                      f"DTEND;TZID=America/Los_Angeles:{end:%Y%m%dT%H%M%S}", f"SUMMARY:{escape(event['title'])}",
                      f"LOCATION:{escape(event['venue'] + ', ' + event['street'])}", f"DESCRIPTION:{escape(event['text'])}",
                      f"URL:{event['url']}", f"CATEGORIES:{','.join(event['tags'])}",
                      "STATUS:" + ("CANCELLED" if event["cancelled"] else "CONFIRMED"), *extra,
                      "TRANSP:OPAQUE", "CREATED:20260401T080000Z", "LAST-MODIFIED:20260420T080000Z", "END:VEVENT"])

    for event in found:
        uid = f"{event['id']}@venue.example"
        extra = []
        week = datetime.timedelta(days=7)
        if event["number"] % 10 == 3:
            gone = event["start"] + 2 * week
            extra = [f"RRULE:FREQ=WEEKLY;COUNT={4 + event['number'] % 5}",
                     f"EXDATE;TZID=America/Los_Angeles:{gone:%Y%m%dT%H%M%S}"]
        component(event, event["start"], event["end"], uid, *extra)
        if event["number"] % 30 == 3:
            original, later = event["start"] + week, datetime.timedelta(hours=1)
            component(event, original + later, event["end"] + week + later, uid,
                      f"RECURRENCE-ID;TZID=America/Los_Angeles:{original:%Y%m%dT%H%M%S}")
    lines.append("END:VCALENDAR")
    return "".join(folded(line) + "\r\n" for line in lines)


def rss(found):
    items = "".join(f"""
    <item>
      <title>{html.escape(event['title'], quote=False)}</title>
      <link>{html.escape(event['url'])}</link>
      <guid isPermaLink="false">{event['id']}@venue.example</guid>
      <pubDate>{event['published']:%a, %d %b %Y %H:%M:%S} +0000</pubDate>
      <dc:creator>{html.escape(event['bands'][0], quote=False)}</dc:creator>
      <category>{event['tags'][0]}</category>
      <category>{event['tags'][1]}</category>
      <description>{event['text']}</description>
      <enclosure url="{event['image']}" length="48211" type="image/jpeg"/>
    </item>""" for event in found)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:atom="http://www.w3.org/2005/Atom">
  <channel>
    <title>What is on</title>
    <link>https://venue.example/</link>
    <description>Shows of the venue</description>
    <atom:link href="https://venue.example/feed" rel="self" type="application/rss+xml"/>{items}
  </channel>
</rss>
"""


def atom(found):
    entries = "".join(f"""
  <entry>
    <title>{html.escape(event['title'], quote=False)}</title>
    <link rel="alternate" type="text/html" href="{html.escape(event['url'])}"/>
    <id>tag:venue.example,2026:{event['id']}</id>
    <published>{event['published'].isoformat()}Z</published>
    <updated>{event['published'].isoformat()}Z</updated>
    <author><name>{html.escape(event['bands'][0], quote=False)}</name></author>
    <category term="{event['tags'][0]}"/>
    <category term="{event['tags'][1]}"/>
    <summary>{event['text']}</summary>
  </entry>""" for event in found)
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom">
  <title>What is on</title>
  <id>https://venue.example/</id>
  <updated>2026-04-20T08:00:00Z</updated>
  <link rel="self" href="https://venue.example/feed"/>{entries}
</feed>
"""


def page(found):
    """A page that tells its events twice, as pages do: as cards, and as one script of JSON-LD."""
    data = [{
        "@context": "https://schema.org", "@type": "MusicEvent", "name": event["title"],
        "startDate": event["start"].isoformat() + "-07:00", "endDate": event["end"].isoformat() + "-07:00",
        "eventStatus": "https://schema.org/EventCancelled" if event["cancelled"] else "https://schema.org/EventScheduled",
        "location": {"@type": "Place", "name": event["venue"], "address": {
            "@type": "PostalAddress", "streetAddress": event["street"], "addressLocality": "Seattle",
            "addressRegion": "WA", "postalCode": "98107", "addressCountry": "US"}},
        "image": event["image"], "description": event["text"], "url": event["url"],
        "performer": [{"@type": "MusicGroup", "name": band} for band in event["bands"]],
        "offers": {"@type": "Offer", "price": str(event["low"]), "priceCurrency": "USD", "url": event["tickets"],
                   "availability": "https://schema.org/InStock"},
    } for event in found]
    cards = "".join(f"""
      <li class="card"><a href="{html.escape(event['url'])}"><img src="{event['image']}" alt="">
        <h3>{html.escape(event['title'])}</h3></a><p>{event['start']:%b %d} &middot; {html.escape(event['venue'])}</p></li>"""
                    for event in found)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>What is on</title>
<script type="application/ld+json">{json.dumps(data, ensure_ascii=False)}</script>
</head><body><main><ul>{cards}
</ul></main></body></html>
"""


def write(folder, count):
    """Writes the documents of `count` events."""
    found = list(events(count))
    target = pathlib.Path(folder) / str(count)
    target.mkdir(parents=True, exist_ok=True)
    texts = {"listing.json": listing_json(found), "listing.html": listing_html(found), "calendar.ics": calendar(found),
             "feed.xml": rss(found), "atom.xml": atom(found), "page.html": page(found)}
    for name, text in texts.items():
        (target / name).write_bytes(text.encode())
    return target


if __name__ == "__main__":
    for size in sys.argv[2:]:
        print(write(sys.argv[1], int(size)))
