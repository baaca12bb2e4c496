"""Picks in their order, with the frames that they are in their files: what every format is made of.

Each file is counted at its own rate and from its own start timecode. The timeline has the rate that most of its clips
have; of rates that as many have, that of the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from framecue.errors import InputError, VideoError
from framecue.timelines.pick import Pick
from framecue.timelines.timecode import FrameRate
from framecue.video import VideoTimebase

__all__ = ["STILL_SECONDS", "Assembly", "Media", "Span", "assemble"]

STILL_SECONDS = 5.0
"""How long a picture is shown on a timeline."""

# Where no file says a rate: ffmpeg's own assumption.
_USUAL_RATE = FrameRate(Fraction(25))
_NTSC = Fraction(1000, 1001)
_MAY_DROP = (30 * _NTSC, 60 * _NTSC)


@dataclass(frozen=True)
class Media:
    """How a file's frames are counted.

    Attributes:
        rate: of its frames, and how they are named.
        start_frame: the number of the frame at its time 0, by its start timecode; 0 without one.
        is_known: whether the rate is its own; else the file could not be read, or is a picture.
        is_variable: whether its frames come at no one rate.
        reel: the name of its tape or card; None if it says none.
        has_sound: whether it has a sound track.
    """

    rate: FrameRate
    start_frame: int = 0
    is_known: bool = True
    is_variable: bool = False
    reel: str | None = None
    has_sound: bool = False


@dataclass(frozen=True)
class Span:
    """Frames of a file.

    Attributes:
        rate: how they are counted and named.
        first: the number of the first, by the file's timecode.
        num_frames: how many; at least 1.
    """

    rate: FrameRate
    first: int
    num_frames: int

    @property
    def start_timecode(self) -> str:
        """The timecode of the first frame."""
        return self.rate.timecode_of(self.first)

    @property
    def end_timecode(self) -> str:
        """The timecode of the frame after the last."""
        return self.rate.timecode_of(self.first + self.num_frames)


@dataclass(frozen=True)
class Assembly:
    """Picks in the order in which they are exported.

    Attributes:
        title: of all of them, in one line.
        picks: at least one.
        rate: of the timeline.
        media: of each file, by its path.
    """

    title: str
    picks: tuple[Pick, ...]
    rate: FrameRate
    media: Mapping[str, Media]

    def span(self, pick: Pick) -> Span:
        """Return the frames that a pick is in its file."""
        if pick.is_picture:
            return Span(self.rate, 0, max(1, self.rate.frames_of(STILL_SECONDS)))
        return self.frames_between(pick, pick.start_seconds, pick.end_seconds)

    def whole(self, pick: Pick) -> Span:
        """Return all frames of a pick's file, as far as the library knows its length."""
        span = self.span(pick)
        if pick.is_picture:
            return span
        media = self.media[pick.path]
        end = max(span.first + span.num_frames, media.start_frame + media.rate.frames_of(pick.duration_seconds))
        return Span(media.rate, media.start_frame, end - media.start_frame)

    def frames_between(self, pick: Pick, start_seconds: float, end_seconds: float) -> Span:
        """Return the frames of a pick's file between two times, each to the nearest frame; at least one."""
        media = self.media[pick.path]
        first, end = (media.rate.frames_of(seconds) for seconds in (start_seconds, end_seconds))
        return Span(media.rate, media.start_frame + first, max(1, end - first))


def assemble(picks: Sequence[Pick], timebases: Mapping[str, VideoTimebase | VideoError], *, title: str) -> Assembly:
    """Put picks together.

    Args:
        picks: in their order; at least one.
        timebases: how the files' frames are counted, or why that cannot be known, by their paths; pictures have none.
        title: of all of them.
    """
    rates = Counter(found.rate for pick in picks if isinstance(found := timebases.get(pick.path), VideoTimebase))
    common = rates.most_common(1)[0][0] if rates else _USUAL_RATE.rate
    drops = _drops(common, picks, timebases)
    rate = FrameRate(common, drops)
    media = {path: _media(found, rate) for path, found in timebases.items()}
    return Assembly(title, tuple(picks), rate, {pick.path: media.get(pick.path, _unknown(rate)) for pick in picks})


def _drops(rate: Fraction, picks: Sequence[Pick], timebases: Mapping[str, VideoTimebase | VideoError]) -> bool:
    """Whether numbers are dropped on the timeline: as in the first file that says so, else wherever they can be."""
    if rate not in _MAY_DROP:
        return False
    for pick in picks:
        found = timebases.get(pick.path)
        if isinstance(found, VideoTimebase) and found.rate == rate and found.timecode is not None:
            return _is_dropping(found.timecode)
    return True


def _media(found: VideoTimebase | VideoError, timeline: FrameRate) -> Media:
    if isinstance(found, VideoError):
        return _unknown(timeline)
    # Named as the timeline's where the file does not say, so that both read alike.
    usual = timeline.drops if found.rate == timeline.rate else found.rate in _MAY_DROP
    drops = found.rate in _MAY_DROP and _is_dropping(found.timecode) if found.timecode is not None else usual
    rate, start = FrameRate(found.rate, drops), 0
    if found.timecode is not None:
        try:
            start = rate.frame_of(found.timecode)
        except InputError:  # a timecode at another rate than the pictures'
            start = 0
    return Media(rate, start, is_variable=found.is_variable, reel=found.reel, has_sound=found.has_sound)


def _unknown(timeline: FrameRate) -> Media:
    return Media(timeline, is_known=False)


def _is_dropping(timecode: str) -> bool:
    """Whether the sign before its frames is that of dropped numbers."""
    return ";" in timecode or "." in timecode
