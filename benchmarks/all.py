"""Every benchmark in a short form, as one table of what was measured against its goal: `python benchmarks/all.py`.

Benchmarks are the scripts in this folder; a new one registers by being there (`measure.py` says how). Each runs in a
process of its own, one after the other; one that fails is named at the end, and does not stop the others. The short
form says roughly where things stand. `--full` runs all of each, which takes hours, and alone writes the table into
docs/benchmarks.md, between the lines `<!-- all -->` and `<!-- /all -->`, with the processor and the date. `--tiny` only
shows that everything runs, in one process; its ratios mean nothing.
"""

from __future__ import annotations

import argparse
import ast
import datetime
import importlib
import os
import platform
import subprocess
import sys
import time
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))

from measure import (  # noqa: E402 (found by the line above)
    SIZES,
    Measurement,
    Size,
    parts_of,
    table,
    told,
    untold,
    write_between,
)

PAGE = FOLDER.parent / "docs" / "benchmarks.md"
ANSWER = "measurements: "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--full", action="store_const", dest="size", const="full", help="all of each; writes the page")
    how.add_argument("--tiny", action="store_const", dest="size", const="tiny", help="only see that everything runs")
    parser.add_argument("--only", nargs="+", choices=names(), metavar="NAME", help=f"some of: {', '.join(names())}")
    parser.add_argument("--page", type=Path, default=PAGE, help="where --full writes the table")
    parser.add_argument("--one", choices=names(), help=argparse.SUPPRESS)  # for the processes that this one starts
    parser.set_defaults(size="short")
    options = parser.parse_args()
    if options.one:
        print(ANSWER + told(importlib.import_module(options.one).measurements(options.size)))
        return
    if options.size == "full":
        if options.only:
            parser.error("--full writes the table of all; leave out --only, or --full")
        parts_of(options.page, "all")  # before hours are spent
    found, failed = run_all(options.only or names(), options.size)
    text = table(found) + "".join(f"\n{name} failed; its messages are above.\n" for name in failed)
    print(f"{text}\n{machine()}")
    if options.size == "full" and not failed:
        write_between(options.page, "all", f"{machine()}\n\n{text}")
    if failed:
        sys.exit(1)


def names(folder: Path = FOLDER) -> list[str]:
    """The benchmarks of a folder, by what stands in its files; none is imported.

    Exits where a script has a `main` and tells nothing of itself.
    """
    found = []
    for file in sorted(folder.glob("*.py")):
        if file.name == Path(__file__).name:
            continue
        tree = ast.parse(file.read_text(encoding="utf-8"))
        defined = {each.name for each in tree.body if isinstance(each, ast.FunctionDef)}
        if "measurements" in defined:
            found.append(file.stem)
        elif "main" in defined:
            sys.exit(f"{file.name} has no function `measurements`; benchmarks/measure.py says what it is for")
    return found


def run_all(wanted: Sequence[str], size: Size) -> tuple[dict[str, list[Measurement]], list[str]]:
    """Run benchmarks one after the other; what they measured, and the names of those that failed."""
    assert size in SIZES
    found: dict[str, list[Measurement]] = {}
    failed = []
    for name in wanted:
        print(f"{name} ...", file=sys.stderr, flush=True)
        began = time.monotonic()
        measured = run_here(name) if size == "tiny" else run_apart(name, size)
        if measured is None:
            failed.append(name)
        else:
            found[name] = measured
        print(f"{name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return found, failed


def run_apart(name: str, size: Size) -> list[Measurement] | None:
    """Run a benchmark in a process of its own; None if it fails."""
    how = [] if size == "short" else [f"--{size}"]
    command = [sys.executable, __file__, "--one", name, *how]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    *before, last = done.stdout.splitlines() or [""]
    if done.returncode or not last.startswith(ANSWER):
        print("\n".join([*before, last]), file=sys.stderr)
        return None
    return untold(last.removeprefix(ANSWER))


def run_here(name: str) -> list[Measurement] | None:
    """Run the smallest form of a benchmark in this process; None if it fails."""
    try:
        with redirect_stdout(sys.stderr):
            return importlib.import_module(name).measurements("tiny")
    except (Exception, SystemExit):
        traceback.print_exc()
        return None


def machine() -> str:
    """The processor, its cores, and today's date, as one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{processor()}, {cores} cores, Python {platform.python_version()}, {datetime.date.today().isoformat()}."


def processor() -> str:
    """The processor's name, as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine() or "unknown processor"


if __name__ == "__main__":
    main()
