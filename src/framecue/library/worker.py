"""One unit of work becomes a prepared clip, and clips become vectors. The worker owns no state but the model.

Reading a file and encoding it are apart, so that the next files are read while the model encodes these: PyAV and
hashing let go of Python's lock, so one thread is enough.
"""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from framecue.errors import VideoError
from framecue.library.plan import Unit
from framecue.library.rows import Row
from framecue.video import VideoReader, content_hash

if TYPE_CHECKING:
    from torch import Tensor

    from framecue.model import VideoTextModel

__all__ = ["Clip", "Prepared", "Worker", "content_hash", "prepare_ahead"]

THUMBNAIL_SIDE = 192
# So many frames fill a processor's cores; more only take memory.
FRAMES_PER_ENCODE = 64


@dataclass(frozen=True, eq=False)
class Clip:
    """The frames of one video, ready for the model.

    Attributes:
        pixel_values: float32 (F, 3, S, S), normalised for the backbone.
        duration_seconds: the video's duration.
        thumbnail: its middle frame as a small WebP picture.
    """

    pixel_values: Tensor
    duration_seconds: float
    thumbnail: bytes


@dataclass(frozen=True, eq=False)
class Prepared:
    """A unit that has been read; ``clip`` is None where its content has been encoded already."""

    unit: Unit
    video_id: str
    clip: Clip | None


class Worker:
    """Turns units into rows with one model."""

    def __init__(self, model: VideoTextModel) -> None:
        self.model = model
        self.clips_per_encode = max(1, FRAMES_PER_ENCODE // model.sampling.num_frames)

    def prepare(self, unit: Unit, encoded: set[str]) -> Prepared:
        """Read one file.

        Args:
            unit: the file.
            encoded: the contents that need no reading again; the new one is added.

        Raises:
            VideoError: the file cannot be read or decoded.
        """
        try:
            video_id = content_hash(unit.path)
        except OSError as error:
            raise VideoError(unit.path, f"cannot be read ({error.strerror})") from error
        if video_id in encoded:
            return Prepared(unit, video_id, None)
        with VideoReader(unit.path) as video:
            frames = video.read_frames(self.model.sampling)
            duration_seconds = video.index.duration_seconds
        clip = Clip(
            pixel_values=self.model.preprocess(frames.pixels),
            duration_seconds=duration_seconds,
            thumbnail=_thumbnail(frames.pixels[len(frames.pixels) // 2]),
        )
        encoded.add(video_id)
        return Prepared(unit, video_id, clip)

    def encode(self, clips: Sequence[Clip]) -> np.ndarray:
        """Encode clips in one go: float32 (B, E), unit length."""
        import torch

        with torch.inference_mode():
            features = self.model.encode_frames(torch.stack([clip.pixel_values for clip in clips]))
        return features.float().cpu().numpy()

    @staticmethod
    def rows(prepared: Prepared, vector: np.ndarray) -> list[Row]:
        """Give the rows of a clip that has been encoded: one, the whole clip."""
        unit, clip = prepared.unit, prepared.clip
        assert clip is not None
        return [
            Row(
                video_id=prepared.video_id,
                path=unit.path,
                start_seconds=0.0,
                end_seconds=clip.duration_seconds,
                vector=vector,
                duration_seconds=clip.duration_seconds,
                size_bytes=unit.size_bytes,
                modified_seconds=unit.modified_seconds,
                thumbnail=clip.thumbnail,
            )
        ]


def prepare_ahead(
    worker: Worker, units: Sequence[Unit], encoded: set[str], *, depth: int
) -> Iterator[tuple[Unit, Prepared | VideoError]]:
    """Yield each unit, in order, with what reading it gave; up to ``depth`` of the next are read meanwhile.

    Args:
        worker: reads them.
        units: the files.
        encoded: contents that need no reading; grows as files are read.
        depth: how many prepared clips may wait, which bounds the memory they take.
    """
    waiting: deque[tuple[Unit, Future[Prepared]]] = deque()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="framecue-read") as pool:
        try:
            for unit in units:
                waiting.append((unit, pool.submit(worker.prepare, unit, encoded)))
                if len(waiting) > depth:
                    yield _result(*waiting.popleft())
            while waiting:
                yield _result(*waiting.popleft())
        finally:
            for _, future in waiting:
                future.cancel()


def _result(unit: Unit, future: Future[Prepared]) -> tuple[Unit, Prepared | VideoError]:
    try:
        return unit, future.result()
    except VideoError as error:
        return unit, error


def _thumbnail(pixels: np.ndarray) -> bytes:
    """Make a WebP picture, at most THUMBNAIL_SIDE on its long side, of one frame uint8 (H, W, 3)."""
    picture = Image.fromarray(pixels)
    picture.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=60)
    return buffer.getvalue()
