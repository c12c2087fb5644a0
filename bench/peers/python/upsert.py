"""Peers of the store step: the same events into the same tables, as a person would write it in Python. IO.

upsert.py KIND TARGET EVENTS LEG stores the events of an NDJSON file (from `bench_store events`) in one transaction: rows
that differ are written, the rest is left alone, the run gets its row. It prints the seconds of that (wall, and processor
of this process), as bench_store does. KIND is sqlite-executemany, postgres-executemany or postgres-copy; TARGET a file or
a connection string, whose tables are there already.
"""

import datetime
import json
import sqlite3
import sys
import time

SOURCE = "default/bench"
COLUMNS = ("source", "uid", "content_hash", "start_on", "end_on", "start_at", "document", "first_seen", "last_seen")
POSTGRES_COLUMNS = COLUMNS + ("end_at",)
UTC = datetime.timezone.utc


def moment(text):
    return datetime.datetime.fromisoformat(text)


def moment_text(time):
    return time.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def sqlite_rows(events, now):
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for identified in events:
        event = identified["event"]
        start, end = event["start"], event["end"]
        yield (SOURCE, identified["uid"], identified["contentHash"], start[:10], max(start[:10], end[:10]),
               moment_text(moment(start)), dumps(event), now, now)


def postgres_rows(events, now):
    dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
    for identified in events:
        event = identified["event"]
        start, end = event["start"], event["end"]
        yield (SOURCE, identified["uid"], identified["contentHash"], start[:10], max(start[:10], end[:10]),
               start, dumps(event), now, now, end)


def upsert(values, columns, true):
    """An upsert that leaves alone what is as it was."""
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns
                         if name not in ("source", "uid", "first_seen"))
    return (f"INSERT INTO sms_events ({', '.join(columns)}) {values} ON CONFLICT (source, uid) DO UPDATE SET {replaced}, "
            f"present = {true}, missed_runs = 0, missed_spec = NULL, removed_at = NULL "
            "WHERE sms_events.content_hash <> excluded.content_hash OR sms_events.removed_at IS NOT NULL "
            "OR NOT sms_events.present")


def sqlite_executemany(target, events, leg, now):
    store = sqlite3.connect(target, isolation_level=None)
    store.execute("PRAGMA journal_mode = WAL")
    store.execute("PRAGMA synchronous = NORMAL")
    store.execute("PRAGMA cache_size = -8000")
    count = "SELECT count(*) FROM sms_events WHERE source = ?"
    marks = f"VALUES ({', '.join('?' * len(COLUMNS))})"
    with Clock() as clock:
        store.execute("BEGIN IMMEDIATE")
        before, = store.execute(count, (SOURCE,)).fetchone()
        written = store.executemany(upsert(marks, COLUMNS, "1"), sqlite_rows(events, now)).rowcount
        after, = store.execute(count, (SOURCE,)).fetchone()
        report = json.dumps({"run": leg, "new": after - before, "updated": written - after + before})
        store.execute("INSERT INTO sms_runs VALUES (?, ?, ?, ?, 'Succeeded', 1, ?, ?)",
                      (SOURCE, leg, now, now, len(events), report))
        store.execute("COMMIT")
    store.close()
    return clock, after - before, written


def postgres(target, leg, now, write):
    import psycopg
    count = "SELECT count(*) FROM sms_events WHERE source = %s"
    with psycopg.connect(target, autocommit=True) as store:
        with Clock() as clock, store.transaction(), store.cursor() as cursor:
            before, = cursor.execute(count, (SOURCE,)).fetchone()
            written = write(cursor)
            after, = cursor.execute(count, (SOURCE,)).fetchone()
            report = json.dumps({"run": leg, "new": after - before, "updated": written - after + before})
            cursor.execute("INSERT INTO sms_runs VALUES (%s, %s, %s, %s, 'Succeeded', true, %s, %s)",
                           (SOURCE, leg, now, now, after, report))
        return clock, after - before, written


def postgres_executemany(target, events, leg, now):
    def write(cursor):
        marks = f"VALUES ({', '.join(['%s'] * len(POSTGRES_COLUMNS))})"
        cursor.executemany(upsert(marks, POSTGRES_COLUMNS, "true"), postgres_rows(events, now))
        return cursor.rowcount
    return postgres(target, leg, now, write)


def postgres_copy(target, events, leg, now):
    names = ", ".join(POSTGRES_COLUMNS)

    def write(cursor):
        cursor.execute(f"CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS SELECT {names} FROM sms_events WITH NO DATA")
        with cursor.copy(f"COPY incoming ({names}) FROM STDIN") as copy:
            for row in postgres_rows(events, now):
                copy.write_row(row)
        cursor.execute(upsert(f"SELECT {names} FROM incoming", POSTGRES_COLUMNS, "true"))
        return cursor.rowcount
    return postgres(target, leg, now, write)


class Clock:
    """Seconds of a block."""

    def __enter__(self):
        self.wall, self.processor = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.wall, self.processor = time.perf_counter() - self.wall, time.process_time() - self.processor


KINDS = {"sqlite-executemany": sqlite_executemany, "postgres-executemany": postgres_executemany,
         "postgres-copy": postgres_copy}


def main():
    kind, target, path, leg = sys.argv[1:]
    with open(path) as lines:
        events = [json.loads(line) for line in lines]
    now = moment_text(datetime.datetime.now(UTC))
    clock, new, written = KINDS[kind](target, events, leg, now)
    expected = {"first": (len(events), len(events)), "unchanged": (0, 0)}[leg]
    if (new, written) != expected:
        sys.exit(f"{kind} {leg}: {new} new, {written} written, expected {expected}")
    print(json.dumps({"wall": clock.wall, "processor": clock.processor}))


if __name__ == "__main__":
    main()
