"""A library of generated vectors, which the benchmarks of searches ask: no pictures, no files, any number of rows.

It is written by parts, a commit each, and each part has numbers of its own: one that was killed is gone on with, and a
library that has grown is the one that was made at once. Vectors are those of `clip_vectors.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clip_vectors import World
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row

__all__ = [
    "SEGMENTS_PER_VIDEO",
    "grow",
    "library_of_vectors",
    "make_queries",
    "peak_memory_mb",
    "read_queries",
    "run_part",
    "size_mb",
]

SEGMENTS_PER_VIDEO, SEGMENT_SECONDS = 20, 5.0
VIDEOS_PER_COMMIT = 1000
ROWS_PER_COMMIT = VIDEOS_PER_COMMIT * SEGMENTS_PER_VIDEO


def grow(uri: Path, *, number: int, width: int, vectors: str) -> int:
    """Write a library's rows, those that are not there yet; return how many there are, whole videos.

    Args:
        uri: where it is, or is made.
        number: how many rows it is to have at least.
        width: of its vectors.
        vectors: their kind, see `World`.
    """
    if uri.exists():
        store = Store.open(str(uri))
    else:
        store = Store.create(str(uri), {"backbone": "generated", "embedding_dim": width})
    world = World(width, vectors)
    num_videos = -(-number // SEGMENTS_PER_VIDEO)
    there = store.num_rows() // SEGMENTS_PER_VIDEO
    while there < num_videos:
        part, past = divmod(there, VIDEOS_PER_COMMIT)
        until = min(VIDEOS_PER_COMMIT, num_videos - part * VIDEOS_PER_COMMIT)
        store.write(_rows_of_part(world, part)[past * SEGMENTS_PER_VIDEO : until * SEGMENTS_PER_VIDEO])
        there = part * VIDEOS_PER_COMMIT + until
    return store.num_rows()


def library_of_vectors(
    uri: str, fingerprint: Mapping[str, Any], vectors: Sequence[np.ndarray], paths: Sequence[str]
) -> Store:
    """Make a library with a video of one segment for each vector, float32 (E,); none is there as a file."""
    store = Store.create(uri, fingerprint)
    store.write(
        [
            Row(
                video_id=f"{number:08x}",
                path=path,
                start_seconds=0.0,
                end_seconds=5.0,
                vector=vector,
                duration_seconds=5.0,
                state=FileState(1, 0.0),
            )
            for number, (path, vector) in enumerate(zip(paths, vectors, strict=True))
        ]
    )
    return store


def _rows_of_part(world: World, part: int) -> list[Row]:
    """Make the rows of one part, by random numbers of its own."""
    world.rng = np.random.default_rng([1, part])
    vectors = world.pictures(VIDEOS_PER_COMMIT, SEGMENTS_PER_VIDEO)
    return list(_rows(part * VIDEOS_PER_COMMIT, world.topics_drawn, vectors, world.rng))


def _rows(first: int, topics: np.ndarray, vectors: np.ndarray, rng: np.random.Generator) -> Iterator[Row]:
    """Yield the rows of some videos: a folder is a topic."""
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


def make_queries(folder: Path, *, number: int, width: int, vectors: str) -> None:
    """Write queries that are not in the library, so many `text`s and so many `picture`s."""
    world = World(width, vectors)
    np.savez(folder / "queries.npz", text=world.texts(number), picture=world.pictures(number, 1))


def read_queries(folder: Path) -> dict[str, np.ndarray]:
    """Return what `make_queries` wrote: unit vectors, float32 (N, width), by kind."""
    with np.load(folder / "queries.npz") as file:
        return dict(file)


def run_part(script: str, part: str, options: argparse.Namespace, names: Sequence[str], **variables: str) -> Any:
    """Run one part of a script in a process of its own, so that its memory is its own; return what it says.

    Args:
        script: the script's file; with `--part` it does one part, and prints what it says as JSON.
        part: which.
        options: of the script.
        names: those of them that the part has to know.
        variables: of the environment, besides.
    """
    given = {name: getattr(options, name) for name in names}
    arguments = [word for name, value in given.items() if value is not None for word in (f"--{name}", str(value))]
    command = [sys.executable, script, "--part", part, *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=os.environ | variables)
    if done.returncode:
        sys.exit(f"the part {part} failed")
    return json.loads(done.stdout)


def size_mb(folder: Path) -> float:
    """Return how much the files of a folder hold; one that goes meanwhile does not count."""
    found = 0
    for path in folder.rglob("*"):
        try:
            found += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return found / 1e6


def peak_memory_mb() -> float:
    """Return the largest resident set that this process has had, which includes Python and the libraries."""
    import resource

    unit_bytes = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit_bytes / 1e6
