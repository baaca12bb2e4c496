"""Scores of a generated source's validation examples: what chooses the checkpoint in training."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from framecue.datasets.examples import Example, ExampleSource
from framecue.evaluation.metrics import retrieval_metrics, twin_accuracy
from framecue.model import VideoTextModel

__all__ = ["score_examples"]

BATCH_VIDEOS = 64


def score_examples(model: VideoTextModel, source: ExampleSource) -> dict[str, float]:
    """Retrieval among all examples of a source, one caption a video.

    A source that can say what an example means when played backwards (`backwards(index)`, a caption or None) also gets
    a twin accuracy: the frames in reverse order are the twin.

    Returns:
        "R@1" and "R@1 video to text" in per cent, "mean rank", and "twin accuracy" where the source has twins.
    """
    own, twin = [], []
    videos, texts = [], []
    for indices, examples in _batches(source):
        pixels = model.backbone.preprocess.normalise(torch.stack([example.frames for example in examples]))
        videos.append(model.encode_frames(pixels))
        texts.append(model.encode_text([example.caption for example in examples]))
        backwards = [source.backwards(index) for index in indices] if hasattr(source, "backwards") else []
        chosen = [row for row, caption in enumerate(backwards) if caption is not None]
        if chosen:
            flipped = model.encode_frames(pixels[chosen].flip(1))
            own.append((texts[-1][chosen] * videos[-1][chosen]).sum(1))
            twin.append((texts[-1][chosen] * flipped).sum(1))
            described = model.encode_text([backwards[row] for row in chosen])
            own.append((described * flipped).sum(1))
            twin.append((described * videos[-1][chosen]).sum(1))
    similarities = torch.cat(texts) @ torch.cat(videos).T
    metrics = retrieval_metrics(similarities.cpu(), torch.arange(len(similarities)))
    scores = {
        "R@1": metrics.text_to_video.recall_at_1,
        "R@1 video to text": metrics.video_to_text.recall_at_1,
        "mean rank": metrics.text_to_video.mean_rank,
    }
    if own:
        scores["twin accuracy"] = twin_accuracy(torch.cat(own).cpu(), torch.cat(twin).cpu())
    return scores


def _batches(source: ExampleSource) -> Iterator[tuple[list[int], list[Example]]]:
    for start in range(0, len(source), BATCH_VIDEOS):
        indices = list(range(start, min(start + BATCH_VIDEOS, len(source))))
        yield indices, source.__getitems__(indices)
