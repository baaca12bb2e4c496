"""Where a file's time begins, and how long it goes on: the clock by which players and subtitles count.

Zero is the container's start, the earliest of its sound and its pictures, whether the first picture is shown then or
later. Subtitles, data and cover art do not count: they may start at any time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from fractions import Fraction

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from framecue.video.read.source import is_cover

__all__ = ["OtherStreams", "break_warning", "lead_of", "tail_of"]

# Pictures that begin later than this begin late. Nearly every encoder puts its sound some hundredths of a second before
# its pictures (priming); nobody sees or hears these, and they are no gap. Times are shown in tenths of a second.
_MIN_LEAD_SECONDS = Fraction(1, 10)
# Sound that goes on for longer than this after the pictures keeps the last one on the screen; less is padding.
_MIN_TAIL_SECONDS = 1
# What a header declares and is not there is worth a warning from this much on: seconds, and part of the whole.
_MIN_MISSING_SECONDS, _MIN_MISSING_PART = 2, Fraction(1, 10)
# Demuxers whose files declare in a header how long they are; others guess, by the size or by what stands at the end.
# The first declare it of each stream, so that pictures that break off are noticed while the sound goes on.
_DECLARED_BY_STREAM = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "avi"})
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


def break_warning(
    container: InputContainer,
    stream: VideoStream,
    others: OtherStreams,
    pictures: tuple[Fraction, Fraction],
    problems: list[str],
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
    found, declared = end - start, None
    if container.format.name in _DECLARED_BY_STREAM and stream.duration is not None and stream.time_base is not None:
        declared = stream.duration * stream.time_base
    elif container.format.name in _DECLARED and container.duration is not None:
        declared = Fraction(container.duration, av.time_base)
        # Some muxers write the length into the header, others when the last stream ends.
        found = max(end, others.end or end) - min(_start_of(container) or Fraction(0), Fraction(0))
    if declared is not None:
        if declared - found > max(Fraction(_MIN_MISSING_SECONDS), declared * _MIN_MISSING_PART):
            return (
                f"only {float(found):.1f} of its {float(declared):.1f} seconds are there: it is damaged or was cut off"
            )
        return None
    if problems:
        return f"reading it broke off after {float(found):.1f} seconds ({problems[-1]}): it is damaged or was cut off"
    return None
