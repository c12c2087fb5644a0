"""Where the time of a run goes, told by the moments at which it makes a few system calls."""

import re
import statistics
import subprocess

CALLS = "execve,openat,connect,recvfrom,pwrite64,fsync,fdatasync,kill,pidfd_send_signal,exit_group"
WORKER = "starts the worker: compiling, extracting, normalising"


class Trace:
    """Calls of a run with their times, in seconds since its exec."""

    def __init__(self, lines):
        words = [line.split(maxsplit=2) for line in lines if "+++" not in line and "resumed>" not in line]
        begin = float(words[0][1])
        self.calls = [(float(at) - begin, call) for _, at, call in words]
        self.end = max(float(at) - begin for process, at, call in words
                       if process == words[0][0] and call.startswith("exit_group"))

    def first(self, pattern, after=0.0):
        return next((at for at, call in self.calls if at >= after and re.match(pattern, call)), None)

    def last(self, pattern, before):
        return max((at for at, call in self.calls if at < before and re.match(pattern, call)), default=None)


def moments(trace, manifest, store, pages_port, gateway_port):
    """When each phase begins. A run may go through them in an order of its own, and not through all."""
    found = {
        "process starts: flags, log": trace.first(r"execve\("),
        "opens the manifest: reading, checking, compiling": trace.first(rf"openat\(.*{re.escape(manifest)}"),
        "opens the store: schema, lease, state": trace.first(rf'openat\(.*{re.escape(store)}"'),
        "connects to the source: robots.txt and the page": trace.first(rf"connect\(.*htons\({pages_port}\)"),
        WORKER: trace.first(r'execve\(.*"extract-worker"'),
        "ends the worker: identities": trace.first(r"(kill|pidfd_send_signal)\("),
        "connects to Pushgateway: push": trace.first(rf"connect\(.*htons\({gateway_port}\)"),
    }
    push = found["connects to Pushgateway: push"] or trace.end
    connection = next((re.match(r"connect\((\d+)", call)[1] for _, call in trace.calls
                       if re.match(rf"connect\(.*htons\({pages_port}\)", call)), None)
    page = trace.last(rf"recvfrom\({connection},", push)
    if page is not None:
        found["has the page: extracting, normalising, identities"] = page
        found["writes to the store: events, run"] = trace.first(r"pwrite64\(", page)
    found["closes the store: checkpoint; end"] = trace.first(r"(fsync|fdatasync)\(", push)
    return {name: at for name, at in found.items() if at is not None} | {"end": trace.end}


def measure(command, environment, trace_file, *places):
    """Seconds from exec of one run to each moment and to its end; `places` are those of `moments`."""
    subprocess.run(["strace", "-f", "-ttt", "--seccomp-bpf", "-o", trace_file, "-e", f"trace={CALLS}", *command],
                   env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(trace_file) as trace:
        return moments(Trace(trace), *places)


def durations(runs):
    """Of each phase its seconds in every run, in the order of a run; the phases of a run add up to the whole."""
    common = set.intersection(*(set(run) for run in runs)) - {"end"}
    order = sorted(common, key=lambda name: statistics.median(run[name] for run in runs)) + ["end"]
    return {name: [run[following] - run[name] for run in runs] for name, following in zip(order, order[1:])}
