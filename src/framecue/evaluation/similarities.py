"""Similarities of texts and videos a block at a time, so that no full matrix of a large test has to be in memory.

Texts stand in the order of their videos here, whatever order they came in: so the captions of a video are one run of
rows, and a block of columns holds whole groups.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Protocol

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.arrays import as_numbers, as_numpy, require_finite
from framecue.evaluation.exact import embedding_pair, grid_products, on_grid

if TYPE_CHECKING:
    from framecue.evaluation.arrays import Array

__all__ = [
    "BLOCK_NUMBERS",
    "DenseSimilarities",
    "EmbeddingSimilarities",
    "PairSimilarities",
    "RowBlocks",
    "Similarities",
    "owners_of",
]

BLOCK_NUMBERS = 2**22
"""How many similarities a block has, about: 34 MB of float64, whatever the size of the test."""
MAX_BLOCK_ROWS = 512

Block = tuple[slice, np.ndarray]
"""Where a block begins and ends, and its similarities."""


class RowBlocks(Protocol):
    """What text-to-video ranks are made of; see `Similarities`."""

    owners: np.ndarray
    order: np.ndarray

    def row_blocks(self) -> Iterator[Block]:
        """Yield the places of some texts, and their similarities (n, B) to all videos."""
        ...


class Similarities(ABC):
    """The similarities of N texts and B videos.

    Args:
        video_of_text: integers (N,), each text's own video; every video needs at least one text.
        num_videos: B.
        missing: indices of videos that could not be read. Their similarity to everything is -inf, so they come last,
            and as queries they find nothing.
        block_numbers: how many similarities a block has, about.

    Attributes:
        owners: int64 (N,), each text's own video, ascending.
        order: int64 (N,), the index of each text as it was given.
        firsts: int64 (B,), the place of each video's first text.
        missing: bool (B,).

    Raises:
        InputError: there is a text without a video or a video without a text; the message names which.
    """

    def __init__(
        self, video_of_text: Array, num_videos: int, *, missing: Array = (), block_numbers: int = BLOCK_NUMBERS
    ) -> None:
        owners = owners_of(video_of_text, num_videos)
        self.order = np.argsort(owners, kind="stable")
        self.owners = owners[self.order]
        self.firsts = np.searchsorted(self.owners, np.arange(num_videos))
        self.missing = np.zeros(num_videos, dtype=bool)
        self.missing[np.asarray(missing, dtype=np.int64)] = True
        self.block_numbers = block_numbers

    @property
    def num_texts(self) -> int:
        """N."""
        return len(self.owners)

    @property
    def num_videos(self) -> int:
        """B."""
        return len(self.firsts)

    @property
    def has_groups(self) -> bool:
        """Whether a video has several texts."""
        return self.num_texts > self.num_videos

    def row_blocks(self) -> Iterator[Block]:
        """Yield the places of some texts, and their similarities (n, B) to all videos."""
        for texts in _slices(self.num_texts, min(self.block_numbers // self.num_videos, MAX_BLOCK_ROWS)):
            yield texts, self.rows(texts)

    def column_blocks(self) -> Iterator[Block]:
        """Yield the indices of some videos, and the similarities (N, b) of all texts to them, in the texts' places."""
        for videos in _slices(self.num_videos, min(self.block_numbers // self.num_texts, MAX_BLOCK_ROWS)):
            yield videos, self.columns(videos)

    def rows(self, texts: slice) -> np.ndarray:
        """Return the similarities (n, B) of the texts at some places to all videos."""
        block = self._rows(texts)
        block[:, self.missing] = -np.inf
        return block

    def columns(self, videos: slice) -> np.ndarray:
        """Return the similarities (N, b) of the texts, in their places, to some videos."""
        block = self._columns(videos)
        block[:, self.missing[videos]] = -np.inf
        return block

    def _rows(self, texts: slice) -> np.ndarray:
        return self._block(texts, slice(0, self.num_videos))

    def _columns(self, videos: slice) -> np.ndarray:
        return self._block(slice(0, self.num_texts), videos)

    @abstractmethod
    def _block(self, texts: slice, videos: slice) -> np.ndarray:
        """Return similarities (n, b) in an array that may be changed."""


class DenseSimilarities(Similarities):
    """A matrix (N, B) that is there already, texts x videos, higher is more similar.

    Raises:
        InputError: a shape or type is wrong, there is nothing to rank, or a value is not finite.
    """

    def __init__(
        self,
        similarities: Array,
        video_of_text: Array,
        *,
        missing: Array = (),
        block_numbers: int = BLOCK_NUMBERS,
    ) -> None:
        self._matrix = as_numbers(similarities, "similarities", "(texts, videos)", num_dimensions=2)
        _check_length(video_of_text, len(self._matrix))
        super().__init__(video_of_text, self._matrix.shape[1], missing=missing, block_numbers=block_numbers)
        require_finite(self._matrix, "similarities")

    def _block(self, texts: slice, videos: slice) -> np.ndarray:
        return self._matrix[self.order[texts], videos].copy()


class EmbeddingSimilarities(Similarities):
    """Inner products of embeddings (N, E) and (B, E), exact: equal vectors get equal similarities in every block.

    Raises:
        InputError: a shape or type is wrong, there is nothing to rank, or a value is not finite.
    """

    def __init__(
        self,
        text_embeddings: Array,
        video_embeddings: Array,
        video_of_text: Array,
        *,
        missing: Array = (),
        block_numbers: int = BLOCK_NUMBERS,
    ) -> None:
        texts, videos = embedding_pair(text_embeddings, video_embeddings)
        _check_length(video_of_text, len(texts))
        super().__init__(video_of_text, len(videos), missing=missing, block_numbers=block_numbers)
        self._texts, self._videos = on_grid(texts).rows(self.order), on_grid(videos)

    def _block(self, texts: slice, videos: slice) -> np.ndarray:
        return grid_products(self._texts.rows(texts), self._videos.rows(videos))


class PairSimilarities(Similarities):
    """Similarities that a method computes for pairs, as a fusion does: nothing is kept of a block.

    Args:
        pairs: from indices of texts (n,), as they were given, and of videos (b,) it makes similarities (n, b).
        video_of_text: as for `Similarities`.
        num_videos: B.
        missing: as for `Similarities`.
        block_numbers: as for `Similarities`.
    """

    def __init__(
        self,
        pairs: Callable[[np.ndarray, np.ndarray], np.ndarray],
        video_of_text: Array,
        num_videos: int,
        *,
        missing: Array = (),
        block_numbers: int = BLOCK_NUMBERS,
    ) -> None:
        super().__init__(video_of_text, num_videos, missing=missing, block_numbers=block_numbers)
        self._pairs = pairs

    def _block(self, texts: slice, videos: slice) -> np.ndarray:
        chosen = self.order[texts], np.arange(self.num_videos)[videos]
        block = self._pairs(*chosen)
        finite = np.isfinite(block)
        if not finite.all():
            row, column = (int(place) for place in np.argwhere(~finite)[0])
            text, video = int(chosen[0][row]), int(chosen[1][column])
            raise InputError(
                f"the similarity of text {text} and video {video} is {block[row, column]}; every value must be finite"
            )
        return block


def owners_of(video_of_text: Array, num_videos: int) -> np.ndarray:
    """Return each text's own video as int64 (N,).

    Raises:
        InputError: they are not integers (N,), or there is a text without a video or a video without a text.
    """
    owners = as_numpy(video_of_text, "video_of_text")
    num_texts = len(owners)
    outside = np.flatnonzero((owners < 0) | (owners >= num_videos))
    if outside.size:
        raise InputError(
            f"video_of_text: text {outside[0]} has no video: its index is {owners[outside[0]]}, "
            f"allowed are 0 to {num_videos - 1} ({outside.size} of {num_texts} texts are without a video)"
        )
    owners = owners.astype(np.int64)
    without_text = np.flatnonzero(np.bincount(owners, minlength=num_videos) == 0)
    if without_text.size:
        raise InputError(
            f"video_of_text: video {without_text[0]} has no text ({without_text.size} of {num_videos} videos); "
            "give each video at least one text, or leave it out of the test"
        )
    return owners


def _check_length(video_of_text: Array, num_texts: int) -> None:
    owners = as_numpy(video_of_text, "video_of_text")
    if owners.shape != (num_texts,) or not np.issubdtype(owners.dtype, np.integer):
        raise InputError(
            f"video_of_text: got {owners.dtype} of shape {owners.shape}; give one integer for each of {num_texts} texts"
        )


def _slices(total: int, size: int) -> Iterator[slice]:
    size = max(size, 1)
    for start in range(0, total, size):
        yield slice(start, min(start + size, total))
