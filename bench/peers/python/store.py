"""Upsert into SQLite: the columns of the scraper, one transaction. IO."""

import datetime
import sqlite3

import event

SCHEMA = """
CREATE TABLE IF NOT EXISTS sms_events (
    source TEXT NOT NULL, uid TEXT NOT NULL, content_hash TEXT NOT NULL, start_on TEXT NOT NULL, end_on TEXT NOT NULL,
    start_at TEXT NOT NULL, document TEXT NOT NULL, first_seen TEXT NOT NULL, last_seen TEXT NOT NULL,
    present INTEGER NOT NULL DEFAULT 1, PRIMARY KEY (source, uid)
);
CREATE INDEX IF NOT EXISTS sms_events_present ON sms_events (source) WHERE present;
CREATE INDEX IF NOT EXISTS sms_events_start ON sms_events (source, start_on);
CREATE INDEX IF NOT EXISTS sms_events_end ON sms_events (source, end_on);
CREATE TABLE IF NOT EXISTS sms_runs (
    source TEXT NOT NULL, run TEXT NOT NULL, started_at TEXT NOT NULL, finished_at TEXT NOT NULL,
    outcome TEXT NOT NULL, processed INTEGER NOT NULL, PRIMARY KEY (source, run)
);
"""
UPSERT = """
INSERT INTO sms_events (source, uid, content_hash, start_on, end_on, start_at, document, first_seen, last_seen)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (source, uid) DO UPDATE SET content_hash = excluded.content_hash, start_on = excluded.start_on,
    end_on = excluded.end_on, start_at = excluded.start_at, document = excluded.document,
    last_seen = excluded.last_seen, present = 1
WHERE content_hash <> excluded.content_hash OR NOT present
"""


def save(file, source, started, events):
    """Stores the events and the run; gives the number of runs so far, of events, and of rows that changed."""
    now = event.timestamp(datetime.datetime.now(datetime.UTC))
    rows = [event.row(source, mapped, now) for mapped in events]
    store = sqlite3.connect(file, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = NORMAL")
    store.executescript(SCHEMA)
    store.execute("BEGIN IMMEDIATE")
    stored = store.executemany(UPSERT, rows).rowcount
    store.execute("INSERT INTO sms_runs VALUES (?, ?, ?, ?, 'Succeeded', ?)",
                  (source, started.isoformat(), event.timestamp(started), now, len(rows)))
    runs, = store.execute("SELECT count(*) FROM sms_runs WHERE source = ?", (source,)).fetchone()
    store.execute("COMMIT")
    store.close()
    return runs, len(rows), stored
