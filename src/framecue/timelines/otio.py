"""OpenTimelineIO (.otio): clips on a timeline with markers, which Resolve, Premiere, Avid, Kdenlive and Flame take.

Clips stand one after the other in the order of the results, on a track of pictures and one of sound. Each has its range
in its file, at the file's own rate and from its start timecode, and the whole file's, so that it can be made longer.
"""

from __future__ import annotations

import opentimelineio as otio
from opentimelineio.opentime import RationalTime, TimeRange

from framecue.timelines.assembly import Assembly, Span
from framecue.timelines.pick import Pick
from framecue.timelines.timecode import FrameRate

__all__ = ["START_HOUR", "marker_texts", "timeline_from", "to_range", "write_otio"]

START_HOUR = "01:00:00:00"
"""Where timelines begin, as those of editing programs do."""

_COLOURS = {"": "GREEN", "part": "CYAN"}
_WORDS_COLOUR = "YELLOW"


def write_otio(assembly: Assembly) -> bytes:
    """Return an assembly as the content of an .otio file."""
    text: str = otio.adapters.write_to_string(timeline_from(assembly), "otio_json")
    return text.encode("utf-8")


def timeline_from(assembly: Assembly) -> otio.schema.Timeline:
    """Return an assembly as a timeline of OpenTimelineIO."""
    rate = assembly.rate
    timeline = otio.schema.Timeline(
        assembly.title, global_start_time=RationalTime(rate.frame_of(START_HOUR), float(rate.rate))
    )
    pictures = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    sounds = otio.schema.Track("A1", kind=otio.schema.TrackKind.Audio)
    for pick in assembly.picks:
        clip = _clip(assembly, pick)
        # The sound has the marks already, by what it lies under.
        sound = clip.deepcopy() if assembly.media[pick.path].has_sound else _gap(assembly.span(pick))
        clip.markers.extend(_markers(assembly, pick))
        pictures.append(clip)
        sounds.append(sound)
    timeline.tracks.append(pictures)
    if any(isinstance(sound, otio.schema.Clip) for sound in sounds):
        timeline.tracks.append(sounds)
    return timeline


def to_range(span: Span) -> TimeRange:
    """Return frames of a file as a range of OpenTimelineIO."""
    rate = float(span.rate.rate)
    return TimeRange(RationalTime(span.first, rate), RationalTime(span.num_frames, rate))


def marker_texts(pick: Pick) -> list[tuple[str, str, str, tuple[float, float] | None]]:
    """Return what a pick's markers say.

    Returns:
        (colour, name, comment, start and end in seconds or None for the whole pick) of each: first of the pick itself,
        then of its parts, and of words with times of their own.
    """
    said = "; ".join(map(str, pick.words))
    texts: list[tuple[str, str, str, tuple[float, float] | None]] = [
        (_COLOURS[""], pick.query or pick.name, f"{pick.facts}{f'; {said}' if said else ''}", None)
    ]
    for remark in (*pick.parts, *pick.words):
        if remark.start_seconds is None or remark.end_seconds is None or pick.is_picture:
            continue
        if remark.end_seconds <= pick.start_seconds or remark.start_seconds >= pick.end_seconds:
            continue  # elsewhere in the file
        times = max(remark.start_seconds, pick.start_seconds), min(remark.end_seconds, pick.end_seconds)
        texts.append((_COLOURS.get(remark.label, _WORDS_COLOUR), remark.text, remark.label, times))
    return texts


def _clip(assembly: Assembly, pick: Pick) -> otio.schema.Clip:
    media, span = assembly.media[pick.path], assembly.span(pick)
    facts = {
        **pick.to_dict(),
        "start_timecode": span.start_timecode,
        "end_timecode": span.end_timecode,
        "frames_per_second": _fraction(span.rate),
        "is_drop_frame": span.rate.drops,
        "is_rate_known": media.is_known,
        "is_variable_rate": media.is_variable,
    }
    reference = otio.schema.ExternalReference(target_url=pick.url, available_range=to_range(assembly.whole(pick)))
    reference.name = pick.name
    if media.reel:
        reference.metadata["framecue"] = {"reel": media.reel}
    return otio.schema.Clip(pick.name, reference, to_range(span), metadata={"framecue": facts})


def _markers(assembly: Assembly, pick: Pick) -> list[otio.schema.Marker]:
    markers = []
    for colour, name, comment, times in marker_texts(pick):
        span = assembly.span(pick) if times is None else assembly.frames_between(pick, *times)
        markers.append(otio.schema.Marker(name, to_range(span), colour, comment=comment))
    return markers


def _gap(span: Span) -> otio.schema.Gap:
    rate = float(span.rate.rate)
    return otio.schema.Gap(source_range=TimeRange(RationalTime(0, rate), RationalTime(span.num_frames, rate)))


def _fraction(rate: FrameRate) -> str:
    return str(rate.rate)
