"""How words that were heard and read are compared with those that were said and drawn."""

from __future__ import annotations

import itertools
import wave
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from framecue.evaluation.moments import Window


@pytest.fixture
def alignment(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("alignment")


@pytest.fixture
def module(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("words")


@pytest.mark.parametrize(
    ("reference", "found", "distance"),
    [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "", 3), ("same", "same", 0), ("ab", "ba", 2)],
)
def test_edit_distance_by_hand(alignment: ModuleType, reference: str, found: str, distance: int) -> None:
    assert alignment.edit_distance(reference, found) == distance
    assert alignment.edit_distance([*reference], [*found]) == distance


def test_edit_distance_against_all_ways(alignment: ModuleType) -> None:
    def slow(one: str, other: str) -> int:
        if not one or not other:
            return len(one) + len(other)
        return min(slow(one[1:], other) + 1, slow(one, other[1:]) + 1, slow(one[1:], other[1:]) + (one[0] != other[0]))

    texts = ["".join(letters) for size in range(4) for letters in itertools.product("ab", repeat=size)]
    for one, other in itertools.product(texts, repeat=2):
        distance = alignment.edit_distance(one, other)
        assert distance == slow(one, other)
        pairs = alignment.aligned(one, other)
        assert pairs == sorted(pairs)
        assert all(one[place] == other[found] for place, found in pairs)
        # Whatever is neither kept nor changed is left out or put in.
        assert max(len(one), len(other)) - len(pairs) <= distance <= len(one) + len(other) - 2 * len(pairs)


def test_words_that_belong_together(alignment: ModuleType) -> None:
    said = ["the", "teacher", "bought", "a", "house"]
    heard = ["my", "teacher", "has", "bought", "a", "horse"]
    assert alignment.aligned(said, heard) == [(1, 1), (2, 3), (3, 4)]


def test_a_phrase_is_near_within_half_a_second_at_both_ends(module: ModuleType) -> None:
    right = Window("a.mp4", 10.0, 12.0)
    assert module.is_near(Window("a.mp4", 10.5, 11.5), right)
    assert not module.is_near(Window("a.mp4", 10.6, 12.0), right)
    assert not module.is_near(Window("a.mp4", 10.0, 11.4), right)
    assert not module.is_near(Window("b.mp4", 10.0, 12.0), right)


def test_words_where_nobody_speaks(module: ModuleType) -> None:
    spoken = (
        SimpleNamespace(start_seconds=10.0, end_seconds=12.0),
        SimpleNamespace(start_seconds=20.0, end_seconds=22.0),
    )
    film = SimpleNamespace(spoken=spoken)
    assert not module.is_invented(film, 12.5, 13.0)
    assert module.is_invented(film, 13.5, 15.0)
    assert not module.is_invented(film, 18.0, 19.5)


def test_what_is_repeated_is_as_many_sentences_one_after_another(
    load_benchmark: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    part = load_benchmark("repeated_speech")
    speech = SimpleNamespace(samples=np.full(part.RATE, 0.25, np.float32))
    path = part.write_recording(tmp_path / "a.wav", [speech, speech])
    with wave.open(str(path)) as file:
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        assert (file.getframerate(), file.getnchannels()) == (part.RATE, 1)
    assert len(sound) == pytest.approx(2.8 * part.RATE, abs=2)
    silent = np.flatnonzero(sound == 0) / part.RATE
    assert (silent.min(), silent.max()) == pytest.approx((1.0, 2.8), abs=0.01)
    assert not ((silent > 1.41) & (silent < 2.39)).any()


def test_letters_are_compared_without_signs(module: ModuleType) -> None:
    assert module.letters("LIVE: Frozen  Harbor_2") == "livefrozenharbor2"
