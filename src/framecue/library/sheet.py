"""Contact sheets: what a search found, as a picture, so that a person sees frames and not only names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from framecue.errors import VideoError
from framecue.library.library import Hit
from framecue.video import FrameSampling, read_frames

__all__ = ["SheetRow", "contact_sheet"]

FRAMES_SHOWN = 5
FRAME_SIZE = (84, 84)
_MARGIN, _GAP, _LINE = 16, 3, 20
_BACKGROUND, _INK, _FAINT, _RIGHT = (250, 250, 250), (25, 25, 25), (110, 110, 110), (20, 140, 70)


@dataclass(frozen=True)
class SheetRow:
    """One query with what it found.

    Attributes:
        query: the text.
        hits: the results to show, best first.
        expected: the path of the right answer, which is marked; None where nobody knows it.
    """

    query: str
    hits: Sequence[Hit]
    expected: str | None = None


def contact_sheet(rows: Sequence[SheetRow], output: str | Path) -> Path:
    """Write a picture with one row a query: frames of each result, in order, with rank, score and file name.

    Args:
        rows: at least one.
        output: the picture's file; its suffix says the format (`.png`).

    Returns:
        The file written.
    """
    strip = FRAMES_SHOWN * (FRAME_SIZE[0] + _GAP) - _GAP
    columns = max(len(row.hits) for row in rows)
    row_height = _LINE + 6 + FRAME_SIZE[1] + _LINE + _MARGIN
    sheet = Image.new(
        "RGB", (_MARGIN + columns * (strip + _MARGIN), _MARGIN + len(rows) * row_height), color=_BACKGROUND
    )
    draw = ImageDraw.Draw(sheet)
    heading, small = ImageFont.load_default(size=16), ImageFont.load_default(size=12)
    for number, row in enumerate(rows):
        top = _MARGIN + number * row_height
        draw.text((_MARGIN, top), _fit(row.query, heading, sheet.width - 2 * _MARGIN), fill=_INK, font=heading)
        for column, hit in enumerate(row.hits):
            left, frames_top = _MARGIN + column * (strip + _MARGIN), top + _LINE + 6
            for place, frame in enumerate(_frames(hit)):
                sheet.paste(frame, (left + place * (FRAME_SIZE[0] + _GAP), frames_top))
            is_right = row.expected is not None and hit.path == row.expected
            label = f"{hit.rank}.  {hit.score:.3f}  {Path(hit.path).name}{'  (right)' if is_right else ''}"
            draw.text(
                (left, frames_top + FRAME_SIZE[1] + 3),
                _fit(label, small, strip),
                fill=_RIGHT if is_right else _FAINT,
                font=small,
            )
            if is_right:
                box = (left - 3, frames_top - 3, left + strip + 2, frames_top + FRAME_SIZE[1] + 2)
                draw.rectangle(box, outline=_RIGHT, width=2)
    target = Path(output)
    sheet.save(target)
    return target


def _frames(hit: Hit) -> list[Image.Image]:
    """Frames of a result, evenly spaced over its moment; none where the file is gone."""
    try:
        frames = read_frames(
            hit.path, FrameSampling(FRAMES_SHOWN), start_seconds=hit.start_seconds, end_seconds=hit.end_seconds
        )
    except VideoError:
        return []
    return [ImageOps.pad(Image.fromarray(np.ascontiguousarray(pixels)), FRAME_SIZE) for pixels in frames.pixels]


def _fit(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Cut a text that is too wide."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
