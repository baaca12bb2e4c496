"""Scoring the validation examples of a source, which chooses the checkpoint in training."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from framecue.datasets.examples import Example, ExampleSource, num_real_frames
from framecue.errors import DatasetError
from framecue.evaluation.encoding import encode_pixels, encode_texts, similarities_of, twin_similarities
from framecue.evaluation.metrics import metrics_of, twin_accuracy
from framecue.model import VideoTextModel

__all__ = ["score_examples"]

BATCH_VIDEOS = 64


def score_examples(model: VideoTextModel, source: ExampleSource) -> dict[str, float]:
    """Return the scores of retrieval among all examples of a source, one caption a video.

    If a source knows what an example means when it is played backwards (`ExampleSource.backwards`), there is a twin
    accuracy as well: the frames in reverse order are the twin.

    Returns:
        "R@1" and "R@1 video to text" in per cent, "mean rank", "twin accuracy" in per cent if the source has twins, and
        "left out", the number of examples that the source could not read, if there are any.

    Raises:
        DatasetError: the source returns no example at all.
        InputError: the model's embeddings are not finite.
    """
    videos: list[Tensor] = []
    captions: list[str] = []
    twins: list[Tensor] = []
    twin_captions: list[str] = []
    twin_of: list[int] = []
    for indices, examples in _batches(source):
        pixels = model.normalise(torch.stack([example.frames for example in examples]), num_real_frames(examples))
        backwards = [source.backwards(index) for index in indices]
        chosen = [(row, caption) for row, caption in enumerate(backwards) if caption is not None]
        if chosen:
            twins.append(encode_pixels(model, pixels[[row for row, _ in chosen]].flip(1)))
            twin_captions += [caption for _, caption in chosen]
            twin_of += [len(captions) + row for row, _ in chosen]
        videos.append(encode_pixels(model, pixels))
        captions += [example.caption for example in examples]
    if not videos:
        raise DatasetError("there is no validation example that can be read; the validation split chooses the weights")
    shown, texts = torch.cat(videos), encode_texts(model, captions + twin_captions)
    metrics = metrics_of(similarities_of(model, texts[: len(shown)], shown, np.arange(len(shown))))
    scores = {
        "R@1": metrics.text_to_video.recall_at_1,
        "R@1 video to text": metrics.video_to_text.recall_at_1,
        "mean rank": metrics.text_to_video.mean_rank,
    }
    if twins:
        compared = [
            twin_similarities(
                model,
                texts=texts[row : row + 1],
                twin_texts=texts[len(shown) + place : len(shown) + place + 1],
                video=shown[row],
                twin_video=flipped,
            )
            for place, (row, flipped) in enumerate(zip(twin_of, torch.cat(twins), strict=True))
        ]
        own, other = (np.concatenate(side) for side in zip(*compared, strict=True))
        scores["twin accuracy"] = twin_accuracy(own, other)
    if len(shown) < len(source):
        scores["left out"] = float(len(source) - len(shown))
    return scores


def _batches(source: ExampleSource) -> Iterator[tuple[list[int], list[Example]]]:
    for start in range(0, len(source), BATCH_VIDEOS):
        indices = list(range(start, min(start + BATCH_VIDEOS, len(source))))
        examples = source.__getitems__(indices)
        if examples:
            read = {example.video_id for example in examples}  # a video that cannot be read has no example
            yield [index for index in indices if source.video_of(index) in read], examples
