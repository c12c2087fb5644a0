"""Measures a built scraper and fills bench/template.md. Called by bench/run; needs the standard library alone."""

import argparse
import ctypes
import datetime
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

import pages
import phases
import tables

PR_SET_CHILD_SUBREAPER = 36


def parse_arguments():
    parser = argparse.ArgumentParser()
    for name in ("scraper", "folder", "pages", "pushgateway", "output"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("runs", "large-runs"):
        parser.add_argument(f"--{name}", required=True, type=int)
    return parser.parse_args()


class Leg:
    """Figures of one kind of run, in seconds."""

    def __init__(self):
        self.wall, self.processor = [], []


def timed(command, environment, log):
    """Runs a command; gives the wall time from exec to exit and the processor time of it and all its descendants.

    As a sub-reaper this process inherits the worker that its parent did not wait for, so its time is counted too."""
    log_file = [(os.POSIX_SPAWN_OPEN, descriptor, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
                for descriptor in (1, 2)]
    started = time.perf_counter()
    child = os.posix_spawn(command[0], command, environment, file_actions=log_file)
    wall, processor, status = 0.0, 0.0, 0
    while True:
        try:
            ended, code, usage = os.wait4(-1, 0)
        except ChildProcessError:
            break
        processor += usage.ru_utime + usage.ru_stime
        if ended == child:
            wall, status = time.perf_counter() - started, os.waitstatus_to_exitcode(code)
    if status:
        sys.exit(f"{' '.join(command)} ended with {status}:\n{pathlib.Path(log).read_text()[-3000:]}")
    return wall, processor


def high_water_marks(command, environment, log):
    """Largest resident memory (VmHWM, bytes) of the program and of the workers that it starts.

    strace holds every process for a moment before it ends or is killed, so that the last reading is the final one."""
    holding = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null",
               "-e", "trace=exit_group,kill,pidfd_send_signal",
               "-e", "inject=exit_group,kill,pidfd_send_signal:delay_enter=60000"]
    with open(log, "w") as output:
        tracer = subprocess.Popen(holding + command, env=environment, stdout=output, stderr=output)
    marks = {}
    while tracer.poll() is None:
        for process in [tracer.pid, *descendants(tracer.pid)][1:]:
            try:
                status = pathlib.Path(f"/proc/{process}/status").read_text()
                arguments = pathlib.Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found = re.search(r"VmHWM:\s+(\d+) kB", status)
            # Between fork and exec a process is still the one that started it.
            if found and arguments[0].endswith(b"sms_scraper"):
                role = "worker" if arguments[1:2] == [b"extract-worker"] else "parent"
                marks[role] = max(marks.get(role, 0), int(found[1]) * 1024)
        time.sleep(0.002)
    if tracer.returncode:
        sys.exit(f"{command} ended with {tracer.returncode}:\n{pathlib.Path(log).read_text()[-3000:]}")
    return marks


def descendants(process):
    try:
        tasks = list(pathlib.Path(f"/proc/{process}/task").glob("*/children"))
        children = [int(child) for task in tasks for child in task.read_text().split()]
    except OSError:
        return []  # It ended meanwhile.
    return children + [further for child in children for further in descendants(child)]


def maximum_of_tree(command, environment, log):
    """What GNU time calls the maximum resident set size: of the largest process, in bytes."""
    with open(log, "w") as output:
        timing = ["/usr/bin/time", "-f", "%M", "-o", f"{log}.time"]
        subprocess.run(timing + command, env=environment, stdout=output, stderr=output, check=True)
    return int(pathlib.Path(f"{log}.time").read_text().split()[-1]) * 1024


class Bench:
    def __init__(self, arguments):
        self.arguments = arguments
        self.folder = pathlib.Path(arguments.folder)
        self.log = str(self.folder / "run.log")
        self.environment = {"PATH": os.environ["PATH"], "HOME": arguments.folder, "SMS_LOG_FORMAT": "json"}
        self.scraper = str(pathlib.Path(arguments.scraper).resolve())
        self.files = 0
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def fresh(self, suffix):
        self.files += 1
        return self.folder / f"{self.files}.{suffix}"

    def ingester(self, name, store):
        return [self.scraper, "ingester", "--sources", str(self.folder / f"{name}.yaml"), "--bypass-cadence",
                "--allow-private-addresses", "--store", f"sqlite://{store}",
                "--pushgateway", self.arguments.pushgateway]

    def outcome(self):
        """Outcome and processed events of the run that ended last."""
        for line in reversed(pathlib.Path(self.log).read_text().splitlines()):
            if '"report"' in line:
                fields = json.loads(line)
                report = json.loads(fields.get("fields", fields)["report"])
                assert report["metricsPushed"], report
                return report["outcome"], report["processed"]
        sys.exit("the run logged no report")

    def run(self, leg, name, store, expected):
        wall, processor = timed(self.ingester(name, store), self.environment, self.log)
        assert self.outcome() == expected, (self.outcome(), expected)
        leg.wall.append(wall)
        leg.processor.append(processor)

    def page(self, name, kind, count, version=0):
        path = self.folder / "pages" / name
        path.write_text(pages.render(kind, count, version))
        return path

    def manifest(self, name, kind, count):
        text = pages.manifest(name, kind, f"{self.arguments.pages}/{name}.{kind}", count)
        (self.folder / f"{name}.yaml").write_text(text)

    def whole_runs(self):
        """One run over a page of 100 events, in every state that a page can be in; the legs take turns."""
        names = ("version", "first", "changed", "same", "not_modified", "html", "script")
        legs = {name: Leg() for name in names}
        self.manifest("hundred", "json", 100)
        self.manifest("listing", "html", 100)
        self.page("listing.html", "html", 100)
        for number in range(self.arguments.runs):
            store = self.fresh("db")
            wall, processor = timed([self.scraper, "--version"], self.environment, self.log)
            legs["version"].wall.append(wall)
            legs["version"].processor.append(processor)
            page = self.page("hundred.json", "json", 100, 2 * number)
            self.run(legs["first"], "hundred", store, ("Succeeded", 100))
            page = self.page("hundred.json", "json", 100, 2 * number + 1)
            # Last-Modified counts seconds: without this the server would call the new page unchanged.
            os.utime(page, (page.stat().st_atime, page.stat().st_mtime + 10))
            self.run(legs["changed"], "hundred", store, ("Succeeded", 100))
            self.run(legs["not_modified"], "hundred", store, ("Unchanged", 100))
            os.utime(page, (page.stat().st_atime, page.stat().st_mtime + 10))
            self.run(legs["same"], "hundred", store, ("Unchanged", 100))
            self.run(legs["html"], "listing", self.fresh("db"), ("Succeeded", 100))
            script = [sys.executable, "-I", str(pathlib.Path(__file__).parent / "script.py"),
                      f"{self.arguments.pages}/hundred.json", str(self.fresh("db")), self.arguments.pushgateway]
            wall, processor = timed(script, self.environment, self.log)
            legs["script"].wall.append(wall)
            legs["script"].processor.append(processor)
        return legs

    def phases(self):
        """Where a first run over 100 events spends its time."""
        port = int(self.arguments.pushgateway.rpartition(":")[2])
        runs = []
        for _ in range(self.arguments.runs):
            store = str(self.fresh("db"))
            runs.append(phases.measure(self.ingester("hundred", store), self.environment, self.log, "hundred.yaml",
                                       store, port))
        return runs

    def sizes(self):
        """Time and memory of a first run by the size of the page."""
        rows = []
        for kind, count in (("json", 100), ("html", 100), ("json", 10_000), ("json", 100_000)):
            name = f"size-{kind}-{count}"
            self.manifest(name, kind, count)
            size = self.page(f"{name}.{kind}", kind, count).stat().st_size
            leg, marks, trees = Leg(), [], []
            for _ in range(self.arguments.large_runs):
                self.run(leg, name, self.fresh("db"), ("Succeeded", count))
                marks.append(high_water_marks(self.ingester(name, self.fresh("db")), self.environment, self.log))
                trees.append(maximum_of_tree(self.ingester(name, self.fresh("db")), self.environment, self.log))
            rows.append((kind, count, size, leg, marks, trees))
        return rows


def machine():
    information = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", information)
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return {
        "cpu": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "ram": f"{int(memory[1]) / (1 << 20):.0f} GiB",
        "kernel": platform.release(),
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def version(command):
    words = subprocess.run(command, capture_output=True, text=True)
    return (words.stdout + words.stderr).splitlines()[0].split(" (branch")[0]


def main():
    arguments = parse_arguments()
    bench = Bench(arguments)
    load_before = machine()["load"]
    legs, spent, sizes = bench.whole_runs(), bench.phases(), bench.sizes()
    text = pathlib.Path(__file__).with_name("template.md").read_text()
    size = os.stat(bench.scraper).st_size
    values = machine() | {
        "date": datetime.date.today().isoformat(),
        "load": f"{load_before} at the start, {machine()['load']} at the end",
        "runs": arguments.runs, "large_runs": arguments.large_runs,
        "scraper": version([bench.scraper, "--version"]),
        "gateway": version(["prometheus-pushgateway", "--version"]),
        "python": f"Python {platform.python_version()}", "rustc": version(["rustc", "--version"]),
        "size": f"{size / tables.MIB:.1f} MiB ({size:,} bytes)",
        "whole_runs": tables.whole_runs_table(legs), "phases": phases.table(spent, tables.spread),
        "memory": tables.memory_table(sizes),
        "goals": tables.goals_table(size, sizes),
    }
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", str(value))
    pathlib.Path(arguments.output).write_text(text)
    print(text)


if __name__ == "__main__":
    main()
