"""Figures of all legs as tables, plots and goals. Pure, but for the versions."""

import json
import os
import statistics

import programs

LABELS = {
    "sms_operator": "sms_operator",
    "tuned": "controller-runtime, no rate limit, 10 workers",
    "consistent": "the same, reading its own writes",
    "stripped": "the same as tuned, without managedFields in memory",
    "defaults": "controller-runtime, defaults",
    "kopf": "kopf",
    "floor": "the two writes in a loop",
}
INTRO = """Sources exist, an operator starts: how long until each has its CronJob and a status that says `Ready`. Each leg has an
etcd (no fsync) and a kube-apiserver of its own on a copy of the same data folder. The peers do the same work: the suite
compares specs, labels and owners of all CronJobs, which are the same to the byte, and the status has the same conditions.
The floor sends the two writes of each source, made ready before, over 16 connections and does nothing else."""


def median(values):
    return statistics.median(values)


def cell(values, digits=1):
    """`median (smallest–largest)`"""
    if not values:
        return "–"
    text = f"{median(values):,.{digits}f}"
    if len(values) > 1:
        text += f" ({min(values):,.{digits}f}–{max(values):,.{digits}f})"
    return text


def percentile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


class Legs:
    """All legs, by operator and size."""

    def __init__(self, legs):
        self.legs = legs

    def values(self, name, size, figure):
        """One figure of each leg that has it."""
        found = []
        for leg in self.legs:
            if (leg["name"], leg["size"]) == (name, size):
                try:
                    found.append(figure(leg))
                except KeyError:
                    continue
        return found

    def names(self, size):
        return [name for name in LABELS if any((leg["name"], leg["size"]) == (name, size) for leg in self.legs)]


def check_agreement(legs):
    """Every operator has made the same CronJobs."""
    made = {}
    for leg in legs:
        if leg.get("specs"):
            made.setdefault((leg["size"], *leg["specs"]), []).append(leg["name"])
    sizes = [size for size, *_ in made]
    if len(sizes) != len(set(sizes)) or any(size != count for size, count, _ in made):
        raise SystemExit(f"the operators did not make the same CronJobs: {made}")


def new_sources(legs, size):
    rows = []
    for name in legs.names(size):
        per_source = lambda field, unit: legs.values(
            name, size, lambda leg: leg["new"][field] * unit / leg["new"].get("ready", size))
        rows.append([
            LABELS[name],
            cell(legs.values(name, size, lambda leg: leg["new"]["rate"])),
            cell(per_source("processor", 1000), 2),
            cell(per_source("api", 1000), 2),
            cell(per_source("writes", 1), 2),
        ])
    return {
        "title": f"{size:,} new sources",
        "note": "At 10,000 the defaults of controller-runtime and kopf were watched for two minutes." if size > 1000 else "",
        "columns": ["", "sources a second", "its processor time, ms a source", "API server's, ms a source",
                    "API writes a source"],
        "rows": rows,
    }


def memory_table(legs, small, large):
    rows = []
    for name in legs.names(large):
        at = lambda phase, kind: cell(legs.values(name, large, lambda leg: leg[phase]["memory"][kind] / 1024))
        if legs.values(name, large, lambda leg: leg["restart"]):
            growth = slope(legs, name, small, large)
            rows.append([LABELS[name], at("new", "resident"), at("restart", "resident"), at("restart", "peak"),
                         f"{growth:.2f}" if growth is not None else "–"])
    return {
        "title": f"Memory at {large:,} sources, MiB",
        "note": f"Resident memory at rest. The slope is that from {small:,} to {large:,} sources after a restart.",
        "columns": ["", "after all were new", "after a restart", "most during it", "slope, KiB a source"],
        "rows": rows,
    }


def slope(legs, name, small, large):
    resident = lambda size: legs.values(name, size, lambda leg: leg["restart"]["memory"]["resident"])
    if not resident(small) or not resident(large):
        return None
    return (median(resident(large)) - median(resident(small))) / (large - small)


def restart_table(legs, size):
    rows = []
    for name in legs.names(size):
        values = lambda field: legs.values(name, size, lambda leg: leg["restart"][field])
        if values("seconds"):
            rows.append([LABELS[name], cell(values("seconds"), 2), cell(values("processor"), 2), cell(values("api"), 2),
                         cell(values("writes"), 0)])
    return {
        "title": f"A restart with {size:,} sources",
        "note": "Until operator and API server together have taken less than a fifth of a processor for a second.",
        "columns": ["", "seconds until quiet", "its processor time, s", "API server's, s", "API writes"],
        "rows": rows,
    }


