"""LanceDB's other kinds of index, on the vectors of ann.py: `python benchmarks/index_kinds.py`.

Makes each index on the same table, one after the other, and asks it in several ways: how many partitions are looked
at, how many candidates' vectors are read for each result, how far a graph is followed. Each query is timed in turns
with one matrix-vector product of all vectors in float32 in memory (numpy). What a call of LanceDB gives is what a
search of the library needs: row numbers, the columns of a match, and vectors. Prints for each kind what it took to
make, how large it is, and each way's recall@10 of both kinds of queries; at the end the fastest way of each kind that
reaches the recall.

With `--folder` a run that was stopped goes on where it was: what has been made and measured is kept there.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
from lancedb.index import HnswPq, HnswSq, IvfFlat, IvfPq, IvfRq, IvfSq
from lancedb.query import LanceVectorQueryBuilder
from lancedb.table import LanceTable

import ann
from ann import GOAL_NUMPY, GOAL_RECALL, RESULTS, size_mb, uri_of
from framecue.library.store import Store
from framecue.library.store.index import LEAST_INDEXED_ROWS, rows_per_partition
from framecue.library.store.tuning import PROBES_OF_ROOT
from framecue.library.store.vectors import match_columns
from measure import Measurement, Size, results_of

Config = HnswPq | HnswSq | IvfFlat | IvfPq | IvfRq | IvfSq

# Partitions that are looked at, as shares of what the library looks at in its own index.
PROBES = (0.25, 0.5, 1.0, 2.0)
# Candidates whose vectors are read for each of the ten results; 0 for none.
CANDIDATES = (0, 3, 10)
# How far the graphs of HNSW are followed; the parts of a graph that is one for several hundred thousand vectors.
REACHES, GRAPH_ROWS = (50, 100, 200, 400), 150_000


@dataclass(frozen=True)
class Way:
    """How an index is asked: how many partitions, how many candidates a result, and how far a graph is followed."""

    probes: int
    refine_factor: int
    reach: int | None = None

    def __str__(self) -> str:
        reach = "" if self.reach is None else f", ef {self.reach}"
        return f"{self.probes} partitions, {self.refine_factor} candidates a result{reach}"


@dataclass(frozen=True)
class Asked:
    """What was measured of one way: recall@10 by kind of query, and medians in milliseconds, in turns.

    Of the index also the processor's, all threads together, which what else the machine does touches less.
    """

    way: Way
    recall: dict[str, float]
    index_ms: float
    index_processor_ms: float
    numpy_ms: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=1_000_000, help="vectors, rounded up to whole videos")
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--vectors", choices=["clip", "gaussian"], default="clip")
    parser.add_argument("--queries", type=int, default=30, help="of each kind")
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--folder", type=Path, help="where all is made and kept (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    parser.add_argument("--make", choices=KINDS, help=argparse.SUPPRESS)  # for the processes that this one starts
    options = parser.parse_args()
    if options.make:
        make_index(options)
        return
    with tempfile.TemporaryDirectory() as temporary:
        options.folder = options.folder or Path(temporary)
        options.folder.mkdir(parents=True, exist_ok=True)
        results = measure(options)
    print("\n".join(summary(results)))
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Make and ask each kind that was not measured yet."""
    num_rows = ann.make(options)["num_vectors"]
    done_file = options.folder / f"kinds-{options.vectors}-{options.number}x{options.width}.json"
    done = json.loads(done_file.read_text(encoding="utf-8")) if done_file.exists() else {}
    vectors: np.ndarray | None = None
    for kind in options.kinds:
        if kind in done:
            continue
        made = made_apart(kind, options)
        if vectors is None:
            vectors = in_memory(options)
        done[kind] = {**made, "asked": [asdict(each) for each in ask(kind, options, vectors)]}
        done_file.write_text(json.dumps(done, indent=1) + "\n", encoding="utf-8")
        print("\n".join(lines(kind, done[kind])), flush=True)
    return {"num_vectors": num_rows, "kinds": {kind: done[kind] for kind in options.kinds}}


