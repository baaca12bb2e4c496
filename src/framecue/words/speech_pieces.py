"""Sound cut at its silences: the stretches in which somebody speaks, put together to what is recognised at a time.

Nothing depends on how the sound came, in large chunks or in small ones, and no more of it is held than a few minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from framecue.video import SAMPLE_RATE, SoundChunk

__all__ = ["FindSpeech", "Piece", "Span", "cut_pieces", "without_silence"]

FindSpeech = Callable[[np.ndarray], list[tuple[int, int]]]
"""float32 (N,) of sound -> the first and behind the last sample of each stretch of speech, of 30 seconds at most."""

MAX_PIECE_SECONDS = 30
"""What Whisper hears at once; a stretch of speech is no longer."""

# Speech is looked for in so much sound at a time.
_BLOCK_SAMPLES = 240 * SAMPLE_RATE
# So much of it comes again before what follows, so that a word there has its beginning.
_LEAD_SAMPLES = SAMPLE_RATE
# A piece that is shorter is not heard in halves.
_MIN_CUT_SAMPLES = 5 * SAMPLE_RATE
# A hole in the sound up to this length is silence; at a longer one everything that was said is over.
_MAX_SILENCE_SAMPLES = 10 * SAMPLE_RATE


@dataclass(frozen=True, eq=False)
class Span:
    """A stretch of speech.

    Attributes:
        start: when it begins, in samples from the beginning of the file.
        samples: float32 (N,).
    """

    start: int
    samples: np.ndarray


@dataclass(eq=False)
class Piece:
    """Stretches of speech that are recognised together, 30 seconds at most, without the silences between them.

    Attributes:
        spans: in the order of time; at least one.
    """

    spans: list[Span] = field(default_factory=list)

    @property
    def num_samples(self) -> int:
        """Return how long it is."""
        return sum(len(span.samples) for span in self.spans)

    @property
    def samples(self) -> np.ndarray:
        """Return float32 (N,): its stretches one after the other."""
        return np.concatenate([span.samples for span in self.spans])

    def halves(self, voiced: Sequence[tuple[int, int]]) -> tuple[Piece, Piece] | None:
        """Return what is before and behind the longest pause in its middle half, as pieces of their own.

        Args:
            voiced: when there is a voice in it: the first and behind the last sample of each stretch, in order.

        Returns:
            Both; None if there is no pause, or the piece is too short to be cut.
        """
        length = self.num_samples
        if length < _MIN_CUT_SAMPLES:
            return None
        pauses = [(start - end, (start + end) // 2) for (_, end), (start, _) in pairwise(voiced)]
        pauses = [(pause, middle) for pause, middle in pauses if length <= 4 * middle <= 3 * length]
        if not pauses:
            return None
        _, place = max(pauses)
        first, second = Piece(), Piece()
        before = 0
        for span in self.spans:
            num_first = min(max(place - before, 0), len(span.samples))
            if num_first:
                first.spans.append(Span(span.start, span.samples[:num_first]))
            if num_first < len(span.samples):
                second.spans.append(Span(span.start + num_first, span.samples[num_first:]))
            before += len(span.samples)
        return first, second

    def times(self, start_seconds: float, end_seconds: float) -> tuple[float, float]:
        """Return when a word of the piece is said in the file.

        Args:
            start_seconds: when it begins in the piece.
            end_seconds: when it ends there.

        Returns:
            Beginning and end in seconds, within the stretch in which the middle of the word lies.
        """
        middle = (start_seconds + end_seconds) / 2 * SAMPLE_RATE
        before = 0
        for span in self.spans:
            if middle < before + len(span.samples) or span is self.spans[-1]:
                break
            before += len(span.samples)
        shift = span.start - before
        times = [
            min(max(seconds * SAMPLE_RATE + shift, span.start), span.start + len(span.samples)) / SAMPLE_RATE
            for seconds in (start_seconds, end_seconds)
        ]
        return round(times[0], 3), round(max(times), 3)


def without_silence(start_seconds: float, end_seconds: float, voiced: Sequence[tuple[int, int]]) -> tuple[float, float]:
    """Return a word's times without the silence before and behind it, which recognisers count as part of it.

    Args:
        start_seconds: when it begins in a piece.
        end_seconds: when it ends there.
        voiced: when there is a voice in the piece: the first and behind the last sample of each stretch, in order.

    Returns:
        Beginning and end in seconds; as they were where no voice is found in the word.
    """
    heard = [
        (first / SAMPLE_RATE, end / SAMPLE_RATE)
        for first, end in voiced
        if first < end_seconds * SAMPLE_RATE and end > start_seconds * SAMPLE_RATE
    ]
    if not heard:
        return start_seconds, end_seconds
    return max(start_seconds, heard[0][0]), min(end_seconds, heard[-1][1])


def cut_pieces(chunks: Iterable[SoundChunk], find_speech: FindSpeech) -> Iterator[Piece]:
    """Cut sound into pieces.

    Args:
        chunks: the sound, in the order of time.
        find_speech: finds speech in a part of it.

    Yields:
        Each piece when the sound that follows shows that it is over, and the last at the end.
    """
    piece = Piece()
    for span in _spans(chunks, find_speech):
        if piece.spans and piece.num_samples + len(span.samples) > MAX_PIECE_SECONDS * SAMPLE_RATE:
            yield piece
            piece = Piece()
        piece.spans.append(span)
    if piece.spans:
        yield piece


def _spans(chunks: Iterable[SoundChunk], find_speech: FindSpeech) -> Iterator[Span]:
    start, held = 0, np.zeros(0, np.float32)
    for place, samples in _without_short_holes(chunks):
        if place != start + len(held):
            yield from _taken(start, held, find_speech(held) if len(held) else [])
            start, held = place, np.zeros(0, np.float32)
        held = np.concatenate([held, samples])
        while len(held) >= _BLOCK_SAMPLES:
            block = held[:_BLOCK_SAMPLES]
            found = find_speech(block)
            num_done = max(_BLOCK_SAMPLES - _LEAD_SAMPLES, found[-1][1] if found else 0)
            if found and found[-1][0] > 0 and found[-1][1] >= _BLOCK_SAMPLES:
                num_done = found.pop()[0]  # somebody is still speaking
            yield from _taken(start, block, found)
            start, held = start + num_done, held[num_done:]
    yield from _taken(start, held, find_speech(held) if len(held) else [])


def _taken(start: int, samples: np.ndarray, found: list[tuple[int, int]]) -> Iterator[Span]:
    for first, end in found:
        # A copy, as minutes of sound would be held for a second of speech.
        yield Span(start + first, samples[first:end].copy())


def _without_short_holes(chunks: Iterable[SoundChunk]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield the place of each chunk and its samples, with silence before it where there is a short hole."""
    end: int | None = None
    for chunk in chunks:
        place = round(chunk.start_seconds * SAMPLE_RATE)
        if end is not None and 0 < place - end <= _MAX_SILENCE_SAMPLES:
            yield end, np.zeros(place - end, np.float32)
        yield place, chunk.samples
        end = place + len(chunk.samples)
