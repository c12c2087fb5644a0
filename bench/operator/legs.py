"""What is measured in one cluster with one operator. IO."""

import time

from stage import memory, passes, processor_seconds

SECOND = 1_000_000_000


def converge(leg, name, limit):
    """All sources are new: until each has its CronJob and its status. Leaves the operator running."""
    before, api_before = leg.writes(), leg.api_seconds()
    watcher = leg.drive("ready", "-size", leg.size, "-limit", f"{limit}s")
    began = time.time_ns()
    operator = leg.start(name)
    ready = leg.answer(watcher)
    quiet = ready["ready"] == leg.size
    if quiet:
        leg.until_quiet(operator)
    processor, api = processor_seconds(operator.pid), leg.api_seconds() - api_before
    kinds = {key: count - before.get(key, 0) for key, count in leg.writes().items()}
    seconds = (ready["last"] - began) / SECOND
    return operator, {
        "ready": ready["ready"],
        "seconds": seconds,
        "rate": ready["ready"] / seconds,
        "processor": processor,
        "api": api,
        "writes": sum(kinds.values()),
        "kinds": {" ".join(key): count for key, count in kinds.items() if count},
        "memory": memory(operator.pid),
    }


def floor(leg, workers=16):
    """The same two writes by a loop that does nothing else."""
    api_before = leg.api_seconds()
    span = leg.floor(workers)
    time.sleep(1)
    seconds = (span["end"] - span["begin"]) / SECOND
    return {"seconds": seconds, "rate": leg.size / seconds, "api": leg.api_seconds() - api_before}


def restart(leg, name, running):
    """Nothing has changed: from the start of the process until it and the API server rest."""
    leg.stop(running)
    leg.until_quiet_api()
    before, api_before = leg.writes(), leg.api_seconds()
    began = time.time_ns()
    operator = leg.start(name)
    while True:
        quiet, used = leg.until_quiet(operator), processor_seconds(operator.pid)
        api, resident = leg.api_seconds() - api_before, memory(operator.pid)
        # On a busy machine a program that waits for its turn looks quiet too.
        if is_through(leg.size):
            break
    return operator, {
        "seconds": (quiet - began) / SECOND,
        "processor": used,
        "api": api,
        "memory": resident,
        "writes": sum(leg.writes().values()) - sum(before.values()),
    }


def is_through(size):
    try:
        return passes() >= size
    except OSError:
        return False


def edits_at_rest(leg, count):
    """Milliseconds from the PATCH of a source to its changed CronJob, one edit after another."""
    return leg.answer(leg.drive("edit", "-size", leg.size, "-count", count))["milliseconds"]


def edits_alone(leg, count):
    """The same where no operator runs: a loop sends the two writes as soon as a watch shows the source."""
    return leg.answer(leg.drive("edit", "-alone", "-size", leg.size, "-count", count))["milliseconds"]


def edits_while_restarting(leg, name, running, count, every, done):
    """The same while the operator starts and goes through all sources: one edit at the beginning of each `every`."""
    leg.stop(running)
    leg.until_quiet_api()
    editor = leg.drive("edit", "-size", leg.size, "-count", count, "-every", every, "-first", done)
    operator = leg.start(name)
    return operator, leg.answer(editor)["milliseconds"]
