"""Searching a million vectors by the index against an exact search: `python benchmarks/ann.py`.

Makes a library of generated vectors (no pictures), has framecue make its index (`framecue optimize`), and asks it. Each
part runs in a process of its own, so that its memory is its own. Prints recall@10 against the exact search of the same
table, and the median times of the same queries in turns: by the index, exact, and as another alternative one
matrix-vector product of all vectors in float32 in memory (numpy).

Two numbers of results are asked for: the 10 that recall@10 is about, and as many segments as `framecue search` asks
for, which folds them into videos; of these the first 10 count.

Vectors and queries are those of `clip_vectors.py`, which says how they are made and why. Queries of two kinds are
asked, none of which is in the library: `text`s, which lie apart from all pictures, as typed queries do, and
`picture`s. With `--vectors gaussian` all are directions at random instead: hardly any is nearer to a query than
another, so no index can do well on them, and no library has them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from clip_vectors import World
from framecue.library.search.ranking import FIRST_LIMIT
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.index import LEAST_INDEXED_ROWS
from framecue.library.store.rows import Row
from measure import Measurement, Size, results_of

GOAL_RECALL, GOAL_RATIO, RESULTS = 0.95, 20.0, 10
LIMITS = (RESULTS, FIRST_LIMIT)
SEGMENTS_PER_VIDEO, SEGMENT_SECONDS = 20, 5.0
VIDEOS_PER_COMMIT = 1000
# By length, whatever is shown, and by folder, which is a topic.
CONDITIONS = {
    "half of all videos": "duration_seconds >= 100.0",
    "one of 100 videos": "duration_seconds >= 198.0",
    "some folders": "path LIKE '/videos/00%'",
}


@dataclass(frozen=True)
class Searches:
    """What was measured of one kind of queries: recall@10 of the index, and median times in milliseconds.

    ``limit`` is how many segments were asked for, of which the first 10 count for the recall; ``has_goal`` whether the
    goals are for these searches.
    """

    name: str
    limit: int
    has_goal: bool
    recall: float
    least_recall: float
    index_ms: float
    exact_ms: float
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
    search_memory_mb: float
    exact_memory_mb: float
    numpy_ms: float
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
    made = run_part("make", options)
    print(f"{made['num_vectors']} vectors of width {options.width} ({options.vectors})", flush=True)
    built = run_part("build", options)
    print(f"index made in {built['seconds']:.0f} s", flush=True)
    searched = run_part("search", options)
    numpy = run_part("numpy", options)
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
        search_memory_mb=searched["search_memory_mb"],
        exact_memory_mb=searched["memory_mb"],
        numpy_ms=numpy["median_ms"],
        numpy_memory_mb=numpy["memory_mb"],
        numpy_agreement=numpy["agreement"],
    )


def run_part(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """Run one part in a process of its own, and give what it says."""
    settings = {name: getattr(options, name) for name in ("number", "width", "vectors", "queries", "folder")}
    arguments = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, __file__, "--part", part, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"the part {part} failed")
    return json.loads(done.stdout)


def make(options: argparse.Namespace) -> dict[str, Any]:
    """Write the library's rows, unless they are there, and the queries."""
    uri = uri_of(options)
    world = World(options.width, options.vectors)
    queries = {"text": world.texts(options.queries), "picture": world.pictures(options.queries, 1)}
    np.savez(options.folder / "queries.npz", **queries)
    if uri.exists():
        return {"num_vectors": Store.open(str(uri)).num_rows()}
    fingerprint = {"backbone": "generated", "embedding_dim": options.width}
    store = Store.create(str(uri), fingerprint)
    rng = np.random.default_rng(1)
    num_videos = -(-options.number // SEGMENTS_PER_VIDEO)
    for first in range(0, num_videos, VIDEOS_PER_COMMIT):
        number = min(VIDEOS_PER_COMMIT, num_videos - first)
        vectors = world.pictures(number, SEGMENTS_PER_VIDEO)
        store.write(list(rows(first, world.topics_drawn, vectors, rng)))
    return {"num_vectors": store.num_rows()}


def rows(first: int, topics: np.ndarray, vectors: np.ndarray, rng: np.random.Generator) -> Iterator[Row]:
    """The rows of some videos: a folder is a topic."""
    seconds = rng.uniform(0, 200, len(topics))
    for number, vector in enumerate(vectors):
        video, segment = divmod(number, SEGMENTS_PER_VIDEO)
        yield Row(
            video_id=f"{first + video:040x}",
            path=f"/videos/{topics[video]:04}/{first + video:08}.mp4",
            start_seconds=segment * SEGMENT_SECONDS,
            end_seconds=(segment + 1) * SEGMENT_SECONDS,
            vector=vector,
            duration_seconds=float(seconds[video]),
            state=FileState(10_000_000, 1.7e9),
        )


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
        "rows_mb": store.table.lance.stats()["total_bytes"] / 1e6,
        "index_mb": size_mb(uri_of(options) / "segments.lance" / "_indices"),
    }


