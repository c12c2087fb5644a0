"""A control group with a quota of processor time, version 1 or 2. IO; needs root."""

import os
import pathlib

ROOT = pathlib.Path("/sys/fs/cgroup")


class Quota:
    """At most `microseconds` of processor time in every `period` microseconds, as a container's limit sets it."""

    def __init__(self, microseconds, period):
        version1 = ROOT / "cpu"
        self.folder = (version1 if version1.is_dir() else ROOT) / f"sms-bench-{os.getpid()}-{microseconds}"
        if version1.is_dir():
            limits = {"cpu.cfs_period_us": str(period), "cpu.cfs_quota_us": str(microseconds)}
        else:
            limits = {"cpu.max": f"{microseconds} {period}"}
        self.folder.mkdir()
        for name, value in limits.items():
            (self.folder / name).write_text(value)

    def add(self, process):
        (self.folder / "cgroup.procs").write_text(str(process))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.rmdir()


def missing():
    """Why there can be no quota here, or None."""
    try:
        with Quota(10_000, 100_000):
            return None
    except OSError as error:
        return f"no control group for a quota: {error}"
