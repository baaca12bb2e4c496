"""Where a file's time begins, and how long it goes on: the clock by which players and subtitles count.

Zero is the container's start, the earliest of its sound and its pictures, whether the first picture is shown then or
later. Subtitles, data and cover art do not count: they may start at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from framecue.video.read.source import is_cover

__all__ = ["OtherStreams", "Problems", "break_warning", "lead_of", "tail_of"]

# Pictures that begin later than this begin late. Nearly every encoder puts its sound some hundredths of a second before
# its pictures (priming); nobody sees or hears these, and they are no gap. Times are shown in tenths of a second.
_MIN_LEAD_SECONDS = Fraction(1, 10)
# Sound that goes on for longer than this after the pictures keeps the last one on the screen; less is padding.
_MIN_TAIL_SECONDS = 1
# What a header declares and is not there is worth a warning from this much on: seconds, and part of the whole.
_MIN_MISSING_SECONDS, _MIN_MISSING_PART = 2, Fraction(1, 10)
# Of a hole, which no header can be wrong about, a smaller part.
_MIN_LOST_PART = Fraction(1, 50)
# Demuxers whose files declare in a header how long they are; others guess, by the size or by what stands at the end.
# The first declare it of each stream, so that pictures that break off are noticed while the sound goes on.
_EDITED = frozenset({"mov,mp4,m4a,3gp,3g2,mj2"})
_DECLARED_BY_STREAM = _EDITED | {"avi", "mxf"}
_DECLARED = _DECLARED_BY_STREAM | {"matroska,webm", "flv", "asf"}


class OtherStreams:
    """When the streams beside the pictures begin and end, noted packet by packet.

    Args:
        container: the open file.
        stream: its pictures.
    """

    def __init__(self, container: InputContainer, stream: VideoStream) -> None:
        self.streams = [
            item for item in container.streams if item.index != stream.index and item.time_base and not is_cover(item)
        ]
        self._sounds = {item.index for item in self.streams if isinstance(item, AudioStream)}
        # In the streams' own units, as there are many packets.
        self._starts: dict[int, int] = {}
        self._ends: dict[int, int] = {}

    def note(self, packet: Packet[Stream]) -> None:
        """Note one packet of any stream but the pictures'."""
        time = packet.pts
        if time is None or packet.is_discard:
            return
        number = packet.stream_index
        self._starts.setdefault(number, time)
        # The last packet's, not the latest: one packet with a wild time is no hour of sound.
        self._ends[number] = time + (packet.duration or 0)

    @property
    def sound_start(self) -> Fraction | None:
        """When sound begins, in seconds of the file's own clock; None where there is none."""
        return min(self._seconds(self._starts, self._sounds), default=None)

    @property
    def sound_end(self) -> Fraction | None:
        """When sound ends, in seconds of the file's own clock; None where there is none."""
        return max(self._seconds(self._ends, self._sounds), default=None)

    @property
    def end(self) -> Fraction | None:
        """When the last of these streams ends, subtitles and data too; None where there is none."""
        return max(self._seconds(self._ends, self._ends.keys()), default=None)

    def _seconds(self, times: Mapping[int, int], numbers: Collection[int]) -> list[Fraction]:
        return [
            times[item.index] * item.time_base
            for item in self.streams
            if item.time_base and item.index in numbers and item.index in times
        ]


def lead_of(container: InputContainer, others: OtherStreams, first: Fraction) -> Fraction:
    """Return how many seconds after the container's start the first picture is shown.

    Args:
        container: the open file.
        others: its other streams, whose packets have been noted.
        first: when the first picture is shown, in seconds of the file's own clock.

    Returns:
        At least 0; 0 also for a few hundredths of a second, which are an encoder's priming.
    """
    start = _start_of(container)
    if start is None:
        start = others.sound_start
    if start is None:
        return Fraction(0)
    lead = first - start
    return lead if lead > _MIN_LEAD_SECONDS else Fraction(0)


