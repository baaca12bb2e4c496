"""What a library of any size takes, reckoned from what was measured: `python benchmarks/arithmetic_of_scale.py`.

Bytes, index, time of a search, hours of machines, and with the reader's own prices what that costs; for a billion
segments unless told otherwise. Nothing is measured here: `MEASURED` has the figures, each with where it comes from. The
tables in docs/scale.md are what this prints, and a test holds them to it.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass

from framecue.library.store.index import rows_per_partition
from framecue.library.store.tuning import LEAST_PROBES, PROBES_OF_ROOT


@dataclass(frozen=True)
class Figures:
    """What was measured, on two cores, with vectors of width 512.

    Attributes:
        segment_seconds: 605 segments in half an hour (docs/benchmarks.md, "A long film").
        frames_per_minute: encoded, shared by segments that overlap (the same).
        cpu_seconds_per_minute: processor seconds for a minute of 1280x720, all but encoding: shots, decoding, scaling
            (the same: 9.2 in all, 5.3 of them encoding).
        encode_seconds_per_minute: processor seconds for encoding, ViT-B/32 in int8: 57 % of 5.3 (the same).
        thumbnail_bytes: mean of 121 of a film.
        row_bytes: the rest of a row: hash, path, times, compressed (scale.py: rows on the disk less their vectors).
        code_extra_bytes: of an index's code beside its bits (ann.py: 345 MB for a million of width 512).
        search_ms: one search for ten results with hardly any codes (ann.py, "A million segments").
        code_ns: for each code more (the same: 250 partitions of 1024 take 3.4 ms more than 5).
        known_bytes: of a run's memory for each segment, at most, while it reads which files are held (200 000 rows of
            20 a file: 330 bytes more at the peak).
        build_core_seconds: to make the index of a million rows (ann.py: 156 s on two cores).
    """

    segment_seconds: float = 2.975
    frames_per_minute: float = 162
    cpu_seconds_per_minute: float = 3.9
    encode_seconds_per_minute: float = 3.0
    thumbnail_bytes: float = 3100
    row_bytes: float = 20
    code_extra_bytes: float = 25
    search_ms: float = 3.0
    code_ns: float = 13.6
    known_bytes: float = 330
    build_core_seconds: float = 312


@dataclass(frozen=True)
class Prices:
    """What the reader pays, in any currency; the defaults are round numbers, nobody's offer."""

    gb_month: float = 0.02
    gpu_hour: float = 2.0
    core_hour: float = 0.04
    memory_gb_hour: float = 0.005


PRICE_OF = {
    "gb_month": "a gigabyte in the store for a month",
    "gpu_hour": "a GPU for an hour",
    "core_hour": "a core for an hour",
    "memory_gb_hour": "a gigabyte of memory for an hour",
}

MEASURED = Figures()
WIDTH, CODE_BITS = 512, 5
SIZES = (10**6, 10**7, 10**8, 10**9)


def code_bytes(width: int = WIDTH, figures: Figures = MEASURED) -> float:
    """Return how many bytes of the index a segment has."""
    return width * CODE_BITS / 8 + figures.code_extra_bytes


def codes_per_search(rows: int) -> int:
    """Return how many segments' codes a search looks at in one table: the index is made and asked as framecue does."""
    each = rows_per_partition(rows)
    return min(rows, each * math.ceil(max(LEAST_PROBES, PROBES_OF_ROOT * math.sqrt(rows / each))))


def search_ms(rows: int, figures: Figures = MEASURED) -> float:
    """Return how long two cores take for that, with all codes in memory; the model and the results come to it."""
    return figures.search_ms + codes_per_search(rows) * figures.code_ns / 1e6


def build_core_hours(rows: int, figures: Figures = MEASURED) -> float:
    """Return how long a core takes to make the index at most, beyond a million rows.

    As if all of it were comparing each row with each partition's middle, which grows fastest; encoding the rows and
    computing the middles grow as the rows do.
    """

    def comparisons(number: int) -> float:
        return number * number / rows_per_partition(number)

    return figures.build_core_seconds * comparisons(rows) / comparisons(10**6) / 3600


