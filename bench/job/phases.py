"""Where the time of a run goes, told by the moments at which it makes a few system calls."""

import re
import statistics
import subprocess


def patterns(manifest, store, pages_port, gateway_port):
    """The call with which each phase begins. A run goes through them in an order of its own, perhaps not through all."""
    return {
        "process starts: flags, log": r'execve\(.*"ingester"',
        "opens the manifest: reading, checking, compiling": rf"openat\(.*{re.escape(manifest)}",
        "opens the store: schema, lease, state": rf'openat\(.*{re.escape(store)}"',
        "connects to the source: robots.txt and the page": rf"connect\(.*sin_port=htons\({pages_port}\)",
        "starts the worker: compiling, extracting, normalising": r'execve\(.*"extract-worker"',
        "ends the worker: identities, the store": r"(kill|pidfd_send_signal)\(",
        "connects to Pushgateway: push, report, end": rf"connect\(.*sin_port=htons\({gateway_port}\)",
    }


def measure(command, environment, trace_file, wanted):
    """Seconds from exec of one run to each moment and to its end; a moment that did not come is left out."""
    subprocess.run(["strace", "-f", "-ttt", "--seccomp-bpf", "-o", trace_file,
                    "-e", "trace=execve,openat,connect,kill,pidfd_send_signal,exit_group", *command],
                   env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(trace_file) as trace:
        lines = [line.split(maxsplit=2) for line in trace if "+++" not in line and "resumed>" not in line]
    begin = float(lines[0][1])
    moments = {}
    for name, pattern in wanted.items():
        at = next((float(at) for _, at, call in lines if re.match(pattern, call)), None)
        if at is not None:
            moments[name] = at - begin
    end = max(float(at) for process, at, call in lines if process == lines[0][0] and "exit_group" in call)
    return moments | {"end": end - begin}


def durations(runs):
    """Of each phase its seconds in every run, in the order of a run; the phases of a run add up to the whole."""
    common = set.intersection(*(set(run) for run in runs)) - {"end"}
    order = sorted(common, key=lambda name: statistics.median(run[name] for run in runs)) + ["end"]
    return {name: [run[following] - run[name] for run in runs] for name, following in zip(order, order[1:])}
