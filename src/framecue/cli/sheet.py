"""Contact sheets: pictures of what a search found, so that a person sees frames and not only names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import numpy as np
from PIL import ExifTags, Image, ImageDraw, ImageOps

from framecue.cli.alike import group_alike
from framecue.cli.kept_pictures import open_kept_picture
from framecue.cli.lettering import draw_text, folded, readable, text_width
from framecue.cli.shares import share_text
from framecue.errors import InputError, VideoError
from framecue.library.results import Hit
from framecue.outputs import check_output, written_beside
from framecue.paths import is_url
from framecue.times import time_span
from framecue.video import SHEET_MARK, FrameSampling, FrameSource, IsolatedFrameSource

__all__ = ["SheetRow", "contact_sheet"]

FRAMES_SHOWN = 4
FRAME_WIDTH = 192
MAX_COLUMNS = 2
# Pictures higher or wider than these (height to width) are fitted into them, with bars.
_HIGHEST, _WIDEST = 2.0, 0.3
_MARGIN, _GAP, _PAD = 20, 4, 6
_STRIP = FRAMES_SHOWN * (FRAME_WIDTH + _GAP) - _GAP
_BACKGROUND, _INK, _FAINT, _RIGHT = (250, 250, 250), (25, 25, 25), (110, 110, 110), (20, 140, 70)
_EMPTY, _BAR, _BEST = (232, 232, 232), (0, 0, 0), (230, 130, 0)
_QUERY_SIZE, _NAME_SIZE, _NOTE_SIZE = 20, 15, 13
_HEADING, _NAME_LINE, _NOTE_LINE = 36, 22, 18
# Results that look like another one and are named with it, at most so many.
_MOST_NAMED = 3


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


@dataclass(frozen=True)
class _Strip:
    """What is drawn of one result.

    Attributes:
        hit: the result.
        frames: its frames, all of one size; the stored picture if the file is gone; nothing if that is gone too.
        best: which frame matched best, None if that is not known.
        is_gone: whether the file cannot be read any more.
        is_right: whether it, or one that looks like it, is the right answer.
        alike: results that look the same, which have no strip of their own.
    """

    hit: Hit
    frames: list[Image.Image]
    best: int | None
    is_gone: bool
    is_right: bool
    alike: tuple[Hit, ...] = ()

    @property
    def picture_height(self) -> int:
        return self.frames[0].height if self.frames else FRAME_WIDTH // 2

    @property
    def num_notes(self) -> int:
        return 1 + min(len(self.alike), _MOST_NAMED + 1)

    @property
    def height(self) -> int:
        return self.picture_height + _PAD + _NAME_LINE + self.num_notes * _NOTE_LINE + _MARGIN


def contact_sheet(
    rows: Sequence[SheetRow],
    output: str | Path,
    *,
    overwrite: bool = False,
    kept: Callable[[], Iterable[str | Path]] | None = None,
) -> Path | None:
    """Write a picture of what queries found: frames of each result in their own shape, and what it is.

    The results of a query stand side by side under its text, two in a line. A moment that is not the whole video is
    shown with its times. Results that look the same (:mod:`framecue.cli.alike`) are shown once, and the others named
    below. A result whose file is gone or damaged keeps its place, with its thumbnail if there is one.

    Args:
        rows: at least one.
        output: the picture's file; its suffix determines the format (`.png`).
        overwrite: replace a file that exists.
        kept: files that are never replaced, such as the library's; asked for only if the output exists.

    Returns:
        The file written; None, and no file is written, if no query found anything.

    Raises:
        InputError: there are no rows, the suffix is not a picture's, or the file exists or cannot be written.
    """
    check_output(output, overwrite=overwrite, kept=kept)
    if not rows:
        raise InputError("no rows for a contact sheet; give at least one")
    target = Path(output)
    if target.suffix.lower() not in Image.registered_extensions():
        reason = f"unknown file extension: {target.suffix}"
        raise InputError(f"{target}: not the name of a picture file ({reason}); end it in .png")
    if not any(row.hits for row in rows):
        return None
    # Read in another process, as any of the files may by now be one that crashes a decoder.
    with IsolatedFrameSource() as source:
        found = [(row.query, _strips(row, source)) for row in rows]
    sheet = _draw(found)
    try:
        with written_beside(target, overwrite=overwrite, kept=kept) as partial:
            sheet.save(partial, exif=_exif())
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror or error}); name another place") from error
    except ValueError as error:
        raise InputError(f"{target}: not the name of a picture file ({error}); end it in .png") from error
    return target


def _exif() -> bytes:
    """Return what says that a picture is a sheet: found beside the videos, it is not indexed with them."""
    exif = Image.Exif()
    exif[ExifTags.Base.Software] = SHEET_MARK
    return exif.tobytes()


def _strips(row: SheetRow, source: FrameSource) -> list[_Strip]:
    """Read what is drawn of a query's results, one strip for those that look the same."""
    read = [_frames(hit, source) for hit in row.hits]
    strips = []
    for number, *others in group_alike([frames for frames, _ in read]):
        hit, (frames, best) = row.hits[number], read[number]
        is_gone = not frames
        if is_gone and number < len(row.thumbnails):
            frames = [picture for picture in [_thumbnail(row.thumbnails[number])] if picture]
        alike = tuple(row.hits[other] for other in others)
        is_right = row.expected is not None and row.expected in (hit.path, *(other.path for other in alike))
        strips.append(_Strip(hit, frames, best, is_gone, is_right, alike))
    return strips


