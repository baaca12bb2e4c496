"""Texts on pictures, in any script: which font has which letters, how long a text is, and drawing.

HarfBuzz shapes the letters (Arabic joins, a family of emoji is one sign), python-bidi says what runs from the right.
Pillow does both by itself only where the machine has a library beside it. The fonts are Noto's, from packages, so that
a sheet looks the same everywhere, also on a machine without fonts or a network.
"""

from __future__ import annotations

import unicodedata
from functools import cache, cached_property
from importlib.resources import files
from itertools import groupby, zip_longest
from typing import Any, NamedTuple

import numpy as np
import uharfbuzz
from bidi import algorithm as bidi
from bidi.mirror import MIRRORED
from PIL import Image

__all__ = ["draw_text", "folded", "readable", "text_width"]

Colour = tuple[int, int, int]

# Packages with font files. The second has Chinese, Japanese and Korean and is large, so it is opened only for them.
_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
_LATIN, _EMOJI, _COLLECTION = "NotoSans[", "NotoEmoji[", ".ttc"
# Signs without a picture of their own that shape their neighbours: joiners, marks of direction, the looks of emoji.
_JOINERS = frozenset("\u200c\u200d\u200e\u200f\ufe0e\ufe0f")
_EMOJI_LOOK, _KEYCAP = "\ufe0f", "\u20e3"
_ELLIPSIS = "\u2026"
_REGULAR, _BOLD = 400, 600
# Faces of the collection, by language: many signs look different in each.
_JAPANESE, _KOREAN, _CHINESE = 0, 1, 2


class _Font:
    """One font file: its letters, and their shapes."""

    def __init__(self, name: str, path: str) -> None:
        self.name, self._path = name, path

    def __contains__(self, char: str) -> bool:
        return ord(char) in self._letters

    @cached_property
    def _letters(self) -> frozenset[int]:
        return frozenset(self._face(0).unicodes)

    @cache  # noqa: B019 (there are two dozen fonts, kept as long as the process)
    def _face(self, number: int) -> uharfbuzz.Face:
        return uharfbuzz.Face(self._blob, number)

    @cached_property
    def _blob(self) -> uharfbuzz.Blob:
        return uharfbuzz.Blob.from_file_path(self._path)

    @cache  # noqa: B019
    def shaper(self, number: int, weight: int) -> uharfbuzz.Font:
        """Return what shapes with a face of this file, in a weight."""
        font = uharfbuzz.Font(self._face(number))
        font.set_variations({"wght": weight})
        return font


@cache
def _fonts() -> tuple[_Font, ...]:
    """Return the fonts in the order in which they are asked for a letter."""
    found = [
        _Font(file.name, str(file))
        for package in _PACKAGES
        for file in files(package).iterdir()
        if file.name.endswith((".ttf", _COLLECTION)) and "Italic" not in file.name
    ]

    def turn(font: _Font) -> tuple[int, str]:
        late = 2 if font.name.endswith(_COLLECTION) else int(font.name.startswith(_EMOJI))
        return -1 if font.name.startswith(_LATIN) else late, font.name

    return tuple(sorted(found, key=turn))


@cache
def _font_of(char: str) -> _Font | None:
    return next((font for font in _fonts() if char in font), None)


@cache
def _emoji_font() -> _Font:
    return next(font for font in _fonts() if font.name.startswith(_EMOJI))


def readable(text: str) -> str:
    """Return a text on one line in which every letter can be drawn; what no font has stands as an escape."""
    whole = unicodedata.normalize("NFC", text.encode("utf-8", "backslashreplace").decode())
    return "".join(char if _is_drawable(char) else _stand_in(char) for char in " ".join(whole.split()))


def _is_drawable(char: str) -> bool:
    return char in _JOINERS or (char.isprintable() and _font_of(char) is not None)


def _stand_in(char: str) -> str:
    """Return plain letters in place of fancy ones, else an escape."""
    plain = unicodedata.normalize("NFKC", char)
    return plain if all(map(_is_drawable, plain)) else char.encode("unicode_escape").decode()


