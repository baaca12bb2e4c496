from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.meaning import MOTIONS, RELATIONS, Act, Meaning
from framecue.datasets.moji_motion.render import Sprites, draw
from framecue.datasets.moji_motion.scene import Part, Scene, join, make_scene

TIMES = (np.arange(30) + 0.5) / 30
NAMES = tuple(ACTORS)
MEANING = st.builds(
    lambda one, relation, other: (
        Meaning(Act("cat", one), relation, Act("dog", other)) if relation else Meaning(Act("cat", one))
    ),
    st.sampled_from(sorted(MOTIONS)),
    st.sampled_from([None, *RELATIONS]),
    st.sampled_from(sorted(MOTIONS)),
).filter(lambda meaning: meaning.is_possible)
SEED = st.integers(0, 2**32)


def backwards(scene: Scene) -> Scene:
    """The scene of the reversed meaning that looks like this one played backwards."""
    parts = tuple(
        replace(part, motion=MOTIONS[part.motion], begin=1 - part.end, end=1 - part.begin, turn=-part.turn)
        for part in scene.parts
    )
    return Scene(scene.meaning.reversed(), parts, scene.background)


def column(sprites: Sprites, actor: str) -> dict[str, np.ndarray]:
    """One actor's positions, sizes and angles over time."""
    k = int((sprites.actor[0] == NAMES.index(actor)).nonzero())
    return {name: getattr(sprites, name)[:, k].numpy() for name in ("x", "y", "size", "angle")}


@settings(deadline=None, max_examples=60)
@given(MEANING, SEED)
def test_a_scene_backwards_is_a_scene_of_the_reversed_meaning(meaning: Meaning, seed: int) -> None:
    scene = make_scene(meaning, np.random.default_rng(seed))
    twin = backwards(scene)
    # It is a scene that could have been made for the reversed meaning: the same acts, in the same order of time.
    acts = sorted((part.begin, NAMES[part.actor], part.motion) for part in twin.parts)
    told = [(act.actor, act.motion) for act in meaning.reversed().acts]
    made = [(actor, motion) for _, actor, motion in acts]
    assert made == told if meaning.relation == "then" else sorted(made) == sorted(told)
    forth, back = scene.sprites(1 - TIMES), twin.sprites(TIMES)
    assert torch.equal(forth.actor, back.actor)
    assert torch.equal(forth.background, back.background)
    for name in ("x", "y", "size"):
        torch.testing.assert_close(getattr(forth, name), getattr(back, name), rtol=0, atol=1e-5)
    turned = (forth.angle - back.angle + np.pi) % (2 * np.pi) - np.pi
    torch.testing.assert_close(turned, torch.zeros_like(turned), rtol=0, atol=1e-4)


@pytest.mark.parametrize("motion", sorted(MOTIONS))
def test_frames_of_the_reversed_scene_are_the_clips_backwards(motion: str) -> None:
    meaning = Meaning(Act("rocket", motion), "while", Act("tree", "grow"))
    scene = make_scene(meaning, np.random.default_rng(5))
    clip, twin = draw(scene.sprites(TIMES[::3]), 32), draw(backwards(scene).sprites(TIMES[::3] + 2 / 30), 32)
    expected = draw(scene.sprites(1 - (TIMES[::3] + 2 / 30)), 32)
    assert (twin.int() - expected.int()).abs().max() <= 1
    assert torch.equal(clip.flip(0), draw(scene.sprites(TIMES[::3][::-1].copy()), 32))


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(sorted(MOTIONS)), SEED)
def test_each_motion_is_what_its_name_says(motion: str, seed: int) -> None:
    scene = make_scene(Meaning(Act("cat", motion)), np.random.default_rng(seed))
    seen = column(scene.sprites(TIMES), "cat")
    x, y, size, angle = (seen[name] for name in ("x", "y", "size", "angle"))
    changes = {name: bool(np.ptp(values) > 1e-6) for name, values in seen.items()}
    expected = {
        "right": {"x"},
        "left": {"x"},
        "rise": {"y"},
        "fall": {"y"},
        "spin": {"angle"},
        "circle": {"x", "y"},
        "still": set(),
    }
    assert {name for name, changed in changes.items() if changed} == expected.get(motion, {"size"})
    match motion:
        case "right" | "left":
            assert np.all(np.diff(x) * (1 if motion == "right" else -1) >= 0)
            assert np.ptp(x) == pytest.approx(0.6, abs=0.01)
        case "rise" | "fall":  # y points down
            assert np.all(np.diff(y) * (1 if motion == "fall" else -1) >= 0)
            assert np.ptp(y) == pytest.approx(0.6, abs=0.01)
        case "grow" | "shrink":
            assert np.all(np.diff(size) * (1 if motion == "grow" else -1) >= 0)
            assert size.max() / size.min() == pytest.approx(1.25 / 0.45, rel=0.01)
        case "appear":
            assert (size[0], size[-1]) == (0, size.max())
        case "vanish":
            assert (size[0], size[-1]) == (size.max(), 0)
        case "spin":
            assert np.ptp(angle) == pytest.approx(2 * np.pi, abs=1e-4)
        case "circle":
            radius = np.hypot(x - scene.parts[0].x, y - scene.parts[0].y)
            np.testing.assert_allclose(radius, 0.13, atol=1e-5)
            around = np.unwrap(np.arctan2(y - scene.parts[0].y, x - scene.parts[0].x))
            assert abs(around[-1] - around[0]) == pytest.approx(2 * np.pi, abs=1e-3)


