"""The report on a split: retrieval in both directions, and twin accuracy if the split has order twins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from framecue.datasets.clips import Clip
from framecue.encoder import Encoder
from framecue.errors import InputError, VideoError
from framecue.evaluation.any_encoder import EncoderModel, as_evaluated
from framecue.evaluation.bootstrap import NUM_RESAMPLES
from framecue.evaluation.encoding import (
    encode_texts,
    first_not_finite,
    similarities_of,
    similarity_matrix,
    similarity_rows,
    twin_similarities,
)
from framecue.evaluation.metrics import RetrievalMetrics, twin_accuracy
from framecue.evaluation.normalise import BankNormalised, DualSoftmax, DualSoftmaxSimilarities, QueryBank, bank_of
from framecue.evaluation.queries import Queries, queries_of
from framecue.evaluation.reading import EVERY_VALUE, Encodings, Progress, Window, encode_windows
from framecue.evaluation.rerank import RerankedSimilarities, check_depth
from framecue.evaluation.similarities import Similarities
from framecue.evaluation.stages import DUAL_SOFTMAX, QB_NORM, Stage, stage_of, text_directions
from framecue.model import VideoTextModel
from framecue.video import FrameSource

__all__ = ["DEPTH", "Report", "evaluate_clips"]

DEPTH = 100


@dataclass(frozen=True, eq=False)
class Report:
    """The scores of a model on a split, and what they were computed from.

    Attributes:
        clips: the gallery.
        queries: its names, texts and hash.
        main: the model's own ranking.
        reranked: the same after a second stage; None if there is none.
        normalised: by name (`DUAL_SOFTMAX`, `QB_NORM`), what normalised similarities score.
        unreadable: what is wrong with the videos that could not be read, twins among them; they count as misses.
        similarities: of the model's own ranking, by which a text's best videos can be looked up.
    """

    clips: Sequence[Clip]
    queries: Queries
    main: Stage
    reranked: Stage | None
    normalised: dict[str, Stage]
    unreadable: tuple[VideoError, ...]
    similarities: Similarities

    @property
    def num_videos(self) -> int:
        """The size of the gallery, without twins."""
        return len(self.queries.video_ids)

    @property
    def num_texts(self) -> int:
        """The number of queries."""
        return len(self.queries.texts)

    @property
    def retrieval(self) -> RetrievalMetrics:
        """The metrics of both directions."""
        return self.main.retrieval

    @property
    def twin_accuracy(self) -> float | None:
        """In per cent; None if the split has no twins."""
        return self.main.twin_accuracy

    def stages(self) -> Iterator[tuple[str, Stage]]:
        """Yield the name and the scores of each way of ranking, the model's own (`main`) first."""
        yield "main", self.main
        if self.reranked is not None:
            yield "reranked", self.reranked
        yield from self.normalised.items()

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers under the names of tables and JSON."""
        made: dict[str, Any] = {
            **self.main.to_dict(),
            "num_videos": self.num_videos,
            "num_texts": self.num_texts,
            "unreadable": [{"path": str(error.path), "reason": error.reason} for error in self.unreadable],
        }
        if self.reranked is not None:
            made["reranked"] = self.reranked.to_dict()
        return {**made, **{name: stage.to_dict() for name, stage in self.normalised.items()}}


def evaluate_clips(
    model: VideoTextModel | Encoder,
    clips: Sequence[Clip],
    *,
    rerank_with: VideoTextModel | None = None,
    depth: int = DEPTH,
    normalise: Sequence[DualSoftmax | QueryBank] = (),
    num_resamples: int = NUM_RESAMPLES,
    data_dir: Path | None = None,
    progress: Progress | None = None,
    frame_source: FrameSource | None = None,
) -> Report:
    """Rank the clips of a split for each caption, and the captions for each clip.

    For each caption of a clip and of its twin, twin accuracy asks whether it is nearer to its own clip than to that
    clip played backwards.

    A video that cannot be read is a miss: its captions, and the video as a query, have a rank one beyond the number of
    candidates, which no recall counts; nothing that is asked of a twin which cannot be read is right.

    Args:
        model: encodes videos and texts, or compares them pair by pair if it is not offline; or any other `Encoder`
            that encodes videos on their own.
        clips: the gallery, each with its captions.
        rerank_with: a second stage, which looks again at the best candidates of each query; it samples and preprocesses
            the videos in its own way. Of a clip and its twin it looks at both, unless `depth` is 1.
        depth: how many candidates of each query it looks at.
        normalise: ways of normalising the model's similarities, each of which gets scores of its own.
        num_resamples: how many resamples the intervals come from.
        data_dir: the folder that videos are named relative to.
        progress: called with (videos done, videos in all); a video that each stage reads in its own way counts twice.
        frame_source: reads the files; None decodes them in processes of their own.

    Raises:
        InputError: there are no clips, an option makes no sense, or a similarity is not finite.
        DatasetError: a clip occurs twice.
        VideoError: no file at all can be read.
    """
    if not clips:
        raise InputError("no clips to evaluate")
    check_depth(depth)
    if num_resamples < 1:
        raise InputError(f"num_resamples is {num_resamples}; give at least 1")
    model = as_evaluated(model)
    queries = queries_of(clips, data_dir)
    models = [model] if rerank_with is None else [model, rerank_with]
    windows = [Window(clip.video, clip.start_seconds, clip.end_seconds) for clip in clips]
    windows += [Window(clip.twin.video) for clip in clips if clip.twin is not None]
    made = encode_windows(models, windows, progress=progress, frame_source=frame_source)
    # Both stages rank the same gallery: what either of them could not read is missing in both.
    unreadable = {place: error for each in made for place, error in each.unreadable.items()}
    missing = [place for place in sorted(unreadable) if place < len(clips)]
    if len(missing) == len(clips):
        raise VideoError(unreadable[0].path, f"{unreadable[0].reason}; no clip of the gallery can be read")
    first, *second = [_Encoded.of(each, clips, unreadable) for each in made]
    similarities = similarities_of(first.model, first.texts, first.videos, queries.owners, missing=missing)
    main = stage_of(similarities, twin_accuracy=first.twin_accuracy(), num_resamples=num_resamples)
    reranked = None
    if second:
        reranked = stage_of(
            RerankedSimilarities(similarities, second[0].pairs, depth=depth),
            # There are two candidates, and a depth of 1 leaves the first where it is.
            twin_accuracy=main.twin_accuracy if depth == 1 else second[0].twin_accuracy(),
            num_resamples=num_resamples,
        )
    return Report(
        clips=clips,
        queries=queries,
        main=main,
        reranked=reranked,
        normalised=dict(first.normalised(similarities, how, num_resamples=num_resamples) for how in normalise),
        unreadable=tuple(unreadable[place] for place in sorted(unreadable)),
        similarities=similarities,
    )


@dataclass(frozen=True, eq=False)
class _Encoded:
    """The encodings of a split by a model.

    Attributes:
        model: the model.
        texts: encodings of the gallery's captions (N, ...).
        owners: (N,) the clip of each caption.
        videos: encodings of the gallery (B, ...).
        twins: for each clip with a twin its row, the encodings of its twin's captions (C, ...) and of its twin (...).
        unreadable: the rows of clips with a twin of which one or the other could not be read.
    """

    model: VideoTextModel
    texts: Tensor
    owners: np.ndarray
    videos: Tensor
    twins: list[tuple[int, Tensor, Tensor]]
    unreadable: set[int]

    @classmethod
    def of(cls, made: Encodings, clips: Sequence[Clip], unreadable: dict[int, VideoError]) -> _Encoded:
        """Encode the captions; the encodings of videos are those of the gallery, then of the twins."""
        twins = [(row, clip.twin) for row, clip in enumerate(clips) if clip.twin is not None]
        groups = [clip.captions for clip in clips] + [twin.captions for _, twin in twins]
        sizes = [len(group) for group in groups]
        captions = [caption for group in groups for caption in group]
        texts = encode_texts(made.model, captions)
        wrong = first_not_finite(texts)
        if wrong is not None:
            raise InputError(f"the model makes of the text {captions[wrong]!r} no finite vector; {EVERY_VALUE}")
        of_twins = texts.split(sizes)[len(clips) :]
        return cls(
            made.model,
            texts[: sum(sizes[: len(clips)])],
            np.repeat(np.arange(len(clips)), sizes[: len(clips)]),
            made.videos[: len(clips)],
            [(row, *kept) for (row, _), *kept in zip(twins, of_twins, made.videos[len(clips) :], strict=True)],
            {row for place, (row, _) in enumerate(twins) if row in unreadable or len(clips) + place in unreadable},
        )

    def pairs(self, texts: np.ndarray, videos: np.ndarray) -> np.ndarray:
        """Return the similarities of some texts and some videos."""
        return similarity_matrix(self.model, self.texts[torch.from_numpy(texts)], self.videos[torch.from_numpy(videos)])

    def twin_accuracy(self) -> float | None:
        """Return the twin accuracy (see `metrics.twin_accuracy`); None without twins."""
        if not self.twins:
            return None
        starts = [0, *accumulate(np.bincount(self.owners).tolist())]
        compared = []
        for row, twin_texts, twin_video in self.twins:
            texts = self.texts[starts[row] : starts[row + 1]]
            if row in self.unreadable:  # nothing can be told of these two, so nothing is right
                count = len(texts) + len(twin_texts)
                compared.append((np.zeros(count), np.ones(count)))
                continue
            compared.append(
                twin_similarities(
                    self.model, texts=texts, twin_texts=twin_texts, video=self.videos[row], twin_video=twin_video
                )
            )
        own, other = (np.concatenate(side) for side in zip(*compared, strict=True))
        return twin_accuracy(own, other)

    def normalised(
        self, similarities: Similarities, how: DualSoftmax | QueryBank, *, num_resamples: int
    ) -> tuple[str, Stage]:
        """Return the name and the scores of normalised similarities."""
        if isinstance(how, DualSoftmax):
            if isinstance(self.model, EncoderModel):
                raise InputError(
                    "dual softmax weighs with the model's own temperature, which this model does not tell; leave it out"
                )
            scale = float(self.model.backbone.logit_scale.detach().exp())
            weighed = DualSoftmaxSimilarities(similarities, scale=scale, temperature=how.temperature)
            said: dict[str, Any] = {"transductive": True, "temperature": how.temperature}
            return DUAL_SOFTMAX, stage_of(weighed, num_resamples=num_resamples, said=said)
        bank_texts = encode_texts(self.model, how.texts)
        rows = similarity_rows(self.model, bank_texts, self.videos)
        bank = bank_of(
            (np.where(similarities.missing, -np.inf, block) for block in rows),
            len(self.videos),
            temperature=how.temperature,
            depth=how.depth,
        )
        said = {
            "transductive": False,
            "temperature": how.temperature,
            "depth": how.depth,
            "num_bank_texts": len(how.texts),
            "num_hubs": int(np.count_nonzero(bank.hubs)),
        }
        directions = text_directions(BankNormalised(similarities, bank))
        return QB_NORM, Stage(directions, similarities.num_videos, num_resamples=num_resamples, said=said)