def text_width(text: str, size: int, *, bold: bool = False) -> float:
    """Return how wide a text is that :func:`readable` returned, in pixels."""
    return sum(run.width for run in _shaped(text, size, bold))


def folded(text: str, size: int, width: int, *, keep: str = "both", bold: bool = False) -> str:
    """Return a text that fits into a width, with an ellipsis in place of what does not.

    Args:
        text: as :func:`readable` returns it.
        size: of its letters, in pixels.
        width: in pixels.
        keep: which part says most: its "start", its "end", or "both" (a name and its suffix).
        bold: whether it is written so.
    """
    text = text[:1000]  # shaping takes long for texts of any length, and no more fits anywhere
    if text_width(text, size, bold=bold) <= width:
        return text
    low, high = 0, len(text)
    while low < high:  # the longest that fits
        middle = (low + high + 1) // 2
        if text_width(_shortened(text, middle, keep), size, bold=bold) <= width:
            low = middle
        else:
            high = middle - 1
    return _shortened(text, low, keep)


def _shortened(text: str, length: int, keep: str) -> str:
    tail = {"start": 0, "end": length, "both": min(length // 3, 12)}[keep]
    start, end = text[: length - tail], text[len(text) - tail :]
    # A mark without its letter, or half an emoji, would be another sign.
    while end and _belongs_to_the_one_before(end[0]):
        end = end[1:]
    return start.rstrip("\u200d ") + _ELLIPSIS + end


def _belongs_to_the_one_before(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char).startswith("M")


def draw_text(
    picture: Image.Image,
    corner: tuple[int, int],
    text: str,
    *,
    size: int,
    fill: Colour,
    bold: bool = False,
    ends_there: bool = False,
) -> None:
    """Draw a text on a picture, RGB, in place.

    Args:
        picture: to draw on.
        corner: where the line starts on which the letters stand, in pixels.
        text: as :func:`readable` and :func:`folded` return it.
        size: of the letters, in pixels.
        fill: their colour, RGB.
        bold: whether they are heavier.
        ends_there: whether the corner is where the line ends instead.
    """
    runs = _shaped(text, size, bold)
    left = float(corner[0]) - (sum(run.width for run in runs) if ends_there else 0)
    raster = uharfbuzz.RasterDraw()
    for run in runs:
        scale, x = run.scale, left
        for glyph, place in zip(run.buffer.glyph_infos, run.buffer.glyph_positions, strict=True):
            raster.transform = (scale, 0, 0, scale, x + place.x_offset * scale, place.y_offset * scale)
            raster.draw_glyph(run.font, glyph.codepoint)
            x += place.x_advance * scale
        left += run.width
    drawn = raster.render()
    extents = drawn.extents if drawn is not None else None
    if drawn is None or extents is None or not extents.width or not extents.height:
        return  # spaces alone
    rows = np.frombuffer(drawn.buffer, np.uint8)[: extents.stride * extents.height].reshape(-1, extents.stride)
    # Its first row is the lowest.
    mask = Image.fromarray(np.ascontiguousarray(rows[::-1, : extents.width]))
    top = corner[1] - (extents.y_origin + extents.height)
    picture.paste(fill, (extents.x_origin, top, extents.x_origin + extents.width, top + extents.height), mask)


class _Run(NamedTuple):
    """Neighbouring letters of one font and one direction, shaped."""

    font: uharfbuzz.Font
    buffer: uharfbuzz.Buffer
    scale: float

    @property
    def width(self) -> float:
        return float(sum(place.x_advance for place in self.buffer.glyph_positions) * self.scale)


def _shaped(text: str, size: int, bold: bool) -> list[_Run]:
    """Return a text's runs as they stand, from the left to the right."""
    levels, fonts = _levels(text), _fonts_along(text)
    language = _language(text)
    pieces: list[tuple[int, _Run]] = []
    for _, group in groupby(range(len(text)), key=lambda place: (levels[place], id(fonts[place]))):
        places = list(group)
        level, font = levels[places[0]], fonts[places[0]]
        buffer = uharfbuzz.Buffer()
        buffer.add_str(text[places[0] : places[-1] + 1])
        buffer.guess_segment_properties()
        buffer.direction = "rtl" if level % 2 else "ltr"
        number = language if font.name.endswith(_COLLECTION) else 0
        shaper = font.shaper(number, _BOLD if bold else _REGULAR)
        uharfbuzz.shape(shaper, buffer)
        pieces.append((level, _Run(shaper, buffer, size / shaper.face.upem)))
    return [run for _, run in _in_visual_order(pieces)]


def _in_visual_order(pieces: list[tuple[int, _Run]]) -> list[tuple[int, _Run]]:
    """Turn what runs from the right around, the deepest first: rule L2 of Unicode's annex 9."""
    for level in range(max((level for level, _ in pieces), default=0), 0, -1):
        turned: list[tuple[int, _Run]] = []
        for is_deep, group in groupby(pieces, key=lambda piece: piece[0] >= level):
            together = list(group)
            turned += together[::-1] if is_deep else together
        pieces = turned
    return pieces


def _levels(text: str) -> list[int]:
    """Return each letter's level in a line that runs from the left: odd where it runs from the right."""
    if not any(unicodedata.bidirectional(char) in ("R", "AL", "AN") for char in text):
        return [0] * len(text)
    storage = bidi.get_empty_storage()
    storage["base_level"], storage["base_dir"] = 0, "L"
    bidi.get_embedding_levels(text, storage)
    for place, char in enumerate(storage["chars"]):
        char["place"] = place
    bidi.explicit_embed_and_overrides(storage)
    bidi.resolve_weak_types(storage)
    _resolve_brackets(storage["chars"])
    bidi.resolve_neutral_types(storage, False)
    bidi.resolve_implicit_levels(storage, False)
    known = {char["place"]: char["level"] for char in storage["chars"]}
    levels: list[int] = []
    for place in range(len(text)):  # joiners are taken out on the way
        levels.append(known.get(place, levels[-1] if levels else 0))
    return levels


def _resolve_brackets(chars: list[dict[str, Any]]) -> None:
    """Give both brackets of a pair one direction, that of what is in them: rule N0, which python-bidi leaves out."""
    open_at: list[tuple[str, int]] = []
    pairs: list[tuple[int, int]] = []
    for place, char in enumerate(chars):
        category = unicodedata.category(char["ch"])
        if category == "Ps":
            open_at.append((MIRRORED.get(char["ch"], ""), place))
        elif category == "Pe" and char["ch"] in (closing for closing, _ in open_at):
            while open_at[-1][0] != char["ch"]:
                open_at.pop()
            pairs.append((open_at.pop()[1], place))
    strong = {"L": "L", "R": "R", "EN": "R", "AN": "R"}
    for start, end in sorted(pairs):
        inside = {strong[char["type"]] for char in chars[start:end] if char["type"] in strong}
        if inside:
            before = [strong[char["type"]] for char in chars[:start] if char["type"] in strong]
            is_right = "L" not in inside and before[-1:] == ["R"]
            chars[start]["type"] = chars[end]["type"] = "R" if is_right else "L"


def _fonts_along(text: str) -> list[_Font]:
    """Return the font of each letter."""
    fonts: list[_Font] = []
    for char, after in zip_longest(text, text[1:], fillvalue=""):
        font = fonts[-1] if fonts else _fonts()[0]
        if after and after in _EMOJI_LOOK + _KEYCAP and char in _emoji_font():
            font = _emoji_font()
        elif char in _JOINERS or (char in font and _belongs_to_the_one_before(char)):
            pass  # shaped together
        elif char == " " and char in font and font is not _emoji_font():
            pass  # a space within a script would part what is shaped together
        else:
            font = _font_of(char) or font
        fonts.append(font)
    return fonts


def _language(text: str) -> int:
    """Return the collection's face for the language that a text is most likely in."""
    scripts = {unicodedata.name(char, "").split(" ")[0] for char in text}
    if "HANGUL" in scripts:
        return _KOREAN
    return _JAPANESE if scripts & {"HIRAGANA", "KATAKANA"} else _CHINESE