def search(options: argparse.Namespace) -> dict[str, Any]:
    """Ask the library: by the index alone first, for the memory of that; then in turns with the exact search."""
    queries = np.load(options.folder / "queries.npz")
    begin = time.perf_counter()
    store = Store.open(str(uri_of(options)))
    store.search(queries["text"][0], limit=RESULTS)
    first_search_ms = 1000 * (time.perf_counter() - begin)
    for kind in queries:
        for query in queries[kind]:
            store.search(query, limit=FIRST_LIMIT)
    search_memory_mb = peak_memory_mb()
    searches = [in_turns(store, kind, queries[kind], limit=limit) for limit in LIMITS for kind in queries]
    some = queries["text"][: max(1, options.queries // 5)]
    for name, where in CONDITIONS.items():
        searches.append(in_turns(store, f"text, {name}", some, limit=FIRST_LIMIT, where=where))
    return {
        "first_search_ms": first_search_ms,
        "search_memory_mb": search_memory_mb,
        "searches": [asdict(values) for values in searches],
        "memory_mb": peak_memory_mb(),
    }


def in_turns(store: Store, name: str, queries: np.ndarray, *, limit: int, where: str | None = None) -> Searches:
    """Each query by the index and exactly."""
    seconds: dict[bool, list[float]] = {False: [], True: []}
    recalls = []
    for number, query in enumerate(queries):
        found = {}
        for exact in (False, True) if number % 2 == 0 else (True, False):
            begin = time.perf_counter()
            matches = store.search(query, limit=limit, where=where, exact=exact)
            seconds[exact].append(time.perf_counter() - begin)
            found[exact] = {match.key for match in matches[:RESULTS]}
        recalls.append(len(found[True] & found[False]) / max(1, len(found[True])))
    by_index, exact_search = (1000 * statistics.median(seconds[exact]) for exact in (False, True))
    return Searches(
        name=name,
        limit=limit,
        has_goal=where is None,
        recall=statistics.mean(recalls),
        least_recall=min(recalls),
        index_ms=by_index,
        exact_ms=exact_search,
        ratio=exact_search / by_index,
    )


def multiply(options: argparse.Namespace) -> dict[str, Any]:
    """All vectors in memory as float32, times the query; and whether that finds what the exact search finds."""
    store = Store.open(str(uri_of(options)))
    table = store.table.lance.search().select(["path", "start_seconds", "vector"]).to_arrow()
    keys = list(zip(table["path"].to_pylist(), table["start_seconds"].to_pylist(), strict=True))
    flat = table["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    vectors = flat.reshape(-1, options.width).astype(np.float32)
    del table, flat
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    seconds, agreements = [], []
    for query in np.load(options.folder / "queries.npz")["text"]:
        begin = time.perf_counter()
        scores = vectors @ query
        best = np.argpartition(scores, -RESULTS)[-RESULTS:]
        seconds.append(time.perf_counter() - begin)
        exact = {match.key[:2] for match in store.search(query, limit=RESULTS, exact=True)}
        agreements.append(len(exact & {keys[place] for place in best}) / RESULTS)
    return {
        "median_ms": 1000 * statistics.median(seconds),
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


def size_mb(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def peak_memory_mb() -> float:
    """The largest resident set that this process has had, which includes Python and the libraries."""
    import resource

    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes / 1e6


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
            f"{values.ratio:.1f}x{verdict if values.has_goal else ''}"
        )
    by_index = results.searches[0].index_ms
    text += [
        f"numpy, float32 in memory: {results.numpy_ms:.0f} ms, {results.numpy_ms / by_index:.1f} times the index's "
        f"for {RESULTS}; its best {RESULTS} are {results.numpy_agreement:.3f} the exact search's",
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
    for values in results["searches"]:
        if values["has_goal"]:
            name = f"{values['name']}, the first {values['limit']} of {results['num_vectors']:,}".replace(",", " ", 1)
            found.append(
                Measurement(what=f"{name}: recall@{RESULTS}", value=values["recall"], unit="", goal=GOAL_RECALL)
            )
            found.append(Measurement(what=f"{name}: by the index", value=values["ratio"], goal=GOAL_RATIO))
    return found


if __name__ == "__main__":
    main()
