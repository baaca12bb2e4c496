"""Titles drawn into pictures of films that are made here: several letters, sizes, places and backgrounds.

They stand at the edges, as titles do, so that they seldom hide who acts.

The letters come with packages: Noto Sans with `manimgx-fonts`, which framecue installs, and Pillow's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from framecue.datasets.moji_motion.titles import lay_out

__all__ = ["LOOKS", "PLACES", "Look", "draw_look", "draw_on", "title_picture"]

PLACES = ("top", "bottom", "top left", "bottom left", "bottom right")
LETTERS = ("regular", "bold", "italic", "pillow")
LOOKS = ("outlined", "dark bar", "light box", "coloured box")
HEIGHTS = (0.055, 0.07, 0.09, 0.11)
"""How high the letters are, in heights of the picture."""
_MARGIN = 0.04


@dataclass(frozen=True)
class Look:
    """How a title is drawn.

    Attributes:
        letters: one of LETTERS.
        height: of the letters, in heights of the picture; less where the title would not fit.
        place: one of PLACES.
        background: one of LOOKS.
    """

    letters: str
    height: float
    place: str
    background: str


def draw_look(rng: np.random.Generator) -> Look:
    """Draw how a title looks."""
    return Look(str(rng.choice(LETTERS)), float(rng.choice(HEIGHTS)), str(rng.choice(PLACES)), str(rng.choice(LOOKS)))


@cache
def title_picture(text: str, look: Look, size: int) -> Image.Image:
    """Draw a title, RGBA of (size, size), to be put over a picture; in two lines where one is too long."""
    picture = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    margin, pixels = round(_MARGIN * size), round(look.height * size)
    row, column = look.place.split()[0], look.place.split()[-1]
    letters = partial(_letters, look.letters)
    laid = lay_out(text, letters, pixels, least=10, size=size, margin=margin, at=(row, column))
    around = laid.around
    ink, outline = (255, 255, 255, 255), (20, 20, 20, 255)
    if look.background == "dark bar":
        pen.rectangle((0, around[1], size, around[3]), fill=(15, 20, 30, 255))
    elif look.background == "light box":
        pen.rectangle(around, fill=(250, 250, 245, 255))
        ink = (25, 25, 35, 255)
    elif look.background == "coloured box":
        pen.rectangle(around, fill=(150, 25, 40, 255))
    stroke = max(1, laid.pixels // 12) if look.background == "outlined" else 0
    pen.multiline_text(
        laid.corner, laid.lines, font=laid.font, fill=ink, align="center", stroke_width=stroke, stroke_fill=outline
    )
    return picture


def draw_on(frame: np.ndarray, title: Image.Image) -> np.ndarray:
    """Put a title over a frame, uint8 (S, S, 3); the frame stays as it is."""
    picture = Image.fromarray(frame)
    picture.paste(title, mask=title.getchannel("A"))
    return np.asarray(picture)


@cache
def _letters(name: str, pixels: int) -> ImageFont.FreeTypeFont:
    if name == "pillow":
        letters = ImageFont.load_default(pixels)
        assert isinstance(letters, ImageFont.FreeTypeFont)
        return letters
    file = "NotoSans-Italic[wght].ttf" if name == "italic" else "NotoSans[wght].ttf"
    letters = ImageFont.truetype(str(files("manimgx_fonts") / file), pixels)
    letters.set_variation_by_axes([700 if name == "bold" else 400])
    return letters
