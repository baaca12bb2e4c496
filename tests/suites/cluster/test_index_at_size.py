"""The index that a cluster makes of a library is the one that this machine makes: on a disk, and in an object store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from support.object_server import Bucket
from support.ray_cluster import RayCluster

pytest.importorskip("lance_ray", reason="the extra ray is not installed")

WIDTH, NUM_ROWS, NUM_FILES, NUM_BUILDS = 32, 10_000, 4, 3

# Makes the index of libraries whose files stay apart, as those of a large one are, so that there is a task for each.
BUILDS = """
import sys
from framecue.cluster.optimize import ray_index_builder
from framecue.library.store import Store, index
from framecue.library.store.index_builder import place_of, rehearse

with ray_index_builder(sys.argv[1], num_workers=2) as builder:
    rehearse(builder)
    for uri in sys.argv[2:]:
        table = Store.open(uri).table
        builder.make_index(place_of(table.lance), index._indexing(table.lance.count_rows()))
        index._index_by(Store.open(uri).table, builder, makes=False)
"""


def make_vectors(number: int, *, seed: int = 0) -> np.ndarray:
    """Unit vectors in 50 groups, each group's around a direction of its own."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(7).standard_normal((50, WIDTH))
    vectors = centres[rng.integers(0, 50, number)] + 0.9 * rng.standard_normal((number, WIDTH))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_library(uri: str) -> Store:
    store = Store.create(uri, {"backbone": "b", "embedding_dim": WIDTH})
    rows = [
        Row(
            video_id=f"v{number}",
            path=f"/a/{number:06}.mp4",
            start_seconds=0.0,
            end_seconds=2.0,
            vector=vector,
            duration_seconds=2.0,
            state=FileState(10, 5.5),
        )
        for number, vector in enumerate(make_vectors(NUM_ROWS))
    ]
    for some in range(NUM_FILES):
        store.write(rows[some::NUM_FILES])
    return store


def run(*words: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr
    return done


def index_of(store: Store) -> tuple[str, str, int, int, int]:
    """Return the kind of a library's index, its distance, its segments, and how many rows are in it and not."""
    stats = store.table.lance.index_stats("vector_idx")
    assert stats is not None
    assert stats.distance_type is not None
    return (
        stats.index_type,
        stats.distance_type,
        stats.num_indices or 0,
        stats.num_indexed_rows,
        stats.num_unindexed_rows,
    )


WHOLE = ("IVF_RQ", "cosine", 1, NUM_ROWS, 0)


def recall(store: Store, queries: np.ndarray) -> float:
    """Return which part of the ten nearest is among the ten that are found, on average."""
    stored = make_vectors(NUM_ROWS).astype(np.float16).astype(np.float64)
    cosines = queries @ (stored / np.linalg.norm(stored, axis=1, keepdims=True)).T
    nearest = np.argpartition(-cosines, 10, axis=1)[:, :10]
    found = [{int(Path(match.path).stem) for match in store.search(query, limit=10)} for query in queries]
    return float(np.mean([len(some & set(all_of)) / 10 for some, all_of in zip(found, nearest.tolist(), strict=True)]))


@pytest.mark.slow
def test_it_finds_as_much_as_this_machines(ray_cluster: RayCluster, tmp_path: Path) -> None:
    made = tmp_path / "made.lance"
    held = make_library(str(made)).held()
    names = [f"{kind}-{number}" for kind in ("here", "there") for number in range(NUM_BUILDS)]
    places = {name: str(shutil.copytree(made, tmp_path / f"{name}.lance")) for name in names}
    there = [places[name] for name in names if name.startswith("there")]
    run("-c", BUILDS, ray_cluster.address, *there)
    # What LanceDB does at the end of every later run leaves an index as it is.
    for uri in [*places.values(), *there]:
        assert Store.open(uri).optimize().index in ("made", "kept")
    queries = make_vectors(100, seed=1)
    means = {
        kind: np.mean([recall(Store.open(places[f"{kind}-{number}"]), queries) for number in range(NUM_BUILDS)])
        for kind in ("here", "there")
    }
    assert means["here"] > 0.9
    assert abs(means["here"] - means["there"]) < 0.01, means
    for uri in places.values():
        store = Store.open(uri)
        assert index_of(store) == WHOLE
        assert store.held() == held


@pytest.mark.slow
def test_a_library_in_an_object_store_is_optimized(ray_cluster: RayCluster, bucket: Bucket) -> None:
    uri = f"{bucket.url}/videos.lance"
    held = make_library(uri).held()
    program = ("-m", "framecue", "optimize", "--library", uri, "--ray", ray_cluster.address, "--json")
    upkeep = json.loads(run(*program, "--ray-workers", "2").stdout)
    assert (upkeep["index"], upkeep["num_indexed_rows"], upkeep["num_files"]) == ("made", NUM_ROWS, [NUM_FILES, 1])
    store = Store.open(uri)
    assert index_of(store) == WHOLE
    assert store.held() == held
    assert recall(store, make_vectors(5, seed=1)) > 0.8
    # Whoever optimizes it next, here or there, finds nothing to do; LanceDB here writes after Lance's own package.
    assert store.optimize().index == "kept"
    new = Row(
        video_id="new",
        path="/b/new.mp4",
        start_seconds=0.0,
        end_seconds=2.0,
        vector=make_vectors(1, seed=5)[0],
        duration_seconds=2.0,
        state=FileState(10, 5.5),
    )
    store.write([new])
    assert store.search(new.vector, limit=1)[0].path == new.path
