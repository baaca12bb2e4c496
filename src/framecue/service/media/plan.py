"""How a file is converted for browsers: what is copied, what is encoded, and how much at a time."""

from __future__ import annotations

from dataclasses import dataclass

from framecue.library.store.records import Content
from framecue.service.media.codecs import picture_codec, sound_codec
from framecue.service.media.playing import Playability
from framecue.video.read.streams import FileStreams
from framecue.video.write.playable import PLAYABLE_SHORT_SIDE, PlayableParts, playable_suffix

__all__ = ["MAX_SPAN_SECONDS", "Conversion", "plan_conversion"]

MAX_SPAN_SECONDS = 600.0
"""How much of a film is converted in one piece at most, where its pictures have to be encoded."""

# What is copied takes no longer than copying the file does; it is whole up to this size.
_MAX_WHOLE_BYTES = 1_500_000_000
# So many pixels a second are decoded, scaled and encoded on two slow cores; a piece is to be there after some seconds.
_PIXELS_PER_SECOND = 40_000_000
_WAIT_SECONDS = 8
_LEAST_SPAN_SECONDS, _USUAL_SPAN_SECONDS = 20.0, 120.0
_USUAL_RATE = 25.0

_ENCODED_TYPES = {
    # High profile, level 4: what 1920 x 1080 takes.
    ".mp4": ("video/mp4", "avc1.640028", "mp4a.40.2"),
    ".webm": ("video/webm", "vp09.00.40.08", "opus"),
}


@dataclass(frozen=True)
class Conversion:
    """How a file is converted.

    Attributes:
        suffix: of the kind of file that is made.
        parts: what of the file is copied.
        type: the media type of what is made, with codecs.
        reason: why the file itself is not played everywhere, a sentence; None if it is.
        span_seconds: how much is converted at a time; None for the whole file.
        duration_seconds: of the whole file.
    """

    suffix: str
    parts: PlayableParts
    type: str
    reason: str | None
    span_seconds: float | None
    duration_seconds: float


def plan_conversion(content: Content, streams: FileStreams, found: Playability, *, size_bytes: int) -> Conversion:
    """Return how a file is converted.

    Args:
        content: what it holds.
        streams: what it is made of.
        found: what browsers make of it.
        size_bytes: of the file.
    """
    suffix = playable_suffix()
    copies_picture = found.copies_picture and suffix == ".mp4"
    # Where pictures are encoded, so is the sound, to the same moment.
    parts = PlayableParts(picture=copies_picture, sound=found.copies_sound and copies_picture)
    return Conversion(
        suffix=suffix,
        parts=parts,
        type=_type_of(suffix, parts, streams),
        reason=found.reason,
        span_seconds=_span(content.duration_seconds, parts, streams, size_bytes),
        duration_seconds=content.duration_seconds,
    )


def _type_of(suffix: str, parts: PlayableParts, streams: FileStreams) -> str:
    kind, picture, sound = _ENCODED_TYPES[suffix]
    codecs = [(parts.picture and picture_codec(streams.picture)) or picture]
    if streams.sound is not None:
        codecs.append((parts.sound and sound_codec(streams.sound)) or sound)
    return f'{kind}; codecs="{", ".join(codecs)}"'


def _span(duration_seconds: float, parts: PlayableParts, streams: FileStreams, size_bytes: int) -> float | None:
    """Return how much of a file is converted at a time; None for all of it."""
    if parts.picture:
        return None if size_bytes <= _MAX_WHOLE_BYTES else MAX_SPAN_SECONDS
    picture = streams.picture
    shrinking = min(1.0, PLAYABLE_SHORT_SIDE / max(1, min(picture.width, picture.height)))
    pixels = picture.width * picture.height * (1 + shrinking**2) / 2
    rate = pixels * (picture.frames_per_second or _USUAL_RATE)
    seconds = _PIXELS_PER_SECOND * _WAIT_SECONDS / max(1.0, rate)
    span = float(round(min(_USUAL_SPAN_SECONDS, max(_LEAST_SPAN_SECONDS, seconds))))
    # Nobody wants a short rest to be a piece of its own.
    return None if duration_seconds <= 1.5 * span else span
