"""The generated sources: clips and stills. The values here were written down once; data must stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from framecue.datasets.examples import Captioned, Example
from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.clips import GROUP, MojiClips
from framecue.datasets.moji_motion.meaning import MOTIONS, split_of
from framecue.datasets.moji_motion.stills import MojiStills


def random_places(length: int, rng: np.random.Generator) -> list[int]:
    return rng.integers(0, length, 3).tolist()


def clips(seed: int = 5, split: str = "train", num_examples: int = 8) -> MojiClips:
    return MojiClips(seed=seed, num_examples=num_examples, image_size=32, sample=random_places, split=split)


def stills(seed: int = 5) -> MojiStills:
    return MojiStills(seed=seed, num_examples=8, image_size=32)


def texts(source: Any, indices: Sequence[int]) -> list[str]:
    return [example.caption for example in source.__getitems__(indices)]


def means(source: Any, indices: Sequence[int]) -> np.ndarray:
    return np.array([example.frames.float().mean((0, 2, 3)).tolist() for example in source.__getitems__(indices)])


MAKERS = pytest.mark.parametrize("make", [clips, stills])


def test_clips_stay_as_they_are() -> None:
    """A seed gives these on every machine and in every process; the shipped weights were trained on such."""
    source = clips()
    assert texts(source, range(8)) == [
        "while a star moves right, the avocado moves right",
        "the star becomes larger while the avocado goes out of view",
        "while a star goes out of view, the avocado goes up",
        "the avocado appears and at the same time a star gets smaller",
        "a ladybug climbs while the elephant runs around in a circle",
        "the elephant moves left and then a ladybug falls",
        "while the elephant turns around, a ladybug goes out of view",
        "an elephant rotates as the ladybug shows up",
    ]
    assert [source.backwards(index) for index in range(4)] == [
        "a star slides to the left and at the same time an avocado slides to the left",
        "the avocado shows up as a star becomes tiny",
        "while the avocado goes down, a star comes into view",
        "while the avocado goes out of view, the star gets bigger",
    ]
    expected = [[236.4, 230.0, 186.7], [249.9, 231.6, 197.0], [186.9, 201.8, 206.5], [250.3, 220.7, 218.2]]
    np.testing.assert_allclose(means(source, range(4)), expected, atol=1.5)


def test_stills_stay_as_they_are() -> None:
    assert texts(stills(), range(4)) == [
        "the small star",
        "a small moon at the right and the sailboat at the bottom right",
        "the car at the left",
        "the big robot on its side at the left",
    ]
    expected = [[226.5, 218.4, 244.4], [196.0, 216.1, 237.2], [249.2, 226.0, 223.9], [184.6, 196.1, 206.7]]
    np.testing.assert_allclose(means(stills(), range(4)), expected, atol=1.5)


@MAKERS
def test_an_example_depends_on_seed_and_index_alone(make: Callable[..., Any]) -> None:
    source, again = make(), make()
    together = source.__getitems__([3, 0, 6])
    source.set_epoch(4)
    for index, example in zip([3, 0, 6], together, strict=True):
        (alone,) = again.__getitems__([index])
        assert (alone.caption, alone.video_id) == (example.caption, example.video_id) == (example.caption, str(index))
        assert torch.equal(alone.frames, example.frames)
        assert torch.equal(source.__getitems__([index])[0].frames, example.frames)


@MAKERS
def test_another_seed_gives_other_examples(make: Callable[..., Any]) -> None:
    one, other = make().__getitems__(range(8)), make(seed=6).__getitems__(range(8))
    assert [example.caption for example in one] != [example.caption for example in other]
    assert not any(torch.equal(a.frames, b.frames) for a, b in zip(one, other, strict=True))
    assert len({example.frames.numpy().tobytes() for example in one}) == 8


@MAKERS
def test_each_example_is_a_video_of_its_own(make: Callable[..., Any]) -> None:
    source = make()
    assert len(source) == 8
    assert len({source.video_of(index) for index in range(8)}) == 8
    example = source.__getitems__([2])[0]
    assert example.video_id == source.video_of(2)
    assert example.frames.shape == ((3, 3, 32, 32) if make is clips else (1, 3, 32, 32))
    assert example.frames.dtype == torch.uint8


def test_neighbours_share_their_actors_but_not_their_meaning() -> None:
    source = clips(num_examples=160)
    shared = 0
    for group in range(40):
        meanings = source._group(group)
        assert len(set(meanings)) == len(meanings) == GROUP
        shared += len({frozenset(act.actor for act in meaning.acts) for meaning in meanings}) == 1
        base = [meaning for meaning in meanings if meaning.reversed() in meanings]
        assert base  # a clip and its reversal, or one that is its own
    assert shared >= 36  # a few actors have too little in the split


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_every_clip_of_a_split_belongs_to_it(split: str) -> None:
    source = clips(split=split)
    for group in range(60):
        assert {split_of(meaning) for meaning in source._group(group)} == {split}


def test_a_clip_that_is_its_own_reversal_has_no_twin() -> None:
    source = clips(num_examples=400)
    for index in range(200):
        meaning = source._group(index // GROUP)[index % GROUP]
        own = all(MOTIONS[act.motion] == act.motion for act in meaning.acts) and meaning.relation != "then"
        assert (source.backwards(index) is None) == own


def test_the_sampling_says_which_frames() -> None:
    def first_and_last(length: int, rng: np.random.Generator) -> list[int]:
        assert length == MojiClips.CLIP_FRAMES
        return [0, length - 1]

    def last_and_first(length: int, rng: np.random.Generator) -> list[int]:
        return [length - 1, 0]

    options = {"seed": 5, "num_examples": 8, "image_size": 32}
    forth = MojiClips(**options, sample=first_and_last).__getitems__(range(8))
    back = MojiClips(**options, sample=last_and_first).__getitems__(range(8))
    assert all(torch.equal(a.frames, b.frames.flip(0)) for a, b in zip(forth, back, strict=True))
    assert any(not torch.equal(a.frames[0], a.frames[1]) for a in forth)


def test_stills_say_where_things_are() -> None:
    """Of stills that name one thing at a place, the most colourful spot is in that part of the picture."""
    source = MojiStills(seed=1, num_examples=600, image_size=32)
    seen = set()
    for example in source.__getitems__(range(600)):
        if " and " in example.caption or not (" at the " in example.caption or "middle" in example.caption):
            continue
        frame = example.frames[0].float()
        background = torch.stack([frame[:, 0, 0], frame[:, 0, -1], frame[:, -1, 0], frame[:, -1, -1]]).median(0).values
        rows, columns = ((frame - background[:, None, None]).abs().sum(0) > 60).nonzero().unbind(1)
        x, y = (columns.float().mean().item() + 0.5) / 32, (rows.float().mean().item() + 0.5) / 32
        where = example.caption.partition(" at the ")[2].split()
        seen.add(tuple(where))
        assert (x < 0.45) if "left" in where else (x > 0.55) if "right" in where else (0.3 < x < 0.7), example.caption
        assert (y < 0.45) if "top" in where else (y > 0.55) if "bottom" in where else (0.3 < y < 0.7), example.caption
    assert len(seen) == 9


def test_some_stills_are_empty_and_say_so() -> None:
    source = MojiStills(seed=2, num_examples=400, image_size=16)
    empty = [example for example in source.__getitems__(range(400)) if example.caption == "nothing"]
    assert 0 < len(empty) < 20
    assert all(example.frames.float().std(dim=(2, 3)).max() == 0 for example in empty)


def test_stills_in_groups_show_the_same_actors() -> None:
    source = MojiStills(seed=4, num_examples=24, image_size=16, group_size=8)
    actors = [{word for word in caption.split() if word in ACTORS} for caption in texts(source, range(24))]
    groups = [actors[start : start + 8] for start in (0, 8, 16)]
    assert all(group.count(group[0]) == 8 for group in groups)
    assert len({frozenset(group[0]) for group in groups}) > 1


def test_captions_of_motion_name_nobody() -> None:
    source = MojiClips(seed=4, num_examples=24, image_size=16, sample=random_places, motion_share=1.0)
    assert not {word for caption in texts(source, range(24)) for word in caption.split()} & set(ACTORS)


def test_walk_ons_do_what_the_actors_would_have_done_and_nobody_says_who_they_are() -> None:
    def clips(share: float) -> list[Example]:
        return MojiClips(
            seed=4, num_examples=48, image_size=32, sample=lambda length, rng: [15], walk_on_share=share
        ).__getitems__(range(48))

    plain, some, everyone = (clips(share) for share in (0.0, 0.5, 1.0))
    same = [torch.equal(one.frames, other.frames) for one, other in zip(plain, some, strict=True)]
    # A group has them or not.
    assert all(len(set(same[start : start + 4])) == 1 for start in range(0, 48, 4))
    assert 4 <= sum(same) <= 44
    for one, other, is_same in zip(plain, some, same, strict=True):
        assert (one.caption == other.caption) is is_same
    for one, other in zip(plain, everyone, strict=True):
        assert not set(other.caption.split()) & set(ACTORS)
        # The stage is as it was.
        assert (one.frames == other.frames).float().mean() > 0.3
        assert not torch.equal(one.frames, other.frames)


def test_the_share_of_one_actor() -> None:
    source = MojiClips(seed=4, num_examples=24, image_size=16, sample=random_places, single_share=1.0)
    assert all(len(set(caption.split()) & set(ACTORS)) == 1 for caption in texts(source, range(24)))


def test_clips_that_end_early_rest_for_a_while() -> None:
    plain, early = (
        MojiClips(seed=4, num_examples=12, image_size=32, sample=lambda length, rng: [24, 29], early_share=share)
        for share in (0.0, 1.0)
    )
    rested = [
        sum(
            bool((example.frames[0].int() - example.frames[1].int()).abs().max() < 8)
            for example in source.__getitems__(range(12))
        )
        for source in (plain, early)
    ]
    assert rested[1] > rested[0]


def test_captions_are_known_without_drawing() -> None:
    made = [
        clips(),
        stills(),
        MojiStills(seed=5, num_examples=8, image_size=32, group_size=4),
        MojiClips(
            seed=5,
            num_examples=8,
            image_size=32,
            sample=random_places,
            place_share=0.5,
            early_share=0.5,
            motion_share=0.3,
            title_share=0.5,
            walk_on_share=0.5,
        ),
    ]
    for source in made:
        assert isinstance(source, Captioned)
        assert [source.caption_of(index) for index in range(8)] == texts(source, range(8))
