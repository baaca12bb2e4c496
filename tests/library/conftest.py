"""A small real encoder that tests can work out by hand, and real video files to feed it.

A clip's vector is its mean colour; a text's vector is the colour it names. So a search for "red" has to find the
reddest clip, and the score is the cosine of two colours.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.rows import Row
from framecue.video import FrameSampling, read_moments, write_video

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 30),
    "blue": (30, 30, 220),
    "yellow": (220, 220, 30),
    "white": (240, 240, 240),
    "black": (10, 10, 10),
}


class ColourModel:
    """Stands in for VideoTextModel where a library is tested."""

    method_name = "mean-pool"

    def __init__(
        self, *, num_frames: int = 4, offline: bool = True, name: str = "colours", adapter: str | None = None
    ) -> None:
        self.sampling = FrameSampling(num_frames)
        self.embedding_dim = 4
        self.short_side = 200
        self.offline = offline
        self.name, self.adapter = name, adapter
        self.batches: list[int] = []  # how many clips each call encoded

    @property
    def num_encoded(self) -> int:
        return sum(self.batches)

    def fingerprint(self) -> dict[str, Any]:
        return {
            "backbone": self.name,
            "revision": None,
            "adapter": self.adapter and f"hash of {self.adapter}",
            "adapter_source": self.adapter,
            "method": "mean-pool",
            "sampling": {"num_frames": self.sampling.num_frames, "chunk_frames": None},
            "embedding_dim": self.embedding_dim,
        }

    def preprocess(self, frames: np.ndarray) -> torch.Tensor:
        mean = torch.from_numpy(frames.reshape(len(frames), -1, 3).mean(axis=1) / 255).float()
        return mean[:, :, None, None].expand(-1, -1, 2, 2).contiguous()

    def encode_frames(self, pixel_values: torch.Tensor) -> torch.Tensor:
        assert pixel_values.dtype == torch.float32
        assert pixel_values.shape[1:] == (self.sampling.num_frames, 3, 2, 2)
        self.batches.append(len(pixel_values))
        return self._vector(pixel_values.mean(dim=(1, 3, 4)))

    def frame_features(self, pixel_values: torch.Tensor) -> torch.Tensor:
        frames = pixel_values.mean(dim=(3, 4))
        return 3 * self._vector(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])

    def encode_text(self, texts: list[str]) -> torch.Tensor:
        return self._vector(torch.tensor([COLOURS[text] for text in texts]).float() / 255)

    def _vector(self, colours: torch.Tensor) -> torch.Tensor:
        vectors = torch.cat([colours - 0.5, torch.full((len(colours), 1), 0.1)], dim=1)
        return vectors / vectors.norm(dim=1, keepdim=True)


def _write_clip(path: Path, colour: str, *, seconds: float = 1.0, seed: int = 0) -> Path:
    """Write a clip of one colour; another seed gives other bytes for nearly the same picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame = np.full((48, 64, 3), COLOURS[colour], dtype=np.uint8)
    frame[:8, :8] = np.random.default_rng(seed).integers(0, 255, 3, dtype=np.uint8)
    write_video(path, [frame] * round(seconds * 8), frames_per_second=8)
    return path


@pytest.fixture(autouse=True)
def readers_of_this_process(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read files in this process, as starting another one for each test would take long; ``isolated`` tests do not."""
    if request.node.get_closest_marker("isolated") is None:
        monkeypatch.setattr("framecue.library.library.open_readers", lambda **options: nullcontext([read_moments]))


@pytest.fixture
def colour_model() -> ColourModel:
    return ColourModel()


@pytest.fixture
def make_model() -> type[ColourModel]:
    return ColourModel


@pytest.fixture
def write_clip() -> Callable[..., Path]:
    return _write_clip


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder of four clips, one in a folder of its own."""
    folder = tmp_path / "clips"
    _write_clip(folder / "red.mp4", "red")
    _write_clip(folder / "green.mp4", "green", seconds=2)
    _write_clip(folder / "blue.mp4", "blue")
    _write_clip(folder / "more" / "yellow.mp4", "yellow")
    return folder


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[..., Store]:
    """Makes libraries of rows that are written down, at `<tmp_path>/made.lance`: each row a dict, `vector` a must."""

    def make(rows: list[dict[str, Any]], *, name: str = "made.lance") -> Store:
        width = len(rows[0].get("vector", (1, 0, 0, 0))) if rows else 4
        store = Store.create(str(tmp_path / name), ColourModel().fingerprint() | {"embedding_dim": width})
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
