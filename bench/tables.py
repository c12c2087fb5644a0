"""The figures as Markdown tables."""

import statistics

MIB = 1024 * 1024


def spread(values, scale=1.0, digits=1):
    """Median, and in brackets the smallest and the largest."""
    low, middle, high = (f"{scale * value:,.{digits}f}" for value in
                         (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low}–{high})"


WHOLE_RUNS = {
    "version": "`sms_scraper --version`: starting a process at all",
    "first": "first run: page of 100 events, new SQLite file",
    "changed": "page changed: all 100 events updated",
    "same": "same page sent again: nothing extracted, nothing written but the run",
    "not_modified": "server says 304",
    "html": "first run over an HTML page of 100 events",
    "script": "peer: a Python script with none of the guards, first run",
}


def whole_runs_table(legs):
    base = statistics.median(legs["first"].wall)
    rows = ["| run | wall, ms | processor, ms | wall to first run |", "| --- | ---: | ---: | ---: |"]
    for name, words in WHOLE_RUNS.items():
        leg = legs[name]
        rows.append(f"| {words} | {spread(leg.wall, 1e3)} | {spread(leg.processor, 1e3)} "
                    f"| {statistics.median(leg.wall) / base:.2f} |")
    return "\n".join(rows)


def memory_table(sizes):
    rows = ["| page | bytes | wall, ms | parent, MiB | worker, MiB | sum, MiB | GNU time, MiB |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for kind, count, size, leg, marks, trees in sizes:
        columns = [[mark["parent"] for mark in marks], [mark["worker"] for mark in marks],
                   [sum(mark.values()) for mark in marks], trees]
        rows.append(f"| {kind.upper()}, {count:,} events | {size:,} | {spread(leg.wall, 1e3, 0)} | "
                    + " | ".join(spread(column, 1 / MIB) for column in columns) + " |")
    return "\n".join(rows)


def goals_table(size, sizes):
    rows = ["| goal | today | |", "| --- | ---: | --- |"]
    goals = [("binary of at most 16 MB", 16e6, size, 1e6, "MB")]
    for limit, count in ((12, 100), (64, 10_000), (320, 100_000)):
        marks = next(row[4] for row in sizes if row[:2] == ("json", count))
        peak = statistics.median(sum(mark.values()) for mark in marks)
        goals.append((f"at most {limit} MiB at {count:,} events, both processes", limit * MIB, peak, MIB, "MiB"))
        peak = statistics.median(max(mark.values()) for mark in marks)
        goals.append((f"at most {limit} MiB at {count:,} events, the larger process", limit * MIB, peak, MIB, "MiB"))
    for words, limit, value, unit, name in goals:
        rows.append(f"| {words} | {value / unit:.1f} {name} | {'met' if value <= limit else 'missed'} |")
    return "\n".join(rows)