def _draw(rows: Sequence[tuple[str, list[_Strip]]]) -> Image.Image:
    """Lay the strips out and draw them under their queries."""
    num_columns = min(MAX_COLUMNS, max(len(strips) for _, strips in rows))
    places = [_layout([strip.height for strip in strips], num_columns) for _, strips in rows]
    edges = [*accumulate((_HEADING + height for _, height in places), initial=_MARGIN)]
    sheet = Image.new("RGB", (_MARGIN + num_columns * (_STRIP + _MARGIN), edges[-1]), color=_BACKGROUND)
    for (query, strips), top, (corners, _) in zip(rows, edges[:-1], places, strict=True):
        text = folded(readable(query), _QUERY_SIZE, sheet.width - 2 * _MARGIN, keep="start", bold=True)
        draw_text(sheet, (_MARGIN, top + _QUERY_SIZE), text, size=_QUERY_SIZE, fill=_INK, bold=True)
        if not strips:
            corner = (_MARGIN, top + _HEADING + _NAME_SIZE)
            draw_text(sheet, corner, "nothing found", size=_NAME_SIZE, fill=_FAINT)
        for strip, (left, down) in zip(strips, corners, strict=True):
            _draw_strip(sheet, (left, top + _HEADING + down), strip)
    return sheet


def _layout(heights: Sequence[int], num_columns: int) -> tuple[list[tuple[int, int]], int]:
    """Return the upper left corner of each strip below a heading, and how high they are together.

    Each goes into the column that is filled least, so that no gap is left beside a strip of upright pictures.
    """
    filled = [0] * num_columns
    corners = []
    for height in heights:
        column = filled.index(min(filled))
        corners.append((_MARGIN + column * (_STRIP + _MARGIN), filled[column]))
        filled[column] += height
    return corners, max(filled) or _NAME_LINE + _MARGIN


def _draw_strip(sheet: Image.Image, corner: tuple[int, int], strip: _Strip) -> None:
    """Draw one result: its frames, and below them what it is."""
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    bottom = top + strip.picture_height
    if strip.is_gone:
        draw.rectangle((left, top, left + _STRIP - 1, bottom - 1), fill=_EMPTY)
        note = (left + 10 + sum(frame.width for frame in strip.frames), top + 10 + _NOTE_SIZE)
        draw_text(sheet, note, "cannot be read any more", size=_NOTE_SIZE, fill=_FAINT)
    for place, frame in enumerate(strip.frames):
        edge = left + place * (FRAME_WIDTH + _GAP)
        sheet.paste(frame, (edge, top))
        if place == strip.best:
            draw.rectangle((edge, top, edge + frame.width - 1, bottom - 1), outline=_BEST, width=4)
    if strip.is_right:
        draw.rectangle((left - 4, top - 4, left + _STRIP + 3, bottom + 3), outline=_RIGHT, width=3)
    _draw_words(sheet, (left, bottom + _PAD), strip)


