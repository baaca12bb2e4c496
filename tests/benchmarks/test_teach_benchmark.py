"""How taught names are measured: the world they are in, and the figures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from framecue.datasets.moji_motion.actors import ACTORS, STRANGERS
from framecue.datasets.moji_motion.meaning import MOTIONS
from framecue.names.check import checked_name, is_ordinary
from framecue.names.known_words import ACTIONS, is_action


@pytest.fixture
def world(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("taught_world")


@pytest.fixture
def teach(load_benchmark: Callable[[str], ModuleType]) -> ModuleType:
    return load_benchmark("teach")


def test_what_is_taught_was_never_seen_and_is_called_by_nobodys_word(world: ModuleType) -> None:
    assert len(world.NEW_ACTORS) >= 12
    assert len(world.NEW_MOTIONS) >= 3
    assert {name.what for name in world.NEW_ACTORS} <= set(STRANGERS)
    assert not set(STRANGERS) & set(ACTORS)
    assert not {name.what for name in world.NEW_MOTIONS} & set(MOTIONS)
    for name in (*world.NEW_ACTORS, *world.NEW_MOTIONS):
        assert checked_name(name.name) == name.name
        assert not is_ordinary(name.name)
    assert all(name.coarse in ACTORS for name in world.NEW_ACTORS)
    assert all(name.coarse in ACTIONS and is_action(name.coarse) for name in world.NEW_MOTIONS)


def test_a_caption_has_its_names_and_is_right_for_one_clip_alone(world: ModuleType, tmp_path: Path) -> None:
    size = world.WorldSize(actors=2, motions=1, known=6, examples=2, tests=2, two=2)
    drawn = world.draw_world(tmp_path, size, seed=3)
    assert [len(drawn.of(role)) for role in ("known", "example", "test", "two")] == [6, 6, 6, 2]
    assert all(name.name in clip.text for clip in drawn.clips for name in clip.names)
    assert len({clip.text for clip in drawn.clips}) == len(drawn.clips)
    assert all(clip.path.is_file() for clip in drawn.clips)
    again = world.draw_world(tmp_path, size, seed=3)
    assert again == drawn
    clip = drawn.of("test", world.NEW_MOTIONS[0])[0]
    coarse = clip.worded(lambda name: name.coarse)
    assert world.NEW_MOTIONS[0].name not in coarse
    assert "grows" in coarse
    world.write_words(drawn.of("example"))
    assert len(list(tmp_path.glob("*.srt"))) == 6


def test_an_article_fits_the_word_that_is_put_in(world: ModuleType) -> None:
    clip = world.WorldClip(Path(), "test", (world.NEW_ACTORS[0],), "a Zorro rises while the Zorro falls")
    assert clip.worded(lambda name: "apple") == "an apple rises while the apple falls"


@pytest.mark.parametrize("motion", ["pulse", "bounce", "swing"])
def test_a_new_motion_ends_where_it_began_and_moves_between(world: ModuleType, motion: str) -> None:
    part = world.NewPart(0, motion, 0.5, 0.5, 0.6, 0.34, 0.4, 0.0, 1.0, 0.0, 1.0)
    began, middle, ended = (np.array(part.at(np.array([time])))[:, 0] for time in (0.0, 0.3, 1.0))
    np.testing.assert_allclose(began, ended, atol=1e-9)
    assert np.abs(middle - began).max() > 0.05


def test_average_precision_by_hand(teach: ModuleType) -> None:
    assert teach.average_precision([4, 1, 2, 3], {1, 3}, set()) == pytest.approx((1 / 2 + 2 / 4) / 2)
    assert teach.average_precision([4, 1, 2, 3], {1, 3}, {4}) == pytest.approx((1 + 2 / 3) / 2)
    # What is not found at all counts as nothing.
    assert teach.average_precision([1], {1, 3}, set()) == pytest.approx(1 / 2)


def test_a_rank_is_counted_among_what_is_not_an_example(teach: ModuleType) -> None:
    assert teach.rank_of(7, [1, 2, 7], {1}) == 2
    assert teach.rank_of(9, [1, 2, 7], {1}) == teach.DEPTH + 1
    assert teach.rank_of(15, list(range(20)), set()) == teach.DEPTH + 1


def test_figures_have_intervals_over_names(teach: ModuleType) -> None:
    tallies = {("taught", "composed", "actors"): teach.Tally(), ("taught", "bare", "actors"): teach.Tally()}
    for owner in range(4):
        for rank in (1, 1, 2):
            tallies["taught", "composed", "actors"].add(owner, rank if owner else 1)
        tallies["taught", "bare", "actors"].add(owner, owner / 4)
    found = teach.summary(tallies)["actors"]
    assert found["composed"]["taught"]["R@1"] == pytest.approx(100 * 9 / 12)
    assert found["composed"]["taught"]["R@10"] == 100.0
    low, high = found["composed"]["taught"]["interval"]
    # A draw without the first name has two of three, one of that name alone all.
    assert low == pytest.approx(66.7)
    assert high <= 100.0
    assert found["bare"]["taught"]["AP"] == pytest.approx(37.5)
    low, high = found["bare"]["taught"]["interval"]
    assert 0 <= low < 37.5 < high <= 75
