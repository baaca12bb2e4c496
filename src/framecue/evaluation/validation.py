"""Scores of a source's validation examples: what chooses the checkpoint in training."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from framecue.datasets.examples import Example, ExampleSource
from framecue.errors import DatasetError
from framecue.evaluation.metrics import retrieval_metrics, twin_accuracy
from framecue.model import VideoTextModel

__all__ = ["score_examples"]

BATCH_VIDEOS = 64


def score_examples(model: VideoTextModel, source: ExampleSource) -> dict[str, float]:
    """Retrieval among all examples of a source, one caption a video.

    A source that can say what an example means when played backwards (`backwards(index)`, a caption or None) also gets
    a twin accuracy: the frames in reverse order are the twin.

    Returns:
        "R@1" and "R@1 video to text" in per cent, "mean rank", "twin accuracy" in per cent where the source has twins,
        and "left out", the number of examples that the source could not read, where there are any.

    Raises:
        DatasetError: the source gives no example at all.
        InputError: the model's embeddings are not finite.
    """
    videos: list[Tensor] = []
    texts: list[Tensor] = []
    matching: list[Tensor] = []  # the similarity of each caption to its own video, and to that one's twin
    twins: list[Tensor] = []
    for indices, examples in _batches(source):
        pixels = model.backbone.preprocess.normalise(torch.stack([example.frames for example in examples]))
        videos.append(model.encode_frames(pixels))
        texts.append(model.encode_text([example.caption for example in examples]))
        backwards = [source.backwards(index) for index in indices] if hasattr(source, "backwards") else []
        chosen = [row for row, caption in enumerate(backwards) if caption is not None]
        if chosen:
            own, flipped = videos[-1][chosen], model.encode_frames(pixels[chosen].flip(1))
            for captions, right, wrong in (
                (texts[-1][chosen], own, flipped),
                (model.encode_text([backwards[row] for row in chosen]), flipped, own),
            ):
                matching.append((captions * right).sum(1))
                twins.append((captions * wrong).sum(1))
    if not videos:
        raise DatasetError("there is no validation example that can be read; the validation split chooses the weights")
    similarities = torch.cat(texts) @ torch.cat(videos).T
    metrics = retrieval_metrics(similarities.cpu(), torch.arange(len(similarities)))
    scores = {
        "R@1": metrics.text_to_video.recall_at_1,
        "R@1 video to text": metrics.video_to_text.recall_at_1,
        "mean rank": metrics.text_to_video.mean_rank,
    }
    if matching:
        scores["twin accuracy"] = twin_accuracy(torch.cat(matching).cpu(), torch.cat(twins).cpu())
    if len(similarities) < len(source):
        scores["left out"] = float(len(source) - len(similarities))
    return scores


def _batches(source: ExampleSource) -> Iterator[tuple[list[int], list[Example]]]:
    for start in range(0, len(source), BATCH_VIDEOS):
        indices = list(range(start, min(start + BATCH_VIDEOS, len(source))))
        examples = source.__getitems__(indices)
        if examples:
            yield indices, examples
