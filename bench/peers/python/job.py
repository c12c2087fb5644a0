"""The job as somebody would write it in Python: requests, sqlite3, prometheus_client. No guard of any kind. IO.

job.py NAME PAGE_URL FILE PUSHGATEWAY_URL"""

import datetime
import sys

import requests

import event
import report
import store


def main():
    name, page, file, gateway = sys.argv[1:]
    started = datetime.datetime.now(datetime.UTC)
    answer = requests.get(page, timeout=30)
    answer.raise_for_status()
    events = [event.mapped(item, page) for item in answer.json()["events"]]
    runs, count, stored = store.save(file, f"default/{name}", started, events)
    report.push(gateway, name, runs, count, stored,
                (datetime.datetime.now(datetime.UTC) - started).total_seconds())
    print(count)


if __name__ == "__main__":
    main()
