"""When the packets of a sound track are heard, on the clock of the file's pictures.

Their own times are of the file's clock, which starts anywhere, may start again in the middle (recordings that were put
together), and of which a damaged packet may hold anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from av.audio.stream import AudioStream
from av.packet import Packet

from framecue.errors import VideoError
from framecue.video.read.packets import PacketIndex, read_packet_index, scan_packets
from framecue.video.read.sound_clock import SoundClock, read_sound_clock
from framecue.video.read.source import open_video

__all__ = ["TimedPacket", "timed_packets"]

# A packet that is so much earlier or later than the one before it ends jumps.
_JUMP_SECONDS = Fraction(1, 2)
# Enough pictures to know which is shown first, however they are reordered.
_BEGINNING_PACKETS = 64


class TimedPacket(NamedTuple):
    """A packet of sound.

    Attributes:
        packet: with the times of its file.
        seconds: when it is heard, on the clock of the pictures; None if nobody knows.
    """

    packet: Packet[AudioStream]
    seconds: Fraction | None


def timed_packets(path: Path, packets: Iterable[Packet[AudioStream]]) -> Iterator[TimedPacket]:
    """Give the packets of one sound track their times on the clock of the pictures.

    Where the file's own clock starts again, the file's pictures are looked through, once. A time that jumps and with
    which the next packet does not go on is not believed.

    Args:
        path: the file.
        packets: the track's, in the order of the file.

    Yields:
        Each packet.
    """
    clock = _PictureClock(path)
    expected: Fraction | None = None
    for (packet, seconds), following in _with_next(clock.timed(packets)):
        length = (packet.duration or 0) * packet.time_base
        if seconds is not None and expected is not None and abs(seconds - expected) > _JUMP_SECONDS:
            after = None if following is None else following.seconds
            if after is None or abs(after - seconds - length) > _JUMP_SECONDS:
                seconds = None
        yield TimedPacket(packet, seconds)
        if seconds is not None:
            expected = seconds + length
        elif expected is not None:
            expected += length


def _with_next(items: Iterable[TimedPacket]) -> Iterator[tuple[TimedPacket, TimedPacket | None]]:
    waiting: TimedPacket | None = None
    for item in items:
        if waiting is not None:
            yield waiting, item
        waiting = item
    if waiting is not None:
        yield waiting, None


class _PictureClock:
    """The clock of a file's pictures, or of its sound where it has no pictures."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._zero: Fraction | None = None
        self._restarts: SoundClock | None = None
        try:
            with open_video(path) as (container, stream):
                index = scan_packets(path, container, stream, max_packets=_BEGINNING_PACKETS)
        except VideoError:  # it has no pictures
            self._has_pictures = False
            return
        self._has_pictures = True
        if index.by_order:
            self._look_through()
        else:
            self._zero = index.zero

    def timed(self, packets: Iterable[Packet[AudioStream]]) -> Iterator[TimedPacket]:
        """Yield packets with their times, which may still be nonsense."""
        before: Fraction | None = None
        position = 0
        for packet in packets:
            if packet.pos is not None and packet.pos >= 0:
                position = packet.pos
            if packet.pts is None:
                yield TimedPacket(packet, None)
                continue
            own = packet.pts * packet.time_base
            if before is not None and own < before - _JUMP_SECONDS and self._restarts is None and self._has_pictures:
                self._look_through()
            before = own
            if self._zero is None:
                self._zero = own
            shift = Fraction(0)
            if self._restarts is not None:
                # To a microsecond, as a float's own fraction makes all that is counted with it slow.
                found = self._restarts.shift_seconds(packet.stream.id, float(own), position)
                shift = Fraction(round(found * 1_000_000), 1_000_000)
            yield TimedPacket(packet, own + shift - self._zero)

    def _look_through(self) -> None:
        """Read all of the file's packets of pictures, to know which part of the file each piece of sound belongs to."""
        try:
            index: PacketIndex = read_packet_index(self._path)
            self._restarts = read_sound_clock(self._path, index)
        except VideoError:  # no longer; the sound says itself what is wrong
            self._has_pictures = False
            return
        if self._restarts is None:
            self._has_pictures = False
        else:
            self._zero = index.zero
