"""Showing hits to people: tables, links, and pictures in a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from framecue.cli.output import FilePath, Marked, one_line, print_table, stdout_console
from framecue.cli.shares import share_text
from framecue.cli.shown_paths import shown_path
from framecue.dates import iso_time
from framecue.library.search.snippets import snippet
from framecue.times import clock, time_span

if TYPE_CHECKING:
    import numpy as np
    from rich.console import Console
    from rich.text import Text

    from framecue.library import Hit, LegHit
    from framecue.library.results import BestFrame

__all__ = ["NOTHING_FITS", "half_blocks", "print_hits", "shows_pictures", "told_by"]

NOTHING_FITS = "nothing here fits well; the nearest:"
"""What stands above results none of which is likely to be what was asked for."""

PICTURE_COLUMNS = 40
LONGEST_WORDS = 60
# From this strength on, what a leg has found has all that was typed, or all but its commonest words.
_ALL_OF_IT = 0.8


def print_hits(hits: Sequence[Hit], *, hybrid: bool) -> None:
    """Write hits as a table, and below it the explanations of those that have them.

    The column "fit" is the confidence, where it can be said, and "score" the cosine, where it says anything.

    Args:
        hits: best first.
        hybrid: whether to show the words that matched; without it, what is said or written is shown where that was
            found. When the parts of a hit are shown, if it has some, comes after its own time.
    """
    told = {hit.rank: told_by(hit) for hit in hits}
    has_words = any(told.values())
    has_parts = any(hit.parts for hit in hits)
    is_judged = any(hit.confidence is not None for hit in hits)
    has_scores = any(hit.is_seen for hit in hits)
    columns = [
        "rank",
        *(["fit"] if is_judged else []),
        *(["score"] if has_scores else []),
        "time",
        *(["parts"] if has_parts else []),
        *(["words"] if hybrid or has_words else []),
        "path",
    ]
    rows = [
        [
            str(hit.rank),
            *(["" if hit.confidence is None else share_text(hit.confidence)] if is_judged else []),
            *([f"{hit.score:.3f}" if hit.is_seen else ""] if has_scores else []),
            "" if hit.kind == "image" else time_span(hit.start_seconds, hit.end_seconds),
            *([", ".join(time_span(part.start_seconds, part.end_seconds) for part in hit.parts)] if has_parts else []),
            *([" ".join(hit.words)] if hybrid else []),
            *([told[hit.rank] or ""] if has_words else []),
            FilePath(hit.path),
        ]
        for hit in hits
    ]
    print_table(columns, rows, right=[name for name in ("rank", "fit", "score", "time") if name in columns])
    for hit in hits:
        if hit.explanation:
            _print_explanation(hit, hybrid=hybrid)


def _print_explanation(hit: Hit, *, hybrid: bool) -> None:
    from rich.text import Text

    why = hit.explanation
    assert why is not None
    lines = [f"{hit.rank}. {shown_path(hit.path)}"]
    if why.frame:
        lines += [line] if (line := _frame_line(why.frame, hit)) else []
    else:
        lines.append(f"no frame to show: {why.problem}")
    # Each part of an order has its own moment; of those that words alone speak for the cosine says nothing.
    says = [part.is_seen for part in hit.parts] or [hit.is_seen] * len(why.parts)
    scores = [f"{part.part} {part.score:.3f}" for part, is_seen in zip(why.parts, says, strict=False) if is_seen]
    if len(why.parts) > 1 and scores:
        lines.append("parts: " + "; ".join(scores))
    if any(part.confidence is not None for part in hit.parts):
        lines.append(_fit_of_parts(hit))
    if why.names:
        names = (
            f"{name.name} (its examples {name.score:.3f}, {share_text(name.share)} of the score)" for name in why.names
        )
        lines.append("taught names: " + "; ".join(names))
    if hybrid:
        places = [f"{'beyond the best' if hit.vector_rank is None else hit.vector_rank} by vector"]
        words = f" ({', '.join(hit.words)})" if hit.words else ""
        places.append("not found by words" if hit.text_rank is None else f"{hit.text_rank} by words{words}")
        lines.append("rank: " + ", ".join(places))
    is_image = hit.kind == "image"
    lines += [_leg_line(leg, is_image=is_image, is_seen=hit.is_seen) for leg in hit.legs]
    lines += [
        _leg_line(leg, is_image=is_image, is_seen=part.is_seen).after(f"{part.part}: ")
        for part in hit.parts
        for leg in part.legs
    ]
    if hit.recorded_seconds is not None:
        lines.append(f"recorded {iso_time(hit.recorded_seconds)[:16].replace('T', ' ')}")
    console = stdout_console()
    for number, line in enumerate(lines):
        indent = "" if number == 0 else "   "
        shown = line.after(indent).shown() if isinstance(line, Marked) else Text(indent + one_line(line))
        console.print(shown, soft_wrap=True)
    if why.frame and shows_pictures(console):
        console.print(half_blocks(why.frame.pixels, PICTURE_COLUMNS))


def _frame_line(frame: BestFrame, hit: Hit) -> str:
    """Return when the frame is shown that is nearest, and its score, where what is seen has a say in the moment."""
    is_seen = hit.parts[0].is_seen if hit.parts else hit.is_seen
    name = "best frame" if is_seen else "frame"
    when = [] if hit.kind == "image" else [f"{name} at {clock(frame.at_seconds, decimals=1)}"]
    return ", ".join([*when, *([f"score {frame.score:.3f}"] if is_seen else [])])


def _fit_of_parts(hit: Hit) -> str:
    """Return how likely each part of a hit is; the hit is as likely as the least likely of them."""
    parts = "; ".join(f"{part.part} {_percent(part.confidence)}" for part in hit.parts)
    told = f"{_percent(hit.confidence)}, that of the least likely part"
    return f"fit: {'unknown, as one part cannot be judged' if hit.confidence is None else told}: {parts}"


def _percent(confidence: float | None) -> str:
    return "unknown" if confidence is None else share_text(confidence)


def told_by(hit: Hit) -> Marked | None:
    """Return the words of a hit that a leg has found, as a cell: of several the strongest; None without any.

    What has the words that were typed is told rather than what only means them: where all that was typed is there, or
    where the meaning is that of the very text. The names of the file, which its path shows anyway, are told where
    nothing else tells why the hit is where it is: it has no other words, and others look more like it. Words from
    another moment of the file, which another leg has found to be its best, have their time.
    """
    legs = [leg for leg in (*hit.legs, *(leg for part in hit.parts for leg in part.legs)) if leg.text is not None]
    found = [leg for leg in legs if leg.leg != "named"]
    if not found:
        named = next((leg for leg in legs if leg.words), None)
        return None if named is None or _is_seen_there(hit) else _named(named)
    best = max(found, key=lambda leg: leg.strength)
    if not best.words:
        has_words = [leg for leg in found if leg.words and _tells_more(leg, best, hit)]
        best = max(has_words, key=lambda leg: leg.strength, default=best)
    text, spans = snippet(best.text or "", best.spans, longest=LONGEST_WORDS)
    is_elsewhere = hit.kind != "image" and not _overlap(_seconds(best), (hit.start_seconds, hit.end_seconds))
    when = f" at {clock(best.start_seconds)}" if is_elsewhere and best.start_seconds is not None else ""
    return Marked(text, spans).after(f"{best.leg}{when}: ")


def _tells_more(told: LegHit, meant: LegHit, hit: Hit) -> bool:
    """Whether words that were found tell more of a hit than a meaning that is stronger, or as strong."""
    is_all_there = told.strength >= _ALL_OF_IT and _overlap(_seconds(told), (hit.start_seconds, hit.end_seconds))
    return is_all_there or round(told.strength, 2) == round(meant.strength, 2) or _is_same(told, meant)


def _is_seen_there(hit: Hit) -> bool:
    """Whether a hit would be where it is, or before, by what is seen alone."""
    return any(leg.leg == "seen" and leg.rank is not None and leg.rank <= hit.rank for leg in hit.legs)


def _is_same(told: LegHit, meant: LegHit) -> bool:
    """Whether words were found in the text whose meaning was found, by their times, or where they have none as text."""
    if _seconds(told) is None or _seconds(meant) is None:
        return (meant.text or "") in (told.text or "")
    return _overlap(_seconds(told), _seconds(meant))


def _seconds(leg: LegHit) -> tuple[float, float] | None:
    """Return when a leg's words begin and end; None where that is not known more finely than the segment."""
    if leg.start_seconds is None or leg.end_seconds is None:
        return None
    return leg.start_seconds, leg.end_seconds


