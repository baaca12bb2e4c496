"""Encoding the videos of a split: read ahead, in batches; those that cannot be read are named, not dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from framecue.counts import counted
from framecue.errors import InputError, VideoError
from framecue.evaluation.any_encoder import EncoderModel
from framecue.evaluation.encoding import encode_pixels, first_not_finite
from framecue.model import VideoTextModel
from framecue.video import FrameSource, IsolatedFrameSource

__all__ = ["EVERY_VALUE", "Encodings", "Window", "embed_videos", "encode_windows"]

BATCH_VIDEOS = 16
# Files that are read at once.
READERS = 2

EVERY_VALUE = "every value must be finite (damaged weights, or --dtype bfloat16 where float32 is needed)"

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Window:
    """A video file, or a part of one.

    Attributes:
        path: the file.
        start_seconds: where the part begins; None for the video's beginning.
        end_seconds: where it ends; None for the video's end.
    """

    path: Path
    start_seconds: float | None = None
    end_seconds: float | None = None

    @property
    def options(self) -> dict[str, float | None]:
        """The part as `read_video` takes it; nothing for a whole video."""
        if self.start_seconds is None and self.end_seconds is None:
            return {}
        return {"start_seconds": self.start_seconds, "end_seconds": self.end_seconds}


@dataclass(frozen=True, eq=False)
class Encodings:
    """What a model makes of videos.

    Attributes:
        model: the model.
        videos: embeddings float32 (B, E), or frame features (B, F', E) if the method is not offline. At the place of a
            video that could not be read stands another's, which a method can compare; it says nothing.
        unreadable: what is wrong with the videos that could not be read, by their index.
    """

    model: VideoTextModel
    videos: Tensor
    unreadable: dict[int, VideoError]


def embed_videos(
    model: VideoTextModel,
    files: Sequence[Path],
    *,
    progress: Progress | None = None,
    frame_source: FrameSource | None = None,
) -> Tensor:
    """Return the encodings of video files, on the CPU; the next files are read while earlier ones are encoded.

    Returns:
        Embeddings float32 (B, E), or frame features (B, F', E) if the method is not offline.

    Raises:
        VideoError: a file cannot be read.
    """
    (made,) = encode_windows([model], [Window(file) for file in files], progress=progress, frame_source=frame_source)
    for error in made.unreadable.values():
        raise error
    return made.videos


def encode_windows(
    models: Sequence[VideoTextModel],
    windows: Sequence[Window],
    *,
    progress: Progress | None = None,
    frame_source: FrameSource | None = None,
) -> list[Encodings]:
    """Return the encodings of videos by each of one or two models; two that need the same pixels share reading.

    Args:
        models: the models.
        windows: the videos, B.
        progress: called with (videos done, videos in all); a video that each model reads in its own way counts twice.
        frame_source: reads the files; None decodes them in processes of their own.

    Raises:
        VideoError: no file at all can be read; the first is named.
        InputError: the model makes no finite vector of a video, which is named.
    """
    if frame_source is None:
        with IsolatedFrameSource(num_processes=READERS) as opened:
            return encode_windows(models, windows, progress=progress, frame_source=opened)
    groups = [list(models)] if len(models) == 2 and _read_alike(*models) else [[model] for model in models]
    kept: list[Encodings] = []
    num_done = 0
    for group in groups:
        made: list[list[Tensor]] = [[] for _ in group]
        unreadable: dict[int, VideoError] = {}
        for first, batch in _read_ahead(group[0], windows, frame_source):
            unreadable |= {first + place: read for place, read in enumerate(batch) if isinstance(read, VideoError)}
            shown = [place for place, read in enumerate(batch) if isinstance(read, Tensor)]
            pixels = [read for read in batch if isinstance(read, Tensor)]
            for model, batches in zip(group, made, strict=True):
                if pixels:
                    batches.append(encode_pixels(model, torch.stack(pixels)))
                    wrong = first_not_finite(batches[-1])
                    if wrong is not None:
                        path = windows[first + shown[wrong]].path
                        raise InputError(f"{path}: the model makes of it no finite vector; {EVERY_VALUE}")
            num_done += len(batch)
            if progress is not None:
                progress(num_done, len(groups) * len(windows))
        if len(unreadable) == len(windows):
            first_error = unreadable[0]
            raise VideoError(
                first_error.path, f"{first_error.reason}; none of the {counted(len(windows), 'video')} can be read"
            )
        kept += [
            Encodings(model, _filled(torch.cat(batches), len(windows), unreadable), unreadable)
            for model, batches in zip(group, made, strict=True)
        ]
    return kept


def _filled(encodings: Tensor, num_videos: int, unreadable: dict[int, VideoError]) -> Tensor:
    """Return encodings of all videos, with the first for each that could not be read."""
    rows = torch.zeros(num_videos, dtype=torch.long)
    rows[[row for row in range(num_videos) if row not in unreadable]] = torch.arange(len(encodings))
    return encodings[rows] if unreadable else encodings


def _read_alike(left: VideoTextModel, right: VideoTextModel) -> bool:
    if isinstance(left, EncoderModel) or isinstance(right, EncoderModel):
        return False  # what it makes of frames is its own affair
    return left.sampling == right.sampling and left.backbone.preprocess == right.backbone.preprocess


def _read_ahead(
    model: VideoTextModel, windows: Sequence[Window], frame_source: FrameSource
) -> Iterator[tuple[int, list[Tensor | VideoError]]]:
    """Yield the index of a batch's first video, and for each its pixel values (F, 3, S, S) or what is wrong with it.

    The next batch is being read meanwhile.
    """

    def read(window: Window) -> Tensor | VideoError:
        try:
            return model.read_video(window.path, source=frame_source, **window.options)
        except VideoError as error:
            return error

    with ThreadPoolExecutor(max_workers=READERS) as pool:

        def submit(start: int) -> list[Future[Tensor | VideoError]]:
            return [pool.submit(read, window) for window in windows[start : start + BATCH_VIDEOS]]

        ahead = submit(0)
        for start in range(0, len(windows), BATCH_VIDEOS):
            current, ahead = ahead, submit(start + BATCH_VIDEOS)
            yield start, [future.result() for future in current]
