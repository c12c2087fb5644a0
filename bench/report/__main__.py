"""Writes bench/README.md and bench/plots from bench/results. IO; needs the standard library alone.

    python3 bench/report             writes
    python3 bench/report --check     fails if what is there is not what the results say
    python3 bench/report --results FOLDER --output FOLDER     for results that are not kept"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True

import document
import plot
import results

BENCH = pathlib.Path(__file__).resolve().parent.parent


def main():
    parser = argparse.ArgumentParser(prog="bench/report")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--results", type=pathlib.Path, default=BENCH / "results")
    parser.add_argument("--output", type=pathlib.Path, default=BENCH)
    arguments = parser.parse_args()
    try:
        found = results.read(arguments.results, BENCH)
    except results.Wrong as error:
        sys.exit(str(error))
    measured = {result["suite"] for result in found}
    text, plots = document.render(found, [suite for suite in results.SUITES if suite not in measured])
    files = {"README.md": text} | {f"plots/{name}": plot.render(each) for name, each in plots.items()}
    if arguments.check:
        sys.exit(differences(files, arguments.output))
    write(files, arguments.output)


def differences(files, folder):
    """A sentence for what differs, or None."""
    there = {f"plots/{path.name}" for path in (folder / "plots").glob("*.svg")}
    wrong = [name for name, text in files.items()
             if not (folder / name).is_file() or (folder / name).read_text() != text]
    wrong += sorted(there - set(files))
    return f"not what bench/results says: {', '.join(wrong)}; run python3 bench/report" if wrong else None


def write(files, folder):
    (folder / "plots").mkdir(parents=True, exist_ok=True)
    for path in (folder / "plots").glob("*.svg"):
        if f"plots/{path.name}" not in files:
            path.unlink()
    for name, text in files.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
