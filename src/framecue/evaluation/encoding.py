"""Encoding texts and videos for evaluation and comparing them, in one way for offline methods and for fusions.

The encodings of an offline method are embeddings, (N, E) and (B, E), whose inner products are exact. Those of a fusion
are features, of texts (N, E) or (N, 1 + T, E) and of frames (B, F', E), which the method itself compares. All are on
the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from framecue.evaluation.exact import grid_products, inner_products, on_grid
from framecue.evaluation.similarities import (
    BLOCK_NUMBERS,
    DenseSimilarities,
    EmbeddingSimilarities,
    PairSimilarities,
    Similarities,
)
from framecue.model import VideoTextModel

__all__ = [
    "encode_pixels",
    "encode_texts",
    "first_not_finite",
    "similarities_of",
    "similarity_matrix",
    "similarity_rows",
    "twin_similarities",
]

BATCH_TEXTS = 256
# How many features are on the model's device at a time.
BLOCK_TEXTS, BLOCK_VIDEOS = 256, 256
# How many similarities of a fusion are kept: 268 MB of float32.
KEPT_NUMBERS = 2**26


@torch.inference_mode()
def encode_pixels(model: VideoTextModel, pixel_values: Tensor) -> Tensor:
    """Return the encodings of videos from their pixel values (B, F, 3, S, S)."""
    return (model.encode_frames(pixel_values) if model.offline else model.encode_each_frame(pixel_values)).cpu()


@torch.inference_mode()
def encode_texts(model: VideoTextModel, texts: Sequence[str]) -> Tensor:
    """Return the encodings of texts."""
    encode: Callable[[list[str]], Tensor] = (
        model.encode_text if model.offline else lambda batch: model.text_features(*model.tokenize(batch))
    )
    batches = [encode(list(texts[start : start + BATCH_TEXTS])).cpu() for start in range(0, len(texts), BATCH_TEXTS)]
    if batches[0].ndim == 3:  # the sentence and its words: padded to the longest text
        most = max(batch.shape[1] for batch in batches)
        batches = [functional.pad(batch, (0, 0, 0, most - batch.shape[1])) for batch in batches]
    return torch.cat(batches)


@torch.inference_mode()
def similarity_matrix(model: VideoTextModel, texts: Tensor, videos: Tensor) -> np.ndarray:
    """Return the similarities (N, B) of N texts and B videos, exact and float64 for offline methods, else float32."""
    if model.offline:
        return inner_products(texts, videos)
    blocks = [
        [
            model.similarity(some_texts.to(model.device), some_videos.to(model.device)).cpu()
            for some_videos in videos.split(BLOCK_VIDEOS)
        ]
        for some_texts in texts.split(BLOCK_TEXTS)
    ]
    return torch.cat([torch.cat(row, dim=1) for row in blocks]).numpy()


def similarities_of(
    model: VideoTextModel,
    texts: Tensor,
    videos: Tensor,
    video_of_text: np.ndarray,
    *,
    missing: Sequence[int] = (),
) -> Similarities:
    """Return the similarities of encodings, a block at a time; see `Similarities`.

    Those of an offline method are exact. Those of a fusion are computed once where they take little memory, and else
    for each block anew.
    """
    if model.offline:
        return EmbeddingSimilarities(texts, videos, video_of_text, missing=missing)
    if len(texts) * len(videos) <= KEPT_NUMBERS:
        return DenseSimilarities(similarity_matrix(model, texts, videos), video_of_text, missing=missing)

    def pairs(some_texts: np.ndarray, some_videos: np.ndarray) -> np.ndarray:
        return similarity_matrix(model, texts[torch.from_numpy(some_texts)], videos[torch.from_numpy(some_videos)])

    return PairSimilarities(pairs, video_of_text, len(videos), missing=missing)


def similarity_rows(model: VideoTextModel, texts: Tensor, videos: Tensor) -> Iterator[np.ndarray]:
    """Yield the similarities (n, B) of some texts at a time, as `similarity_matrix` has them."""
    blocks = texts.split(max(1, BLOCK_NUMBERS // len(videos)))
    if not model.offline:
        yield from (similarity_matrix(model, some, videos) for some in blocks)
        return
    grid = on_grid(videos.numpy())
    yield from (grid_products(on_grid(some.numpy()), grid) for some in blocks)


def first_not_finite(encodings: Tensor) -> int | None:
    """Return the index of the first encoding that has a NaN or an infinity; None if there is none."""
    wrong = (~torch.isfinite(encodings)).flatten(1).any(dim=1).nonzero()
    return int(wrong[0]) if len(wrong) else None


def twin_similarities(
    model: VideoTextModel, *, texts: Tensor, twin_texts: Tensor, video: Tensor, twin_video: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """Return the similarities that twin accuracy compares, for one clip and the clip played backwards.

    Args:
        model: made the encodings.
        texts: encodings of the clip's own captions, (C, ...).
        twin_texts: encodings of its twin's captions, (C', ...).
        video: the encoding of the clip, without an axis of videos.
        twin_video: the encoding of its twin.

    Returns:
        The similarity of each text to the clip that it describes, (C + C',), and to the other one, (C + C',).
    """
    both = similarity_matrix(model, torch.cat([texts, twin_texts]), torch.stack([video, twin_video]))
    described = np.repeat([0, 1], [len(texts), len(twin_texts)])
    rows = np.arange(len(both))
    return both[rows, described], both[rows, 1 - described]
