"""Searching a million vectors by the index against an exact search: `python benchmarks/ann.py`.

Makes a library of generated vectors (no pictures), has framecue make its index (`framecue optimize`), and asks it. Each
part runs in a process of its own, so that its memory is its own. Prints recall@10 against the exact search of the same
table, and the median times of the same queries in turns: by the index, exact, and as another alternative one
matrix-vector product of all vectors in float32 in memory (numpy), in turns with the index in a process that has them.

Filters that half, a tenth, one of 100 and one of 1000 of all videos pass are compared with no filter, query by query in
turns. So are some folders, and a glob, which no index knows; the first search of a process with a glob takes longer
than those that follow.

Two numbers of results are asked for: the 10 that recall@10 is about, and as many segments as `framecue search` asks
for, which folds them into videos; of these the first 10 count.

Vectors and queries are those of `clip_vectors.py`, which says how they are made and why; `generated_library.py` writes
them. Queries of two kinds are
asked, none of which is in the library: `text`s, which lie apart from all pictures, as typed queries do, and
`picture`s. With `--vectors gaussian` all are directions at random instead: hardly any is nearer to a query than
another, so no index can do well on them, and no library has them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from framecue.library.search.filters import Filters, condition_for
from framecue.library.search.legs.seen import FIRST_LIMIT
from framecue.library.store import Store
from framecue.library.store.index import LEAST_INDEXED_ROWS
from generated_library import grow, make_queries, peak_memory_mb, read_queries, run_part, size_mb
from measure import Measurement, Size, results_of

GOAL_RECALL, GOAL_RATIO, RESULTS = 0.98, 20.0, 10
# A search with a filter may take so many times as long as one without; numpy's product, of a search for 10, so many.
GOAL_FILTERED, GOAL_NUMPY = 3.0, 25.0
LIMITS = (RESULTS, FIRST_LIMIT)
# By length, whatever is shown, and by folder, which is a topic.
CONDITIONS = {
    "half of all videos": Filters(longer_than_seconds=100),
    "a tenth": Filters(longer_than_seconds=180),
    "one of 100": Filters(longer_than_seconds=198),
    "one of 1000": Filters(longer_than_seconds=199.8),
    "a folder": Filters(folder="/videos/0007"),
    "a glob": Filters(path="*7.mp4"),
}


@dataclass(frozen=True)
class Searches:
    """What was measured of one kind of queries: recall@10 of the index, and median times in milliseconds.

    ``limit`` is how many segments were asked for, of which the first 10 count for the recall.
    """

    name: str
    limit: int
    recall: float
    least_recall: float
    index_ms: float
    exact_ms: float
    ratio: float


@dataclass(frozen=True)
class Filtered:
    """What was measured of searches with a filter: recall@10 against an exact search, and the median times in turns."""

    name: str
    limit: int
    recall: float
    filtered_ms: float
    unfiltered_ms: float
    ratio: float


@dataclass(frozen=True)
class Results:
    """What was measured. Memory is the largest resident set of the process that did the one thing, in MB."""

    vectors: str
    num_vectors: int
    width: int
    num_queries: int
    build_seconds: float
    build_memory_mb: float
    rows_mb: float
    index_mb: float
    first_search_ms: float
    searches: list[Searches]
    filtered: list[Filtered]
    search_memory_mb: float
    exact_memory_mb: float
    numpy_ms: float
    numpy_index_ms: float
    numpy_ratio: float
    numpy_memory_mb: float
    numpy_agreement: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=1_000_000, help="vectors, rounded up to whole videos")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--vectors", choices=["clip", "gaussian"], default="clip")
    parser.add_argument("--queries", type=int, default=30, help="of each kind")
    parser.add_argument("--folder", type=Path, help="where the library is made and kept (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)  # for the processes that this one starts
    options = parser.parse_args()
    if options.part:
        print(json.dumps(PARTS[options.part](options)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        options.folder = options.folder or Path(temporary)
        options.folder.mkdir(parents=True, exist_ok=True)
        results = measure(options)
    print("\n".join(lines(results)))
    if options.json:
        options.json.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")


def measure(options: argparse.Namespace) -> Results:
    """Run the parts one after the other, each in a process of its own."""
    made = part_of("make", options)
    print(f"{made['num_vectors']} vectors of width {options.width} ({options.vectors})", flush=True)
    built = part_of("build", options)
    print(f"index made in {built['seconds']:.0f} s", flush=True)
    searched = part_of("search", options)
    numpy = part_of("numpy", options)
    return Results(
        vectors=options.vectors,
        num_vectors=made["num_vectors"],
        width=options.width,
        num_queries=options.queries,
        build_seconds=built["seconds"],
        build_memory_mb=built["memory_mb"],
        rows_mb=built["rows_mb"],
        index_mb=built["index_mb"],
        first_search_ms=searched["first_search_ms"],
        searches=[Searches(**values) for values in searched["searches"]],
        filtered=[Filtered(**values) for values in searched["filtered"]],
        search_memory_mb=searched["search_memory_mb"],
        exact_memory_mb=searched["memory_mb"],
        numpy_ms=numpy["median_ms"],
        numpy_index_ms=numpy["index_ms"],
        numpy_ratio=numpy["median_ms"] / numpy["index_ms"],
        numpy_memory_mb=numpy["memory_mb"],
        numpy_agreement=numpy["agreement"],
    )


def part_of(part: str, options: argparse.Namespace) -> dict[str, Any]:
    return run_part(__file__, part, options, ("number", "width", "vectors", "queries", "folder"))


def make(options: argparse.Namespace) -> dict[str, Any]:
    """Write the library's rows, unless they are there, and the queries."""
    how = {"width": options.width, "vectors": options.vectors}
    make_queries(options.folder, number=options.queries, **how)
    return {"num_vectors": grow(uri_of(options), number=options.number, **how)}


