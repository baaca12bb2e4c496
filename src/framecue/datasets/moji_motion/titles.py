"""Titles over pictures, as films have them. A model that has never seen one takes it for what is shown.

They are drawn once, at the size of the training pictures, and laid over them by the batch. They stand at the edges, in
several letters, sizes and colours, bare, in a bar or in a box; what they say are ordinary words that no caption tells.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from colorsys import hsv_to_rgb
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from framecue.assets import ordinary_words

__all__ = ["NUM_TITLES", "Layout", "draw_shown", "lay_out", "lay_titles", "titles"]

NUM_TITLES = 512
"""How many different ones there are."""

_SEED = 11
_DETAIL = 4  # titles are drawn so many times as large, and reduced
_MARGIN = 0.03
_LUMA = (0.299, 0.587, 0.114)
_LETTERS = (("NotoSans[wght].ttf", 400), ("NotoSans[wght].ttf", 700), ("NotoSans-Italic[wght].ttf", 400))


def draw_shown(seed: Sequence[int], times: np.ndarray, share: float) -> np.ndarray:
    """Return which title is over each frame of an example, int64 (F,), -1 for none.

    Args:
        seed: of the example's titles.
        times: of the frames, (F,) in 0..1.
        share: how often there is a title. One in three of them comes late or goes early.
    """
    # Most data have no titles, and need nothing drawn.
    if share == 0 or (rng := np.random.default_rng(seed)).random() >= share:
        return np.full(len(times), -1)
    begin, end = sorted(rng.uniform(0, 1, 2)) if rng.random() < 1 / 3 else (0.0, 1.0)
    return np.where((times >= begin) & (times <= end), rng.integers(NUM_TITLES), -1)


def lay_titles(frames: Tensor, shown: np.ndarray) -> Tensor:
    """Return frames with a title over each that has one.

    Args:
        frames: uint8 (N, 3, S, S), RGB.
        shown: int64 (N,), which title a frame has, below `NUM_TITLES`; -1 for none.

    Returns:
        uint8 (N, 3, S, S); the frames given stay as they are.
    """
    rows = np.flatnonzero(shown >= 0)
    if not len(rows):
        return frames
    over = titles(frames.shape[-1])[torch.from_numpy(shown[rows])]
    made = frames.clone()
    under = made[rows].float() / 255
    made[rows] = ((under * (1 - over[:, 3:]) + over[:, :3]).clamp(0, 1) * 255 + 0.5).to(torch.uint8)
    return made


@cache
def titles(size: int) -> Tensor:
    """Return all titles for pictures of a size, float32 (NUM_TITLES, 4, size, size) in 0..1, multiplied by alpha."""
    words = ordinary_words()
    made = np.empty((NUM_TITLES, size, size, 4), dtype=np.float32)
    for number in range(NUM_TITLES):
        drawn = _title(np.random.default_rng([_SEED, number]), words, size * _DETAIL)
        rgba = np.asarray(drawn, dtype=np.float32) / 255
        rgba = np.concatenate([rgba[..., :3] * rgba[..., 3:], rgba[..., 3:]], axis=-1)
        made[number] = rgba.reshape(size, _DETAIL, size, _DETAIL, 4).mean((1, 3))
    return torch.from_numpy(made).permute(0, 3, 1, 2).contiguous()


def _title(rng: np.random.Generator, words: tuple[str, ...], size: int) -> Image.Image:
    """Draw a title, RGBA of (size, size); in two lines where one is too long."""
    text = " ".join(words[i] for i in rng.integers(len(words), size=rng.integers(1, 6)))
    text = (text.capitalize, text.upper, text.title)[rng.integers(3)]()
    letters, height = _LETTERS[rng.integers(len(_LETTERS))], rng.uniform(0.05, 0.13)
    row, column = rng.choice(["top", "bottom"]), rng.choice(["left", "middle", "right"], p=[0.25, 0.5, 0.25])
    behind = rng.choice(["nothing", "bar", "box"], p=[0.3, 0.35, 0.35])
    ground, ink = _colours(rng)
    picture = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    pen, margin = ImageDraw.Draw(picture), round(_MARGIN * size)
    laid = lay_out(
        text, partial(_font, *letters), round(height * size), least=6, size=size, margin=margin, at=(row, column)
    )
    if behind != "nothing":
        box = (0, laid.around[1], size, laid.around[3]) if behind == "bar" else laid.around
        pen.rectangle(box, fill=(*ground, int(rng.integers(150, 256))))
    stroke = max(1, laid.pixels // 12) if behind == "nothing" else 0
    pen.multiline_text(
        laid.corner, laid.lines, font=laid.font, fill=ink, align="center", stroke_width=stroke, stroke_fill=ground
    )
    return picture


@dataclass(frozen=True)
class Layout:
    """Where a title's letters stand, in pixels.

    Attributes:
        lines: the text, in one line or in two.
        font: of its letters.
        pixels: how high they are.
        corner: where drawing begins.
        around: the box about them and a margin: left, top, right, bottom.
    """

    lines: str
    font: ImageFont.FreeTypeFont
    pixels: int
    corner: tuple[float, float]
    around: tuple[float, float, float, float]


def lay_out(
    text: str,
    font_of: Callable[[int], ImageFont.FreeTypeFont],
    pixels: int,
    *,
    least: int,
    size: int,
    margin: int,
    at: tuple[str, str],
) -> Layout:
    """Lay a title out at an edge of a square picture, in smaller letters where they would not fit.

    Args:
        text: what it says.
        font_of: gives the letters of a height.
        pixels: how high they are to be.
        least: how small they become at most.
        size: side of the picture.
        margin: between the letters and a box about them, and between that and the edge.
        at: the row, "top" or "bottom", and the column, "left" or "right"; any other is the middle.
    """
    room = size - 4 * margin
    while True:
        font = font_of(pixels)
        lines = _in_lines(text, font, room)
        box = ImageDraw.Draw(Image.new("RGBA", (1, 1))).multiline_textbbox((0, 0), lines, font=font, align="center")
        wide, high = box[2] - box[0], box[3] - box[1]
        if wide <= room or pixels <= least:
            break
        pixels -= 1
    left = {"left": 2 * margin, "right": size - 2 * margin - wide}.get(at[1], (size - wide) // 2)
    top = {"top": 2 * margin, "bottom": size - 2 * margin - high}.get(at[0], (size - high) // 2)
    around = (left - margin, top - margin, left + wide + margin, top + high + margin)
    return Layout(lines, font, pixels, (left - box[0], top - box[1]), around)


def _colours(rng: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Draw the colour behind the letters, near to grey or full, and theirs: light on dark, or dark on light."""
    is_full = rng.random() < 0.5
    if is_full:
        drawn = hsv_to_rgb(rng.random(), rng.uniform(0.5, 1), rng.uniform(0.3, 1))
        ground = tuple(round(255 * part) for part in drawn)
    else:
        low = 10 if rng.random() < 0.7 else 185
        ground = tuple(int(part) for part in rng.integers(low, low + 70, 3))
    is_dark = np.dot(ground, _LUMA) < 128
    low = 185 if is_dark else 10
    return ground, tuple(int(part) for part in rng.integers(low, low + 70, 3))


@cache
def _font(name: str, weight: int, pixels: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(str(files("manimgx_fonts") / name), pixels)
    font.set_variation_by_axes([weight])
    return font


def _in_lines(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    """The text, in two lines of about one length if it is wider than there is room for."""
    words = text.split()
    if font.getlength(text) <= width or len(words) == 1:
        return text
    breaks = [(" ".join(words[:i]), " ".join(words[i:])) for i in range(1, len(words))]
    return "\n".join(min(breaks, key=lambda pair: max(map(font.getlength, pair))))
