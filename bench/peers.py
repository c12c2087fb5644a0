"""Floors and peers of the store step: the same rows in the same tables by the databases' own means."""

import os
import re
import sqlite3
import subprocess
import time


def sqlite_upsert(source, target):
    """Seconds to upsert the rows that the store wrote, in one transaction, into a new file with the same tables."""
    store = sqlite3.connect(source)
    schema = [row[0] for row in store.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name IN ('sms_sources', 'sms_events') AND sql IS NOT NULL "
        "AND type IN ('table', 'index')")]
    columns = [row[1] for row in store.execute("PRAGMA table_info(sms_events)")]
    rows = store.execute("SELECT * FROM sms_events").fetchall()
    sources = store.execute("SELECT * FROM sms_sources").fetchall()
    store.close()
    copy = sqlite3.connect(target, isolation_level=None)
    copy.execute("PRAGMA journal_mode = WAL")
    copy.execute("PRAGMA synchronous = NORMAL")
    for statement in schema:
        copy.execute(statement)
    copy.executemany(f"INSERT INTO sms_sources VALUES ({marks(sources[0])})", sources)
    replaced = ", ".join(f"{name} = excluded.{name}" for name in columns if name not in ("source", "uid"))
    upsert = f"INSERT INTO sms_events VALUES ({marks(rows[0])}) ON CONFLICT (source, uid) DO UPDATE SET {replaced}"
    started = time.perf_counter()
    copy.execute("BEGIN IMMEDIATE")
    copy.executemany(upsert, rows)
    copy.execute("COMMIT")
    seconds = time.perf_counter() - started
    copy.close()
    return {"sqlite floor": seconds}


def marks(row):
    return ", ".join("?" * len(row))


class Postgres:
    """A server on loopback that trusts its user."""

    def __init__(self, programs, port):
        self.psql = [f"{programs}/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(port),
                     "-U", "sms"]
        self.dump = f"{programs}/pg_dump"
        self.port = port

    def url(self, database, port=None):
        return f"postgres://sms@127.0.0.1:{port or self.port}/{database}?sslmode=disable"

    def run(self, database, *statements):
        commands = [word for statement in statements for word in ("-c", statement)]
        return subprocess.run(self.psql + ["-d", database, "-A", "-t", *commands], check=True, text=True,
                              capture_output=True).stdout

    def create(self, database):
        self.run("postgres", f"CREATE DATABASE {database}")
        return database

    def drop(self, database):
        self.run("postgres", f"DROP DATABASE {database} WITH (FORCE)")

    def floors(self, database, file, with_inserts):
        """Seconds to bring the rows that the store wrote into an empty table with the same columns and indexes."""
        self.run(database, f"\\copy sms_events TO '{file}'", "CREATE TABLE copied (LIKE sms_events INCLUDING ALL)")
        seconds = {"postgres floor": self.timing(database, f"\\copy copied FROM '{file}'")}
        if with_inserts:
            dump = subprocess.run([self.dump, *self.psql[5:], "--inserts", "-a", "-t", "sms_events", database],
                                  check=True, text=True, capture_output=True).stdout
            statements = dump.replace("INSERT INTO public.sms_events ", "INSERT INTO public.copied ")
            self.run(database, "TRUNCATE copied")
            started = time.perf_counter()
            subprocess.run(self.psql + ["-d", database, "-1", "-f", "-"], input=statements, check=True, text=True,
                           stdout=subprocess.DEVNULL)
            seconds["postgres peer"] = time.perf_counter() - started
        os.remove(file)
        return seconds

    def timing(self, database, command):
        """Seconds that psql itself measures, so without its start."""
        words = subprocess.run(self.psql + ["-d", database], input=f"\\timing on\n{command}\n", check=True, text=True,
                               capture_output=True).stdout
        return float(re.search(r"Time: ([\d.]+) ms", words)[1]) / 1000
