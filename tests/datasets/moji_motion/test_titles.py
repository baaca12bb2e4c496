"""Titles over training pictures: where and when they lie, and that they change nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import ImageFont

from framecue.datasets.moji_motion.clips import MojiClips
from framecue.datasets.moji_motion.stills import MojiStills
from framecue.datasets.moji_motion.titles import NUM_TITLES, draw_shown, lay_out, lay_titles, titles

SIZE = 32


def clips(**shares: float) -> MojiClips:
    return MojiClips(seed=5, num_examples=64, image_size=SIZE, sample=lambda length, rng: [0, 10, 20, 29], **shares)


def stills(**shares: float) -> MojiStills:
    return MojiStills(seed=5, num_examples=64, image_size=SIZE, group_size=4, **shares)


def test_titles_are_pictures_with_a_hole() -> None:
    drawn = titles(SIZE)
    assert drawn.shape == (NUM_TITLES, 4, SIZE, SIZE)
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    assert (drawn[:, :3] <= drawn[:, 3:] + 1e-6).all(), "colours are multiplied by alpha"
    covered = (drawn[:, 3] > 0.5).float().mean((1, 2))
    assert covered.max() < 0.5, "most of the picture stays to be seen"
    assert (drawn[:, 3].amax((1, 2)) > 0.2).all(), "there is something to see of each"


def test_titles_stand_at_the_edges() -> None:
    middle = titles(SIZE)[:, 3, SIZE * 3 // 8 : SIZE * 5 // 8]
    assert middle.mean() < 0.02


def test_a_title_covers_what_is_below_it_and_nothing_else() -> None:
    frames = torch.full((3, 3, SIZE, SIZE), 100, dtype=torch.uint8)
    laid = lay_titles(frames, np.array([-1, 7, -1]))
    assert torch.equal(laid[[0, 2]], frames[[0, 2]])
    alpha = titles(SIZE)[7, 3]
    assert torch.equal(laid[1][:, alpha == 0], frames[1][:, alpha == 0])
    expected = 100 * (1 - alpha) + 255 * titles(SIZE)[7, :3]
    torch.testing.assert_close(laid[1].float(), expected, atol=1.0, rtol=0)
    assert (frames == 100).all(), "the frames given stay as they are"


def test_shares_are_kept_and_some_titles_come_late_or_go_early() -> None:
    times = np.linspace(0, 1, 12)
    drawn = np.stack([draw_shown([seed], times, 0.5) for seed in range(600)])
    has = (drawn >= 0).any(1)
    assert 0.4 < has.mean() < 0.6
    whole = (drawn[has] >= 0).all(1).mean()
    assert 0.55 < whole < 0.8
    assert all(len({title for title in row if title >= 0}) == 1 for row in drawn[has]), "one title an example"
    assert (draw_shown([0], times, 0.0) == -1).all()


def test_a_share_of_titles_changes_neither_the_captions_nor_the_pictures_below() -> None:
    for make in (clips, stills):
        bare, titled = (make(title_share=share).__getitems__(range(48)) for share in (0.0, 0.5))
        assert [one.caption for one in bare] == [one.caption for one in titled]
        same = [torch.equal(one.frames, other.frames) for one, other in zip(bare, titled, strict=True)]
        assert 12 <= sum(same) <= 36
        for one, other in zip(bare, titled, strict=True):
            kept = (one.frames == other.frames).float().mean()
            assert kept > 0.4, "what no title covers is the same"
            assert other.original is not None
            assert torch.equal(other.original, one.frames), "what is below is told"
            assert one.original is None


@pytest.mark.parametrize(
    ("row", "column"), [(row, column) for row in ("top", "bottom") for column in ("left", "right", "")]
)
def test_a_title_stands_where_it_is_laid_and_shrinks_to_fit(row: str, column: str) -> None:
    laid = lay_out("a title", ImageFont.load_default, 20, least=6, size=200, margin=5, at=(row, column))
    left, top, right, bottom = laid.around
    assert (laid.pixels, laid.lines) == (20, "a title")
    assert (top if row == "top" else 200 - bottom) == 5
    assert {"left": left, "right": 200 - right}.get(column, 5) == 5
    assert column or abs(left - (200 - right)) <= 1
    long = lay_out("quite a long title", ImageFont.load_default, 60, least=6, size=200, margin=5, at=(row, column))
    assert long.pixels < 60
    assert long.lines.count("\n") == 1
    assert long.around[2] - long.around[0] <= 190
    assert lay_out("x" * 99, ImageFont.load_default, 20, least=15, size=200, margin=5, at=(row, column)).pixels == 15
