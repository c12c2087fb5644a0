"""bench/README.md from the results of the suites. Pure."""

import re

INTRO = """\
# Benchmarks

Written by `bench/run` from `bench/results/`; do not edit. The suites run on one machine, one after the other; in a suite
the programs take turns, each run with a fresh data folder, so that a busy machine slows all of them alike. A figure is the
median, with the smallest and the largest in brackets; a ratio is one of medians. Compare figures of one table with each
other, not with those of another day or machine. What the other programs do is beside them in the suite, and their source
is in `bench/peers`: before anything is timed the suite checks that all came to the same result. Floors, programs that do
the least that could be done, are part of a suite.

`make bench` measures everything, `make bench SUITES="job store"` some suites; the others stay as they are. Nothing here
decides whether a change is accepted: CI looks at counts, never at times.
"""

FIGURE = re.compile(r"–|[\d.,]+( ?(%|×|s|ms|MB|MiB|MB/s))?( \(.*\))?")


def render(results, absent, prefix="plots"):
    """The document, and the plots as a map from file name to plot."""
    plots = {}
    parts = [INTRO]
    if absent:
        parts.append(f"Not measured yet: {', '.join(absent)}.\n")
    if results:
        parts += [goals(results), machines(results)]
    for result in results:
        parts.append(suite(result, plots, prefix))
    return "\n".join(parts), plots


def goals(results):
    rows = []
    for result in results:
        for goal in result["goals"]:
            met = "met" if goal["met"] else "**missed**"
            rows.append([goal["workload"], goal["beside"], goal["goal"], goal["figure"], met])
    count = sum(goal["met"] for result in results for goal in result["goals"])
    lines = [f"## Goals\n\n{count} of {len(rows)} are met.\n",
             table(["workload", "beside", "goal", "figure", ""], rows)]
    missed = [goal for result in results for goal in result["goals"] if not goal["met"]]
    if missed:
        lines.append("\nWhy the others are missed:\n")
        lines += [f"- {goal['workload']}{beside(goal)}: {goal.get('reason') or 'no reason is known yet.'}"
                  for goal in missed]
    return "\n".join(lines) + "\n"


def beside(goal):
    return "" if goal["beside"] in ("", "–") else f", beside {goal['beside']}"


def machines(results):
    rows = []
    for result in results:
        run = result.get("run", {})
        # Programs that BENCH_PROGRAMS named are not what is shipped.
        date = run.get("date", "?") + ("" if run.get("build", "release") == "release" else ", not the release build")
        rows.append([f"[{result['title']}](#{anchor(result['title'])})", date, run.get("machine", "?"),
                     f"{run.get('loadBefore', '?')} → {run.get('loadAfter', '?')}",
                     " · ".join(f"{name} {version}" for name, version in result["versions"].items())])
    return "## Machine\n\n" + table(["suite", "date", "machine", "load average", "versions"], rows) + "\n"


def suite(result, plots, prefix):
    lines = [f"## {result['title']}\n", result["intro"].strip() + "\n"]
    for plot in result["plots"]:
        name = f"{result['suite']}-{slug(plot['title'])}.svg"
        plots[name] = plot
        lines.append(f"![{plot['title']}]({prefix}/{name})\n")
    for shown in result["tables"]:
        lines.append(f"### {shown['title']}\n")
        if shown["note"]:
            lines.append(shown["note"].strip() + "\n")
        lines.append(table(shown["columns"], shown["rows"]) + "\n")
    return "\n".join(lines)


def table(columns, rows):
    """Columns that hold figures alone stand to the right."""
    figures = [bool(rows) and all(FIGURE.fullmatch(str(row[index])) for row in rows) for index in range(len(columns))]
    lines = [columns, ["---:" if right else "---" for right in figures], *rows]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def cell(value):
    return str(value).replace("|", "\\|").replace("\n", " ")


def slug(text):
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def anchor(title):
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
