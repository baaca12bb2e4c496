"""What a run learns of a library before it begins: `python benchmarks/snapshot.py`.

A library has a row for each segment, and a run wants to know what it holds of each file. Makes a library, reads it, and
folds its rows by file in two ways, in turns: *grouped*, as the store does it, in Arrow; and *loop*, the obvious one, a
Python object for each row. Prints the medians and how much faster the first is. Beside it, the whole of
`Store.snapshot()`, which also reads the rows from disk.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from statistics import median

import numpy as np
import pyarrow as pa

from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.records import Held
from framecue.library.store.rows import Row
from framecue.library.store.snapshot import HELD_COLUMNS, held_of
from measure import Measurement, Size, printed_by

WIDTH = 64
ROWS_PER_COMMIT = 20_000


def make(uri: str, *, num_rows: int, rows_per_file: int) -> Store:
    """Make a library of files with equally many segments."""
    store = Store.create(uri, {"backbone": "none", "embedding_dim": WIDTH})
    vector = np.full(WIDTH, WIDTH**-0.5)
    for first in range(0, num_rows, ROWS_PER_COMMIT):
        numbers = range(first, min(first + ROWS_PER_COMMIT, num_rows))
        store.write([make_row(number, rows_per_file, vector) for number in numbers])
    return store


def make_row(number: int, rows_per_file: int, vector: np.ndarray) -> Row:
    file, segment = divmod(number, rows_per_file)
    return Row(
        video_id=f"{file:040x}",
        path=f"/videos/{file % 100:02} holidays/clip {file:07}.mp4",
        start_seconds=float(segment),
        end_seconds=segment + 1.0,
        vector=vector,
        duration_seconds=float(rows_per_file),
        state=FileState(1_000_000 + file, 1.7e9 + file),
    )


def loop(rows: pa.Table) -> dict[str, Held]:
    """Fold rows by file, one after the other."""
    held: dict[str, Held] = {}
    values = zip(*(rows.column(name).to_pylist() for name in HELD_COLUMNS), strict=True)
    for path, video_id, size_bytes, modified_seconds, duration_seconds, sidecars, kind, reading, tag in values:
        num_segments = held[path].num_segments + 1 if path in held else 1
        state = FileState(size_bytes, modified_seconds, tag)
        held[path] = Held(video_id, state, duration_seconds, num_segments, sidecars, kind or "video", reading)
    return dict(sorted(held.items()))


def in_turns(ways: dict[str, Callable[[], object]], *, turns: int) -> dict[str, float]:
    """Return each way's median time in milliseconds."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(turns):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            times[name].append((time.perf_counter() - began) * 1e3)
    return {name: median(taken) for name, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--number", type=int, default=100_000, help="rows of the library")
    parser.add_argument("--rows-per-file", type=int, default=20)
    parser.add_argument("--turns", type=int, default=9)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        uri = f"{folder}/videos.lance"
        store = make(uri, num_rows=arguments.number, rows_per_file=arguments.rows_per_file)
        rows = store.table.scan(HELD_COLUMNS)
        if list(held_of(rows).items()) != list(loop(rows).items()):
            raise SystemExit("the two ways differ")
        ways: dict[str, Callable[[], object]] = {
            "grouped": lambda: held_of(rows),
            "loop": lambda: loop(rows),
            "snapshot": store.snapshot,
        }
        times = in_turns(ways, turns=arguments.turns)
        num_files = store.snapshot().num_videos
    result = {"num_rows": arguments.number, "num_files": num_files}
    result |= {f"{name}_ms": round(milliseconds, 2) for name, milliseconds in times.items()}
    print(json.dumps({**result, "ratio": round(times["loop"] / times["grouped"], 2)}))


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    sizes = {"tiny": ("--number", 2000, "--turns", 1), "short": ("--number", 50_000, "--turns", 5), "full": ()}
    result = json.loads(printed_by(main, *sizes[size]))
    return [Measurement(what=f"rows folded by file, {result['num_rows']}, of a loop's speed", value=result["ratio"])]


if __name__ == "__main__":
    main()
