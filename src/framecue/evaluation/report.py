"""A split's report: retrieval in both directions, and twin accuracy where the split has order twins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from framecue.datasets.captions import Clip
from framecue.errors import InputError
from framecue.evaluation.metrics import RetrievalMetrics, retrieval_metrics_from_embeddings, twin_accuracy
from framecue.model import VideoTextModel

__all__ = ["Report", "embed_videos", "evaluate_clips"]

BATCH_VIDEOS = 16
BATCH_TEXTS = 256

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What a model scores on a split.

    Attributes:
        num_videos: the gallery's size; twins are not in it.
        num_texts: the queries.
        retrieval: both directions.
        twin_accuracy: in per cent; None where the split has no twins.
    """

    num_videos: int
    num_texts: int
    retrieval: RetrievalMetrics
    twin_accuracy: float | None

    def to_dict(self) -> dict[str, Any]:
        """The numbers under the names of tables and JSON."""
        return {**self.retrieval.to_dict(), "twin_accuracy": self.twin_accuracy}


def evaluate_clips(model: VideoTextModel, clips: Sequence[Clip], *, progress: Progress | None = None) -> Report:
    """Rank the clips of a split for each caption, and the captions for each clip.

    Twin accuracy asks of each caption of a clip, and of each of its twin's, whether it is nearer to its own clip than
    to that clip played backwards.

    Args:
        model: encodes videos and texts.
        clips: the gallery, each with its captions.
        progress: called with (videos done, videos in all).

    Raises:
        InputError: no clips.
        VideoError: a file cannot be read; a figure over the others would flatter the model.
    """
    if not clips:
        raise InputError("no clips to evaluate")
    twins = [(row, clip.twin) for row, clip in enumerate(clips) if clip.twin is not None]
    files = [clip.video for clip in clips] + [twin.video for _, twin in twins]
    videos = embed_videos(model, files, progress=progress)
    gallery, backwards = videos[: len(clips)], videos[len(clips) :]
    texts = _embed_texts(model, [caption for clip in clips for caption in clip.captions])
    owner = np.repeat(np.arange(len(clips)), [len(clip.captions) for clip in clips])
    accuracy = None
    if twins:
        own, other = [], []
        for place, (row, twin) in enumerate(twins):
            forward = texts[torch.from_numpy(owner == row)]
            reverse = _embed_texts(model, list(twin.captions))
            for described, shown, against in (
                (forward, gallery[row], backwards[place]),
                (reverse, backwards[place], gallery[row]),
            ):
                own.append(described @ shown)
                other.append(described @ against)
        accuracy = twin_accuracy(torch.cat(own), torch.cat(other))
    return Report(len(clips), len(texts), retrieval_metrics_from_embeddings(texts, gallery, owner), accuracy)


def embed_videos(model: VideoTextModel, files: Sequence[Path], *, progress: Progress | None = None) -> Tensor:
    """Video files to embeddings float32 (B, E) on the CPU; the next files are decoded while these are encoded."""
    made = []
    for batch in _read_ahead(model, files):
        made.append(model.encode_frames(batch).cpu())
        if progress is not None:
            progress(sum(map(len, made)), len(files))
    return torch.cat(made)


def _read_ahead(model: VideoTextModel, files: Sequence[Path]) -> Iterator[Tensor]:
    """Pixel values (up to BATCH_VIDEOS, F, 3, S, S), with one batch more in the making."""
    starts = range(0, len(files), BATCH_VIDEOS)
    with ThreadPoolExecutor(max_workers=2) as pool:

        def submit(start: int) -> list[Any]:
            return [pool.submit(model.read_video, file) for file in files[start : start + BATCH_VIDEOS]]

        ahead = submit(0)
        for start in starts:
            current, ahead = ahead, submit(start + BATCH_VIDEOS)
            yield torch.stack([future.result() for future in current])


def _embed_texts(model: VideoTextModel, texts: list[str]) -> Tensor:
    batches = [texts[start : start + BATCH_TEXTS] for start in range(0, len(texts), BATCH_TEXTS)]
    return torch.cat([model.encode_text(batch).cpu() for batch in batches])
