"""The report on a split: retrieval in both directions, and twin accuracy if the split has order twins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from framecue.datasets.clips import Clip
from framecue.encoder import Encoder
from framecue.errors import InputError
from framecue.evaluation.any_encoder import EncoderModel, as_evaluated
from framecue.evaluation.encoding import encode_pixels, encode_texts, retrieval, similarity_matrix, twin_similarities
from framecue.evaluation.metrics import RetrievalMetrics, twin_accuracy
from framecue.evaluation.rerank import check_depth, reranked_metrics
from framecue.model import VideoTextModel
from framecue.video import FrameSource, IsolatedFrameSource

__all__ = ["DEPTH", "Report", "embed_videos", "evaluate_clips"]

BATCH_VIDEOS = 16
# Files that are read at once.
READERS = 2
DEPTH = 100

Progress = Callable[[int, int], None]


class _Place(NamedTuple):
    """A video file, or a window of it."""

    file: Path
    start_seconds: float | None = None
    end_seconds: float | None = None

    @property
    def window(self) -> dict[str, float | None]:
        """Return the window as `read_video` takes it; nothing for a whole video."""
        if self.start_seconds is None and self.end_seconds is None:
            return {}
        return {"start_seconds": self.start_seconds, "end_seconds": self.end_seconds}


@dataclass(frozen=True)
class Report:
    """The scores of a model on a split.

    Attributes:
        num_videos: the size of the gallery, without twins.
        num_texts: the number of queries.
        retrieval: the metrics of both directions.
        twin_accuracy: in per cent; None if the split has no twins.
        reranked: the same after a second stage; None if there is none.
    """

    num_videos: int
    num_texts: int
    retrieval: RetrievalMetrics
    twin_accuracy: float | None
    reranked: Report | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers under the names of tables and JSON."""
        numbers = {**self.retrieval.to_dict(), "twin_accuracy": self.twin_accuracy}
        return numbers if self.reranked is None else {**numbers, "reranked": self.reranked.to_dict()}


def evaluate_clips(
    model: VideoTextModel | Encoder,
    clips: Sequence[Clip],
    *,
    rerank_with: VideoTextModel | None = None,
    depth: int = DEPTH,
    progress: Progress | None = None,
    frame_source: FrameSource | None = None,
) -> Report:
    """Rank the clips of a split for each caption, and the captions for each clip.

    For each caption of a clip and of its twin, twin accuracy asks whether it is nearer to its own clip than to that
    clip played backwards.

    Args:
        model: encodes videos and texts, or compares them pair by pair if it is not offline; or any other `Encoder`
            that encodes videos on their own.
        clips: the gallery, each with its captions.
        rerank_with: a second stage, which looks again at the best candidates of each query; it samples and preprocesses
            the videos in its own way. Of a clip and its twin it looks at both, unless `depth` is 1.
        depth: how many candidates of each query it looks at.
        progress: called with (videos done, videos in all); a video that each stage reads in its own way counts twice.
        frame_source: reads the files; None decodes them in processes of their own.

    Raises:
        InputError: there are no clips, or the depth is below 1.
        VideoError: a file cannot be read; scores over the others would flatter the model.
    """
    if not clips:
        raise InputError("no clips to evaluate")
    check_depth(depth)
    model = as_evaluated(model)
    models = [model] if rerank_with is None else [model, rerank_with]
    files = [_Place(clip.video, clip.start_seconds, clip.end_seconds) for clip in clips]
    files += [_Place(clip.twin.video) for clip in clips if clip.twin is not None]
    first, *second = [
        _Encoded.of(model, clips, videos) for model, videos in _encode_files(models, files, progress, frame_source)
    ]
    report = Report(
        len(clips),
        len(first.owners),
        retrieval(first.model, first.texts, first.videos, first.owners),
        first.twin_accuracy(),
    )
    if not second:
        return report
    reranked = Report(
        report.num_videos,
        report.num_texts,
        reranked_metrics(
            similarity_matrix(first.model, first.texts, first.videos), second[0].pairs, first.owners, depth=depth
        ),
        # There are two candidates, and a depth of 1 leaves the first where it is.
        report.twin_accuracy if depth == 1 else second[0].twin_accuracy(),
    )
    return Report(report.num_videos, report.num_texts, report.retrieval, report.twin_accuracy, reranked)


