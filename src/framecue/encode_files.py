"""Encoding picture and video files with a model: reading ahead, batches, and files that cannot be used."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import torch
from torch import Tensor

from framecue.checks import is_whole
from framecue.errors import InputError, VideoError
from framecue.log import log_skipped
from framecue.pictures import ImageLike, as_images
from framecue.progress import FilesDone, ProgressCallback
from framecue.read_ahead import read_batches_ahead
from framecue.video import FrameSource, IsolatedFrameSource, VideoSource, picture_frames
from framecue.workers import Workers

if TYPE_CHECKING:
    from framecue.model import VideoTextModel

__all__ = ["NUM_READERS", "EncodedVideos", "encode_pictures", "encode_videos", "opened_source"]

# How many files are read at once; a decoder has threads of its own, so more help only where there are cores for them.
NUM_READERS = max(1, min(4, (os.cpu_count() or 1) // 4))

Source = TypeVar("Source", FrameSource, VideoSource)


@dataclass(frozen=True, eq=False)
class EncodedVideos:
    """The embeddings of those video files that could be read.

    Attributes:
        embeddings: (B, E), float32, unit length; one a file that was read.
        paths: the B files, as they were given, in the order of the embeddings.
        skipped: why the others are missing; each has ``path`` and ``reason``.
    """

    embeddings: Tensor
    paths: list[str]
    skipped: list[VideoError]


def encode_pictures(
    model: VideoTextModel, images: ImageLike | Iterable[ImageLike], *, source: VideoSource | None, batch_size: int
) -> Tensor:
    """Return the embeddings (N, E) of pictures; see `VideoTextModel.encode_image`."""
    _check_batch_size(batch_size)
    pictures = as_images(images)
    embeddings = []
    with opened_source(source) as reader:
        for start in range(0, len(pictures), batch_size):
            frames = [
                picture_frames(picture, model.sampling, reader, short_side=model.short_side)
                for picture in pictures[start : start + batch_size]
            ]
            embeddings.append(model.encode_frames(torch.stack([model.preprocess(one) for one in frames])))
    return torch.cat(embeddings)


def encode_videos(
    model: VideoTextModel,
    paths: str | Path | Iterable[str | Path],
    *,
    source: FrameSource | None,
    batch_size: int,
    progress: ProgressCallback | None,
    on_error: str,
) -> Tensor | EncodedVideos:
    """Return the embeddings (B, E) of video files, or the `EncodedVideos`; see `VideoTextModel.encode_video`."""
    _check_batch_size(batch_size)
    if on_error not in ("raise", "skip"):
        raise InputError(f"on_error is {on_error!r}; it must be 'raise' or 'skip'")
    files = [paths] if isinstance(paths, str | Path) else list(paths)
    if not files:
        raise InputError("no video to encode; give at least one file")
    embeddings: list[Tensor] = []
    encoded: list[str] = []
    skipped: list[VideoError] = []

    def take(batches: Iterable[_Encoded]) -> None:
        for batch in batches:
            if batch.embeddings is not None:
                embeddings.append(batch.embeddings)
            for path, error in batch.files:
                if error is not None:
                    log_skipped(error.path, error.reason)
                    skipped.append(error)
                else:
                    encoded.append(str(path))
                if progress is not None:
                    progress(FilesDone(len(encoded) + len(skipped), str(path)), len(files))

    # Closed at once if an error ends the loop, and with it the threads and processes that read and encode.
    with (
        Workers[_Encoded](model.max_threads, around=model.one_core) as workers,
        closing(_batches(model, files, source, batch_size)) as batches,
    ):
        for batch in batches:
            errors = [one for _, one in batch if isinstance(one, VideoError)]
            if errors and on_error == "raise":
                raise errors[0]
            workers.give(partial(_encode, model, batch))
            take(workers.results())
        take(workers.rest())
    if on_error == "raise":
        return torch.cat(embeddings)
    width = model.embedding_dim
    return EncodedVideos(torch.cat([torch.empty(0, width, device=model.device), *embeddings]), encoded, skipped)


@dataclass(frozen=True, eq=False)
class _Encoded:
    """A batch of files: the embeddings of those that could be read, if any, and what is wrong with each file."""

    embeddings: Tensor | None
    files: list[tuple[str | Path, VideoError | None]]


def _encode(model: VideoTextModel, batch: Sequence[tuple[str | Path, Tensor | VideoError]]) -> _Encoded:
    pixels = [one for _, one in batch if not isinstance(one, VideoError)]
    return _Encoded(
        model.encode_frames(torch.stack(pixels)) if pixels else None,
        [(path, one if isinstance(one, VideoError) else None) for path, one in batch],
    )


def _batches(
    model: VideoTextModel, files: Sequence[str | Path], source: FrameSource | None, batch_size: int
) -> Generator[list[tuple[str | Path, Tensor | VideoError]], None, None]:
    """Yield batches of files with the pixel values of each, or why it cannot be used; read ahead in threads."""
    # A source that was given need not stand several threads at once.
    num_threads = min(NUM_READERS, len(files)) if source is None else 1
    with opened_source(source, num_processes=num_threads) as reader:
        yield from read_batches_ahead(
            files,
            lambda path: model.read_video(path, source=reader),
            num_threads=num_threads,
            batch_size=batch_size,
        )


@contextmanager
def opened_source(source: Source | None, *, num_processes: int = 1) -> Iterator[Source | IsolatedFrameSource]:
    """Yield the source that was given, or one of this call alone, which is closed afterwards."""
    if source is not None:
        yield source
        return
    with IsolatedFrameSource(num_processes=num_processes) as own:
        yield own


def _check_batch_size(batch_size: int) -> None:
    if not is_whole(batch_size) or batch_size < 1:
        raise InputError(f"batch_size is {batch_size!r}; it must be a whole number, 1 or more")
