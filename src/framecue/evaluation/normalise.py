"""Similarities normalised against hubs: videos that are near to every text. Two methods that tables of the field show.

*Dual softmax* (CAMoE, arXiv 2109.04290) weighs a similarity by how much its video prefers this query among all test
queries. So one query's ranks depend on the others: it is *transductive*, and belongs into no table beside methods that
answer one query at a time.

*Querybank normalisation* (QB-Norm, CVPR 2022, arXiv 2112.12777) looks at a bank of training captions instead, and at
no other test query.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from framecue.errors import InputError
from framecue.evaluation.similarities import Block, Similarities

__all__ = ["Bank", "BankNormalised", "DualSoftmax", "DualSoftmaxSimilarities", "QueryBank", "bank_of"]


@dataclass(frozen=True, kw_only=True)
class DualSoftmax:
    """Dual softmax, transductive.

    Attributes:
        temperature: divides the logits before the softmax; 1 is what the field uses at test. It is a constant: chosen
            on the test split it would be a leak.

    Raises:
        InputError: the temperature is not above 0.
    """

    temperature: float = 1.0

    def __post_init__(self) -> None:
        _check_temperature(self.temperature)


@dataclass(frozen=True, kw_only=True)
class QueryBank:
    """Querybank normalisation with the dynamic inverted softmax.

    Attributes:
        texts: captions of the training split.
        temperature: the inverse of the paper's beta, which is 20; a constant, never chosen on the test split.
        depth: the paper's k: a video is a hub if it is among the first k of some text of the bank.

    Raises:
        InputError: there are no texts, the temperature is not above 0, or the depth is below 1.
    """

    texts: tuple[str, ...]
    temperature: float = 1 / 20
    depth: int = 1

    def __post_init__(self) -> None:
        _check_temperature(self.temperature)
        if not self.texts:
            raise InputError("the query bank is empty; give captions of the training split")
        if self.depth < 1:
            raise InputError(f"the query bank's depth is {self.depth}; give at least 1")


class DualSoftmaxSimilarities(Similarities):
    """S * softmax(S / temperature) * n, with the softmax over the queries: texts in rows, videos in columns.

    Args:
        base: cosines.
        scale: the model's inverse temperature, which makes logits S of them.
        temperature: see `DualSoftmax`.
    """

    def __init__(self, base: Similarities, *, scale: float, temperature: float) -> None:
        self._base, self._scale, self._temperature = base, scale, temperature
        self.owners, self.order, self.firsts = base.owners, base.order, base.firsts
        self.missing, self.block_numbers = base.missing, base.block_numbers
        self._of_videos = np.concatenate([_log_sums(self._logits(block), 0) for _, block in base.column_blocks()])
        self._of_texts = np.concatenate([_log_sums(self._logits(block), 1) for _, block in base.row_blocks()])

    def _rows(self, texts: slice) -> np.ndarray:
        return self._weighed(self._base.rows(texts), self._of_videos, self.num_texts)

    def _columns(self, videos: slice) -> np.ndarray:
        return self._weighed(self._base.columns(videos), self._of_texts[:, None], self.num_videos)

    def _block(self, texts: slice, videos: slice) -> np.ndarray:
        raise NotImplementedError("rows are normalised over the texts, columns over the videos")

    def _logits(self, block: np.ndarray) -> np.ndarray:
        return block.astype(np.float64) * (self._scale / self._temperature)

    def _weighed(self, block: np.ndarray, log_sums: np.ndarray, num_queries: int) -> np.ndarray:
        # Of a video that could not be read nothing is finite; what comes out is replaced.
        with np.errstate(invalid="ignore"):
            return block * self._scale * np.exp(self._logits(block) - log_sums) * num_queries


@dataclass(frozen=True, eq=False)
class Bank:
    """What a query bank says of B videos.

    Attributes:
        log_sums: (B,), log of the sum of exp(beta S) over the bank's texts.
        hubs: bool (B,), whether a video is among the first of some text of the bank.
        temperature: 1 / beta.
    """

    log_sums: np.ndarray
    hubs: np.ndarray
    temperature: float


def bank_of(rows: Iterator[np.ndarray], num_videos: int, *, temperature: float, depth: int) -> Bank:
    """Return what a bank says, from the similarities (m, B) of some of its texts at a time."""
    log_sums = np.full(num_videos, -np.inf)
    hubs = np.zeros(num_videos, dtype=bool)
    for block in rows:
        log_sums = np.logaddexp(log_sums, _log_sums(block.astype(np.float64) / temperature, 0))
        best = block.argmax(axis=1) if depth == 1 else np.argsort(-block, axis=1, kind="stable")[:, :depth]
        hubs[best] = True
    return Bank(log_sums, hubs, temperature)


class BankNormalised:
    """exp(beta S) / sum over the bank of exp(beta S), for the texts whose first video is a hub; others as they are.

    The logarithm of that, which orders a row alike. It is for texts as queries: the bank holds texts.

    Args:
        base: cosines.
        bank: see `bank_of`.
    """

    def __init__(self, base: Similarities, bank: Bank) -> None:
        self._base, self._bank = base, bank
        self.owners, self.order = base.owners, base.order

    def row_blocks(self) -> Iterator[Block]:
        """Yield the places of some texts, and what orders all videos for each (n, B)."""
        for texts, block in self._base.row_blocks():
            chosen = self._bank.hubs[block.argmax(axis=1)]
            rows = block.astype(np.float64)
            with np.errstate(invalid="ignore"):
                rows[chosen] = rows[chosen] / self._bank.temperature - self._bank.log_sums
            rows[:, self._base.missing] = -np.inf
            yield texts, rows


def _log_sums(values: np.ndarray, axis: int) -> np.ndarray:
    """Return log(sum(exp(values))) along an axis; -inf where all are."""
    most = values.max(axis=axis, keepdims=True)
    most = np.where(np.isfinite(most), most, 0.0)
    with np.errstate(divide="ignore"):
        return np.log(np.exp(values - most).sum(axis=axis)) + most.squeeze(axis)


def _check_temperature(temperature: float) -> None:
    if not 0 < temperature < np.inf:
        raise InputError(f"the temperature is {temperature}; give a number above 0")
