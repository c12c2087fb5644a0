"""Adds to the results of a suite where and when it ran, and keeps them. IO.

    python3 bench/report/keep.py MEASURED KEPT LOAD_BEFORE SECONDS PROGRAMS"""

import datetime
import json
import os
import pathlib
import platform
import re
import sys


def machine():
    information = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"model name\s*: (.*)", information)
    memory = re.search(r"MemTotal:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text())
    return (f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, "
            f"{int(memory[1]) / (1 << 20):.0f} GiB, Linux {platform.release().partition('-')[0]}")


def main():
    measured, kept, load_before, seconds, build = sys.argv[1:]
    result = json.loads(pathlib.Path(measured).read_text())
    result["run"] = {"date": datetime.date.today().isoformat(), "machine": machine(), "loadBefore": load_before,
                     "loadAfter": f"{os.getloadavg()[0]:.1f}", "seconds": int(seconds), "build": build}
    pathlib.Path(kept).parent.mkdir(parents=True, exist_ok=True)
    pathlib.Path(kept).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")


if __name__ == "__main__":
    main()
