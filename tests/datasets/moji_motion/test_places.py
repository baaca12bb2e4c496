from __future__ import annotations

import numpy as np
import pytest

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.clips import MojiClips
from framecue.datasets.moji_motion.grammar import all_words
from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.datasets.moji_motion.places import place_caption, place_name
from framecue.datasets.moji_motion.scene import Part, Scene, make_scene
from framecue.datasets.moji_motion.stills import EXTRA_WORDS

NAMES = tuple(ACTORS)


def scene(*parts: tuple[str, str, float, float]) -> Scene:
    """Actors (name, motion, x, y) that act from 0.1 to 0.9 and go 0.6 far."""
    made = tuple(
        Part(NAMES.index(name), motion, x, y, 0.6, 0.6, 0.4, 0.0, 1.0, begin=0.1, end=0.9)
        for name, motion, x, y in parts
    )
    return Scene(Meaning(Act("cat", "still")), made, np.zeros(3, dtype=np.float32))


def captions(of: Scene) -> set[str]:
    said = {place_caption(of, np.random.default_rng(seed)) for seed in range(200)}
    return {text.replace("the cat", "a cat").replace("the dog", "a dog") for text in said}


def test_the_nine_places() -> None:
    names = [place_name(x, y) for y in (0.2, 0.5, 0.8) for x in (0.2, 0.5, 0.8)]
    assert names == [
        *("at the top left", "at the top", "at the top right"),
        *("at the left", "in the middle", "at the right"),
        *("at the bottom left", "at the bottom", "at the bottom right"),
    ]


@pytest.mark.parametrize(
    ("part", "first", "then"),
    [
        (("cat", "right", 0.5, 0.2), "at the top left", "at the top right"),
        (("cat", "left", 0.5, 0.5), "at the right", "at the left"),
        (("cat", "rise", 0.2, 0.5), "at the bottom left", "at the top left"),
        (("cat", "fall", 0.8, 0.5), "at the top right", "at the bottom right"),
        (("cat", "appear", 0.5, 0.8), "out of view", "at the bottom"),
        (("cat", "vanish", 0.5, 0.5), "in the middle", "out of view"),
        (("cat", "spin", 0.2, 0.2), "at the top left", "at the top left"),
    ],
)
def test_where_an_actor_is_first_and_then(part: tuple[str, str, float, float], first: str, then: str) -> None:
    assert captions(scene(part)) == {f"first a cat {first}, then {then}", f"a cat {first} and then {then}"}


def test_of_two_actors_one_or_both_are_told() -> None:
    said = captions(scene(("cat", "right", 0.5, 0.2), ("dog", "still", 0.5, 0.8)))
    cat, dog = "a cat at the top left and then at the top right", "a dog at the bottom and then at the bottom"
    assert {cat, dog, f"{cat} and {dog}", f"{dog} and {cat}"} <= said


def test_all_its_words_are_known() -> None:
    known = {*all_words(), *EXTRA_WORDS, *ACTORS}
    rng = np.random.default_rng(0)
    for motion in ("right", "fall", "vanish", "circle"):
        made = make_scene(Meaning(Act("cat", motion), "while", Act("dog", "appear")), rng)
        for _ in range(20):
            assert set(place_caption(made, rng).replace(",", "").split()) <= known


def test_shares_of_a_source() -> None:
    options = {"seed": 1, "num_examples": 200, "image_size": 8, "sample": lambda length, rng: [0]}

    def source(**shares: float) -> MojiClips:
        return MojiClips(**options, **shares)

    def num_places(clips: MojiClips) -> int:
        told = [example.caption for example in clips.__getitems__(range(200))]
        return sum(any(place in text for place in (" at the top", " at the bottom", "in the middle", " at the left",
                                                   " at the right")) for text in told)  # fmt: skip

    assert num_places(source()) == 0
    assert num_places(source(place_share=1.0)) >= 190
    assert 70 <= num_places(source(place_share=0.5)) <= 130
    plain, with_places = source().__getitems__(range(40)), source(place_share=1.0).__getitems__(range(40))
    assert all(bool((a.frames == b.frames).all()) for a, b in zip(plain, with_places, strict=True))  # captions alone
    alone = [len(meaning.acts) for group in range(50) for meaning in source(single_share=1.0)._group(group)]
    pairs = [len(meaning.acts) for group in range(50) for meaning in source(single_share=0.0)._group(group)]
    assert set(alone) == {1}
    assert set(pairs) == {2}