def _draw_words(sheet: Image.Image, corner: tuple[int, int], strip: _Strip) -> None:
    """Write a result's rank, name, times, fit and score on one line, its folder below, then the results like it."""
    left, top = corner
    hit = strip.hit
    facts = "   ".join(filter(None, [_times(hit), _fit(hit), f"{hit.score:.3f}", "right" if strip.is_right else ""]))
    line = top + _NAME_SIZE
    fact_ink = _RIGHT if strip.is_right else _FAINT
    draw_text(sheet, (left + _STRIP, line), facts, size=_NAME_SIZE, fill=fact_ink, ends_there=True)
    rank = f"{hit.rank}."
    draw_text(sheet, (left, line), rank, size=_NAME_SIZE, fill=_INK, bold=True)
    indent = round(text_width(rank, _NAME_SIZE, bold=True)) + 8
    width = round(_STRIP - indent - text_width(facts, _NAME_SIZE) - 20)
    name = folded(readable(Path(hit.path).name), _NAME_SIZE, width)
    draw_text(sheet, (left + indent, line), name, size=_NAME_SIZE, fill=_INK)
    notes = [_folder(hit), *(f"looks the same: {other.rank}.  {other.path}" for other in strip.alike[:_MOST_NAMED])]
    if len(strip.alike) > _MOST_NAMED:
        notes.append(f"and {len(strip.alike) - _MOST_NAMED} more that look the same")
    for number, note in enumerate(notes):
        keep = "end" if number == 0 else "both"
        text = folded(readable(note), _NOTE_SIZE, _STRIP - indent, keep=keep)
        at = (left + indent, top + _NAME_LINE + number * _NOTE_LINE + _NOTE_SIZE)
        draw_text(sheet, at, text, size=_NOTE_SIZE, fill=_FAINT)


def _frames(hit: Hit, source: FrameSource) -> tuple[list[Image.Image], int | None]:
    """Return frames of a result, evenly spaced over its moment, and the index of the one that matches best.

    There are no frames if the file is gone, and one if it is a still picture. The best frame takes the place of the
    nearest one in time.
    """
    # A still image lasts 0 seconds, but a window cannot.
    end_seconds = hit.end_seconds if hit.end_seconds > hit.start_seconds else None
    try:
        frames = source.read_frames(
            hit.path,
            FrameSampling(FRAMES_SHOWN),
            start_seconds=hit.start_seconds,
            end_seconds=end_seconds,
            short_side=2 * FRAME_WIDTH,
        )
    except VideoError:
        return [], None
    best = hit.explanation.frame if hit.explanation else None
    shown = frames.pixels[: 1 if len(set(frames.times_seconds.tolist())) == 1 else None]
    size = _cell(shown.shape[2], shown.shape[1])
    pictures = [_fitted(Image.fromarray(np.ascontiguousarray(pixels)), size) for pixels in shown]
    if best is None:
        return pictures, None
    place = int(np.abs(frames.times_seconds[: len(shown)] - best.at_seconds).argmin())
    pictures[place] = _fitted(Image.fromarray(best.pixels), size)
    return pictures, place


def _cell(width: int, height: int) -> tuple[int, int]:
    """Return the width and the height at which a picture of these is shown."""
    return FRAME_WIDTH, round(FRAME_WIDTH * min(_HIGHEST, max(_WIDEST, height / width)))


def _thumbnail(stored: bytes | None) -> Image.Image | None:
    """Return the picture that a library keeps, as a cell shows it; None if it is not a small one."""
    picture = open_kept_picture(stored)
    return None if picture is None else _fitted(picture, _cell(*picture.size))


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    return ImageOps.pad(picture, size, color=_BAR)


def _folder(hit: Hit) -> str:
    """Return the folder that a result is in, with a tilde for the user's own."""
    if is_url(hit.path):
        return hit.path.rpartition("/")[0]
    folder = Path(hit.path).parent
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):  # elsewhere, or nobody's
        return str(folder)


def _fit(hit: Hit) -> str:
    """Return how likely a result is what was asked for, as the table has it; empty where that cannot be said."""
    return "" if hit.confidence is None else f"fit {share_text(hit.confidence)}"


def _times(hit: Hit) -> str:
    """Return the times of a moment as text; empty if it is the whole video."""
    if hit.start_seconds <= 0 and hit.end_seconds >= hit.duration_seconds - 0.1:
        return ""
    return time_span(hit.start_seconds, hit.end_seconds)
