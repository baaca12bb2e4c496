"""The tests' encoder, clips for it, and libraries of rows that are written down."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from support.colours import ColourEncoder
from support.fixtures import clips, colour_model, make_model, readers_of_this_process, write_clip

__all__ = ["clips", "colour_model", "make_model", "make_row", "make_store", "readers_of_this_process", "write_clip"]


@pytest.fixture
def make_store(tmp_path: Path, make_store_at: Callable[..., Store]) -> Callable[..., Store]:
    """Makes libraries of rows that are written down, at `<tmp_path>/made.lance`: each row a dict, `vector` a must."""

    def make(rows: list[dict[str, Any]], *, name: str = "made.lance") -> Store:
        return make_store_at(tmp_path / name, rows)

    return make


@pytest.fixture(scope="session")
def make_store_at() -> Callable[..., Store]:
    """Makes such libraries anywhere: one that many tests want is made once, and each takes a copy of its folder."""

    def make(place: Path, rows: list[dict[str, Any]]) -> Store:
        width = len(rows[0].get("vector", (1, 0, 0, 0))) if rows else 4
        store = Store.create(str(place), {**ColourEncoder().fingerprint().to_dict(), "embedding_dim": width})
        store.write([_make_row(**row) for row in rows])
        return store

    return make


@pytest.fixture
def make_row() -> Callable[..., Row]:
    """Makes rows with a path and whatever else matters, at /a.mp4 from 0 to 2 s if nothing does."""
    return _make_row


def _make_row(*, path: str = "/a.mp4", vector: Any = (1, 0, 0, 0), **changes: Any) -> Row:
    fields = {
        "video_id": f"id of {path}",
        "path": path,
        "start_seconds": 0.0,
        "end_seconds": changes.get("start_seconds", 0.0) + 2.0,
        "vector": np.asarray(vector, dtype=np.float32) / np.linalg.norm(vector),
        "duration_seconds": 60.0,
        "state": FileState(10, 1_700_000_000.0),
    }
    return Row(**(fields | changes))
