"""Writes bench/README.md and bench/plots from bench/results. IO; needs the standard library alone.

    python3 bench/report             writes
    python3 bench/report --check     fails if what is there is not what the results say
    python3 bench/report --results FOLDER --output FOLDER     for results that are not kept"""

import argparse
import pathlib
import sys

sys.dont_write_bytecode = True

import document
import files
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
    rendered = {"README.md": text} | {f"plots/{name}": plot.render(each) for name, each in plots.items()}
    if arguments.check:
        sys.exit(files.differences(rendered, arguments.output))
    files.write(rendered, arguments.output)


if __name__ == "__main__":
    main()
