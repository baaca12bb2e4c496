from itertools import pairwise

import numpy as np
import pytest

from framecue.video import SAMPLE_RATE, SoundChunk
from framecue.words.speech_pieces import MAX_PIECE_SECONDS, Piece, Span, cut_pieces, without_silence

SECOND = SAMPLE_RATE


def loud(samples):
    """Where sound is not silent, in stretches of 30 seconds at most, as the voice detector gives them."""
    is_on = np.concatenate([[0], samples != 0, [0]]).astype(np.int8)
    edges = np.flatnonzero(np.diff(is_on)).reshape(-1, 2)
    return [
        (int(start), int(min(start + MAX_PIECE_SECONDS * SECOND, end)))
        for first, end in edges
        for start in range(first, end, MAX_PIECE_SECONDS * SECOND)
    ]


def sound(seconds, *speech):
    """Silence with numbered samples where there is speech, from and to given seconds."""
    samples = np.zeros(round(seconds * SECOND), np.float32)
    for start, end in speech:
        place = slice(round(start * SECOND), round(end * SECOND))
        samples[place] = np.arange(1, place.stop - place.start + 1)
    return samples


def chunks_of(samples, seconds=10.0, *, start=0.0):
    step = round(seconds * SECOND)
    return [SoundChunk(start + at / SECOND, samples[at : at + step]) for at in range(0, len(samples), step)]


def spans(pieces):
    return [
        [(span.start / SECOND, (span.start + len(span.samples)) / SECOND) for span in piece.spans] for piece in pieces
    ]


def test_speech_is_put_together_up_to_what_is_heard_at_once():
    samples = sound(60, (1, 11), (20, 35), (40, 44), (50, 52))
    pieces = list(cut_pieces(chunks_of(samples), loud))
    assert spans(pieces) == [[(1, 11), (20, 35), (40, 44)], [(50, 52)]]
    np.testing.assert_array_equal(pieces[1].samples, samples[50 * SECOND : 52 * SECOND])
    assert pieces[0].num_samples == 29 * SECOND


@pytest.mark.parametrize("seconds", [2, 7, 1000])
def test_it_does_not_matter_how_the_sound_comes(seconds):
    speech = [(start, start + 3 + start % 7) for start in range(5, 700, 13)]
    samples = sound(710, *speech)
    found = [span for piece in spans(cut_pieces(chunks_of(samples, seconds), loud)) for span in piece]
    assert found == speech


def test_speech_over_the_end_of_what_is_looked_at_at_a_time_is_heard_whole():
    looked_at = []

    def find(samples):
        looked_at.append(len(samples) / SECOND)
        return loud(samples)

    assert spans(cut_pieces(chunks_of(sound(480, (230, 250), (250.5, 251))), find)) == [[(230, 250), (250.5, 251)]]
    assert max(looked_at) == 240
    assert sum(looked_at) == pytest.approx(480 + 10 + 1)


def test_speech_without_a_pause_for_minutes():
    found = [span for piece in spans(cut_pieces(chunks_of(sound(600, (0, 600))), loud)) for span in piece]
    assert (found[0][0], found[-1][1]) == (0, 600)
    assert all(one[1] == other[0] for one, other in pairwise(found))


def test_a_hole_in_the_sound_is_silence():
    chunks = [*chunks_of(sound(3, (0, 3))), *chunks_of(sound(2, (0, 1)), start=8.0)]
    assert spans(cut_pieces(chunks, loud)) == [[(0, 3), (8, 9)]]
    # A long one costs nothing, whatever its length.
    chunks = [*chunks_of(sound(3, (0, 3))), *chunks_of(sound(2, (0, 1)), start=1e9)]
    assert spans(cut_pieces(chunks, loud)) == [[(0, 3), (1e9, 1e9 + 1)]]


def test_silence_and_nothing_give_nothing():
    assert list(cut_pieces([], loud)) == []
    assert list(cut_pieces(chunks_of(sound(500)), loud)) == []


def test_a_piece_knows_when_its_words_are_said():
    piece = Piece([Span(10 * SECOND, np.ones(2 * SECOND)), Span(20 * SECOND, np.ones(SECOND))])
    assert piece.times(0.5, 1.5) == (10.5, 11.5)
    assert piece.times(2.1, 2.9) == (20.1, 20.9)
    assert piece.times(1.5, 2.2) == (11.5, 12)  # most of it is in the first
    assert piece.times(1.9, 2.9) == (20, 20.9)
    assert piece.times(2.9, 4) == (20.9, 21)


def test_the_silence_about_a_word_is_no_part_of_it():
    voiced = [(SECOND, 2 * SECOND), (3 * SECOND, 4 * SECOND)]
    assert without_silence(0.5, 1.5, voiced) == (1, 1.5)
    assert without_silence(1.5, 2.7, voiced) == (1.5, 2)
    assert without_silence(0.5, 4.5, voiced) == (1, 4)
    assert without_silence(2.2, 2.8, voiced) == (2.2, 2.8)
    assert without_silence(0, 1, []) == (0, 1)


def test_a_piece_is_cut_at_the_longest_pause_about_its_middle():
    second = np.zeros(SAMPLE_RATE, np.float32)
    piece = Piece([Span(0, np.tile(second, 3)), Span(10 * SAMPLE_RATE, np.tile(second, 5))])

    def halves(*seconds):
        found = piece.halves([(int(a * SAMPLE_RATE), int(b * SAMPLE_RATE)) for a, b in seconds])
        return found and [[(s.start / SAMPLE_RATE, len(s.samples) / SAMPLE_RATE) for s in half.spans] for half in found]

    assert halves((0, 0.5), (1.5, 3.5), (3.7, 4.8), (5.2, 7), (7.5, 8)) == [[(0, 3), (10, 2)], [(12, 3)]]
    assert halves((0, 2.5), (3.5, 8)) == [[(0, 3)], [(10, 5)]]
    assert halves((0, 8)) is None
    assert Piece([Span(0, np.tile(second, 4))]).halves([(0, 2), (3 * SAMPLE_RATE, 4 * SAMPLE_RATE)]) is None
