"""Ranks of the right answers, from similarities a block at a time.

Rank 1 is best, and a tie counts against the model: everything that is *at least* as similar as the right answer ranks
before it. All that one rank is counted from stands in one block, so a rank never depends on how blocks were rounded.

What is asked of a video that could not be read is a miss: its rank is one beyond the last candidate, which no recall
counts, however small the gallery is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from framecue.evaluation.similarities import RowBlocks, Similarities

__all__ = ["NDCG_DEPTH", "VideoRanks", "gains_of_ranks", "text_ranks", "video_ranks"]

NDCG_DEPTH = 10


@dataclass(frozen=True, eq=False)
class VideoRanks:
    """The ranks of B videos' captions, in both conventions.

    Attributes:
        groups: int64 (B,), the rank of a video's captions among the videos' groups of captions, each group by its best.
        captions: int64 (B,), the rank of the best of a video's captions among all captions of all videos.
        caption_gains: float64 (B,), nDCG@10 of a video among all captions, each of its own being relevant.
    """

    groups: np.ndarray
    captions: np.ndarray
    caption_gains: np.ndarray


def text_ranks(similarities: RowBlocks) -> np.ndarray:
    """Return each text's rank of its own video, int64 (N,), in the order in which the texts were given."""
    ranks = np.empty(len(similarities.owners), dtype=np.int64)
    for texts, block in similarities.row_blocks():
        own = block[np.arange(len(block)), similarities.owners[texts]]
        # The right answer itself is counted, so ranks start at 1.
        reached = np.count_nonzero(block >= own[:, None], axis=1)
        ranks[similarities.order[texts]] = np.where(np.isneginf(own), block.shape[1] + 1, reached)
    return ranks


def video_ranks(similarities: Similarities) -> VideoRanks:
    """Return each video's ranks of its captions."""
    num_videos = similarities.num_videos
    groups = np.empty(num_videos, dtype=np.int64)
    captions = np.empty(num_videos, dtype=np.int64)
    gains = np.empty(num_videos)
    for videos, block in similarities.column_blocks():
        best = np.maximum.reduceat(block, similarities.firsts, axis=0) if similarities.has_groups else block
        own = best[np.arange(num_videos)[videos], np.arange(block.shape[1])]
        groups[videos] = np.count_nonzero(best >= own, axis=0)
        if similarities.has_groups:
            captions[videos], gains[videos] = _among_captions(similarities, videos, block)
    groups[similarities.missing] = num_videos + 1
    if not similarities.has_groups:
        return VideoRanks(groups, groups, gains_of_ranks(groups, num_candidates=num_videos))
    captions[similarities.missing] = similarities.num_texts + 1
    gains[similarities.missing] = 0.0
    return VideoRanks(groups, captions, gains)


def gains_of_ranks(ranks: np.ndarray, *, num_candidates: int | None = None) -> np.ndarray:
    """Return nDCG@10 of queries with one right answer each, float64 (Q,) in [0, 1], from its ranks (Q,).

    With one relevant answer the ideal is 1, so what is left is 1 / log2(1 + rank), and 0 beyond rank 10 or, if given,
    beyond the number of candidates: such a rank is a miss.
    """
    depth = NDCG_DEPTH if num_candidates is None else min(NDCG_DEPTH, num_candidates)
    return np.where(ranks <= depth, 1.0 / np.log2(1.0 + ranks), 0.0)


def _among_captions(similarities: Similarities, videos: slice, block: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the best caption's rank and nDCG@10 of each of some videos, from their similarities (N, b)."""
    bounds = np.append(similarities.firsts, similarities.num_texts)
    # The best of each video's own captions, best first; no more than ten can be among the first ten.
    sizes = np.minimum(np.diff(bounds)[videos], NDCG_DEPTH)
    own = np.full((sizes.max(), block.shape[1]), np.nan, dtype=block.dtype)
    for column, video in enumerate(range(videos.start, videos.stop)):
        own[: sizes[column], column] = np.sort(block[bounds[video] : bounds[video + 1], column])[::-1][: sizes[column]]
    best = np.empty(block.shape[1], dtype=np.int64)
    gains = np.zeros(block.shape[1])
    ideal = np.zeros(block.shape[1])
    for place, threshold in enumerate(own):
        reached = np.count_nonzero(block >= threshold, axis=0)
        # Of captions that tie, the others come first and then its own.
        own_reached = np.array(
            [
                np.count_nonzero(block[bounds[video] : bounds[video + 1], column] >= threshold[column])
                for column, video in enumerate(range(videos.start, videos.stop))
            ]
        )
        positions = reached - own_reached + place + 1
        if place == 0:
            best = positions
        counts = place < sizes
        gains += np.where(counts, gains_of_ranks(positions), 0.0)
        ideal += np.where(counts, 1.0 / np.log2(2.0 + place), 0.0)
    return best, gains / ideal
