"""Timecodes: the number of a frame as hours, minutes, seconds and frames, at any rate.

A timecode counts frames, not time. At 29.97 frames a second 30 of them make a second of it, so that in an hour it falls
behind the clock by 3.6 seconds. Drop-frame timecode leaves out two numbers, no frames, at each minute but every tenth,
and so keeps up. At 23.976 nothing is left out.

Written here, and not by OpenTimelineIO, as a table with timecodes needs nothing else of that, and as it knows few
rates; the tests compare both.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from framecue.errors import InputError

__all__ = ["FrameRate"]

_TIMECODE = re.compile(r"(\d{1,2}):([0-5]\d):([0-5]\d)([:;.])(\d{2,3})", re.ASCII)
_HOURS = 24
_NTSC = Fraction(1000, 1001)
# Numbers are dropped at these rates alone; at twice of them, twice as many.
_DROPPED_A_MINUTE = {30 * _NTSC: 2, 60 * _NTSC: 4}


@dataclass(frozen=True)
class FrameRate:
    """How frames are counted, and named.

    Attributes:
        rate: frames a second, exactly; above 0.
        drops: whether numbers are dropped; at 29.97 and 59.94 only.

    Raises:
        InputError: numbers cannot be dropped at this rate, or there is no such rate.
    """

    rate: Fraction
    drops: bool = False

    def __post_init__(self) -> None:
        if self.rate <= 0:
            raise InputError(f"a rate of {self.rate} frames a second is none; it must be above 0")
        if self.drops and self.rate not in _DROPPED_A_MINUTE:
            raise InputError(f"at {self} frames a second no numbers are dropped, only at 29.97 and 59.94")

    def __str__(self) -> str:
        return f"{float(self.rate):.3f}".rstrip("0").rstrip(".")

    @property
    def nominal(self) -> int:
        """How many frames make a second of timecode: 30 at 29.97."""
        return max(1, math.floor(self.rate + Fraction(1, 2)))

    def frames_of(self, seconds: float | Fraction) -> int:
        """Return how many frames a time is, to the nearest; at least 0."""
        return max(0, math.floor(Fraction(seconds) * self.rate + Fraction(1, 2)))

    def seconds_of(self, frames: int) -> Fraction:
        """Return how long so many frames are."""
        return frames / self.rate

    def timecode_of(self, frame: int) -> str:
        """Return the name of a frame: HH:MM:SS:FF, or HH:MM:SS;FF where numbers are dropped; a day later the same.

        Args:
            frame: its number, 0 for the first of the day.
        """
        frame %= self._frames_a_day
        if self.drops:
            frame += self._num_dropped(frame)
        seconds, rest = divmod(frame, self.nominal)
        minutes, seconds = divmod(seconds, 60)
        hours, minutes = divmod(minutes, 60)
        width = max(2, len(str(self.nominal - 1)))
        return f"{hours:02}:{minutes:02}:{seconds:02}{';' if self.drops else ':'}{rest:0{width}}"

    def frame_of(self, timecode: str) -> int:
        """Return the number of the frame that a timecode names; of one that is dropped, that of the next.

        Args:
            timecode: with any sign before the frames.

        Raises:
            InputError: it is no timecode at this rate.
        """
        match = _TIMECODE.fullmatch(timecode)
        hours, minutes, seconds, frames = (int(match[place]) if match else 0 for place in (1, 2, 3, 5))
        if match is None or hours >= _HOURS or frames >= self.nominal:
            raise InputError(f"{timecode!r} is no timecode at {self} frames a second; write it as 01:02:03:04")
        count = (3600 * hours + 60 * minutes + seconds) * self.nominal + frames
        if not self.drops:
            return count
        dropped = _DROPPED_A_MINUTE[self.rate]
        if minutes % 10 and seconds == 0 and frames < dropped:
            count += dropped - frames
        minutes += 60 * hours
        return count - dropped * (minutes - minutes // 10)

    @property
    def _frames_a_day(self) -> int:
        all_numbers = _HOURS * 3600 * self.nominal
        return all_numbers - (_DROPPED_A_MINUTE[self.rate] * _HOURS * 54 if self.drops else 0)

    def _num_dropped(self, frame: int) -> int:
        """Return how many numbers are dropped before a frame."""
        dropped = _DROPPED_A_MINUTE[self.rate]
        minute = 60 * self.nominal
        tens, rest = divmod(frame, 10 * minute - 9 * dropped)
        # The first minute of ten is whole.
        return dropped * (9 * tens + max(0, (rest - dropped) // (minute - dropped)))
