"""The legs of the suite. Each takes turns with its peers, and every run's rows are counted. IO."""

import os
import pathlib
import statistics

import jobs as stored
import pages
import phases
import processes
from quota import Quota


class Leg:
    """Figures of one kind of run, in seconds."""

    def __init__(self):
        self.wall, self.processor = [], []

    def add(self, figures):
        self.wall.append(figures[0])
        self.processor.append(figures[1])


class Measurements:
    def __init__(self, jobs, folder, sizes):
        self.jobs, self.folder, self.sizes = jobs, pathlib.Path(folder), sizes
        self.log = str(self.folder / "run.log")
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SMS_LOG_FORMAT": "json"}
        self.files = 0
        jobs.manifest("hundred", "json", "hundred.json", 100)
        jobs.page("hundred.json", "json", 100)

    def fresh(self):
        self.files += 1
        return self.folder / f"{self.files}.db"

    def run(self, job, name="hundred", page="hundred.json", count=100, expected="Succeeded", store=None, group=None):
        """One run; fails unless its store holds what the page holds."""
        kept = store or self.fresh()
        figures = processes.timed(self.jobs.command(job, name, page, kept), self.environment, self.log, group)
        if job != "c":
            assert stored.count(kept) == count, f"{job} stored {stored.count(kept)} of {count} events"
        if job == "ours":
            found = stored.outcome(self.log)
            assert found == (expected, count), found
        if not store:
            stored.remove(kept)
        return figures

    def agreement(self):
        """All jobs store the same rows and push the same series; fails otherwise. Chooses the driver of the Go job."""
        services, stores, ours = self.jobs.services, {}, None
        for job in ("ours", "go", "python", "scrapy"):
            stores[job] = self.fresh()
            self.run(job, store=stores[job])
            pushed = services.pushed("hundred")
            ours = ours or pushed
            assert pushed == ours and pushed[1] == 100, f"{job} pushed {pushed}, the scraper {ours}"
            wrong = set(stored.rows(stores[job])) ^ set(stored.rows(stores["ours"]))
            assert not wrong, f"{job} stored other rows: {sorted(wrong)[:2]}"
        self.run("c")
        assert services.pushed("hundred")[0] == ours[0], "the floor pushes other series"
        self.choose_driver()
        return len(ours[0])

    def choose_driver(self):
        """The SQLite driver that takes less processor time plays for Go."""
        legs = {driver: Leg() for driver in self.jobs.go}
        for _ in range(self.sizes["small"]):
            for self.jobs.driver, leg in legs.items():
                leg.add(self.run("go"))
        self.jobs.driver = min(legs, key=lambda driver: statistics.median(legs[driver].processor))

    def whole_runs(self):
        """First runs over a page of 100 events by every job, and the scraper's over pages in other states."""
        self.jobs.manifest("listing", "html", "listing.html", 100)
        self.jobs.page("listing.html", "html", 100)
        names = ("version", "c", "ours", "go", "python", "scrapy", "changed", "not_modified", "same", "html")
        legs = {name: Leg() for name in names}
        written = 0
        for number in range(self.sizes["runs"]):
            page = self.jobs.page("hundred.json", "json", 100, 2 * number)
            legs["version"].add(processes.timed([self.jobs.scraper, "--version"], self.environment, self.log))
            for job in ("c", "go", "python"):
                legs[job].add(self.run(job))
            if number < self.sizes["slow_runs"]:
                legs["scrapy"].add(self.run("scrapy"))
            store = self.fresh()
            legs["ours"].add(self.run("ours", store=store))
            page = self.jobs.page("hundred.json", "json", 100, 2 * number + 1)
            legs["changed"].add(self.run("ours", store=store))
            before = stored.every_column(store)
            legs["not_modified"].add(self.run("ours", store=store, expected="Unchanged"))
            os.utime(page)  # Another ETag for the same bytes.
            legs["same"].add(self.run("ours", store=store, expected="Unchanged"))
            written += sum(row not in before for row in stored.every_column(store))
            stored.remove(store)
            legs["html"].add(self.run("ours", "listing", "listing.html"))
        return legs, written

    def phases(self):
        """Where a first run spends its time; if it starts a worker, also how many runs over an unchanged page do."""
        services, runs, workers = self.jobs.services, [], 0
        for _ in range(self.sizes["runs"]):
            store = self.fresh()
            places = ("hundred.yaml", str(store), services.pages_port, services.gateway_port)
            command = self.jobs.command("ours", "hundred", "hundred.json", store)
            runs.append(phases.measure(command, self.environment, self.log, *places))
            unchanged = phases.measure(command, self.environment, self.log, *places)
            workers += phases.WORKER in unchanged
            stored.remove(store)
        durations = phases.durations(runs)
        return durations, workers if phases.WORKER in durations else None

    def memory(self, small_quota):
        """Peaks of a first run by the size of the page: time, all processes at one moment, each by itself."""
        result = {}
        for count, repeats in self.sizes["memory"]:
            name = f"size-{count}"
            self.jobs.manifest(name, "json", f"{name}.json", count)
            size = self.jobs.page(f"{name}.json", "json", count).stat().st_size
            rows = {job: {"leg": Leg(), "together": [], "anonymous": [], "marks": []}
                    for job in ("ours", "go", "python")}
            for _ in range(repeats):
                for job, row in rows.items():
                    row["leg"].add(self.run(job, name, f"{name}.json", count))
                    row["marks"].append(self.measured(processes.high_water_marks, job, name))
                    group = small_quota if count <= 1_000 else None
                    together, anonymous = self.measured(processes.peak_together, job, name, group)
                    # One process at its peak is the least that was held at that moment.
                    row["together"].append(max(together, row["marks"][-1][0]))
                    row["anonymous"].append(anonymous)
            result[count] = (size, rows)
        return result

    def measured(self, measure, job, name, *group):
        store = self.fresh()
        value = measure(self.jobs.command(job, name, f"{name}.json", store), self.environment, self.log, *group)
        stored.remove(store)
        return value

    def under_quota(self):
        """A first run with 100 m of a processor, as a container's limit gives it."""
        legs = {job: Leg() for job in ("c", "ours", "go", "python", "scrapy")}
        with Quota(10_000, 100_000) as group:
            for number in range(self.sizes["small"]):
                for job, leg in legs.items():
                    if job != "scrapy" or number < self.sizes["slow_runs"]:
                        leg.add(self.run(job, group=group))
        return legs

    def together(self):
        """A hundred sources due at once: a process and a store for each, until the last has ended."""
        text = pages.render("json", 100, 0)
        for number in range(100):
            (self.jobs.services.pages_folder / f"due-{number}.json").write_text(text)
            self.jobs.manifest(f"due-{number}", "json", f"due-{number}.json", 100)
        legs = {job: Leg() for job in ("ours", "go", "python")}
        for _ in range(self.sizes["together"]):
            for job, leg in legs.items():
                stores = [self.fresh() for _ in range(100)]
                commands = [self.jobs.command(job, f"due-{number}", f"due-{number}.json", store)
                            for number, store in enumerate(stores)]
                leg.add(processes.timed_together(commands, self.environment, self.folder))
                for store in stores:
                    assert stored.count(store) == 100, f"{job} stored too little"
                    stored.remove(store)
        return legs
