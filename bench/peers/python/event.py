"""From an item of the page to an event, and to a row. Pure."""

import datetime
import hashlib
import json
import urllib.parse
import zoneinfo

ZONE = "America/Los_Angeles"


def mapped(item, page, zone=zoneinfo.ZoneInfo(ZONE)):
    """The event, its local dates and its start in UTC."""
    start = datetime.datetime.fromisoformat(item["starts_at"]).astimezone(zone)
    end = datetime.datetime.fromisoformat(item["ends_at"]).astimezone(zone)
    least, _, most = item["price"].partition("–")
    document = {
        "id": item["id"], "title": item["name"], "start": start.isoformat(), "end": end.isoformat(),
        "timeKnown": True, "timeZone": ZONE, "venue": item["venue"]["name"], "address": item["venue"]["address"],
        "description": item["summary"], "performers": item["lineup"],
        "url": urllib.parse.urljoin(page, item["link"]), "image": urllib.parse.urljoin(page, item["picture"]),
        "priceMin": float(least.lstrip("$")), "priceMax": float((most or least).lstrip("$")), "currency": "USD",
        "status": "scheduled",
    }
    return document, start, end


def row(source, event, now):
    """The row of the store."""
    document, start, end = event
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    return (source, hashlib.sha256(f"{source}\0{document['id']}".encode()).hexdigest()[:32],
            hashlib.sha256(text.encode()).hexdigest(), start.date().isoformat(), end.date().isoformat(),
            timestamp(start), text, now, now)


def timestamp(at):
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"
