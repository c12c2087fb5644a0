"""The peer: what somebody would write instead of a manifest. Fetches, stores in SQLite, pushes; no guard of any kind.

script.py PAGE_URL FILE PUSHGATEWAY_URL"""

import json
import sqlite3
import sys
import time
import urllib.request

page, file, gateway = sys.argv[1:]
started = time.time()
with urllib.request.urlopen(page, timeout=30) as answer:
    events = json.load(answer)["events"]
store = sqlite3.connect(file)
store.execute("PRAGMA journal_mode = WAL")
store.execute("CREATE TABLE IF NOT EXISTS events (id TEXT PRIMARY KEY, title TEXT, start TEXT, document TEXT)")
store.executemany(
    "INSERT INTO events VALUES (?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET title = excluded.title, "
    "start = excluded.start, document = excluded.document",
    [(event["id"], event["name"], event["starts_at"], json.dumps(event)) for event in events])
store.commit()
store.close()
metrics = (f"# TYPE script_events_processed_total counter\nscript_events_processed_total {len(events)}\n"
           f"# TYPE script_duration_seconds gauge\nscript_duration_seconds {time.time() - started}\n")
urllib.request.urlopen(urllib.request.Request(
    f"{gateway}/metrics/job/script/instance/bench", data=metrics.encode(), method="PUT"), timeout=5)