def edit_table(legs, size):
    rows = []
    for name in legs.names(size):
        for kind, words in (("edits", "at rest"), ("edits while restarting", "while it restarts")):
            if legs.values(name, size, lambda leg: leg[kind]):
                figures = (cell(edit_latency(legs, name, size, kind, share)) for share in (0.5, 0.99))
                rows.append([LABELS[name], words, *figures])
    return {
        "title": f"From an edit to the changed CronJob with {size:,} sources, ms",
        "note": "From the PATCH of a source, as it is sent, until a watch shows the CronJob. At rest one edit follows "
                "another; while the operator restarts one begins every 50 ms from its start on. The loop watches the sources "
                "and sends the two writes of each that was edited.",
        "columns": ["", "", "p50", "p99"],
        "rows": rows,
    }


def edit_latency(legs, name, size, kind, share):
    return legs.values(name, size, lambda leg: percentile(leg[kind], share))


def goals(legs, small, large):
    """Each goal of which both sides were measured."""
    found = []
    with open(os.path.join(os.path.dirname(__file__), "reasons.json")) as file:
        reasons = json.load(file)

    def ratio(workload, beside, size, figure, least=None, most=None, turned=False):
        ours, theirs = legs.values("sms_operator", size, figure), legs.values(beside, size, figure)
        if not ours or not theirs:
            return
        value = median(theirs) / median(ours) if turned else median(ours) / median(theirs)
        met = value >= least if least is not None else value <= most
        goal = f"≥ {least}×" if least is not None else f"≤ {most}×"
        add(workload, LABELS[beside], goal, f"{value:.2f}×", met)

    def add(workload, beside, goal, figure, met):
        found.append({"workload": workload, "beside": beside, "goal": goal, "figure": figure, "met": met,
                      "reason": "" if met else reasons.get(f"{workload}, {beside}", "")})

    rate = lambda leg: leg["new"]["rate"]
    for size in (small, large):
        for beside, least in (("tuned", 1.8), ("defaults", 20), ("kopf", 3.5)):
            ratio(f"{size:,} new sources: sources a second", beside, size, rate, least=least)
    for size in (small, large):
        api = lambda leg: leg["new"]["api"] / leg["size"]
        ratio(f"{size:,} new sources: API server's processor time", "tuned", size, api, most=0.65)
    writes = legs.values("sms_operator", large, lambda leg: leg["new"]["writes"] / leg["size"])
    if writes:
        add(f"{large:,} new sources: API writes a source", "–", "2.00", f"{max(writes):.2f}", set(writes) == {2.0})
        again = legs.values("sms_operator", large, lambda leg: leg["restart"]["writes"])
        add(f"{large:,} sources, restart: API writes", "–", "0", f"{max(again)}", max(again) == 0)
    ratio(f"{large:,} sources: memory after a restart", "stripped", large,
          lambda leg: leg["restart"]["memory"]["resident"], least=6, turned=True)
    growth = slope(legs, "sms_operator", small, large)
    if growth is not None:
        add("memory a source", "–", "≤ 3 KiB", f"{growth:.2f} KiB", growth <= 3)
    ratio(f"{large:,} sources: restart until quiet", "tuned", large, lambda leg: leg["restart"]["seconds"], most=1.0)
    for kind, words in (("edits", "at rest"), ("edits while restarting", "while restarting")):
        ratio(f"{large:,} sources: edit to CronJob {words}, p99", "tuned", large,
              lambda leg: percentile(leg[kind], 0.99), most=0.7)
    return found


def suite(legs, small, large):
    check_agreement(legs)
    legs = Legs(legs)
    bars = []
    for name in legs.names(small):
        rates = legs.values(name, small, lambda leg: leg["new"]["rate"])
        bars.append({"label": LABELS[name], "value": median(rates), "low": min(rates), "high": max(rates)})
    return {
        "suite": "operator",
        "title": "Operator",
        "intro": INTRO,
        "versions": versions(),
        "tables": [new_sources(legs, small), new_sources(legs, large), memory_table(legs, small, large),
                   restart_table(legs, large), edit_table(legs, large)],
        "plots": [{"title": f"{small:,} new sources", "unit": "sources/s", "better": "more", "bars": bars}],
        "goals": goals(legs, small, large),
    }


def versions():
    with open(f"{programs.ROOT}/bench/peers/python/operator.txt") as file:
        pinned = dict(line.strip().split("==") for line in file)
    return {
        "controller-runtime": programs.module_version("operator", "sigs.k8s.io/controller-runtime"),
        "kopf": pinned["kopf"],
        "kube-apiserver": programs.output(f"{programs.control_plane()}/kube-apiserver", "--version").split()[-1],
        "etcd": programs.output(programs.etcd(), "--version").splitlines()[0].split()[-1],
    }
