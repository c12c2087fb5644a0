"""Compares what the legs stored, and makes the suite's tables, plots and goals. Reads SQLite files; else pure."""

import hashlib
import sqlite3
import statistics
import sys

INTRO = """`Store::commit_run` alone, by `bench/src/main.rs`: comparison with what is stored, upsert, removal, the row of the
run, commit. Fetching, extraction, the process and the connection are not in it. Events are in memory before the clock
starts, for every leg, and every leg writes into the same tables with the same indexes; the rows are compared before
anything counts. SQLite runs with WAL, `synchronous=NORMAL` and the same page cache for all; PostgreSQL with its default
settings, so every commit waits for the disk.

The floor of SQLite is a C program (`bench/peers/c/append.c`) with the same SQLite that appends rows that are made already
and compares nothing. The peers are Python's `sqlite3` with `executemany`, and psycopg with `executemany` (pipelined) and
with `COPY` into a temporary table and one upsert (`bench/peers/python/upsert.py`): they make the rows from the events, write
those that differ, and count. The processor time is that of the process, for PostgreSQL with all of the server's."""

SQLITE_DIGEST = """SELECT uid, content_hash, start_on, end_on, start_at, document, present, missed_runs, removed_at
                   FROM sms_events ORDER BY uid"""

GOALS = [("SQLite", "C append", 0.4), ("SQLite", "Python executemany", 2.5),
         ("PostgreSQL", "psycopg COPY + upsert", 1.0), ("PostgreSQL", "psycopg executemany", 2.0)]

WORDS = {"first": "first run", "unchanged": "nothing changed", "changed": "every event changed"}


def copy_schema(source, target):
    """Makes the tables of a store in a new file."""
    with sqlite3.connect(source) as store:
        statements = [sql for sql, in store.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY type = 'table' DESC")]
    store.close()
    copy = sqlite3.connect(target)
    for statement in statements:
        copy.execute(statement)
    copy.commit()
    copy.close()


def sqlite_digest(path):
    """Number of rows and a digest of what they hold."""
    store = sqlite3.connect(path)
    digest, rows = hashlib.sha256(), 0
    for row in store.execute(SQLITE_DIGEST):
        digest.update(repr(row).encode())
        rows += 1
    store.close()
    return rows, digest.hexdigest()


def agree(digests, count):
    """Ends the suite unless every leg stored the same rows."""
    if len(set(digests.values())) != 1 or {rows for rows, _ in digests.values()} != {count}:
        sys.exit(f"the legs do not store the same {count} rows: {digests}")


def median(figures, name="wall"):
    return statistics.median(figure[name] for figure in figures)


def spread(values, digits=0):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def rate_table(database, figures):
    rows = []
    for (of, count, leg), legs in figures.items():
        if of != database:
            continue
        for name, runs in legs.items():
            if name == "C append" and leg != "first":
                continue
            rows.append([f"{count:,}", WORDS[leg] if name != "C append" else "append", name,
                         spread([count / run["wall"] for run in runs]),
                         spread([run["processor"] / count * 1e6 for run in runs], 1)])
    return {"title": f"Storing in {database}", "note": "",
            "columns": ["events", "run", "program", "events/s", "processor, µs an event"], "rows": rows}


def memory_table(figures):
    rows = []
    for (database, count, leg), legs in figures.items():
        before, after = ([run[name] / 1024 for run in legs["sms_scraper"]] for name in ("residentBeforeKiB", "residentKiB"))
        grown = [most - held for most, held in zip(after, before)]
        rows.append([database, f"{count:,}", WORDS[leg], spread(before, 1), spread(grown, 1)])
    return {"title": "Memory of a commit", "note": "The largest resident memory before the commit (the events themselves), "
            "and what the commit adds to it.", "columns": ["store", "events", "run", "events, MiB", "commit, MiB"],
            "rows": rows}


def goals(figures, reasons):
    """Ratios of medians; above 1, the scraper is faster."""
    found = []
    for database, beside, least in GOALS:
        for (of, count, leg), legs in figures.items():
            if of != database or beside not in legs:
                continue
            workload = f"{database}, {count:,} events, {WORDS[leg]}"
            ratio = median(legs[beside]) / median(legs["sms_scraper"])
            spent = median(legs[beside], "processor") / median(legs["sms_scraper"], "processor")
            met = ratio >= least
            found.append({"workload": workload, "beside": beside, "goal": f"≥ {least:g}×",
                          "figure": f"{ratio:.2f}× (processor {spent:.2f}×)", "met": met,
                          "reason": "" if met else reasons.get(f"{workload} | {beside}", reasons.get(beside, ""))})
    return found


def plots(figures):
    found = []
    for (database, count, leg), legs in figures.items():
        if leg == "changed":
            continue
        bars = [{"label": name, "value": count / median(runs), "low": count / max(run["wall"] for run in runs),
                 "high": count / min(run["wall"] for run in runs)} for name, runs in legs.items()]
        found.append({"title": f"{database}, {count:,} events, {WORDS[leg]}", "unit": "events/s", "better": "more",
                      "bars": bars})
    return found


def document(figures, versions, reasons):
    databases = list(dict.fromkeys(database for database, _, _ in figures))
    return {"suite": "store", "title": "Storing", "intro": INTRO, "versions": versions,
            "tables": [rate_table(database, figures) for database in databases] + [memory_table(figures)],
            "plots": plots(figures), "goals": goals(figures, reasons)}
