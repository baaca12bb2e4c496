"""Passages: lines of words joined to what is said in 10 to 30 seconds, or shown together, for its meaning to be found.

One line says too little for its meaning ("and then we signed it"), a whole video too much. What is said and what is
written become passages of their own: lines on screen begin and end with pictures and not with sentences, so joined
with speech they would cut it apart, and a hit could not tell which of the two was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from framecue.words.timed_text import SAID, TimedText

__all__ = ["MAX_SECONDS", "MIN_SECONDS", "RULES", "Passage", "passages"]

RULES = 1
"""Of how passages are made; where it is raised, a library's passages are made anew."""

MIN_SECONDS, MAX_SECONDS = 10.0, 30.0
"""A passage of speech ends with the first sentence after the one, and before the other where it can."""

# The last sentence of a passage begins the next one too, if it is no longer than this: "Are you sure?" means little
# without what follows, and what follows little without it.
_OVERLAP_SECONDS = 5.0
# A pause ends a sentence that has no full stop, as in automatic captions; a long one ends a passage.
_PAUSE_SECONDS, _LONG_PAUSE_SECONDS = 1.0, 5.0
# So long is a sentence at most that nobody has ended with a sign or a pause.
_SENTENCE_SECONDS = 10.0
# About 250 tokens, which is what usual sentence encoders read.
_MAX_CHARS = 1000
# In all scripts that have such a sign; quotes and brackets may follow.
_END = re.compile(r"[.!?…。！？؟۔।॥։።]['\"”’»)\]」』）]*$")  # noqa: RUF001


@dataclass(frozen=True)
class Passage:
    """What is said in a short time, or shown together.

    Attributes:
        parts: its sentences, or lines on screen, in order; at least one.
    """

    parts: tuple[TimedText, ...]

    @property
    def start_seconds(self) -> float:
        """When the first of its parts begins."""
        return self.parts[0].start_seconds

    @property
    def end_seconds(self) -> float:
        """When the last of its parts ends."""
        return max(part.end_seconds for part in self.parts)

    @property
    def text(self) -> str:
        """All of it as one line."""
        return " ".join(part.text for part in self.parts)

    @property
    def whole(self) -> TimedText:
        """All of it as one line with its times."""
        return TimedText(self.start_seconds, self.end_seconds, self.text, self.parts[0].kind, self.parts[0].language)


def passages(texts: Sequence[TimedText]) -> list[Passage]:
    """Return the passages of one source's words in one language, in the order of their beginnings.

    Args:
        texts: of one kind, in any order; lines on screen that begin and end together in theirs. Two sources of the same
            words, such as subtitles and speech, or subtitles in two languages, are to be given apart: they would be
            mixed line by line.
    """
    lines = sorted(
        (replace(text, text=" ".join(text.text.split())) for text in texts if text.text.strip()),
        key=lambda line: (line.start_seconds, line.end_seconds),
    )
    if not lines:
        return []
    return list(_said(_sentences(lines)) if lines[0].kind == SAID else _written(lines))


def _said(sentences: Sequence[TimedText]) -> Iterator[Passage]:
    begun: list[TimedText] = []
    num_new = 0  # of those that are in no passage yet
    for sentence in sentences:
        if begun and not _fits(begun, sentence):
            if num_new:
                yield Passage(tuple(begun))
            begun = _carried(begun, sentence)
            num_new = 0
            if begun and not _fits(begun, sentence):
                begun = []
        begun.append(sentence)
        num_new += 1
        if _end(begun) - begun[0].start_seconds >= MIN_SECONDS:
            yield Passage(tuple(begun))
            begun, num_new = _carried(begun), 0
    if num_new:
        yield Passage(tuple(begun))


def _carried(ended: Sequence[TimedText], following: TimedText | None = None) -> list[TimedText]:
    """Return what of a passage begins the next one too: its last sentence if that is short, and not all of it."""
    last = ended[-1]
    if len(ended) == 1 or last.end_seconds - last.start_seconds > _OVERLAP_SECONDS:
        return []
    if following is not None and following.start_seconds - last.end_seconds >= _LONG_PAUSE_SECONDS:
        return []
    return [last]


def _fits(begun: Sequence[TimedText], sentence: TimedText) -> bool:
    """Whether a sentence may belong to a passage: it is not after a long pause, and the passage stays short."""
    end = _end(begun)
    is_short = max(end, sentence.end_seconds) - begun[0].start_seconds <= MAX_SECONDS
    return is_short and sentence.start_seconds - end < _LONG_PAUSE_SECONDS and _has_room(begun, sentence)


def _written(lines: Sequence[TimedText]) -> Iterator[Passage]:
    """Yield the lines that are on screen together, such as those of one slide."""
    begun: list[TimedText] = []
    for line in lines:
        is_shown = bool(begun) and line.start_seconds <= _end(begun)
        if begun and not (
            is_shown and line.start_seconds - begun[0].start_seconds <= MAX_SECONDS and _has_room(begun, line)
        ):
            yield Passage(tuple(begun))
            begun = []
        begun.append(line)
    yield Passage(tuple(begun))


def _has_room(begun: Sequence[TimedText], line: TimedText) -> bool:
    return sum(len(each.text) + 1 for each in begun) + len(line.text) <= _MAX_CHARS


def _end(begun: Sequence[TimedText]) -> float:
    return max(each.end_seconds for each in begun)


def _sentences(lines: Sequence[TimedText]) -> list[TimedText]:
    """Return lines as sentences: what two lines share is joined, what lies within one is cut by its words' times."""
    found: list[TimedText] = []
    begun: list[TimedText] = []
    for line in chain.from_iterable(map(_cut, lines)):
        if begun and (
            line.start_seconds - _end(begun) >= _PAUSE_SECONDS
            or line.end_seconds - begun[0].start_seconds > _SENTENCE_SECONDS
        ):
            found.append(_joined(begun))
            begun = []
        begun.append(line)
        if _END.search(line.text):
            found.append(_joined(begun))
            begun = []
    if begun:
        found.append(_joined(begun))
    return found


def _joined(lines: Sequence[TimedText]) -> TimedText:
    first = lines[0]
    text = " ".join(line.text for line in lines)
    return TimedText(first.start_seconds, _end(lines), text, first.kind, first.language)


def _cut(line: TimedText) -> Iterator[TimedText]:
    """Yield the sentences of a line; the line itself if its words' times are not known, or its text has other words."""
    begun, place, pieces = 0, 0, []
    first = None
    for word in line.words:
        bare = word.text.strip()
        found = line.text.find(bare, place)
        if not bare or found < 0:
            yield line
            return
        place, first = found + len(bare), first or word
        if _END.search(bare):
            piece = line.text[begun:place].strip()
            pieces.append(TimedText(first.start_seconds, word.end_seconds, piece, line.kind, line.language))
            begun, first = place, None
    if len(pieces) + bool(line.text[begun:].strip()) < 2:
        yield line
        return
    yield from pieces
    if rest := line.text[begun:].strip():
        start = first.start_seconds if first else pieces[-1].end_seconds
        yield TimedText(start, max(start, line.words[-1].end_seconds), rest, line.kind, line.language)