def sizes_table(width: int = WIDTH) -> list[str]:
    """One table of any size: what lies in the store, what a searching machine has in memory, and how long it takes."""
    lines = [
        "| segments | hours of film | vectors | thumbnails | index | codes a search looks at | time of that, two cores "
        "| index made in, core hours at most | memory with which a run begins |",
        "| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for rows in SIZES:
        cells = [
            spaced(rows),
            spaced(rows * MEASURED.segment_seconds / 3600),
            size(rows * 2 * width),
            size(rows * MEASURED.thumbnail_bytes),
            size(rows * code_bytes(width)),
            f"{spaced(codes_per_search(rows))}, {size(codes_per_search(rows) * code_bytes(width))}",
            f"{search_ms(rows):.0f} ms",
            f"{build_core_hours(rows):.2g}" if build_core_hours(rows) < 10 else spaced(build_core_hours(rows)),
            size(rows * MEASURED.known_bytes),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def shards_table(segments: int, width: int = WIDTH) -> list[str]:
    """The same segments in one table, or in several that are all asked: work for each search against time."""
    lines = [
        "| tables | segments of each | index of each | one search, asked side by side | two cores busy, in all "
        "| to make all indexes, core hours at most |",
        "| ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for tables in (1, 10, 100):
        rows = segments // tables
        cells = [
            str(tables),
            spaced(rows),
            size(rows * code_bytes(width)),
            f"{search_ms(rows):.0f} ms",
            f"{tables * search_ms(rows) / 1000:.1f} s",
            spaced(tables * build_core_hours(rows)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def costs_table(segments: int, prices: Prices, *, gpu_frames_per_second: float, width: int = WIDTH) -> list[str]:
    """Encoding it all once, and keeping it for a month."""
    minutes = segments * MEASURED.segment_seconds / 60
    gpu_hours = minutes * MEASURED.frames_per_minute / gpu_frames_per_second / 3600
    core_hours = minutes * MEASURED.cpu_seconds_per_minute / 3600
    alone_hours = minutes * (MEASURED.cpu_seconds_per_minute + MEASURED.encode_seconds_per_minute) / 3600
    cores_per_gpu = gpu_frames_per_second / MEASURED.frames_per_minute * MEASURED.cpu_seconds_per_minute
    stored = segments * (2 * width + MEASURED.thumbnail_bytes + MEASURED.row_bytes + code_bytes(width)) / 1e9
    memory = segments * code_bytes(width) / 1e9
    rows = [
        ("GPUs, encoding", f"{spaced(gpu_hours)} GPU hours", gpu_hours * prices.gpu_hour),
        ("cores that feed them", f"{spaced(core_hours)} core hours, {cores_per_gpu:.0f} cores a GPU",
         core_hours * prices.core_hour),
        ("or all of it without a GPU", f"{spaced(alone_hours)} core hours", alone_hours * prices.core_hour),
        ("the index, once", f"at most {spaced(build_core_hours(segments))} core hours",
         build_core_hours(segments) * prices.core_hour),
        ("the library in a store, a month", size(stored * 1e9), stored * prices.gb_month),
        ("its codes in memory, a month of 730 hours", size(memory * 1e9), memory * 730 * prices.memory_gb_hour),
    ]  # fmt: skip
    return [
        "| what | how much | price |",
        "| --- | ---: | ---: |",
        *(f"| {what} | {much} | {spaced(price)} |" for what, much, price in rows),
    ]


def size(number: float) -> str:
    """Return a number of bytes in words."""
    for unit, each in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if number >= each:
            return f"{number / each:.3g} {unit}" if number < 999.5 * each else f"{spaced(number / each)} {unit}"
    return f"{number:.0f} bytes"


def spaced(number: float) -> str:
    """Return a whole number with its thousands apart."""
    return f"{number:,.0f}".replace(",", " ")


def tell(words: Sequence[str] | None = None) -> None:
    """Print the tables."""
    prices = Prices()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--segments", type=int, default=10**9, help="of the second and the third table; a billion unless told"
    )
    parser.add_argument("--gpu-frames-per-second", type=float, default=2000, help="of yours: benchmarks/gpu.py says")
    for name, default in vars(prices).items():
        said = f"what {PRICE_OF[name]} costs, in any currency; {default:g} unless told"
        parser.add_argument(f"--{name.replace('_', '-')}", type=float, default=default, help=said)
    options = parser.parse_args(words)
    if options.segments < 1 or options.gpu_frames_per_second <= 0:
        parser.error("--segments and --gpu-frames-per-second are above 0")
    prices = Prices(**{name: getattr(options, name) for name in vars(prices)})
    tables = [
        sizes_table(),
        shards_table(options.segments),
        costs_table(options.segments, prices, gpu_frames_per_second=options.gpu_frames_per_second),
    ]
    print("\n\n".join("\n".join(table) for table in tables))


if __name__ == "__main__":
    tell()