def _overlap(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    """Whether two spans share some time; one that is not known may."""
    return one is None or other is None or (one[0] < other[1] and other[0] < one[1])


def _named(leg: LegHit) -> Marked:
    """Return the names of a file and its folders as a cell, from the first that has a word of the query."""
    names = leg.text or ""
    start = names.rfind("/", 0, leg.spans[0][0]) + 1 if leg.spans else 0
    inside = [(low - start, high - start) for low, high in leg.spans]
    return Marked(*snippet(names[start:], inside, longest=LONGEST_WORDS)).after(f"{leg.leg}: ")


def _leg_line(leg: LegHit, *, is_image: bool, is_seen: bool) -> Marked:
    """Return what a leg has found, in a line, and how likely the moment is what was meant by that alone."""
    rank = "beyond the best" if leg.rank is None else f"rank {leg.rank}"
    fits = "" if leg.confidence is None else f", fits {_percent(leg.confidence)}"
    when = ""
    if leg.start_seconds is not None and leg.end_seconds is not None and not is_image:
        when = f" at {clock(leg.start_seconds, decimals=1)}\u2013{clock(leg.end_seconds, decimals=1)}"
    if leg.text is None:
        score = f", score {leg.score:.3f}" if is_seen else ""
        return Marked(f"{leg.leg}: {rank}{score}{fits}")
    return Marked(leg.text, leg.spans).after(f"{leg.leg}: {rank}{when}{fits}: ")


def shows_pictures(console: Console) -> bool:
    """Whether a console is a terminal with the colours of which a picture of characters is made."""
    return console.is_terminal and not console.no_color and console.color_system in ("256", "truecolor")


def half_blocks(pixels: np.ndarray, columns: int) -> Text:
    """Draw a picture with characters; each shows two pixels, one above the other.

    Args:
        pixels: uint8 (H, W, 3), RGB.
        columns: how many characters wide.
    """
    from PIL import Image
    from rich.color import Color
    from rich.style import Style
    from rich.text import Text

    height, width = pixels.shape[:2]
    rows = max(1, round(columns * height / width / 2))
    small = Image.fromarray(pixels).resize((columns, 2 * rows))
    text = Text()
    for row in range(rows):
        for column in range(columns):
            above, below = (small.getpixel((column, 2 * row + line)) for line in (0, 1))
            style = Style(color=Color.from_rgb(*above), bgcolor=Color.from_rgb(*below))  # type: ignore[misc]
            text.append("\u2580", style)
        text.append("\n")
    return text
