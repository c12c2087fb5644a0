"""From measured legs to the tables, plots and goals of the results. Pure."""

import statistics

from jobs import NAMES

MIB = 1024 * 1024
WHOLE_RUNS = {
    "version": "`sms_scraper --version`: starting the process at all (floor)",
    "c": NAMES["c"],
    "ours": "sms_scraper: first run, new store",
    "changed": "sms_scraper: every event changed",
    "same": "sms_scraper: same body sent again",
    "not_modified": "sms_scraper: 304",
    "html": "sms_scraper: first run, HTML page",
    "go": NAMES["go"],
    "python": NAMES["python"],
    "scrapy": NAMES["scrapy"],
}
SHORT = {name: words.partition(":")[0] for name, words in NAMES.items()} | {"c": "C (floor)"}
LIMITS = {100: 12, 10_000: 64, 100_000: 320}


def spread(values, scale=1.0, digits=1):
    """Median, and in brackets the smallest and the largest."""
    low, middle, high = (f"{scale * value:,.{digits}f}" for value in
                         (min(values), statistics.median(values), max(values)))
    return f"{middle} ({low}–{high})"


def bar(label, values, scale=1.0):
    return {"label": label, "value": round(scale * statistics.median(values), 4), "low": round(scale * min(values), 4),
            "high": round(scale * max(values), 4)}


def ratio(leg, base):
    return statistics.median(leg.wall) / statistics.median(base.wall)


def times(leg, base):
    """How many times as long, and in brackets as much processor time."""
    processor = statistics.median(leg.processor) / statistics.median(base.processor)
    return f"{ratio(leg, base):.1f}× (processor time {processor:.1f}×)"


def goal(workload, beside, wanted, figure, met):
    return {"workload": workload, "beside": beside, "goal": wanted, "figure": figure, "met": bool(met)}


def legs_table(title, note, legs, names, base="ours", digits=1):
    rows = [[names[name], spread(leg.wall, 1e3, digits), spread(leg.processor, 1e3, digits),
             f"{ratio(leg, legs[base]):.2f}"] for name, leg in legs.items()]
    return {"title": title, "note": note, "rows": rows,
            "columns": ["run", "wall, ms", "processor, ms", f"wall to {base_name(base)}"]}


def base_name(base):
    return "sms_scraper" if base == "ours" else base


def whole_runs(legs, written, workers, runs):
    legs = {name: legs[name] for name in WHOLE_RUNS}
    workload = "exec → 100 events fetched over HTTP, stored in SQLite, pushed"
    ours = legs["ours"]
    goals = [goal(workload, "C", "≤ 4×", times(ours, legs["c"]), ratio(ours, legs["c"]) <= 4)]
    for peer, factor in (("go", 2), ("python", 80), ("scrapy", 300)):
        goals.append(goal(workload, SHORT[peer], f"≥ {factor}× sooner", times(legs[peer], ours),
                          ratio(legs[peer], ours) >= factor))
    parsed = "" if workers is None else f", {workers} workers started"
    goals.append(goal(
        "unchanged source (304, and same body)", "first run", "0 event rows written, nothing parsed",
        f"{written} rows written{parsed} in {runs} runs of each; {ratio(legs['not_modified'], ours):.2f} (304) and "
        f"{ratio(legs['same'], ours):.2f} (same body) of a first run's time", written == 0 and not workers))
    table = legs_table("A whole run", "From exec to exit. Processor time is that of all processes of the run.", legs,
                       WHOLE_RUNS)
    shown = ("c", "ours", "go", "python", "scrapy")
    plot = {"title": "exec → 100 events fetched, stored, pushed", "unit": "ms", "better": "less",
            "bars": [bar(SHORT[name], legs[name].wall, 1e3) for name in shown]}
    return table, plot, goals


def phases(durations):
    total = sum(statistics.median(seconds) for seconds in durations.values())
    rows = [[name, spread(seconds, 1e3), f"{100 * statistics.median(seconds) / total:.0f} %"]
            for name, seconds in durations.items()]
    note = ("The same first run under `strace`, which is asked for a few system calls only and makes the run slower, "
            "above all where it writes. A phase lasts until the next one begins; what runs side by side counts where it "
            "begins.")
    return {"title": "Where the time of a first run goes", "note": note, "columns": ["phase", "ms", "share"],
            "rows": rows}


