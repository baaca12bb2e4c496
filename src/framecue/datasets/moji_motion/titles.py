"""Titles over pictures, as films have them. A model that has never seen one takes it for what is shown.

They are drawn once, at the size of the training pictures, and laid over them by the batch. They stand at the edges, in
several letters, sizes and colours, bare, in a bar or in a box; what they say are ordinary words that no caption tells.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from framecue.assets import ordinary_words

__all__ = ["NUM_TITLES", "draw_shown", "lay_titles", "titles"]

NUM_TITLES = 512
"""How many different ones there are."""

_SEED = 11
_DETAIL = 4  # titles are drawn so many times as large, and reduced
_MARGIN = 0.03
_LETTERS = (("NotoSans[wght].ttf", 400), ("NotoSans[wght].ttf", 700), ("NotoSans-Italic[wght].ttf", 400))


def draw_shown(rng: np.random.Generator, times: np.ndarray, share: float) -> np.ndarray:
    """Return which title is over each frame of an example, int64 (F,), -1 for none.

    Args:
        rng: the source of randomness.
        times: of the frames, (F,) in 0..1.
        share: how often there is a title. One in three of them comes late or goes early.
    """
    if rng.random() >= share:
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
    letters, height = _LETTERS[rng.integers(len(_LETTERS))], rng.uniform(0.05, 0.12)
    row, column = rng.choice(["top", "bottom"]), rng.choice(["left", "middle", "right"], p=[0.25, 0.5, 0.25])
    behind = rng.choice(["nothing", "bar", "box"], p=[0.3, 0.35, 0.35])
    ground, ink = (tuple(int(c) for c in rng.integers(low, low + 70, 3)) for low in _tones(rng))
    picture = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    pen, margin, pixels = ImageDraw.Draw(picture), round(_MARGIN * size), round(height * size)
    while True:
        font = _font(*letters, pixels)
        lines = _in_lines(text, font, size - 4 * margin)
        left, top, right, bottom = pen.multiline_textbbox((0, 0), lines, font=font, align="center")
        if right - left <= size - 4 * margin or pixels <= 6:
            break
        pixels -= 1
    wide, high = right - left, bottom - top
    x = {"left": 2 * margin, "middle": (size - wide) // 2, "right": size - 2 * margin - wide}[column]
    y = 2 * margin if row == "top" else size - 2 * margin - high
    if behind != "nothing":
        box = (x - margin, y - margin, x + wide + margin, y + high + margin)
        if behind == "bar":
            box = (0, box[1], size, box[3])
        pen.rectangle(box, fill=(*ground, int(rng.integers(150, 256))))
    stroke = max(1, pixels // 12) if behind == "nothing" else 0
    pen.multiline_text(
        (x - left, y - top), lines, font=font, fill=ink, align="center", stroke_width=stroke, stroke_fill=ground
    )
    return picture


def _tones(rng: np.random.Generator) -> tuple[int, int]:
    """The least brightness of what is behind the letters, and theirs: light on dark, or dark on light."""
    return (10, 185) if rng.random() < 0.7 else (185, 10)


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
