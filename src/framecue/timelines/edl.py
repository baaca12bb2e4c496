"""CMX 3600 (.edl): a list of cuts that nearly every editing program reads, written by OpenTimelineIO's adapter.

An EDL has one rate, and says only by its timecodes which: it is the timeline's. Of files at other rates the timecode of
the first frame is kept, with its frames counted at that rate. Its locators stand at times of the record, as Avid's do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from fractions import Fraction
from pathlib import PurePath

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from framecue.timelines.assembly import Assembly, Media, Span
from framecue.timelines.otio import START_HOUR, marker_texts
from framecue.timelines.pick import Pick
from framecue.timelines.timecode import FrameRate

__all__ = ["edl_rate", "reel_names", "write_edl"]

_NTSC = Fraction(1000, 1001)
# What OpenTimelineIO names frames at, and editing programs read an EDL at.
_RATES = (24 * _NTSC, Fraction(24), Fraction(25), 30 * _NTSC, Fraction(30), Fraction(50), 60 * _NTSC, Fraction(60))
_MAY_DROP = (30 * _NTSC, 60 * _NTSC)
_REEL_CHARS = 8
# What readers take for no tape: black, bars, and a source without a name.
_RESERVED_REELS = frozenset({"", "AX", "BL", "BLACK", "BARS"})
_TITLE_CHARS = 70
_LOCATOR_CHARS = 80


def write_edl(assembly: Assembly) -> bytes:
    """Return an assembly as the content of an .edl file."""
    rate = edl_rate(assembly.rate)
    # Without dropped numbers a timecode counts frames at a whole rate, and so does the adapter then.
    counted = float(rate.rate) if rate.drops else float(rate.nominal)
    track = otio.schema.Track("V", kind=otio.schema.TrackKind.Video)
    at = rate.frame_of(START_HOUR)
    track.append(otio.schema.Gap(source_range=_range(0, at, counted)))
    reels = reel_names((pick.path, assembly.media[pick.path]) for pick in assembly.picks)
    for pick in assembly.picks:
        span = at_rate(assembly.span(pick), rate)
        clip = otio.schema.Clip(
            pick.name,
            otio.schema.ExternalReference(pick.url),
            _range(span.first, span.num_frames, counted),
            metadata={"cmx_3600": {"reel": reels[pick.path], "comments": _comments(assembly, pick)}},
        )
        for colour, name, _, times in marker_texts(pick):
            offset = 0 if times is None else rate.frames_of(times[0] - pick.start_seconds)
            place = _range(at + min(offset, span.num_frames - 1), 1, counted)
            clip.markers.append(otio.schema.Marker(name[:_LOCATOR_CHARS], place, colour))
        track.append(clip)
        at += span.num_frames
    timeline = otio.schema.Timeline(assembly.title[:_TITLE_CHARS])
    timeline.tracks.append(track)
    text: str = otio.adapters.write_to_string(timeline, "cmx_3600", rate=counted, style="avid")
    head, _, rest = text.partition("\n")
    mode = "DROP FRAME" if rate.drops else "NON-DROP FRAME"
    return f"{head}\nFCM: {mode}\n{rest}".encode()


def edl_rate(rate: FrameRate) -> FrameRate:
    """Return the rate of an EDL for a timeline: one that EDLs have, a multiple or a part of it where there is one."""
    multiples = [known for known in _RATES if (known / rate.rate).denominator == 1]
    parts = [known for known in reversed(_RATES) if (rate.rate / known).denominator == 1]
    nearest = min(_RATES, key=lambda known: max(known / rate.rate, rate.rate / known))
    chosen = (multiples or parts or [nearest])[0]
    drops = rate.drops if chosen == rate.rate else chosen in _MAY_DROP
    return FrameRate(chosen, drops)


def at_rate(span: Span, rate: FrameRate) -> Span:
    """Return frames of a file as those of an EDL: its first by name, as many as take the same time."""
    if span.rate == rate:
        return span
    # By name, as a file's own timecode is what it is found by.
    clock, frames = re.split(r"[:;](?=\d+$)", span.start_timecode)
    number = min(rate.nominal - 1, round(int(frames) * rate.nominal / span.rate.nominal))
    first = rate.frame_of(f"{clock}:{number:02}")
    return Span(rate, first, max(1, rate.frames_of(span.rate.seconds_of(span.num_frames))))


def reel_names(files: Iterable[tuple[str, Media]]) -> dict[str, str]:
    """Return a name of at most eight letters and digits for each file: no two have the same.

    It is the file's own reel where it says one, else the beginning of its name.
    """
    names: dict[str, str] = {}
    taken = set(_RESERVED_REELS)
    for path, media in files:
        if path in names:
            continue
        wanted = _reel(media.reel or "") or _reel(PurePath(path).stem)
        name, number = wanted, 1
        while name in taken:
            number += 1
            end = str(number)
            name = f"{(wanted or 'CLIP')[: _REEL_CHARS - len(end)]}{end}"
        names[path] = name
        taken.add(name)
    return names


def _reel(text: str) -> str:
    """Return what of a name may be in a reel's: letters without their accents, and digits."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub("[^A-Z0-9]", "", plain.upper())[:_REEL_CHARS]


def _comments(assembly: Assembly, pick: Pick) -> list[str]:
    comments = [f"QUERY: {pick.query}"] if pick.query else []
    comments.append(f"RESULT: {pick.facts}")
    comments += [f"{remark.label.upper()}: {remark.text}" for remark in (*pick.parts, *pick.words) if remark.label]
    media = assembly.media[pick.path]
    if media.rate.rate != assembly.rate.rate:
        comments.append(f"SOURCE RATE: {media.rate}")
    return comments


def _range(first: int, num_frames: int, rate: float) -> TimeRange:
    return TimeRange(RationalTime(first, rate), RationalTime(num_frames, rate))
