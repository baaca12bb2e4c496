"""Contact sheets: what a search found, as a picture, so that a person sees frames and not only names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from framecue.errors import InputError, VideoError
from framecue.library.reports import Hit
from framecue.video import FrameSampling, read_frames

__all__ = ["SheetRow", "contact_sheet"]

FRAMES_SHOWN = 5
FRAME_SIZE = (84, 84)
_MARGIN, _GAP, _LINE = 16, 3, 20
_BACKGROUND, _INK, _FAINT, _RIGHT = (250, 250, 250), (25, 25, 25), (110, 110, 110), (20, 140, 70)
_EMPTY = (232, 232, 232)


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

    A result whose file is gone or damaged keeps its place, empty, with its label.

    Args:
        rows: at least one.
        output: the picture's file; its suffix says the format (`.png`).

    Returns:
        The file written.

    Raises:
        InputError: no rows, a suffix that is no picture's, or a place that cannot be written.
    """
    if not rows:
        raise InputError("no rows for a contact sheet; give at least one")
    strip = FRAMES_SHOWN * (FRAME_SIZE[0] + _GAP) - _GAP
    columns = max(1, *(len(row.hits) for row in rows))
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
            frames = _frames(hit)
            for place, frame in enumerate(frames):
                sheet.paste(frame, (left + place * (FRAME_SIZE[0] + _GAP), frames_top))
            if not frames:
                box = (left, frames_top, left + strip - 1, frames_top + FRAME_SIZE[1] - 1)
                draw.rectangle(box, fill=_EMPTY)
                draw.text((left + 8, frames_top + 8), "cannot be read any more", fill=_FAINT, font=small)
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
    try:
        sheet.save(target)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error}); name another place") from error
    except ValueError as error:
        raise InputError(f"{target}: not the name of a picture file ({error}); end it in .png") from error
    return target


def _frames(hit: Hit) -> list[Image.Image]:
    """Frames of a result, evenly spaced over its moment; none where the file is gone."""
    # A still image lasts 0 seconds, and a window cannot.
    end_seconds = hit.end_seconds if hit.end_seconds > hit.start_seconds else None
    try:
        frames = read_frames(
            hit.path, FrameSampling(FRAMES_SHOWN), start_seconds=hit.start_seconds, end_seconds=end_seconds
        )
    except VideoError:
        return []
    return [ImageOps.pad(Image.fromarray(np.ascontiguousarray(pixels)), FRAME_SIZE) for pixels in frames.pixels]


def _fit(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Put a text on one line, and cut it where it is too wide."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "...") > width:
        text = text[:-1]
    return text + "..."