def _start_of(container: InputContainer) -> Fraction | None:
    """Return the container's start in seconds of the file's own clock; None where the format does not say."""
    if container.start_time is None:
        return None
    # By the streams, as the container's own is rounded, and counts subtitles and data that begin a little earlier.
    starts = [
        item.start_time * item.time_base
        for item in container.streams
        if isinstance(item, (AudioStream, VideoStream)) and not is_cover(item)
        if item.start_time is not None and item.time_base is not None
    ]
    return min(starts, default=Fraction(container.start_time, av.time_base))


def tail_of(others: OtherStreams, end: Fraction) -> Fraction:
    """Return for how many seconds the last picture stays on the screen while the sound goes on.

    Args:
        others: the other streams, whose packets have been noted.
        end: when the last picture ends, in seconds of the file's own clock.
    """
    tail = Fraction(0) if others.sound_end is None else others.sound_end - end
    return tail if tail > _MIN_TAIL_SECONDS else Fraction(0)


@dataclass
class Problems:
    """What was found wrong while a file's packets were read.

    Attributes:
        reasons: errors, in their order.
        num_before_last: how many of these came before the last packet: reading went on after them.
        lost_seconds: how much is missing in the middle.
        last_decoded: the latest decoding time of the packets of pictures, in their unit; None where they have none.
    """

    reasons: list[str] = field(default_factory=list)
    num_before_last: int = 0
    lost_seconds: Fraction = Fraction(0)
    last_decoded: int | None = None


def break_warning(
    container: InputContainer,
    stream: VideoStream,
    others: OtherStreams,
    pictures: tuple[Fraction, Fraction],
    problems: Problems,
) -> str | None:
    """Return in words that a large part of a file is missing; None where it is not.

    Args:
        container: the open file.
        stream: its pictures.
        others: its other streams, whose packets have been noted.
        pictures: when the first picture begins and the last one ends, in seconds of the file's own clock.
        problems: what went wrong while the packets were read.
    """
    start, end = pictures
    found = end - start
    declared = _declared(container, stream, found, problems.last_decoded)
    if declared is None and container.format.name in _DECLARED and container.duration is not None:
        declared = Fraction(container.duration, av.time_base)
        # Some muxers write the length into the header, others when the last stream ends.
        found = max(end, others.end or end) - min(_start_of(container) or Fraction(0), Fraction(0))
    if declared is not None and _is_much(declared - found, declared, _MIN_MISSING_PART):
        return f"only {float(found):.1f} of its {float(declared):.1f} seconds are there: it is damaged or was cut off"
    # In an mp4 file bytes that belong to nothing are common, and what is missing is known.
    if container.format.name not in _EDITED and _is_much(problems.lost_seconds, found, _MIN_LOST_PART):
        return f"{float(problems.lost_seconds):.1f} seconds are missing in the middle of it: it is damaged"
    if problems.num_before_last:
        return f"parts of it cannot be read ({problems.reasons[0]}): it is damaged"
    if problems.reasons and declared is None:
        reason = problems.reasons[-1]
        return f"reading it broke off after {float(found):.1f} seconds ({reason}): it is damaged or was cut off"
    return None


def _declared(
    container: InputContainer, stream: VideoStream, found: Fraction, last_decoded: int | None
) -> Fraction | None:
    """Return how many seconds of pictures their own header declares; None where it does not.

    Args:
        container: the open file.
        stream: its pictures.
        found: how many seconds of them were found.
        last_decoded: the latest decoding time of their packets.
    """
    unit = stream.time_base
    if unit is None or container.format.name not in _DECLARED_BY_STREAM:
        return None
    if container.format.name in _EDITED and stream.frames and last_decoded is not None and len(stream.index_entries):
        # Not by the track's length: an edit list shows a part of it, or shows it later.
        return found + max(0, stream.index_entries[-1].timestamp - last_decoded) * unit
    lengths = [] if stream.duration is None else [stream.duration * unit]
    if container.format.name == "avi":
        lengths.append(stream.frames * unit)  # also where its index at the end is gone
    return max(lengths, default=None)


def _is_much(missing: Fraction, whole: Fraction, part: Fraction) -> bool:
    return missing > max(Fraction(_MIN_MISSING_SECONDS), whole * part)
