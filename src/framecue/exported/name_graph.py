"""The graph of a text side that takes taught names: it lies beside the one that does not, and shares its weights.

It is written when a text side is exported. Where there is none, as in the cache of an older framecue, it is made of the
graph that is there when the first name needs it, and checked against it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from framecue.errors import ModelError, RuntimeMissingError
from framecue.exported.extra import EXTRA
from framecue.exported.name_inputs import MADE_OF, PLACES, VECTORS, embedding_rows, graph_hash, name_graph
from framecue.exported.session import Session, open_session
from framecue.names.stand_ins import Encode

__all__ = ["NAME_GRAPH", "Given", "make_name_graph", "open_name_graph", "run_named"]

logger = logging.getLogger(__name__)

NAME_GRAPH = "text-names.onnx"

Given = Callable[[Session, np.ndarray, np.ndarray], dict[str, np.ndarray]]
"""Returns what a session wants of the ids (T,) and the mask (T,) of one text."""


def open_name_graph(
    graph: Path, encode: Encode, given: Given, *, num_threads: int, starts_fast: bool, key: str | None, keeps: bool
) -> Session:
    """Open the graph that takes names; where there is none of this very graph, it is made.

    Args:
        graph: the text side's graph, which takes none.
        encode: its tokenizer.
        given: what a graph is given of a text.
        num_threads: see `open_session`.
        starts_fast: see `open_session`.
        key: see `open_session`.
        keeps: whether to write what had to be made beside the graph, for the next process.

    Raises:
        ModelError: a graph cannot be read, or takes no names.
        RuntimeMissingError: ONNX Runtime is not installed, or onnx where the graph has to be made.
    """
    beside = graph.with_name(NAME_GRAPH)
    try:
        if beside.is_file():
            # One that is damaged is made anew, as one of another graph is.
            with suppress(ModelError):
                opened = open_session(beside, num_threads=num_threads, starts_fast=starts_fast, key=key)
                if opened.properties.get(MADE_OF) == graph_hash(graph):
                    return opened
        content = make_name_graph(graph, encode, given)
    except RuntimeMissingError as error:
        raise RuntimeMissingError(
            f"{graph.parent}: was exported without the graph that reads taught names ({NAME_GRAPH}), and what makes it "
            f"is not installed; pip install '{EXTRA}', or export the model again with this framecue"
        ) from error
    except OSError as error:
        raise ModelError(f"{graph}: cannot be read ({error.strerror or error})") from error
    if keeps:
        _keep(beside, content)
    return open_session(graph, content=content, num_threads=num_threads, starts_fast=starts_fast, key=key)


def make_name_graph(graph: Path, encode: Encode, given: Given) -> bytes:
    """Return the graph that takes names, after comparing it with the one that it is made of.

    With a text's own token embeddings it has to give the very same vector, and with others another one.

    Raises:
        ModelError: it does not, or it cannot be made.
        RuntimeMissingError: what makes or runs graphs is not installed.
        OSError: a file cannot be read.
    """
    content = name_graph(graph)
    plain = open_session(graph, num_threads=1, starts_fast=True)
    made = open_session(graph, content=content, num_threads=1, starts_fast=True)
    ids, mask = encode("a red dog runs after the ball")
    places = np.flatnonzero(mask)
    own = embedding_rows(graph, ids[places])
    expected = plain.run(given(plain, ids, mask))[0]
    same = run_named(made, given(made, ids, mask), places, own)
    other = run_named(made, given(made, ids, mask), places, own[::-1])
    if not np.array_equal(same, expected) or np.array_equal(other, expected):
        raise ModelError(f"{graph}: the graph that takes names does not give what this one gives")
    return content


def run_named(session: Session, given: dict[str, np.ndarray], places: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    """Return the vector (1, E) of a text in which some tokens are taught.

    Args:
        session: of a graph that takes names.
        given: what it is given of the text.
        places: int64 (P,), at least one.
        vectors: float32 (P, D).

    Raises:
        ModelError: the vectors have another width, or the graph cannot be run.
    """
    width = session.shapes[VECTORS][1]
    if vectors.shape[1] != width:
        raise ModelError(
            f"a name was taught to another model: its vectors are {vectors.shape[1]} wide, and {session.path} reads "
            f"vectors that are {width} wide; teach it again"
        )
    where = np.stack([np.zeros_like(places), places], axis=1).astype(np.int64)
    return session.run({**given, PLACES: where, VECTORS: np.ascontiguousarray(vectors, dtype=np.float32)})[0]


def _keep(path: Path, content: bytes) -> None:
    partial = path.with_name(f".partial-{os.getpid()}-{path.name}")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        logger.info("%s: cannot be kept (%s)", path, error)
        with suppress(OSError):
            partial.unlink(missing_ok=True)