def configs(num_rows: int, width: int) -> dict[str, Callable[[], Config]]:
    """Return what makes each kind's configuration: the library's own first, and its parameters where they are alike."""
    partitions: dict[str, Any] = {
        "distance_type": "cosine",
        "target_partition_size": rows_per_partition(num_rows),
        "sample_rate": 64,
        "max_iterations": 20,
    }
    graphs: dict[str, Any] = {
        "distance_type": "cosine",
        "num_partitions": -(-num_rows // GRAPH_ROWS),
        "m": 20,
        "ef_construction": 150,
    }
    return {
        "IVF_RQ 5 bits": lambda: IvfRq(num_bits=5, **partitions),
        "IVF_RQ 1 bit": lambda: IvfRq(num_bits=1, **partitions),
        "IVF_RQ 3 bits": lambda: IvfRq(num_bits=3, **partitions),
        "IVF_RQ 8 bits": lambda: IvfRq(num_bits=8, **partitions),
        "IVF_SQ": lambda: IvfSq(**partitions),
        "IVF_PQ 8 wide": lambda: IvfPq(num_sub_vectors=width // 8, **partitions),
        "IVF_PQ 4 wide": lambda: IvfPq(num_sub_vectors=width // 4, **partitions),
        "IVF_PQ 4 wide, 4 bits": lambda: IvfPq(num_sub_vectors=width // 4, num_bits=4, **partitions),
        "IVF_FLAT": lambda: IvfFlat(**partitions),
        "IVF_HNSW_SQ": lambda: HnswSq(**graphs),
        "IVF_HNSW_PQ": lambda: HnswPq(num_sub_vectors=width // 8, **graphs),
    }


KINDS = tuple(configs(1, 8))


def ways(kind: str, num_rows: int) -> Iterator[Way]:
    """Yield the ways in which an index is asked."""
    if "HNSW" in kind:
        graphs = -(-num_rows // GRAPH_ROWS)
        # LanceDB refuses to follow a graph to fewer vectors than are asked for.
        yield from (Way(graphs, each, reach) for reach in REACHES for each in (1, 3, 10) if each * RESULTS <= reach)
        return
    usual = PROBES_OF_ROOT * (num_rows / rows_per_partition(num_rows)) ** 0.5
    factors = (0,) if kind == "IVF_FLAT" else CANDIDATES
    yield from (Way(max(1, round(share * usual)), factor) for share in PROBES for factor in factors)


def made_apart(kind: str, options: argparse.Namespace) -> dict[str, float]:
    """Make an index in a process of its own; its seconds, its memory, and its size."""
    settings = {name: getattr(options, name) for name in ("number", "width", "vectors", "queries", "folder")}
    arguments = [text for name, value in settings.items() for text in (f"--{name}", str(value))]
    command = [sys.executable, __file__, "--make", kind, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        sys.exit(f"{kind} could not be made")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def make_index(options: argparse.Namespace) -> None:
    """Make one index in place of whatever is there, and print what it took."""
    table = opened(options)
    for index in table.list_indices():
        table.drop_index(index.name)
    folder = uri_of(options) / "segments.lance" / "_indices"
    before = size_mb(folder) if folder.exists() else 0.0
    began, processor_began = time.perf_counter(), time.process_time()
    table.create_index("vector", config=configs(table.count_rows(), options.width)[options.make]())
    made = {
        "seconds": time.perf_counter() - began,
        "processor_seconds": time.process_time() - processor_began,
        "memory_mb": ann.peak_memory_mb(),
        "index_mb": size_mb(folder) - before,
    }
    print(json.dumps(made))


def ask(kind: str, options: argparse.Namespace, vectors: np.ndarray) -> list[Asked]:
    """Ask the index that is there in each way, in turns with numpy's product."""
    table = opened(options)
    columns = [*match_columns(Store.open(str(uri_of(options))).table), "_distance"]
    queries = dict(np.load(options.folder / "queries.npz"))
    wanted = exact_rows(table, queries, options)
    found = []
    for way in ways(kind, len(vectors)):
        index_seconds, processor_seconds, numpy_seconds = [], [], []
        recalls: dict[str, list[float]] = {name: [] for name in queries}
        search(table, next(iter(queries.values()))[0], way, columns)  # opens the index
        for name, of_kind in queries.items():
            for query, exact in zip(of_kind, wanted[name], strict=True):
                began = time.perf_counter()
                scores = vectors @ query
                np.argpartition(scores, -RESULTS)[-RESULTS:]
                numpy_seconds.append(time.perf_counter() - began)
                began, processor_began = time.perf_counter(), time.process_time()
                rows = search(table, query, way, columns)
                index_seconds.append(time.perf_counter() - began)
                processor_seconds.append(time.process_time() - processor_began)
                recalls[name].append(len(rows & set(exact.tolist())) / RESULTS)
        medians = (1000 * statistics.median(each) for each in (index_seconds, processor_seconds, numpy_seconds))
        found.append(Asked(way, {name: statistics.mean(each) for name, each in recalls.items()}, *medians))
    return found


def search(table: LanceTable, query: np.ndarray, way: Way, columns: list[str]) -> set[int]:
    """Return the numbers of the rows that an index finds."""
    asked = builder(table, query).nprobes(way.probes)
    if way.refine_factor:
        asked = asked.refine_factor(way.refine_factor)
    if way.reach is not None:
        asked = asked.ef(way.reach)
    return set(asked.select(columns).to_arrow().column("_rowid").to_pylist())


def builder(table: LanceTable, query: np.ndarray) -> LanceVectorQueryBuilder:
    asked = table.search(query, vector_column_name="vector")
    assert isinstance(asked, LanceVectorQueryBuilder)
    return asked.distance_type("cosine").with_row_id(True).limit(RESULTS)


def exact_rows(table: LanceTable, queries: dict[str, np.ndarray], options: argparse.Namespace) -> dict[str, np.ndarray]:
    """Return the rows that are really nearest to each query, int64 (N, 10); they are kept beside the queries."""
    file = options.folder / f"exact-{options.vectors}-{options.number}x{options.width}-{options.queries}.npz"
    if not file.exists():
        nearest = {
            name: [
                builder(table, query).bypass_vector_index().select(["_rowid", "_distance"]).to_arrow().column("_rowid")
                for query in of_kind
            ]
            for name, of_kind in queries.items()
        }
        np.savez(file, **{name: np.array([rows.to_pylist() for rows in found]) for name, found in nearest.items()})
    return dict(np.load(file))


def in_memory(options: argparse.Namespace) -> np.ndarray:
    """Return all vectors, float32 (rows, E) of unit length."""
    store = Store.open(str(uri_of(options)))
    vectors, place = np.empty((store.num_rows(), options.width), dtype=np.float32), 0
    for batch in store.batches(["path"], vectors=True, batch_rows=10_000):
        flat = batch.column("vector").flatten().to_numpy(zero_copy_only=False)
        vectors[place : place + batch.num_rows] = flat.reshape(-1, options.width)
        place += batch.num_rows
    for block in np.array_split(vectors, 100):
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return vectors


def opened(options: argparse.Namespace) -> LanceTable:
    table = lancedb.connect(str(uri_of(options))).open_table("segments")
    assert isinstance(table, LanceTable)
    return table


def best(asked: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The fastest way that reaches the recall with both kinds of queries; None if none does."""
    good = [each for each in asked if min(each["recall"].values()) >= GOAL_RECALL]
    return min(good, key=lambda each: each["index_ms"], default=None)


def lines(kind: str, measured: dict[str, Any]) -> list[str]:
    text = [
        f"{kind}: made in {measured['seconds']:.0f} s ({measured['processor_seconds']:.0f} s of the processor) with "
        f"{measured['memory_mb']:.0f} MB, {measured['index_mb']:.0f} MB large"
    ]
    for each in measured["asked"]:
        recalls = ", ".join(f"{name} {recall:.3f}" for name, recall in each["recall"].items())
        text.append(
            f"  {Way(**each['way'])}: recall@{RESULTS} {recalls}; {each['index_ms']:.1f} ms, "
            f"{each['index_processor_ms']:.1f} ms of the processor, numpy {each['numpy_ms']:.1f} ms: "
            f"{each['numpy_ms'] / each['index_ms']:.1f}x"
        )
    return text


def summary(results: dict[str, Any]) -> list[str]:
    """The fastest way of each kind that reaches the recall, as Markdown."""
    text = [
        f"{results['num_vectors']} vectors; the fastest way with a recall@{RESULTS} of {GOAL_RECALL} of both kinds",
        "| kind | made in (s) | size (MB) | partitions | candidates a result | ef | recall | ms | "
        "ms of the processor | of numpy's speed |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind, measured in results["kinds"].items():
        each = best(measured["asked"])
        made = f"| {kind} | {measured['seconds']:.0f} | {measured['index_mb']:.0f} |"
        if each is None:
            most = max(min(one["recall"].values()) for one in measured["asked"])
            text.append(f"{made} | | | {most:.3f} at most | - | - | - |")
            continue
        way, ratio = each["way"], each["numpy_ms"] / each["index_ms"]
        text.append(
            f"{made} {way['probes']} | {way['refine_factor']} | {way['reach'] or ''} | "
            f"{min(each['recall'].values()):.3f} | {each['index_ms']:.1f} | "
            f"{each['index_processor_ms']:.1f} | {ratio:.1f}x |"
        )
    return text


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    few = ("IVF_RQ 5 bits", "IVF_PQ 8 wide", "IVF_HNSW_SQ")
    sizes = {
        "tiny": ("--number", LEAST_INDEXED_ROWS, "--width", 32, "--queries", 2, "--kinds", *few),
        "short": ("--number", 50_000, "--width", 128, "--queries", 12),
        "full": (),
    }
    results = results_of(main, *sizes[size])
    found = []
    for kind, measured in results["kinds"].items():
        each = best(measured["asked"])
        if each is not None:
            what = (
                f"{kind} with a recall@{RESULTS} of {GOAL_RECALL}, {results['num_vectors']} vectors: of numpy's speed"
            )
            found.append(Measurement(what=what, value=each["numpy_ms"] / each["index_ms"], goal=GOAL_NUMPY))
    return found or [Measurement(what="kinds that reach the recall", value=0, unit="", goal=1)]


if __name__ == "__main__":
    main()
