"""Pages of generated events, and manifests that read them."""

import datetime
import html
import json

FIELDS = {
    "id": "id", "title": "name", "start": "starts_at", "end": "ends_at", "venue": "venue.name",
    "address": "venue.address", "description": "summary", "performers": "lineup", "url": "link",
    "image": "picture", "price": "price",
}


def events(count, version):
    """Events that lie in the future, 20 a day; with another version each of them is a changed one."""
    first = datetime.date.today() + datetime.timedelta(days=1)
    for number in range(count):
        day = first + datetime.timedelta(days=number // 20)
        yield {
            "id": f"event-{number}",
            "name": f"Show number {number} with The Loud Neighbours",
            "starts_at": f"{day}T20:00:00-07:00",
            "ends_at": f"{day}T23:00:00-07:00",
            "venue": {"name": "The Blue Room", "address": "1413 NW 56th St, Seattle, WA"},
            "summary": f"A night of music, edition {version}.",
            "lineup": ["The Loud Neighbours", "Quiet Please"],
            "link": f"/shows/{number}",
            "picture": f"/images/{number}.jpg",
            "price": "$10–$15",
        }


def render(kind, count, version):
    if kind == "json":
        return json.dumps({"events": list(events(count, version))})
    return "<!doctype html><title>Shows</title><main>" + "\n".join(
        f'<article id="{event["id"]}"><h2><a href="{event["link"]}">{html.escape(event["name"])}</a></h2>'
        f'<time datetime="{event["starts_at"]}">{event["starts_at"][:10]}</time>'
        f'<p class="summary">{event["summary"]}</p><p class="price">{event["price"]}</p>'
        f'<img src="{event["picture"]}"></article>'
        for event in events(count, version)) + "</main>"


def manifest(name, kind, url, count):
    if kind == "json":
        extract = {"json": {"items": ".events[]", "fields": {name: f".{path}" for name, path in FIELDS.items()}}}
    else:
        extract = {"html": {"items": "article", "fields": {
            "id": {"attribute": "id"}, "title": {"select": "h2"},
            "url": {"select": "h2 a", "attribute": "href"}, "start": {"select": "time", "attribute": "datetime"},
            "description": {"select": ".summary"}, "price": {"select": ".price"},
            "image": {"select": "img", "attribute": "src"}}}}
    # JSON is YAML too.
    return json.dumps({
        "apiVersion": "sms-scraper.dev/v1alpha1", "kind": "ScrapeSource", "metadata": {"name": name},
        "spec": {
            "schedule": "0 * * * *", "timeZone": "America/Los_Angeles",
            "fetch": {"url": url, "maxBodyBytes": 256 * 1024 * 1024},
            "extract": extract | {"maxItems": count},
        },
    })
