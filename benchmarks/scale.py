"""Searching ten million vectors, and how all of it grows: `python benchmarks/scale.py --folder PLACE`.

One library of generated vectors (`generated_library.py`) grows from size to size. At each, framecue makes its index
anew (`framecue optimize`), as it would, having doubled; then the library is asked. Printed for each size: how long the
index takes to make, with how much memory and disk; recall@10 against an exact search; the times that half and 95 of 100
searches take, and searches a second, with one, four and sixteen clients at once; and the memory of the process that
searches. From the smallest size to the largest, how these grow: the exponent e of rows^e that fits best. An index whose
size has the exponent 1 grows as the rows do; a search whose time has 0.5 takes ten times as long for a hundred times
the rows.

- A client is a thread of one process, which asks for the next text as soon as it has its answer, each another one; all
  ask for as many segments as `framecue search` does, which folds them into videos. A table of its own for each, and
  LanceDB's caches for all, as `framecue serve` has it. Texts are vectors already: a model is not part of this.
- Of the index, the process keeps what `FRAMECUE_INDEX_CACHE_GB` says, 1 unless told; more is read again.
- The exact search goes through the table once, by parts, for all queries.
- The table and the index stay in the folder, and so does what was measured: a run that was killed goes on where it was.
- Before it begins it looks whether the disk has the room. The most is needed while small files are joined: the old and
  the new are there then. Both are told, what is reckoned and what was needed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from clip_vectors import World
from framecue.library.search.legs.seen import FIRST_LIMIT
from framecue.library.store import Store
from framecue.library.store.index import LEAST_INDEXED_ROWS, REBUILD_SHARE, VECTOR, vector_index
from generated_library import grow, make_queries, peak_memory_mb, read_queries, run_part, size_mb
from measure import Measurement, Size, results_of

GOAL_RECALL, RESULTS = 0.98, 10
SIZES = (1_000_000, 3_200_000, 10_000_000)
"""Half an order of magnitude apart; each is to be more than twice the one before, so that the index is made anew."""
CLIENTS = (1, 4, 16)
WARM_SHARE = 0.2
"""Of the time of a measurement, what is not counted."""
EXACT_ROWS = 20_000
"""How many rows are compared at a time."""
# Bytes of a row beside its vector (paths, times, hashes, the indexes that filters use), and of a code in the index
# beside its bits; as measured at a million rows of width 512.
ROW_BYTES, CODE_BITS, CODE_BYTES = 260, 5, 32


@dataclass(frozen=True)
class Load:
    """What so many clients at once met: times in milliseconds that half and 95 of 100 searches took."""

    clients: int
    p50_ms: float
    p95_ms: float
    searches_per_second: float


@dataclass(frozen=True)
class Measured:
    """What was measured at one size. Memory is the largest resident set of the process that did the one thing, in MB.

    ``index_mb`` is of the index on the vectors, ``other_indexes_mb`` of those that filters use; ``disk_mb`` the most
    that all of it took while the index was made; ``first_search_ms`` is of a new process, opening the library included.
    """

    rows: int
    rows_mb: float
    index_mb: float
    other_indexes_mb: float
    build_seconds: float
    build_memory_mb: float
    disk_mb: float
    recall_text: float
    recall_picture: float
    first_search_ms: float
    loads: list[Load]
    search_memory_mb: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=list(SIZES), help=f"the sizes (default: {SIZES})")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--queries", type=int, default=50, help="of each kind, for the recall")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each number of clients asks")
    parser.add_argument("--folder", type=Path, help="where all of it is made and kept (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)  # for the processes that this one starts
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.vectors = "clip"
    if options.part:
        print(json.dumps(PARTS[options.part](options)))
        return
    sizes = sorted(options.rows)
    if any(small * (1 / REBUILD_SHARE) >= large for small, large in pairwise(sizes)):
        parser.error("each of --rows has to be more than twice the one before: only then is the index made anew")
    with tempfile.TemporaryDirectory() as temporary:
        options.folder = options.folder or Path(temporary)
        options.folder.mkdir(parents=True, exist_ok=True)
        check_room(options.folder, sizes[-1], options.width)
        measured = [measure(options, size) for size in sizes]
    growth = exponents(measured)
    print("\n".join(lines(measured, growth)))
    if options.json:
        document = {"width": options.width, "sizes": [asdict(each) for each in measured], "growth": growth}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


# --- the room on the disk


def room_mb(rows: int, width: int) -> float:
    """Return about how much disk a run takes at most: all rows twice, and the index with what it is made from."""
    row_bytes, code_bytes = 2 * width + ROW_BYTES, width * CODE_BITS / 8 + CODE_BYTES
    return rows * (2 * row_bytes + 2 * code_bytes) / 1e6


def check_room(folder: Path, rows: int, width: int) -> None:
    """Exit if a run would fill the disk; what is in the folder already counts as room."""
    needed, there = room_mb(rows, width), shutil.disk_usage(folder).free / 1e6 + size_mb(folder)
    print(f"{rows} rows take up to {needed / 1000:.1f} GB of disk; {there / 1000:.1f} GB are free", flush=True)
    if needed > there:
        sys.exit(f"{folder}: the disk has not the room; name another with --folder, or give smaller --rows")


# --- one size, part by part


def measure(options: argparse.Namespace, size: int) -> Measured:
    """Do what is not done yet at one size, each part in a process of its own."""
    names = ("width", "queries", "seconds", "folder", "size")
    options.size = size
    said: dict[str, dict[str, Any]] = {}
    for part in PARTS:
        kept = options.folder / f"{size}x{options.width}-{part}.json"
        if kept.exists():
            said[part] = json.loads(kept.read_text(encoding="utf-8"))
            continue
        began = time.perf_counter()
        # What is put aside while an index is made lies where its room is counted.
        temporary = options.folder / "temporary"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        said[part] = run_part(__file__, part, options, names, TMPDIR=str(temporary))
        kept.write_text(json.dumps(said[part]) + "\n", encoding="utf-8")
        print(f"{size} rows: {part} took {time.perf_counter() - began:.0f} s", flush=True)
    build, search, exact = said["build"], said["search"], said["exact"]
    loads = [Load(**load) for load in search["loads"]]
    return Measured(
        rows=said["grow"]["rows"],
        **build,
        **{f"recall_{kind}": recall(search["found"][kind], exact["found"][kind]) for kind in ("text", "picture")},
        first_search_ms=search["first_search_ms"],
        loads=loads,
        search_memory_mb=search["memory_mb"],
    )


def grow_to(options: argparse.Namespace) -> dict[str, Any]:
    """Write the rows that the size lacks, and the queries."""
    make_queries(options.folder, number=options.queries, width=options.width, vectors=options.vectors)
    uri = uri_of(options)
    rows = grow(uri, number=options.size, width=options.width, vectors=options.vectors)
    if rows >= options.size * 1.01 + RESULTS:
        sys.exit(f"{uri} has {rows} rows already: leave {options.size} out of --rows, or name another --folder")
    return {"rows": rows}


def build(options: argparse.Namespace) -> dict[str, Any]:
    """Make the index as `framecue optimize` does; one that a killed run has made is made again."""
    store = Store.open(str(uri_of(options)))
    if (there := vector_index(store.table)) is not None:
        store.table.commit("optimized", lambda: store.table.lance.drop_index(there.name))
    begin = time.perf_counter()
    with watched(options.folder) as most:
        upkeep = store.optimize()
        seconds = time.perf_counter() - begin
    if upkeep.num_indexed_rows != upkeep.num_rows:
        sys.exit(f"{upkeep.num_indexed_rows} of {upkeep.num_rows} rows are in the index; give larger --rows")
    # Those that were before would be counted with what is there now.
    memory_mb = peak_memory_mb()
    store.table.commit("optimized", lambda: store.table.lance.optimize(cleanup_older_than=timedelta(0)))
    indexes = store.table.lance.list_indices()
    return {
        "rows_mb": size_mb(uri_of(options) / "segments.lance" / "data"),
        "index_mb": sum(index.size_bytes for index in indexes if index.columns == [VECTOR]) / 1e6,
        "other_indexes_mb": sum(index.size_bytes for index in indexes if index.columns != [VECTOR]) / 1e6,
        "build_seconds": seconds,
        "build_memory_mb": memory_mb,
        "disk_mb": max(most),
    }


@contextmanager
def watched(folder: Path) -> Iterator[list[float]]:
    """Yield a list, in which is what a folder held at times in the block, in MB."""
    sizes, ended = [size_mb(folder)], threading.Event()

    def watch() -> None:
        while not ended.wait(0.5):
            sizes.append(size_mb(folder))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield sizes
    finally:
        ended.set()
        watcher.join()
        sizes.append(size_mb(folder))


def exact(options: argparse.Namespace) -> dict[str, Any]:
    """Find the nearest of all rows, for all queries in one pass through the table."""
    store = Store.open(str(uri_of(options)))
    queries = read_queries(options.folder)
    asked = np.concatenate(list(queries.values()))
    scores = np.full((len(asked), RESULTS), -np.inf, dtype=np.float32)
    keys = np.empty((len(asked), RESULTS), dtype=object)
    for batch in store.batches(["path", "start_seconds"], vectors=True, batch_rows=EXACT_ROWS):
        flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
        vectors = flat.reshape(-1, options.width).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        found = asked @ vectors.T
        best = np.argpartition(found, -min(RESULTS, found.shape[1]), axis=1)[:, -RESULTS:]
        for query, places in enumerate(best):
            better = [place for place in places if found[query, place] > scores[query, 0]]
            if not better:
                continue
            paths, starts = (batch.column(name) for name in ("path", "start_seconds"))
            new = [key_of(paths[int(place)].as_py(), starts[int(place)].as_py()) for place in better]
            both = np.concatenate([scores[query], found[query, better]])
            named = np.concatenate([keys[query], np.array(new, dtype=object)])
            order = np.argsort(both, kind="stable")[-RESULTS:]
            scores[query], keys[query] = both[order], named[order]
    each = iter(keys.tolist())
    return {"found": {kind: [next(each) for _ in vectors] for kind, vectors in queries.items()}}


def key_of(path: str, start_seconds: float) -> str:
    """What a row is known by."""
    return f"{path} {start_seconds:g}"


def search(options: argparse.Namespace) -> dict[str, Any]:
    """Ask the library: a first search, those for the recall, then clients at once."""
    queries = read_queries(options.folder)
    begin = time.perf_counter()
    store = Store.open(str(uri_of(options)))
    store.search(queries["text"][0], limit=FIRST_LIMIT)
    first_search_ms = 1000 * (time.perf_counter() - begin)
    found = {
        kind: [[key_of(*match.key[:2]) for match in store.search(query, limit=RESULTS)] for query in vectors]
        for kind, vectors in queries.items()
    }
    loads = [load_of(options, clients) for clients in CLIENTS]
    return {
        "first_search_ms": first_search_ms,
        "found": found,
        "loads": [asdict(load) for load in loads],
        "memory_mb": peak_memory_mb(),
    }


def load_of(options: argparse.Namespace, clients: int) -> Load:
    """Let clients ask at once for a while; the first part of it is for warming up."""
    begin = time.perf_counter()
    counted, end = begin + WARM_SHARE * options.seconds, begin + options.seconds

    def ask(client: int) -> list[float]:
        """Ask for one text after the other, each another one; return the seconds of those that count."""
        store = Store.open(str(uri_of(options)))
        world = World(options.width, options.vectors)
        world.rng = np.random.default_rng([3, clients, client])
        taken: list[float] = []
        while time.perf_counter() < end or not taken:
            for text in world.texts(64):
                began = time.perf_counter()
                store.search(text, limit=FIRST_LIMIT)
                ended = time.perf_counter()
                if began >= counted:
                    taken.append(ended - began)
                if ended >= end and taken:
                    break
        return taken

    with ThreadPoolExecutor(clients) as threads:
        seconds = [each for taken in threads.map(ask, range(clients)) for each in taken]
    lasted = time.perf_counter() - counted
    p50, p95 = np.percentile(seconds, [50, 95])
    return Load(clients, 1000 * float(p50), 1000 * float(p95), len(seconds) / lasted)


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "grow": grow_to,
    "build": build,
    "exact": exact,
    "search": search,
}


def uri_of(options: argparse.Namespace) -> Path:
    return options.folder / f"generated-{options.width}.lance"


# --- what comes out


def recall(found: Sequence[Sequence[str]], nearest: Sequence[Sequence[str]]) -> float:
    """Return the share of the nearest that was found, mean over the queries."""
    return statistics.mean(len(set(ours) & set(best)) / len(best) for ours, best in zip(found, nearest, strict=True))


def exponents(measured: Sequence[Measured]) -> dict[str, float]:
    """Return for each figure the e of rows^e that fits it best, in logarithms; nothing for one size alone."""
    if len(measured) < 2:
        return {}
    rows = np.log([each.rows for each in measured])
    figures: dict[str, list[float]] = {
        "index made in": [each.build_seconds for each in measured],
        "memory to make it": [each.build_memory_mb for each in measured],
        "index on the disk": [each.index_mb for each in measured],
        "rows on the disk": [each.rows_mb for each in measured],
        "memory to search": [each.search_memory_mb for each in measured],
    }
    for number, clients in enumerate(CLIENTS):
        figures[f"half of all searches, clients: {clients}"] = [each.loads[number].p50_ms for each in measured]
    return {name: float(np.polyfit(rows, np.log(values), 1)[0]) for name, values in figures.items()}


def lines(measured: Sequence[Measured], growth: dict[str, float]) -> list[str]:
    """The figures as two tables in Markdown."""
    clients = " | ".join(f"{number} at once: p50, p95, a second" for number in CLIENTS)
    text = [
        "| rows | on the disk | index, those for filters | index made in | with memory, disk "
        f"| recall@{RESULTS} text, picture | {clients} | first search | memory |",
        f"| ---: | {' | '.join(['---'] * (7 + len(CLIENTS)))} |",
    ]
    for each in measured:
        cells = [
            f"{each.rows:,}".replace(",", " "),
            f"{each.rows_mb:.0f} MB",
            f"{each.index_mb:.0f} MB, {each.other_indexes_mb:.0f} MB",
            f"{each.build_seconds:.0f} s",
            f"{each.build_memory_mb:.0f} MB, {each.disk_mb:.0f} MB",
            f"{each.recall_text:.3f}, {each.recall_picture:.3f}",
            *(f"{load.p50_ms:.1f} ms, {load.p95_ms:.1f} ms, {load.searches_per_second:.1f}" for load in each.loads),
            f"{each.first_search_ms:.0f} ms",
            f"{each.search_memory_mb:.0f} MB",
        ]
        text.append(f"| {' | '.join(cells)} |")
    if growth:
        text += ["", f"| from {measured[0].rows} to {measured[-1].rows} rows | grows as rows^e, e |", "| --- | ---: |"]
        text += [f"| {name} | {exponent:.2f} |" for name, exponent in growth.items()]
    return text


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    least = LEAST_INDEXED_ROWS
    how: dict[str, tuple[object, ...]] = {
        "tiny": ("--rows", least, 2 * least + 20, "--width", 32, "--queries", 3, "--seconds", 0.2),
        "short": ("--rows", 50_000, 160_000, "--width", 128, "--queries", 12, "--seconds", 3),
        "full": (),
    }
    results = results_of(main, *how[size])
    found = []
    for each in results["sizes"]:
        rows = f"{each['rows']:,}".replace(",", " ")
        for kind in ("text", "picture"):
            what = f"{kind}, {rows} rows: recall@{RESULTS}"
            found.append(Measurement(what=what, value=each[f"recall_{kind}"], unit="", goal=GOAL_RECALL))
    found += [
        Measurement(what=f"{name}: grows as rows^e, e", value=exponent, unit="")
        for name, exponent in results["growth"].items()
    ]
    return found


if __name__ == "__main__":
    main()
