"""The commands of the scraper and of its peers, and what they left in their stores. IO: builds peers, reads stores."""

import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import pages

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
NAMES = {"ours": "sms_scraper", "c": "C: a GET and a PUT, nothing else (floor)", "go": "Go: net/http, client_golang",
         "python": "Python: requests, prometheus_client", "scrapy": "Scrapy"}


def prepare(*words, tags=None):
    environment = os.environ | ({"GO_TAGS": tags} if tags else {})
    return subprocess.run([PEERS / "prepare", *words], env=environment, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


class Jobs:
    """Every job reads the page of a source, stores its events in a new file and pushes its metrics."""

    def __init__(self, scraper, folder):
        self.scraper, self.folder = scraper, pathlib.Path(folder)
        self.toolchain = subprocess.run([PEERS.parent.parent / "e2e/control-plane/toolchain"], stdout=subprocess.PIPE,
                                        text=True, check=True).stdout.strip()
        self.get_put = prepare("c", "get_put")
        self.go = {"cgo": prepare("go", "job", tags="sqlite_omit_load_extension osusergo netgo"),
                   "modernc": prepare("go", "job", tags="modernc osusergo netgo")}
        self.driver = "cgo"
        self.page_server = prepare("go", "pages")
        # Copied, so that compiled modules are kept beside the sources, as where it is installed, and not in this tree.
        self.sources = shutil.copytree(PEERS / "python", self.folder / "python")
        self.python = prepare("venv", str(PEERS / "python/job.txt"))
        self.scrapy = prepare("venv", str(PEERS / "python/scrapy.txt"))
        self.services = None

    def command(self, job, name, page, store):
        services = self.services
        url = f"{services.pages}/{page}"
        return {
            "ours": lambda: [self.scraper, "ingester", "--sources", str(self.folder / f"{name}.yaml"),
                             "--bypass-cadence", "--allow-private-addresses", "--store", f"sqlite://{store}",
                             "--pushgateway", services.gateway],
            "c": lambda: [self.get_put, str(services.pages_port), f"/{page}", str(services.gateway_port), name],
            "go": lambda: [self.go[self.driver], name, url, str(store), services.gateway],
            "python": lambda: [f"{self.python}/python", f"{self.sources}/job.py", name, url, str(store),
                               services.gateway],
            "scrapy": lambda: [f"{self.scrapy}/scrapy", "runspider", f"{self.sources}/spider.py", "-a", f"name={name}",
                               "-a", f"page={url}", "-a", f"file={store}", "-a", f"gateway={services.gateway}"],
        }[job]()

    def manifest(self, name, kind, page, count):
        text = pages.manifest(name, kind, f"{self.services.pages}/{page}", count)
        (self.folder / f"{name}.yaml").write_text(text)

    def page(self, name, kind, count, version=0):
        path = self.services.pages_folder / name
        path.write_text(pages.render(kind, count, version))
        return path


def rows(store):
    """What the stored rows say, whoever wrote them; ids and hashes are each job's own affair."""
    connection = sqlite3.connect(store)
    found = connection.execute("SELECT source, start_on, end_on, start_at, document FROM sms_events").fetchall()
    connection.close()
    return sorted((*columns, json.dumps(json.loads(document, parse_int=float), sort_keys=True))
                  for *columns, document in found)


def every_column(store):
    """Whole rows, with the columns that only a write changes."""
    connection = sqlite3.connect(store)
    found = set(connection.execute("SELECT * FROM sms_events").fetchall())
    connection.close()
    return found


def count(store):
    connection = sqlite3.connect(store)
    found, = connection.execute("SELECT count(*) FROM sms_events WHERE present").fetchone()
    connection.close()
    return found


def outcome(log):
    """Outcome and processed events of the scraper's run that wrote this log; it must have pushed."""
    for line in reversed(pathlib.Path(log).read_text().splitlines()):
        if '"report"' in line:
            fields = json.loads(line)
            report = json.loads(fields.get("fields", fields)["report"])
            assert report["metricsPushed"], report
            return report["outcome"], report["processed"]
    sys.exit("the run logged no report")


def remove(store):
    for file in pathlib.Path(store).parent.glob(pathlib.Path(store).name + "*"):
        file.unlink()
