"""The last pass of a run: what is said and written becomes passages with the vectors of their meaning.

That it is wanted is kept before the first picture, so that whatever stops a run, the next one makes them. The
pass needs no file, only the words that the library holds. A content whose words have not changed keeps its passages.
Contents are written together, some seconds of work to a commit, so a killed run goes on from there.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby

import numpy as np

from framecue.exported.queries import ordinary_queries
from framecue.library.background import renew_meaning_background
from framecue.library.store import HeldText, Store
from framecue.library.store.passages import PassageRow, PassageState
from framecue.words.passages import RULES, passages
from framecue.words.sentences import SentenceEncoder, SentenceFingerprint
from framecue.words.timed_text import TimedText

__all__ = [
    "PassagesOutcome",
    "are_passages_due",
    "begin_passages",
    "contents_due",
    "make_passages",
    "unrelated",
    "words_key",
]

# Contents are read together up to so many lines, and written up to so many rows.
_LINES_AT_ONCE = 20_000
_ROWS_PER_COMMIT = 2_000
# What people say about nothing in particular: by it is seen how near an encoder takes what is unrelated.
_SAID = (
    "Let us look at the next slide.",
    "I think that is a very good question.",
    "There are three kinds of clouds that you should know.",
    "The museum opened its new wing last autumn.",
    "This part of the song is in a minor key.",
    "You can download the form from our website.",
    "He studied physics before he turned to poetry.",
    "I will show you how the lens focuses the light.",
    "The second chapter is about the history of paper.",
    "Volcanoes form where one plate slides below another.",
    "The team changed its goalkeeper at half time.",
    "Thank you very much for coming today.",
    "The recipe is older than the restaurant.",
    "A triangle with two equal sides is called isosceles.",
    "The treaty was signed in a railway carriage.",
    "We will come back to this point later.",
)


@dataclass(frozen=True)
class PassagesOutcome:
    """What a run has done about meanings.

    Attributes:
        num_videos: how many contents have new passages.
        num_passages: how many passages these are.
    """

    num_videos: int = 0
    num_passages: int = 0


def are_passages_due(store: Store, fingerprint: SentenceFingerprint | None = None) -> bool:
    """Whether words have changed since passages were made, or another encoder is to make them; quick.

    Args:
        store: the library.
        fingerprint: of the encoder that is wanted; None for the library's own.

    Raises:
        LibraryError: the library cannot be read.
    """
    state = store.passages.state()
    if state is None:
        return fingerprint is not None
    if not state.fits(fingerprint or state.fingerprint, RULES):
        return True
    return state.words_version != _words_version(store)


def contents_due(store: Store) -> set[str]:
    """Return the contents whose words have changed since the library's encoder made their passages.

    Args:
        store: the library.

    Raises:
        LibraryError: the library cannot be read.
    """
    state, lines = store.passages.state(), _num_lines(store)
    if state is None or not state.fits(state.fingerprint, RULES):
        return set(lines)
    held = store.passages.keys()
    return {video_id for video_id, texts in _contents(store, lines) if words_key(texts) != held.get(video_id)}


def begin_passages(store: Store, encoder: SentenceEncoder) -> PassageState:
    """Keep that a library is to have passages by an encoder; call it with the lock.

    Args:
        store: the library.
        encoder: if another one made the passages that are there, they are taken out.

    Returns:
        What the passages are made by.

    Raises:
        ModelError: the encoder gives no vectors. The library stays as it was.
        LibraryError: the library cannot be read or written.
    """
    state = store.passages.state()
    if state is None or not state.fits(encoder.fingerprint, RULES):
        state = PassageState(encoder.fingerprint, RULES, unrelated=unrelated(encoder))
        store.passages.begin(state)
    elif state.fingerprint != encoder.fingerprint:
        # The encoder lies elsewhere now.
        state = replace(state, fingerprint=encoder.fingerprint)
        store.passages.note(state)
    return state


def make_passages(
    store: Store, encoder: SentenceEncoder, *, progress: Callable[[int, int], None] | None = None
) -> PassagesOutcome:
    """Bring the passages of a library up to date with its words; call it with the lock.

    Args:
        store: the library.
        encoder: if another one made the passages that are there, they are made anew.
        progress: called with (contents done, contents in all).

    Raises:
        ModelError: the encoder gives no vectors. What was committed before stays.
        LibraryError: the library cannot be read or written.
    """
    state = begin_passages(store, encoder)
    held, version = store.passages.keys(), _words_version(store)
    lines = _num_lines(store)
    store.passages.drop(sorted(held.keys() - lines.keys()))
    work = _Pass(store, encoder)
    for done, (video_id, texts) in enumerate(_contents(store, lines), start=1):
        if (key := words_key(texts)) != held.get(video_id):
            work.add(video_id, key, texts)
        if progress is not None:
            progress(done, len(lines))
    work.commit()
    # Also where all was there: a run that was killed may have written it and come no further.
    store.passages.upkeep()
    renew_meaning_background(store, encoder)
    store.passages.note(replace(state, words_version=version))
    return PassagesOutcome(work.num_videos, work.num_passages)


def words_key(texts: Sequence[HeldText]) -> str:
    """Return a hash of all words of a content: what its passages are made from."""
    names = ("kind", "language", "start_seconds", "end_seconds", "text")
    document = [[held.source, *(getattr(held.text, name) for name in names)] for held in texts]
    return blake2b(json.dumps(document).encode(), digest_size=12).hexdigest()


class _Pass:
    """Encodes contents and writes them, several at once."""

    def __init__(self, store: Store, encoder: SentenceEncoder) -> None:
        self.num_videos = self.num_passages = 0
        self._store, self._encoder = store, encoder
        self._rows: list[PassageRow] = []
        self._keys: dict[str, str] = {}

    def add(self, video_id: str, key: str, texts: Sequence[HeldText]) -> None:
        """Encode the passages of a content, in place of those that it has."""
        found: dict[tuple[str, bool, TimedText], None] = {}  # a sentence may be in two passages
        for (source, *_), own in _by_stream(texts).items():
            for passage in passages([held.text for held in own]):
                found[source, True, passage.whole] = None
                if len(passage.parts) > 1:
                    found |= dict.fromkeys((source, False, part) for part in passage.parts)
        # What the encoder knows nothing of would mean the same as anything else that it knows nothing of.
        found = {key: None for key in found if self._encoder.known_part(key[-1].text)}
        vectors = self._encoder.embed_passages([text.text for _, _, text in found]) if found else ()
        self._rows += [
            PassageRow(video_id, source, is_passage, text, vector)
            for (source, is_passage, text), vector in zip(found, vectors, strict=True)
        ]
        self._keys[video_id] = key
        self.num_videos += 1
        self.num_passages += sum(is_passage for _, is_passage, _ in found)
        if len(self._rows) >= _ROWS_PER_COMMIT:
            self.commit()

    def commit(self) -> None:
        """Write what is encoded."""
        if self._keys:
            self._store.passages.write(self._rows, self._keys)
            self._rows, self._keys = [], {}


@lru_cache(maxsize=1)
def unrelated(encoder: SentenceEncoder) -> tuple[float, float]:
    """Return the usual cosine of a query and of what has nothing to do with it, and how far others are from it.

    Both by the middle, as some of them have something to do with each other after all. It takes a second, and is kept
    for the encoder that was asked last.

    Raises:
        ModelError: the encoder gives no vectors.
    """
    queries = ordinary_queries()[:: len(ordinary_queries()) // len(_SAID)]
    cosines = encoder.embed_queries(queries) @ encoder.embed_passages(_SAID).T
    middle = float(np.median(cosines))
    return middle, 1.4826 * float(np.median(np.abs(cosines - middle)))


def _by_stream(texts: Sequence[HeldText]) -> Mapping[tuple[str, str, str | None], list[HeldText]]:
    """Return lines by what is joined: what one source has found, of one kind, in one language."""
    streams: dict[tuple[str, str, str | None], list[HeldText]] = {}
    for held in texts:
        streams.setdefault((held.source, held.text.kind, held.text.language), []).append(held)
    return streams


def _num_lines(store: Store) -> Mapping[str, int]:
    """Return how many lines each content has that has any."""
    table = store.words.table()
    return {} if table is None else Counter(table.scan(["video_id"]).column("video_id").to_pylist())


def _contents(store: Store, lines: Mapping[str, int]) -> Iterator[tuple[str, list[HeldText]]]:
    """Yield contents with all of their words, given how many lines each has."""
    for some in _batches(lines):
        for video_id, texts in groupby(store.words.read(some), key=lambda held: held.video_id):
            yield video_id, list(texts)


def _batches(lines: Mapping[str, int]) -> Iterator[list[str]]:
    """Yield contents in batches of about _LINES_AT_ONCE lines."""
    batch: list[str] = []
    number = 0
    for video_id, num_lines in sorted(lines.items()):
        batch.append(video_id)
        number += num_lines
        if number >= _LINES_AT_ONCE:
            yield batch
            batch, number = [], 0
    if batch:
        yield batch


def _words_version(store: Store) -> int:
    """Return the commit of the table of words; 0 if there is none, as the first is 1."""
    table = store.words.table()
    if table is None:
        return 0
    version: int = table.read(lambda: table.lance.version)
    return version