def memory(measured):
    rows, goals, plots = [], [], []
    for count, (size, jobs) in measured.items():
        for job, row in jobs.items():
            sums = [sum(marks) for marks in row["marks"]]
            each = " + ".join(f"{statistics.median(column) / MIB:.1f}" for column in zip(*row["marks"]))
            rows.append([f"{count:,} events, {size / 1e6:.2f} MB", SHORT[job], spread(row["leg"].wall, 1e3, 0),
                         spread(row["together"], 1 / MIB), spread(row["anonymous"], 1 / MIB), each,
                         spread(sums, 1 / MIB)])
        peaks = {job: statistics.median(row["together"]) for job, row in jobs.items()}
        workload, ours = f"peak memory at {count:,} events, the child counted", peaks["ours"]
        if count in LIMITS:
            figure = f"{ours / MIB:.1f} MiB (sum of the single peaks {sum_of_peaks(jobs['ours']) / MIB:.1f})"
            goals.append(goal(workload, "–", f"≤ {LIMITS[count]} MiB", figure, ours <= LIMITS[count] * MIB))
        goals.append(goal(workload, "Python", "below", f"{ours / MIB:.1f} to {peaks['python'] / MIB:.1f} MiB",
                          ours < peaks["python"]))
        plots.append({"title": f"Peak memory, {count:,} events", "unit": "MiB", "better": "less",
                      "bars": [bar(SHORT[job], row["together"], 1 / MIB) for job, row in jobs.items()]})
    note = ("All processes of a first run at one moment: the resident set of one process, or the proportional sets "
            "(PSS) of several, so that a page which two of them share counts once; sampled from outside, at 100 events "
            "under a quota that leaves time to look. What stands in no file is heap and stacks; the rest are pages of "
            "the program itself and of libraries, which the kernel may drop and read again. Beside it the peak of each "
            "process (VmHWM), and their sum, which is never reached at one moment: an upper bound.")
    return {"title": "Peak memory", "note": note, "rows": rows, "columns": [
        "page", "job", "wall, ms", "together, MiB", "in no file, MiB", "each, MiB", "sum of peaks, MiB"]}, plots, goals


def sum_of_peaks(row):
    return statistics.median(sum(marks) for marks in row["marks"])


def quota(legs):
    factor = ratio(legs["python"], legs["ours"])
    table = legs_table(
        "Under a quota of 100 m", "The same first run with 10 ms of processor time in every 100 ms (CFS quota), as a "
        "container's `limits.cpu: 100m` sets it; page server and Pushgateway are outside.", legs, NAMES, digits=0)
    plot = {"title": "A first run under a quota of 100 m", "unit": "ms", "better": "less",
            "bars": [bar(SHORT[name], leg.wall, 1e3) for name, leg in legs.items()]}
    return table, plot, [goal("the same run under a processor quota of 100 m", "Python", "≥ 30× sooner",
                              times(legs["python"], legs["ours"]), factor >= 30)]


def no_quota(reason):
    return [goal("the same run under a processor quota of 100 m", "Python", "≥ 30× sooner",
                 f"not measured: {reason}", False)]


def together(legs, cores):
    table = legs_table(
        "100 sources due at once", f"100 processes started at once, each with a source, a page and a store of its own, "
        f"on {cores} cores with page server and Pushgateway beside them, until the last has ended.", legs, NAMES,
        digits=0)
    plot = {"title": "100 sources due at once: all done", "unit": "s", "better": "less",
            "bars": [bar(SHORT[name], leg.wall) for name, leg in legs.items()]}
    goals = [goal(f"100 sources due at once on {cores} cores", SHORT[peer], f"≥ {factor}× sooner",
                  times(legs[peer], legs["ours"]), ratio(legs[peer], legs["ours"]) >= factor)
             for peer, factor in (("go", 2), ("python", 30))]
    return table, plot, goals


def binary(size, go_size):
    return goal("static binary with everything in it", "–", "≤ 16 MB stripped",
                f"{size / 1e6:.1f} MB (the Go job: {go_size / 1e6:.1f} MB)", size <= 16e6)
