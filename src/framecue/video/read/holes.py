"""Stretches in the middle of a file that nothing can be read of, found by the bytes that belong to no packet.

A long time between two pictures alone tells nothing: a slide stays on for minutes. But there the packets stand side by
side in the file, while in a hole there are bytes between them, and no sound either.
"""

from __future__ import annotations

from fractions import Fraction

from av.audio.stream import AudioStream
from av.packet import Packet
from av.stream import Stream

__all__ = ["HoleFinder"]

# What is lost is counted from this many seconds in one place on.
_MIN_SECONDS = 2
# Fewer bytes than these are a container's own, or padding.
_MIN_BYTES = 16_384
# In a hole are the bytes of what is lost: at least this part of what the file has on average in the same time.
_MIN_PART = Fraction(1, 2)


class HoleFinder:
    """Notes where a file's packets stand, in the order in which they are read.

    Args:
        stream: the file's pictures.
    """

    def __init__(self, stream: Stream) -> None:
        self._number = stream.index
        self._num_bytes = 0
        self._between_bytes = 0
        self._end_byte: int | None = None
        # By stream, when its last packet began; and when sound stopped and went on.
        self._times: dict[int, Fraction] = {}
        self._silences: list[tuple[Fraction, Fraction]] = []
        self._has_sound = False
        # Bytes that belong to nothing, and when the pictures before and after are shown.
        self._found: list[tuple[int, Fraction, Fraction]] = []

    def note(self, packet: Packet[Stream]) -> None:
        """Note one packet of any stream."""
        if packet.is_corrupt:  # which may be what was made of the hole
            return
        self._num_bytes += packet.size
        number = packet.stream_index
        # Decoding times are worked out for some formats, and late after a hole.
        ticks = packet.dts if packet.pts is None else packet.pts
        if number != self._number:
            self._between_bytes += packet.size
            if ticks is not None and isinstance(packet.stream, AudioStream):
                self._note_sound(number, ticks * packet.time_base)
        elif packet.pos is not None and packet.pos >= 0 and ticks is not None:
            time = ticks * packet.time_base
            if self._end_byte is not None:
                lost_bytes = packet.pos - self._end_byte - self._between_bytes
                if lost_bytes > _MIN_BYTES:
                    self._found.append((lost_bytes, self._times[number], time))
            self._times[number] = time
            self._end_byte, self._between_bytes = packet.pos + packet.size, 0

    def _note_sound(self, number: int, time: Fraction) -> None:
        self._has_sound = True
        before = self._times.get(number, time)
        if time - before > _MIN_SECONDS:
            self._silences.append((before, time))
        self._times[number] = time

    def lost_seconds(self, span_seconds: Fraction, *, has_times: bool) -> Fraction:
        """Return how many seconds are lost in holes.

        Args:
            span_seconds: how long the file's pictures are shown, or what is left of them if they have no times.
            has_times: whether the packets' times are to be trusted; if not, bytes alone tell.
        """
        if not self._num_bytes or span_seconds <= 0:
            return Fraction(0)
        bytes_a_second = self._num_bytes / span_seconds
        lost = Fraction(0)
        for lost_bytes, start, end in self._found:
            by_bytes = lost_bytes / bytes_a_second
            seconds = end - start if has_times else by_bytes
            if seconds <= _MIN_SECONDS or by_bytes < seconds * _MIN_PART:
                continue
            # Sound that goes on has pictures that stay on.
            if not has_times or not self._has_sound or self._silence(start, end) > seconds * _MIN_PART:
                lost += seconds
        return lost

    def _silence(self, start: Fraction, end: Fraction) -> Fraction:
        return max((min(end, after) - max(start, before) for before, after in self._silences), default=Fraction(0))