def build(options: argparse.Namespace) -> dict[str, Any]:
    """Make the index as `framecue optimize` does."""
    store = Store.open(str(uri_of(options)))
    begin = time.perf_counter()
    upkeep = store.optimize()
    seconds = time.perf_counter() - begin
    if upkeep.num_indexed_rows != upkeep.num_rows:
        sys.exit(f"{upkeep.num_indexed_rows} of {upkeep.num_rows} rows are in the index; give a larger --number")
    return {
        "seconds": seconds,
        "memory_mb": peak_memory_mb(),
        "rows_mb": size_mb(uri_of(options) / "segments.lance" / "data"),
        "index_mb": size_mb(uri_of(options) / "segments.lance" / "_indices"),
    }


def search(options: argparse.Namespace) -> dict[str, Any]:
    """Ask the library: by the index alone first, for the memory of that; then in turns with the exact search."""
    queries = read_queries(options.folder)
    begin = time.perf_counter()
    store = Store.open(str(uri_of(options)))
    store.search(queries["text"][0], limit=RESULTS)
    first_search_ms = 1000 * (time.perf_counter() - begin)
    for kind in queries:
        for query in queries[kind]:
            store.search(query, limit=FIRST_LIMIT)
    search_memory_mb = peak_memory_mb()
    searches = [in_turns(store, kind, queries[kind], limit=limit) for limit in LIMITS for kind in queries]
    some = queries["text"][: max(1, options.queries // 2)]
    filtered = [
        with_filter(store, name, some, limit=limit, filters=filters)
        for limit in LIMITS
        for name, filters in CONDITIONS.items()
    ]
    return {
        "first_search_ms": first_search_ms,
        "search_memory_mb": search_memory_mb,
        "searches": [asdict(values) for values in searches],
        "filtered": [asdict(values) for values in filtered],
        "memory_mb": peak_memory_mb(),
    }


def with_filter(store: Store, name: str, queries: np.ndarray, *, limit: int, filters: Filters) -> Filtered:
    """Each query with a filter and without, in turns."""
    seconds: dict[Filters | None, list[float]] = {None: [], filters: []}
    recalls = []
    for query in queries:
        for some, taken in seconds.items():
            begin = time.perf_counter()
            matches = store.search(query, limit=limit, where=condition_for(store, some))
            taken.append(time.perf_counter() - begin)
        exact = {match.key for match in store.search(query, limit=RESULTS, where=filters.condition(), exact=True)}
        found = {match.key for match in matches[:RESULTS]}
        # In a small library there may be nothing in the folder, which is to be found too.
        recalls.append(len(exact & found) / len(exact) if exact else float(not found))
    filtered_ms, unfiltered_ms = (1000 * statistics.median(seconds[some]) for some in (filters, None))
    return Filtered(
        name=name,
        limit=limit,
        recall=statistics.mean(recalls),
        filtered_ms=filtered_ms,
        unfiltered_ms=unfiltered_ms,
        ratio=filtered_ms / unfiltered_ms,
    )


def in_turns(store: Store, name: str, queries: np.ndarray, *, limit: int) -> Searches:
    """Each query by the index and exactly."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    recalls = []
    for number, query in enumerate(queries):
        found = {}
        for exact in (False, True) if number % 2 == 0 else (True, False):
            begin = time.perf_counter()
            matches = store.search(query, limit=limit, exact=exact)
            seconds[exact].append(time.perf_counter() - begin)
            found[exact] = {match.key for match in matches[:RESULTS]}
        recalls.append(len(found[True] & found[False]) / max(1, len(found[True])))
    by_index, exact_search = (1000 * statistics.median(seconds[exact]) for exact in (False, True))
    return Searches(
        name=name,
        limit=limit,
        recall=statistics.mean(recalls),
        least_recall=min(recalls),
        index_ms=by_index,
        exact_ms=exact_search,
        ratio=exact_search / by_index,
    )


def multiply(options: argparse.Namespace) -> dict[str, Any]:
    """All vectors in memory as float32, times the query; and whether that finds what the exact search finds."""
    store = Store.open(str(uri_of(options)))
    vectors, keys = np.empty((store.num_rows(), options.width), dtype=np.float32), []
    # Bit by bit: all of it at once would be there twice.
    for batch in store.batches(["path", "start_seconds"], vectors=True, batch_rows=10_000):
        flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
        vectors[len(keys) : len(keys) + batch.num_rows] = flat.reshape(-1, options.width)
        keys += zip(batch.column("path").to_pylist(), batch.column("start_seconds").to_pylist(), strict=True)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    seconds, by_index, agreements = [], [], []
    queries = read_queries(options.folder)["text"]
    # The exact searches come afterwards: in between they would push what the others need out of the caches.
    found = []
    for query in queries:
        begin = time.perf_counter()
        scores = vectors @ query
        found.append(np.argpartition(scores, -RESULTS)[-RESULTS:])
        seconds.append(time.perf_counter() - begin)
        begin = time.perf_counter()
        store.search(query, limit=RESULTS)
        by_index.append(time.perf_counter() - begin)
    for query, best in zip(queries, found, strict=True):
        exact = {match.key[:2] for match in store.search(query, limit=RESULTS, exact=True)}
        agreements.append(len(exact & {keys[place] for place in best}) / RESULTS)
    return {
        "median_ms": 1000 * statistics.median(seconds),
        "index_ms": 1000 * statistics.median(by_index),
        "agreement": statistics.mean(agreements),
        "memory_mb": peak_memory_mb(),
    }


PARTS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "make": make,
    "build": build,
    "search": search,
    "numpy": multiply,
}


def uri_of(options: argparse.Namespace) -> Path:
    return options.folder / f"{options.vectors}-{options.number}x{options.width}.lance"


def lines(results: Results) -> list[str]:
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    text = [
        f"{cores} cores; rows {results.rows_mb:.0f} MB on the disk, index {results.index_mb:.0f} MB; "
        f"index made in {results.build_seconds:.0f} s with {results.build_memory_mb:.0f} MB of memory at most"
    ]
    for values in results.searches:
        good = values.recall >= GOAL_RECALL and values.ratio >= GOAL_RATIO
        verdict = f" (goals {GOAL_RECALL} and {GOAL_RATIO:.0f}x: {'reached' if good else 'not reached'})"
        text.append(
            f"{values.name}, the first {values.limit}: recall@{RESULTS} {values.recall:.3f}, "
            f"by the index {values.index_ms:.1f} ms, exact {values.exact_ms:.0f} ms: "
            f"{values.ratio:.1f}x{verdict}"
        )
    for values in results.filtered:
        good = values.recall >= GOAL_RECALL and values.ratio <= GOAL_FILTERED
        verdict = f" (goals {GOAL_RECALL} and {GOAL_FILTERED:.0f}x: {'reached' if good else 'not reached'})"
        text.append(
            f"text, {values.name} passes, the first {values.limit}: recall@{RESULTS} {values.recall:.3f}, "
            f"{values.filtered_ms:.1f} ms, without a filter {values.unfiltered_ms:.1f} ms: "
            f"{values.ratio:.1f}x{verdict}"
        )
    text += [
        f"numpy, float32 in memory: {results.numpy_ms:.0f} ms, {results.numpy_ratio:.1f} times the index's "
        f"{results.numpy_index_ms:.1f} ms in turns for {RESULTS}; "
        f"its best {RESULTS} are {results.numpy_agreement:.3f} the exact search's",
        f"first search of a process, opening the library included: {results.first_search_ms:.0f} ms",
        f"memory of the process at most: {results.search_memory_mb:.0f} MB searching by the index, "
        f"{results.exact_memory_mb:.0f} MB with exact searches, {results.numpy_memory_mb:.0f} MB with numpy",
    ]
    return text


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    sizes = {
        "tiny": ("--number", LEAST_INDEXED_ROWS, "--width", 32, "--queries", 4),
        "short": ("--number", 50_000, "--width", 128, "--queries", 12),
        "full": (),
    }
    results = results_of(main, *sizes[size])
    found = []
    number = f"{results['num_vectors']:,}".replace(",", " ")
    for values in results["searches"]:
        name = f"{values['name']}, the first {values['limit']} of {number}"
        found.append(Measurement(what=f"{name}: recall@{RESULTS}", value=values["recall"], unit="", goal=GOAL_RECALL))
        found.append(Measurement(what=f"{name}: by the index", value=values["ratio"], goal=GOAL_RATIO))
    what = f"text, the first {RESULTS} of {number}: by the index, of numpy's speed in memory"
    found.append(Measurement(what=what, value=results["numpy_ratio"], goal=GOAL_NUMPY))
    for values in results["filtered"]:
        name = f"{values['name']} passes, the first {values['limit']} of {number}"
        found.append(Measurement(what=f"{name}: recall@{RESULTS}", value=values["recall"], unit="", goal=GOAL_RECALL))
        what = f"{name}: times a search without a filter"
        found.append(Measurement(what=what, value=values["ratio"], goal=GOAL_FILTERED, sense="at most"))
    return found


if __name__ == "__main__":
    main()
