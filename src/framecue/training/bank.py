"""The query bank that a run leaves with its adapter: captions of what it was trained on, or of what it learnt from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from framecue.datasets.examples import Captioned, ExampleSource
from framecue.querybank import MOST_QUERIES, choose_queries, querybank_of
from framecue.video_text_model import VideoTextModel

__all__ = ["training_queries"]

# Captions may be the same: so many times as many are looked at as a bank has.
_LOOKED_AT = 4


def training_queries(source: ExampleSource, distilled: Sequence[VideoTextModel] = (), *, seed: int = 0) -> list[str]:
    """Return the query bank of a run, at most `MOST_QUERIES` texts; none where the captions are not known.

    Args:
        source: what was trained on. One that does not know its captions (see `Captioned`) gives none.
        distilled: the model that was distilled, if any. Such a run learns its embeddings and no caption, so its bank,
            where it has one, holds for what comes of it.
        seed: chooses among more captions than a bank has.
    """
    for model in distilled:
        if queries := querybank_of(model.fingerprint()):
            return list(queries)
    if not isinstance(source, Captioned):
        return []
    count = min(len(source), _LOOKED_AT * MOST_QUERIES)
    chosen = np.random.default_rng(seed).choice(len(source), size=count, replace=False)
    return choose_queries((source.caption_of(int(index)) for index in np.sort(chosen)), seed=seed)
