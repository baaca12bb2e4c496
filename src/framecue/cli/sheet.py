"""Contact sheets: pictures of what a search found, so that a person sees frames and not only names."""

from __future__ import annotations

import io
import unicodedata
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from framecue.errors import InputError, VideoError
from framecue.library.results import Hit
from framecue.outputs import check_output, written_beside
from framecue.times import time_span
from framecue.video import FrameSampling, FrameSource, IsolatedFrameSource

__all__ = ["SheetRow", "contact_sheet"]

FRAMES_SHOWN = 5
FRAME_SIZE = (84, 84)
MAX_COLUMNS = 3
_MARGIN, _GAP, _LINE = 16, 3, 20
_BACKGROUND, _INK, _FAINT, _RIGHT = (250, 250, 250), (25, 25, 25), (110, 110, 110), (20, 140, 70)
_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial Unicode.ttf", "arial.ttf")
_DASH = "\u2013"
_EMPTY, _BEST = (232, 232, 232), (230, 130, 0)
_STRIP = FRAMES_SHOWN * (FRAME_SIZE[0] + _GAP) - _GAP
# The longest side of a stored picture that is still drawn; those in libraries are much smaller.
_THUMBNAIL_SIDE = 1024
_HEADING, _CELL_HEIGHT = _LINE + 6, FRAME_SIZE[1] + _LINE + _MARGIN


@dataclass(frozen=True)
class SheetRow:
    """One query and what it found.

    Attributes:
        query: the text.
        hits: the results to show, best first; the best frame of an explained one is among its frames, outlined.
        expected: the path of the right answer, which is marked; None if it is not known.
        thumbnails: of the hits, as ``Library.thumbnails`` returns them, shown for files that are gone; may be empty.
    """

    query: str
    hits: Sequence[Hit]
    expected: str | None = None
    thumbnails: Sequence[bytes | None] = ()


