"""Reads the results of the suites and the reasons for missed goals, and says what is wrong with them. IO."""

import json
import pathlib

SUITES = ("job", "extract", "store", "exporter", "operator")
KEYS = {"suite", "title", "intro", "versions", "tables", "plots", "goals"}


class Wrong(Exception):
    """A results file that cannot be shown."""


def read(folder, bench):
    """The results that there are, in the order of the suites, each goal with its reason."""
    results = []
    for suite in SUITES:
        path = pathlib.Path(folder) / f"{suite}.json"
        if not path.is_file():
            continue
        found = load(path)
        checked(found, path)
        reasons = pathlib.Path(bench) / suite / "reasons.json"
        if reasons.is_file():
            explain(found["goals"], load(reasons))
        results.append(found)
    return results


def load(path):
    try:
        return json.loads(path.read_text())
    except ValueError as error:
        raise Wrong(f"{path}: no JSON: {error}") from error


def checked(found, path):
    missing = KEYS - set(found)
    if missing:
        raise Wrong(f"{path}: without {', '.join(sorted(missing))}")
    for table in found["tables"]:
        wrong = [row for row in table["rows"] if len(row) != len(table["columns"])]
        if wrong:
            raise Wrong(f"{path}: table \"{table['title']}\": {len(table['columns'])} columns, but the row {wrong[0]}")


def explain(goals, reasons):
    """Reasons are keyed by the workload and what is beside it: `{"WORKLOAD": {"BESIDE": "why"}}`, or by "WORKLOAD, BESIDE"."""
    for goal in goals:
        workload, beside = goal["workload"], goal["beside"]
        reason = reasons.get(f"{workload}, {beside}") or reasons.get(workload, {}).get(beside)
        if reason and not goal["met"]:
            goal["reason"] = reason
