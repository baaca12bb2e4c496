"""Running the graph of a method: pixel values in, unit vectors out, with one video on each core.

Shapes: B videos, F frames a video, S pixels, E the embedding's width.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from framecue.cores import num_cores
from framecue.errors import ModelError
from framecue.exported.session import open_session

__all__ = ["EMBEDDING", "FRAMES", "PIXELS", "VideoGraph", "video_graph_name"]

PIXELS, EMBEDDING, FRAMES = "pixel_values", "embedding", "frames"
"""What an exported graph takes and gives."""


def video_graph_name(num_frames: int, precision: str, machine: str = "") -> str:
    """Return the name of a graph's file; one that was made for a kind of processor has its name in it."""
    return f"video-{num_frames}f-{precision}{f'-{machine}' if machine else ''}.onnx"


class VideoGraph:
    """An opened graph. Any number of threads may call its methods at once; each video is computed by one core.

    Args:
        path: the graph's file.
        num_workers: how many videos of one call are computed at a time; None for one a core.
        key: of the model that the graph has to be of, see `open_session`.

    Raises:
        RuntimeMissingError: ONNX Runtime is not installed.
        ModelError: the graph cannot be read, or is none of videos.
    """

    def __init__(self, path: str | os.PathLike[str], *, num_workers: int | None = None, key: str | None = None) -> None:
        # One video does not gain from a second core what a second video does.
        self._session = open_session(path, num_threads=1, key=key)
        if self._session.inputs != (PIXELS,) or self._session.outputs != (EMBEDDING, FRAMES):
            raise ModelError(f"{path}: the exported graph is none of videos; delete it and export the model again")
        self._num_workers = num_workers or num_cores()

    def embed_videos(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (B, F, 3, S, S) into embeddings float32 (B, E), unit length."""
        return self.embed(pixel_values)[0]

    def embed(self, pixel_values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn pixel values (B, F, 3, S, S) into unit vectors: of videos float32 (B, E), of frames (B, F', E)."""
        if len(pixel_values) == 1 or self._num_workers == 1:
            made = [self._run(video) for video in pixel_values]
        else:
            with ThreadPoolExecutor(min(self._num_workers, len(pixel_values))) as pool:
                made = list(pool.map(self._run, pixel_values))
        embeddings, frames = zip(*made, strict=True)
        return np.concatenate(embeddings), np.concatenate(frames)

    def embed_frames(self, pixel_values: np.ndarray) -> np.ndarray:
        """Turn pixel values float32 (F, 3, S, S) of one video into vectors float32 (F', E), unit length."""
        frames: np.ndarray = self._run(pixel_values)[1][0]
        return frames

    def _run(self, video: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        embedding, frames = self._session.run({PIXELS: np.ascontiguousarray(video[None], dtype=np.float32)})
        return embedding, frames
