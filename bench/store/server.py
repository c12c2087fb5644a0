"""A PostgreSQL server of the suite's own, with its default settings: every commit waits for the disk. IO."""

import hashlib
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import sys
import time

DIGEST = """SELECT uid, content_hash, start_on, end_on, start_at AT TIME ZONE 'UTC', end_at AT TIME ZONE 'UTC',
                   document, present, missed_runs, removed_at FROM sms_events ORDER BY uid COLLATE "C" """


def server_programs():
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    initdb = found[-1] if found else shutil.which("initdb")
    if not initdb:
        sys.exit("the suite needs PostgreSQL's server programs (initdb, postgres)")
    return pathlib.Path(initdb).parent


class Postgres:
    def __init__(self, folder):
        self.programs = server_programs()
        self.folder = folder / "postgres"
        self.user = {}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]

    def __enter__(self):
        self.folder.mkdir()
        if os.getuid() == 0:  # It refuses to run as root.
            try:
                owner = pwd.getpwnam("postgres")
            except KeyError:
                owner = pwd.getpwnam("nobody")
            os.chown(self.folder, owner.pw_uid, owner.pw_gid)
            self.folder.parent.chmod(0o711)
            self.user = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        data = str(self.folder / "data")
        subprocess.run([self.programs / "initdb", "-D", data, "-U", "sms", "--auth=trust", "--encoding=UTF8", "--locale=C"],
                       check=True, stdout=subprocess.DEVNULL, **self.user)
        log = open(self.folder.parent / "postgres.log", "w")
        self.process = subprocess.Popen([self.programs / "postgres", "-D", data, "-p", str(self.port), "-h", "127.0.0.1",
                                         "-k", self.folder], stdout=log, stderr=log, **self.user)
        ready = [self.programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        for _ in range(600):
            if subprocess.run(ready).returncode == 0:
                return self
            time.sleep(0.1)
        self.process.terminate()
        sys.exit("PostgreSQL did not start")

    def __exit__(self, *_):
        self.process.terminate()  # Waits for sessions to end; there are none any more.
        self.process.wait()

    def version(self):
        words = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True)
        return words.stdout.split()[2]

    def url(self, database):
        return f"postgres://sms@127.0.0.1:{self.port}/{database}?sslmode=disable"

    def run(self, database, *statements):
        commands = [word for statement in statements for word in ("-c", statement)]
        psql = [self.programs / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", self.url(database), *commands]
        return subprocess.run(psql, check=True, capture_output=True).stdout

    def create(self, database):
        self.run("postgres", f"CREATE DATABASE {database}")

    def drop(self, database):
        self.run("postgres", f"DROP DATABASE {database} WITH (FORCE)")

    def copy_schema(self, source, target):
        dump = subprocess.run([self.programs / "pg_dump", "-s", "-d", self.url(source)], check=True, capture_output=True)
        subprocess.run([self.programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", self.url(target)], input=dump.stdout,
                       check=True, stdout=subprocess.DEVNULL)

    def digest(self, database):
        """Number of rows and a digest of what they hold."""
        rows = self.run(database, DIGEST)
        return rows.count(b"\n"), hashlib.sha256(rows).hexdigest()

    def processor(self):
        """Seconds that the server and its processes have used, those that ended included."""
        ticks = 0
        for line in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = line.read_text().rpartition(")")[2].split()
            except OSError:
                continue  # It ended meanwhile.
            process, parent = int(line.parent.name), int(fields[1])
            if process == self.process.pid:
                ticks += sum(map(int, fields[11:15]))
            elif parent == self.process.pid:
                ticks += sum(map(int, fields[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")