@settings(deadline=None, max_examples=40)
@given(MEANING.filter(lambda meaning: meaning.second is not None), SEED)
def test_then_is_one_after_the_other_and_while_is_together(meaning: Meaning, seed: int) -> None:
    scene = make_scene(meaning, np.random.default_rng(seed))
    when = {NAMES[part.actor]: (part.begin, part.end) for part in scene.parts}
    assert meaning.second is not None
    first, second = when[meaning.first.actor], when[meaning.second.actor]
    if meaning.relation == "then":
        assert 0 <= first[0] < first[1] <= 0.5 <= second[0] < second[1] <= 1
    else:
        assert first == second


@settings(deadline=None, max_examples=60)
@given(MEANING, SEED)
def test_actors_stay_in_the_frame(meaning: Meaning, seed: int) -> None:
    sprites = make_scene(meaning, np.random.default_rng(seed)).sprites(TIMES)
    for name in ("x", "y"):
        place = getattr(sprites, name)
        assert place.min() >= 0.05
        assert place.max() <= 0.95
    assert sprites.size.max() < 0.6
    if meaning.second is not None:  # in lanes of their own
        apart = np.hypot(np.diff(sprites.x.numpy(), axis=1), np.diff(sprites.y.numpy(), axis=1))
        assert apart.min() > 0.15


def test_a_scene_comes_from_its_generator_alone() -> None:
    meaning = Meaning(Act("cat", "rise"), "then", Act("dog", "spin"))
    one, two, other = (make_scene(meaning, np.random.default_rng(seed)) for seed in (4, 4, 5))
    assert one.parts == two.parts
    assert np.array_equal(one.background, two.background)
    assert one.parts != other.parts


def test_who_covers_whom_says_nothing_about_the_order() -> None:
    meaning = Meaning(Act("cat", "rise"), "then", Act("dog", "spin"))
    first = [NAMES[make_scene(meaning, np.random.default_rng(seed)).parts[0].actor] for seed in range(40)]
    assert 8 < first.count("cat") < 32


def test_before_and_after_its_act_an_actor_rests() -> None:
    part = Part(0, "right", 0.5, 0.5, 0.6, 0.3, 0.4, 0.0, 1.0, begin=0.25, end=0.75)
    x, _, _, _ = part.at(np.array([0.0, 0.25, 0.5, 0.75, 1.0]))
    np.testing.assert_allclose(x, [0.2, 0.2, 0.5, 0.8, 0.8])


def test_join_pads_with_hidden_sprites() -> None:
    one = make_scene(Meaning(Act("cat", "rise")), np.random.default_rng(0)).sprites(TIMES[:2])
    two = make_scene(Meaning(Act("dog", "fall"), "while", Act("fox", "spin")), np.random.default_rng(1)).sprites(
        TIMES[:3]
    )
    joined = join([one, two])
    assert joined.actor.shape == joined.size.shape == (5, 2)
    assert joined.size[:2, 1].tolist() == [0, 0]
    assert torch.equal(draw(joined, 16), torch.cat([draw(one, 16), draw(two, 16)]))
