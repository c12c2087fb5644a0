"""Where the time of a run goes, told by the moments at which it makes a few system calls."""

import re
import statistics
import subprocess

NAMES = [
    "starting the process, flags",
    "reading, checking and compiling the manifest",
    "opening the store, lease, state",
    "robots.txt and the page",
    "starting the worker, compiling the source once more, extracting, normalising",
    "identities and the store",
    "push, report, end",
]


def moments(trace, manifest, store, gateway_port):
    """The beginnings of the phases and the end of the last, in seconds; a moment that did not come is None."""
    marks = [
        rf"execve\(.*\"ingester\"",
        rf"openat\(.*{re.escape(manifest)}",
        rf"openat\(.*{re.escape(store)}\"",
        r"connect\(.*sin_port=htons\((?!" + str(gateway_port) + r"\))",
        r"execve\(.*\"extract-worker\"",
        r"(kill|pidfd_send_signal)\(",
        rf"connect\(.*sin_port=htons\({gateway_port}\)",
    ]
    lines = [line.split(maxsplit=2) for line in trace.splitlines() if "+++" not in line and "resumed>" not in line]
    parent = lines[0][0]
    found = [next((float(at) for _, at, call in lines if re.match(mark, call)), None) for mark in marks]
    return found + [max(float(at) for process, at, call in lines if process == parent and "exit_group" in call)]


def measure(command, environment, trace_file, manifest, store, gateway_port):
    """Seconds of each phase of one run."""
    subprocess.run(["strace", "-f", "-ttt", "--seccomp-bpf", "-o", trace_file,
                    "-e", "trace=execve,openat,connect,kill,pidfd_send_signal,exit_group", *command],
                   env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(trace_file) as trace:
        at = moments(trace.read(), manifest, store, gateway_port)
    assert None not in at, f"a phase is missing: {at}"
    return [end - begin for begin, end in zip(at, at[1:])]


def table(runs, spread):
    """Medians of the phases of several runs."""
    total = statistics.median(sum(run) for run in runs)
    rows = ["| phase | ms | share |", "| --- | ---: | ---: |"]
    for name, seconds in zip(NAMES, zip(*runs)):
        rows.append(f"| {name} | {spread(seconds, 1e3)} | {100 * statistics.median(seconds) / total:.0f} % |")
    return "\n".join(rows)
