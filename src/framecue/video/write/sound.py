"""The sound of a stretch of a video: which tracks are heard in it, and their packets on the clock of the pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import NamedTuple, TypeAlias, cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from framecue.video.read.access import open_bytes
from framecue.video.read.heartbeat import beat
from framecue.video.read.packets import PacketIndex
from framecue.video.read.sound_clock import SoundClock, read_sound_clock
from framecue.video.read.source import ONE_FILE, open_video

__all__ = ["OpenSound", "SoundPacket", "Stretch", "plan_stretch", "track_name"]

SoundPacket: TypeAlias = "Packet[AudioStream]"
_AnyPacket: TypeAlias = "Packet[AudioStream] | Packet[VideoStream]"

# A decoder of sound needs some of what comes before to be right, and sound may lie so far from its pictures in a file.
_LEAD_SECONDS = 2
# Sound that should have come so long ago comes no more.
_PATIENCE_SECONDS = 10
# Formats that can be read from any byte on, and in which sound may begin and end anywhere.
_BYTE_FORMATS = frozenset({"mpegts", "mpeg"})
# How much of these, and of others in which sound may begin late, is searched for it; it is held in memory meanwhile.
_SEARCH = {"probesize": str(64 << 20), "analyzeduration": str(600 * av.time_base)}
_SEARCHES = {"mpegts": {**_SEARCH, "scan_all_pmts": "1"}, "mpeg": _SEARCH}
_LATE_FORMATS = frozenset({"flv", "live_flv"})
# The clocks of the byte formats begin anew after 26 hours; a part that is read from there on does not know of it.
_WRAP_SECONDS = 3600
_MAX_WAITING_PACKETS = 1000


@dataclass(frozen=True)
class Stretch:
    """What of a file to read for the sound of a moment.

    Attributes:
        source: the file.
        start: where the moment starts, in seconds of the index's clock.
        end: where it ends.
        clock: what the file's own clock means; None if it is the index's.
        format: of a part of the file that is read as a file of its own; None to read the whole one.
        first_byte: where that part begins.
        last_byte: behind its last byte; None for the file's end.
        anchor_seconds: the time, on the file's own clock, of the video packet at the part's beginning; None if it is
            not known.
        options: of the demuxer.
        elsewhere: the sound tracks that the file is known to have somewhere, each with its number in the file and its
            name for a message.
    """

    source: Path
    start: Fraction
    end: Fraction
    clock: SoundClock | None = None
    format: str | None = None
    first_byte: int = 0
    last_byte: int | None = None
    anchor_seconds: float | None = None
    options: dict[str, str] | None = None
    elsewhere: tuple[tuple[int, str], ...] = ()

    @contextmanager
    def open(self) -> Iterator[OpenSound]:
        """Open the file, or the part of it, anew.

        Raises:
            VideoError: the file cannot be opened.
            av.FFmpegError: the part cannot be read as a file of its own.
        """
        if self.format is None:
            with open_video(self.source, options=self.options) as (container, stream):
                yield OpenSound(self, container, stream)
            return
        with ExitStack() as stack:
            part = stack.enter_context(_Part(self.source, self.first_byte, self.last_byte))
            options = {**ONE_FILE, **(self.options or {})}
            container = stack.enter_context(
                av.open(part, "r", format=self.format, options=options, metadata_errors="replace")
            )
            yield OpenSound(self, container, next(iter(container.streams.video), None))


def plan_stretch(source: Path, index: PacketIndex, start: Fraction, end: Fraction) -> Stretch:
    """Find out how the sound of a moment can be read.

    Args:
        source: the file.
        index: its index.
        start: where the moment starts, in seconds of the index's clock.
        end: where it ends.

    Raises:
        VideoError: the file cannot be opened.
    """
    with open_video(source) as (container, stream):
        name = container.format.name
        whole = Stretch(source, start, end, options=_SEARCH if name in _LATE_FORMATS else None)
        whole = replace(whole, elsewhere=tuple((item.id, track_name(item)) for item in container.streams.audio))
        first = None if index.by_order else _position(container, stream, start - _LEAD_SECONDS, index)
        if first is not None and first.seconds <= max(start, index.span(0, 0)[0]):
            if name not in _BYTE_FORMATS:
                return whole
            behind = _position(container, stream, end + 2 * _LEAD_SECONDS, index)
            last_byte = None
            if behind is not None and behind.seconds > end + _LEAD_SECONDS and behind.byte > first.byte:
                last_byte = behind.byte
            part = replace(whole, format=name, first_byte=first.byte, last_byte=last_byte, options=_SEARCHES[name])
            return _readable(replace(part, anchor_seconds=float(first.seconds)), whole)
    clock = read_sound_clock(source, index)
    whole = replace(whole, clock=clock)
    if clock is None or name not in _BYTE_FORMATS:
        return whole
    first_byte, last_byte, anchor_seconds = clock.stretch(float(start), float(end), _LEAD_SECONDS)
    part = replace(whole, format=name, first_byte=first_byte, last_byte=last_byte, options=_SEARCHES[name])
    return _readable(replace(part, anchor_seconds=anchor_seconds), whole)


class _Position(NamedTuple):
    """A video packet: where it begins in the file, and when it is shown."""

    byte: int
    seconds: Fraction


def _position(
    container: InputContainer, stream: VideoStream, seconds: Fraction, index: PacketIndex
) -> _Position | None:
    """Jump, and return the next video packet; None if the jump fails, or leads to what the index does not know."""
    with suppress(av.FFmpegError, OSError, IndexError):
        container.seek(int(max(seconds, Fraction(0)) * av.time_base))
        for packet in container.demux(stream):
            if packet.size and packet.pts is not None and packet.pos is not None:
                is_known = bool((index.times == packet.pts).any())
                return _Position(max(0, packet.pos), packet.pts * packet.time_base) if is_known else None
    return None


def _readable(part: Stretch, whole: Stretch) -> Stretch:
    """Return a part if it can be read as a file of its own, else the whole file."""
    try:
        with part.open():
            return part
    except (av.FFmpegError, OSError):
        return whole


def track_name(stream: AudioStream) -> str:
    """Return what a message calls a sound track."""
    codec = stream.codec_context.name if cast(object, stream.codec_context) is not None else "an unknown codec"
    facts = [text for text in (codec, stream.metadata.get("language")) if text]
    return f"a sound track ({', '.join(facts)})"


class OpenSound:
    """The sound of an open stretch.

    Attributes:
        streams: the sound tracks that the stretch may have, in the order of the file.
        unknown: the names of more, whose codec ffmpeg does not know.
        absent: the names of those that are elsewhere in the file alone.
    """

    def __init__(self, stretch: Stretch, container: InputContainer, video: VideoStream | None) -> None:
        self._stretch, self._container, self._video = stretch, container, video
        # PyAV's types leave out that there is no context for a codec that ffmpeg does not know.
        tracks = list(container.streams.audio)
        self.streams = [item for item in tracks if cast(object, item.codec_context) is not None]
        self.unknown = [track_name(item) for item in tracks if cast(object, item.codec_context) is None]
        here = {item.id for item in tracks}
        self.absent = [name for number, name in stretch.elsewhere if number not in here]

    def packets(self, streams: Sequence[AudioStream]) -> Iterator[SoundPacket]:
        """Yield the packets of some tracks that are heard in the moment, and of the seconds before it.

        Their times are on the index's clock. It can be called once; what comes after a break in the file is left out.
        """
        stretch, unfinished = self._stretch, {stream.index for stream in streams}
        if not unfinished:
            return
        # Without a clock times ascend, and it is known when nothing more comes.
        is_ascending = stretch.clock is None
        beginning = stretch.start - _LEAD_SECONDS
        try:
            # Sound may begin before the first picture, to which a jump to the file's beginning leads.
            is_later = beginning * av.time_base > (self._container.start_time or 0)
            if stretch.format is None and is_ascending and is_later:
                self._container.seek(int(max(beginning, Fraction(0)) * av.time_base))
            for packet, seconds, length in self._timed(streams):
                if isinstance(packet.stream, AudioStream) and beginning <= seconds + length and seconds < stretch.end:
                    yield packet
                elif is_ascending and seconds >= stretch.end:
                    unfinished.discard(packet.stream.index)
                    if not unfinished or seconds >= stretch.end + _PATIENCE_SECONDS:
                        return
        except (av.FFmpegError, OSError, IndexError):
            return  # the file breaks off here

    def _timed(self, streams: Sequence[AudioStream]) -> Iterator[tuple[_AnyPacket, Fraction, Fraction]]:
        """Yield packets with their times moved to the index's clock, and these times and lengths in seconds."""
        stretch = self._stretch
        wanted: tuple[AudioStream | VideoStream, ...] = (*streams, *([self._video] if self._video is not None else []))
        positions: dict[int, int] = {}
        packets = cast("Iterator[_AnyPacket]", self._container.demux(wanted))
        turns, waiting = self._turns(packets)
        for packet in chain(waiting, packets):
            beat()
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            number, unit = packet.stream.index, packet.time_base
            if packet.pos is not None and packet.pos >= 0:
                positions[number] = packet.pos
            shift = turns
            if stretch.clock is not None:
                own_seconds = float(packet.pts * unit) + turns
                position = stretch.first_byte + positions.get(number, 0)
                shift += stretch.clock.shift_seconds(packet.stream.id, own_seconds, position)
            ticks = round(shift / unit)
            packet.pts += ticks
            packet.dts += ticks
            yield packet, packet.pts * unit, (packet.duration or 0) * unit

    def _turns(self, packets: Iterator[_AnyPacket]) -> tuple[float, list[_AnyPacket]]:
        """Return by how many seconds a part's clock is behind the whole file's, and the packets read to find it out."""
        waiting: list[_AnyPacket] = []
        if self._stretch.anchor_seconds is None:
            return 0.0, waiting
        for packet in packets:
            waiting.append(packet)
            if packet.stream is self._video and packet.pts is not None:
                behind = self._stretch.anchor_seconds - float(packet.pts * packet.time_base)
                return (behind if abs(behind) > _WRAP_SECONDS else 0.0), waiting
            if len(waiting) == _MAX_WAITING_PACKETS:
                break
        return 0.0, waiting


class _Part(io.RawIOBase):
    """Some of a file's bytes, as a file."""

    def __init__(self, path: Path, first_byte: int, last_byte: int | None) -> None:
        super().__init__()
        self._file = open_bytes(path)
        size = self._file.seek(0, io.SEEK_END)
        self._first_byte = first_byte
        self._size = max(0, (size if last_byte is None else min(size, last_byte)) - first_byte)
        self._file.seek(first_byte)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        beat()
        left = self._size - self.tell()
        return self._file.read(max(0, left if size < 0 else min(size, left)))

    def tell(self) -> int:
        return self._file.tell() - self._first_byte

    def seek(self, place: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self.tell(), io.SEEK_END: self._size}[whence]
        return self._file.seek(self._first_byte + max(0, start + place)) - self._first_byte

    def close(self) -> None:
        self._file.close()
        super().close()