@dataclass(frozen=True, eq=False)
class _Encoded:
    """The encodings of a split by a model.

    Attributes:
        model: the model.
        texts: encodings of the gallery's captions (N, ...).
        owners: (N,) the clip of each caption.
        videos: encodings of the gallery (B, ...).
        twins: for each clip with a twin its row, the encodings of its twin's captions (C, ...) and of its twin (...).
    """

    model: VideoTextModel
    texts: Tensor
    owners: np.ndarray
    videos: Tensor
    twins: list[tuple[int, Tensor, Tensor]]

    @classmethod
    def of(cls, model: VideoTextModel, clips: Sequence[Clip], videos: Tensor) -> _Encoded:
        """Encode the captions; `videos` are the encodings of the gallery, then of the twins."""
        twins = [(row, clip.twin) for row, clip in enumerate(clips) if clip.twin is not None]
        groups = [clip.captions for clip in clips] + [twin.captions for _, twin in twins]
        sizes = [len(group) for group in groups]
        texts = encode_texts(model, [caption for group in groups for caption in group])
        of_twins = texts.split(sizes)[len(clips) :]
        return cls(
            model,
            texts[: sum(sizes[: len(clips)])],
            np.repeat(np.arange(len(clips)), sizes[: len(clips)]),
            videos[: len(clips)],
            [(row, *kept) for (row, _), *kept in zip(twins, of_twins, videos[len(clips) :], strict=True)],
        )

    def pairs(self, texts: np.ndarray, videos: np.ndarray) -> np.ndarray:
        """Return the similarities of some texts and some videos."""
        return similarity_matrix(self.model, self.texts[torch.from_numpy(texts)], self.videos[torch.from_numpy(videos)])

    def twin_accuracy(self) -> float | None:
        """Return the twin accuracy (see `metrics.twin_accuracy`); None without twins."""
        if not self.twins:
            return None
        starts = [0, *accumulate(np.bincount(self.owners).tolist())]
        compared = [
            twin_similarities(
                self.model,
                texts=self.texts[starts[row] : starts[row + 1]],
                twin_texts=twin_texts,
                video=self.videos[row],
                twin_video=twin_video,
            )
            for row, twin_texts, twin_video in self.twins
        ]
        own, other = (np.concatenate(side) for side in zip(*compared, strict=True))
        return twin_accuracy(own, other)


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
    """
    ((_, videos),) = _encode_files([model], [_Place(file) for file in files], progress, frame_source)
    return videos


def _encode_files(
    models: Sequence[VideoTextModel],
    files: Sequence[_Place],
    progress: Progress | None,
    frame_source: FrameSource | None,
) -> list[tuple[VideoTextModel, Tensor]]:
    """Return the encodings of the files by each of one or two models; two that need the same pixels share reading."""
    if frame_source is None:
        with IsolatedFrameSource(num_processes=READERS) as opened:
            return _encode_files(models, files, progress, opened)
    groups = [list(models)] if len(models) == 2 and _read_alike(*models) else [[model] for model in models]
    kept: list[tuple[VideoTextModel, Tensor]] = []
    num_done = 0
    for group in groups:
        made: list[list[Tensor]] = [[] for _ in group]
        for batch in _read_ahead(group[0], files, frame_source):
            for model, batches in zip(group, made, strict=True):
                batches.append(encode_pixels(model, batch))
            num_done += len(batch)
            if progress is not None:
                progress(num_done, len(groups) * len(files))
        kept += [(model, torch.cat(batches)) for model, batches in zip(group, made, strict=True)]
    return kept


def _read_alike(left: VideoTextModel, right: VideoTextModel) -> bool:
    if isinstance(left, EncoderModel) or isinstance(right, EncoderModel):
        return False  # what it makes of frames is its own affair
    return left.sampling == right.sampling and left.backbone.preprocess == right.backbone.preprocess


def _read_ahead(model: VideoTextModel, files: Sequence[_Place], frame_source: FrameSource) -> Iterator[Tensor]:
    """Yield pixel values (up to BATCH_VIDEOS, F, 3, S, S), while the next batch is being read."""
    starts = range(0, len(files), BATCH_VIDEOS)
    with ThreadPoolExecutor(max_workers=READERS) as pool:

        def submit(start: int) -> list[Any]:
            some = files[start : start + BATCH_VIDEOS]
            return [pool.submit(model.read_video, place.file, source=frame_source, **place.window) for place in some]

        ahead = submit(0)
        for start in starts:
            current, ahead = ahead, submit(start + BATCH_VIDEOS)
            yield torch.stack([future.result() for future in current])
