"""The query bank of an adapter: texts like those that it was trained on, in a file beside its weights.

Some moments are near to whatever is asked, and others to nothing. How near a moment comes to the bank tells which it
is, and a score is set against that: querybank normalisation (Bogolin et al., CVPR 2022, whose bank is of training
queries, too). See ``library/search/hubs.py`` for what a search does with it.
"""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

import numpy as np

from framecue.assets import find_bundled
from framecue.checks import MAX_TEXT_LENGTH
from framecue.encoder import Fingerprint
from framecue.outputs import written_beside
from framecue.paths import is_utf8, user_path

__all__ = ["MOST_QUERIES", "QUERYBANK_FILE", "choose_queries", "querybank_of", "write_querybank"]

logger = logging.getLogger(__name__)

QUERYBANK_FILE = "querybank.txt"
MOST_QUERIES = 1000
"""How many texts a bank has at most; what more of them would tell is not worth their time."""
# Of a file that anybody may have written, no more than this is read.
_MOST_BYTES = 4 * MOST_QUERIES * 256


def querybank_of(fingerprint: Fingerprint) -> tuple[str, ...]:
    """Return the query bank of a model, each text once; none where it has no adapter, or one without a bank.

    A file that cannot be used is as none: an adapter is whole without it.

    Args:
        fingerprint: the model's, which says where its adapter is.
    """
    place = fingerprint.adapter_source
    if place is None:
        return ()
    folder = find_bundled(place, "adapter") or Path(user_path(place))
    file = folder / QUERYBANK_FILE
    try:
        found = file.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ValueError(f"{file} is no file")  # a pipe would be waited for
        return _read(file, found.st_mtime_ns, found.st_size)
    except (OSError, ValueError) as error:
        logger.debug("no query bank: %s", error)
        return ()


@lru_cache(maxsize=8)
def _read(file: Path, modified: int, size: int) -> tuple[str, ...]:
    """Return the texts of a file as it was at a time."""
    if size > _MOST_BYTES:
        raise ValueError(f"{file} has {size} bytes, and a query bank {_MOST_BYTES} at most")
    # An editor may have put a mark before the first text.
    lines = (line.strip() for line in file.read_text(encoding="utf-8-sig").splitlines())
    texts = dict.fromkeys(line for line in lines if line and len(line) <= MAX_TEXT_LENGTH)
    return tuple(texts)[:MOST_QUERIES]


def choose_queries(texts: Iterable[str], *, seed: int = 0) -> list[str]:
    """Return texts for a bank: all different ones, or so many of them as a bank has, chosen by a seed, in their order.

    Fewer are chosen of texts so long that a file of them would not be read again.

    Args:
        texts: captions, say; a text of several lines becomes one. What no bank can have, as it is too long or holds
            what is no character, is left out.
        seed: chooses.
    """
    lines = dict.fromkeys(" ".join(text.split()) for text in texts)
    different = [line for line in lines if line and len(line) <= MAX_TEXT_LENGTH and is_utf8(line)]
    size = min(len(different), MOST_QUERIES)
    chosen = np.random.default_rng(seed).choice(len(different), size=size, replace=False)
    ends = accumulate(len(f"{different[place]}\n".encode()) for place in chosen)
    fitting = [place for place, end in zip(chosen, ends, strict=True) if end <= _MOST_BYTES]
    return [different[place] for place in sorted(fitting)]


def write_querybank(folder: Path, queries: Iterable[str]) -> None:
    """Write a bank into an adapter's folder, in place of one that is there.

    Args:
        folder: the adapter's.
        queries: one line each.

    Raises:
        OutputError: it cannot be written.
    """
    with written_beside(folder / QUERYBANK_FILE, overwrite=True) as partial:
        partial.write_text("".join(f"{query}\n" for query in queries), encoding="utf-8")
