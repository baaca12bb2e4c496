"""What a benchmark says of itself, so that `python benchmarks/all.py` can run it beside the others.

A script of this folder registers by having a function `measurements(size)` that returns `Measurement`s. A script with a
`main` and without that function is an error, so none is forgotten. Files without a `main` are parts of others.
"""

from __future__ import annotations

import io
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

__all__ = [
    "SIZES",
    "Measurement",
    "Size",
    "Times",
    "parts_of",
    "printed_by",
    "processor_seconds",
    "results_of",
    "small_clip_config",
    "table",
    "times_in_turns",
    "told",
    "untold",
    "verdict",
    "write_between",
]

Key = TypeVar("Key")

Size = Literal["tiny", "short", "full"]
"""How much is done: "tiny" to see that it runs, "short" for a look, "full" for what is written down."""

SIZES: tuple[Size, ...] = ("tiny", "short", "full")


@dataclass(frozen=True)
class Times:
    """What a call took, medians over the rounds.

    Attributes:
        seconds: on the clock.
        processor_seconds: of all threads of the process, which what else the machine does touches less.
    """

    seconds: float
    processor_seconds: float


def times_in_turns(calls: Mapping[Key, Callable[[], object]], num_rounds: int) -> dict[Key, Times]:
    """Call each in turn, so that what else the machine does meets all alike; the first round is for warming up."""
    seconds: dict[Key, list[tuple[float, float]]] = {name: [] for name in calls}
    for round_number in range(num_rounds + 1):
        for name, call in calls.items():
            begin, processor_begin = time.perf_counter(), time.process_time()
            call()
            if round_number:
                seconds[name].append((time.perf_counter() - begin, time.process_time() - processor_begin))
    return {name: Times(*map(statistics.median, zip(*found, strict=True))) for name, found in seconds.items()}


def processor_seconds() -> float:
    """Of this process, and of those that it started and that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """One figure.

    Attributes:
        what: what was measured, in a few words.
        value: a ratio, or what the goal is about.
        unit: what stands behind the value: "x" for a ratio.
        goal: the value to reach; None if there is none.
        sense: whether the goal is reached from there on, or up to there.
    """

    what: str
    value: float
    unit: str = "x"
    goal: float | None = None
    sense: Literal["at least", "at most"] = "at least"

    @property
    def is_reached(self) -> bool | None:
        """Whether the goal is reached; None if there is none."""
        if self.goal is None:
            return None
        return self.value >= self.goal if self.sense == "at least" else self.value <= self.goal


def verdict(measurement: Measurement) -> str:
    """The words for whether the goal is reached."""
    return {None: "-", True: "reached", False: "not reached"}[measurement.is_reached]


def table(found: dict[str, Sequence[Measurement]]) -> str:
    """The measurements of benchmarks by name, as Markdown."""
    lines = ["| benchmark | what | measured | goal | |", "| --- | --- | ---: | ---: | --- |"]
    for name, measurements in found.items():
        for each in measurements:
            goal = "-" if each.goal is None else f"{each.sense} {each.goal:g}{each.unit}"
            lines.append(f"| `{name}` | {each.what} | {each.value:.3g}{each.unit} | {goal} | {verdict(each)} |")
    return "\n".join(lines) + "\n"


def told(measurements: Sequence[Measurement]) -> str:
    """Measurements as a line that another process reads; see `untold`."""
    return json.dumps([asdict(each) for each in measurements])


def untold(line: str) -> list[Measurement]:
    """What `told` wrote."""
    return [Measurement(**each) for each in json.loads(line)]


def small_clip_config(folder: Path) -> Path:
    """Write the configuration of a CLIP that encodes in a moment, for runs of the size "tiny"."""
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = {**layers, "image_size": 32, "patch_size": 16}
    path = folder / "small-clip.json"
    path.write_text(
        json.dumps({"projection_dim": 16, "vision_config": vision, "text_config": layers}), encoding="utf-8"
    )
    return path


def results_of(main: Callable[[], object], *arguments: object) -> Any:
    """Run a script's `main` with arguments and `--json`; give what it wrote there."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "results.json"
        with _called_with(*arguments, "--json", file):
            main()
        return json.loads(file.read_text(encoding="utf-8"))


def printed_by(main: Callable[[], object], *arguments: object) -> str:
    """Run a script's `main` with arguments; give what it printed. Its exit code is not looked at: it is a verdict."""
    printed = io.StringIO()
    with _called_with(*arguments), redirect_stdout(printed):
        try:
            main()
        except SystemExit as ended:
            if isinstance(ended.code, str):
                raise
    return printed.getvalue()


@contextmanager
def _called_with(*arguments: object) -> Iterator[None]:
    before = sys.argv
    sys.argv = [before[0], *map(str, arguments)]
    try:
        yield
    finally:
        sys.argv = before


def parts_of(page: Path, name: str) -> tuple[str, str]:
    """What stands before and behind the lines of a name; exits where the page has no place for it."""
    start, end, text = f"<!-- {name} -->", f"<!-- /{name} -->", page.read_text(encoding="utf-8")
    if text.count(start) != 1 or text.count(end) != 1 or text.index(start) > text.index(end):
        sys.exit(f"{page}: put the lines {start} and {end} where the table belongs, once each")
    return text.partition(start)[0], text.partition(end)[2]


def write_between(page: Path, name: str, text: str) -> None:
    """Put a text between the two lines of a name, `<!-- name -->` and `<!-- /name -->`, in place of what is there."""
    before, behind = parts_of(page, name)
    page.write_text(f"{before}<!-- {name} -->\n{text}<!-- /{name} -->{behind}", encoding="utf-8")
