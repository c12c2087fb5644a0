"""Programs that read a document to fields, each called the same way. IO: builds and runs programs."""

import json
import pathlib
import resource
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"


def prepared(kind, name):
    """Where bench/peers/prepare has put a peer."""
    done = subprocess.run([PEERS / "prepare", kind, name], stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


def python_peer():
    """The command that the Python peers are called with."""
    folder = prepared("venv", str(PEERS / "python" / "extract.txt"))
    return [f"{folder}/python", "-I", "-B", str(PEERS / "python" / "extract.py")]


def go_peer():
    """The command that the Go peers are called with."""
    return [prepared("go", "extract")]


def versions(python, workloads):
    """Versions of everything that is measured, by name."""
    found = {"jq": subprocess.run(["jq", "--version"], capture_output=True, text=True, check=True).stdout.strip(),
             "go": subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout.strip()}
    module = (PEERS / "go" / "extract" / "go.mod").read_text()
    script = ("import importlib.metadata as m, json, platform, sys; print(json.dumps({n: platform.python_version() "
              "if n == 'python' else m.version(n) for n in sys.argv[1:]}))")
    packages = {peer.package for workload in workloads for peer in workload.peers if peer.program == "python"}
    out = subprocess.run([python[0], "-I", "-c", script, *sorted(packages), "recurring-ical-events", "lxml"],
                         capture_output=True, text=True, check=True).stdout
    found |= json.loads(out)
    for line in module.splitlines():
        words = line.split()
        if len(words) == 2 and words[0].startswith("github.com/"):
            found[words[0]] = words[1]
    return found


class Leg:
    """One program on one document: `run` measures, `fields` tells what it read."""

    def __init__(self, command, document, *tail):
        self.command, self.document, self.tail = command, str(document), tail

    def call(self, repeats):
        command = [*self.command, self.document, *self.tail]
        done = subprocess.run([word.replace("REPEATS", str(repeats)) for word in command], capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{command}: {done.stderr.strip() or done.returncode}")
        return done.stdout

    def fields(self):
        return [json.loads(line) for line in self.call(0).splitlines()]

    def run(self, repeats):
        """Items, and processor and wall seconds of one repeat."""
        figures = json.loads(self.call(repeats))
        return figures["items"], figures["processor"] / repeats, figures["wall"] / repeats


class Jq(Leg):
    """The command-line program: it reads the document `repeats` times in one process, and its start is not counted."""

    def __init__(self, program, document):
        super().__init__(["jq"], document)
        self.program = program.read_text()

    def fields(self):
        out = subprocess.run(["jq", "-c", self.program, self.document], capture_output=True, text=True, check=True)
        return [json.loads(line) for line in out.stdout.splitlines()]

    def run(self, repeats):
        # Its items are counted and not printed: the others do not write JSON either.
        program = self.program.split("\n", 1)[1]
        start = self.timed(["jq", "-n", f"[empty | {program}] | length"])
        full = self.timed(["jq", f"[{program}] | length", *[self.document] * repeats])
        items = int(full[0].split()[0])
        return items, max(full[1] - start[1], 1e-9) / repeats, max(full[2] - start[2], 1e-9) / repeats

    @staticmethod
    def timed(command):
        before, clock = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        wall, after = time.perf_counter() - clock, resource.getrusage(resource.RUSAGE_CHILDREN)
        return out, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def peer_leg(peer, document, python, go):
    """The leg of a peer."""
    program = HERE / "programs" / f"{peer.argument}.jq"
    if peer.program == "jq":
        return Jq(program, document)
    if peer.program == "python":
        return Leg([*python, peer.argument], document, "REPEATS")
    if peer.package.endswith("/gojq"):
        return Leg([*go, "gojq"], document, "REPEATS", program.read_text())
    return Leg([*go, peer.argument], document, "REPEATS")