def contact_sheet(
    rows: Sequence[SheetRow],
    output: str | Path,
    *,
    overwrite: bool = False,
    kept: Callable[[], Iterable[str | Path]] | None = None,
) -> Path:
    """Write a picture of what queries found: frames of each result, in order, with rank, score and file name.

    The results of a query stand side by side under its text, three in a line. A moment that is not the whole video is
    shown with its times. A result whose file is gone or damaged keeps its place, with its thumbnail if there is one.

    Args:
        rows: at least one.
        output: the picture's file; its suffix determines the format (`.png`).
        overwrite: replace a file that exists.
        kept: files that are never replaced, such as the library's; asked for only if the output exists.

    Returns:
        The file written.

    Raises:
        InputError: there are no rows, the suffix is not a picture's, or the file exists or cannot be written.
    """
    check_output(output, overwrite=overwrite, kept=kept)
    if not rows:
        raise InputError("no rows for a contact sheet; give at least one")
    num_columns = min(MAX_COLUMNS, max(1, *(len(row.hits) for row in rows)))
    lines = [max(1, -(-len(row.hits) // num_columns)) for row in rows]
    height = _MARGIN + sum(_HEADING + number * _CELL_HEIGHT for number in lines)
    sheet = Image.new("RGB", (_MARGIN + num_columns * (_STRIP + _MARGIN), height), color=_BACKGROUND)
    top = _MARGIN
    # Read in another process, as any of the files may by now be one that crashes a decoder.
    with IsolatedFrameSource() as source:
        for row, number in zip(rows, lines, strict=True):
            _draw_row(sheet, top, row, num_columns, source)
            top += _HEADING + number * _CELL_HEIGHT
    target = Path(output)
    try:
        with written_beside(target, overwrite=overwrite, kept=kept) as partial:
            sheet.save(partial)
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error}); name another place") from error
    except ValueError as error:
        raise InputError(f"{target}: not the name of a picture file ({error}); end it in .png") from error
    return target


def _draw_row(sheet: Image.Image, top: int, row: SheetRow, num_columns: int, source: FrameSource) -> None:
    """Draw one query with its results below it."""
    draw = ImageDraw.Draw(sheet)
    _write(draw, (_MARGIN, top), row.query, size=16, width=sheet.width - 2 * _MARGIN, fill=_INK)
    for place, hit in enumerate(row.hits):
        line, column = divmod(place, num_columns)
        corner = (_MARGIN + column * (_STRIP + _MARGIN), top + _HEADING + line * _CELL_HEIGHT)
        is_right = row.expected is not None and hit.path == row.expected
        frames, best = _frames(hit, source)
        picture = None
        if not frames and place < len(row.thumbnails):
            picture = _thumbnail(row.thumbnails[place])
        _draw_hit(sheet, corner, hit, frames, best, picture, is_right=is_right)


def _draw_hit(
    sheet: Image.Image,
    corner: tuple[int, int],
    hit: Hit,
    frames: list[Image.Image],
    best: int | None,
    picture: Image.Image | None,
    *,
    is_right: bool,
) -> None:
    """Draw one result: its frames, or the picture that the library keeps of it, and its label below them."""
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    for place, frame in enumerate(frames):
        sheet.paste(frame, (left + place * (FRAME_SIZE[0] + _GAP), top))
    if best is not None:
        edge = left + best * (FRAME_SIZE[0] + _GAP)
        draw.rectangle((edge, top, edge + FRAME_SIZE[0] - 1, top + FRAME_SIZE[1] - 1), outline=_BEST, width=3)
    if not frames:
        draw.rectangle((left, top, left + _STRIP - 1, top + FRAME_SIZE[1] - 1), fill=_EMPTY)
        if picture:
            sheet.paste(picture, corner)
        note = (left + 8 + (FRAME_SIZE[0] if picture else 0), top + 8)
        _write(draw, note, "cannot be read any more", size=12, width=_STRIP, fill=_FAINT)
    label = f"{hit.rank}.  {hit.score:.3f}  {_times(hit)}{Path(hit.path).name}{'  (right)' if is_right else ''}"
    ink = _RIGHT if is_right else _FAINT
    _write(draw, (left, top + FRAME_SIZE[1] + 3), label, size=12, width=_STRIP, fill=ink)
    if is_right:
        draw.rectangle((left - 3, top - 3, left + _STRIP + 2, top + FRAME_SIZE[1] + 2), outline=_RIGHT, width=2)


def _frames(hit: Hit, source: FrameSource) -> tuple[list[Image.Image], int | None]:
    """Return frames of a result, evenly spaced over its moment, and the index of the one that matches best.

    There are no frames if the file is gone. The best frame takes the place of the nearest one in time.
    """
    # A still image lasts 0 seconds, but a window cannot.
    end_seconds = hit.end_seconds if hit.end_seconds > hit.start_seconds else None
    try:
        frames = source.read_frames(
            hit.path,
            FrameSampling(FRAMES_SHOWN),
            start_seconds=hit.start_seconds,
            end_seconds=end_seconds,
            short_side=2 * max(FRAME_SIZE),
        )
    except VideoError:
        return [], None
    pictures = [_fitted(Image.fromarray(np.ascontiguousarray(pixels))) for pixels in frames.pixels]
    best = hit.explanation.frame if hit.explanation else None
    if best is None:
        return pictures, None
    place = int(np.abs(frames.times_seconds - best.at_seconds).argmin())
    pictures[place] = _fitted(Image.fromarray(best.pixels))
    return pictures, place


def _thumbnail(stored: bytes | None) -> Image.Image | None:
    """Return the picture that a library keeps; None if it is not a small one, as the library may be anybody's."""
    if not stored:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is looked at below
            # Opening reads the size and decodes nothing.
            with Image.open(io.BytesIO(stored), formats=["WEBP"]) as picture:
                return _fitted(picture.convert("RGB")) if max(picture.size) <= _THUMBNAIL_SIDE else None
    except (OSError, Image.DecompressionBombError):  # not a picture that Pillow can read
        return None


def _fitted(picture: Image.Image) -> Image.Image:
    return ImageOps.pad(picture, FRAME_SIZE)


def _times(hit: Hit) -> str:
    """Return the times of a moment as text; empty if it is the whole video."""
    if hit.start_seconds <= 0 and hit.end_seconds >= hit.duration_seconds - 0.1:
        return ""
    return f"{time_span(hit.start_seconds, hit.end_seconds)}  ".replace(_DASH, "-")


def _write(
    draw: ImageDraw.ImageDraw, corner: tuple[int, int], text: str, *, size: int, width: int, fill: tuple[int, int, int]
) -> None:
    """Write a text on one line, cut if it is too wide."""
    text = " ".join(text.encode("utf-8", "replace").decode().split())
    font = ImageFont.load_default(size=size)
    if not text.isascii():
        # Pillow's own font has ASCII only.
        system = _system_font(size)
        font, text = (system, text) if system else (font, _ascii(text))
    if font.getlength(text) > width:
        while text and font.getlength(text + "...") > width:
            text = text[:-1]
        text += "..."
    draw.text(corner, text, fill=fill, font=font)


def _system_font(size: int) -> ImageFont.FreeTypeFont | None:
    """Return a font of this machine with the letters of most languages, if there is one."""
    for name in _FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return None


def _ascii(text: str) -> str:
    """Return a text without accents, with a question mark for whatever is still not ASCII."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(char for char in apart if not unicodedata.combining(char)).encode("ascii", "replace").decode()
