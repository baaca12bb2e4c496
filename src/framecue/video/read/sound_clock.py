"""Where a video's sound belongs, in recordings whose own clock restarts, jumps or says nothing.

Two recordings that were put together count the same times twice. The packet index gives the pictures of such a file
times of its own, one after the other; a piece of sound belongs to the picture that is shown at the same time of the
file's own clock *and* lies in the same part of the file.
"""

from __future__ import annotations

from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import av
import numpy as np

from framecue.video.read.heartbeat import beat
from framecue.video.read.packets import PacketIndex
from framecue.video.read.source import open_video, read_packets

__all__ = ["SoundClock", "read_sound_clock"]

# The index's times may be off by so much from the file's own before sound is moved: as little as nobody hears.
_SHIFT_SECONDS = 0.04
# How far outside a part's pictures, in time, its sound may begin and end.
_SLACK_SECONDS = 1.0
# A clock that misses the time at which sound was to go on by more than this has jumped.
_BREAK_SECONDS = 0.5
# Pictures that come later than this may be of another recording; if they are not, nothing is lost.
_GAP_SECONDS = 1.0
# Parts before and after the one at a place in the file to which sound there may belong.
_NEAR_PARTS = 2


@dataclass(frozen=True, eq=False)
class _Part:
    """The pictures of a stretch in which the file's own clock runs on.

    Attributes:
        raw: float64 (N,), ascending; when they are shown, in seconds of the file's own clock.
        shown: float64 (N,); the same in the index.
        positions: int64 (N,); where their packets begin in the file, in bytes.
        shifts: float64 (N,), what to add to the file's own times from each picture on.
    """

    raw: np.ndarray
    shown: np.ndarray
    positions: np.ndarray
    shifts: np.ndarray

    def place(self, raw_seconds: float) -> int:
        return max(0, int(np.searchsorted(self.raw, raw_seconds, side="right")) - 1)

    def holds(self, raw_seconds: float) -> bool:
        return bool(self.raw[0] - _SLACK_SECONDS <= raw_seconds <= self.raw[-1] + _SLACK_SECONDS)


@dataclass(frozen=True)
class _Run:
    """Sound of one track without a break: from which byte to which, and from when to when of the file's own clock."""

    first_byte: int
    last_byte: int
    start_seconds: float
    end_seconds: float


class SoundClock:
    """Moves times of a file's own clock to the clock of its packet index.

    Args:
        parts: the pictures, in the order of the file; at least one part.
        runs: the sound of each track, by the track's number in the file, in the order of the file.
    """

    def __init__(self, parts: list[_Part], runs: dict[int, list[_Run]]) -> None:
        self._parts = parts
        self._beginnings = [int(part.positions.min()) for part in parts]
        self._run_beginnings = {track: [run.first_byte for run in found] for track, found in runs.items()}
        self._run_parts = {track: [self._part_of(run) for run in found] for track, found in runs.items()}

    def shift_seconds(self, track: int, raw_seconds: float, position: int) -> float:
        """Return what to add to the time of a piece of sound.

        Args:
            track: its track's number in the file.
            raw_seconds: its time on the file's own clock.
            position: where it lies in the file, in bytes.
        """
        if track in self._run_parts:
            part = self._run_parts[track][max(0, bisect_right(self._run_beginnings[track], position) - 1)]
        else:  # of a track that begins so late that nobody knew of it
            near = self._near(position, position)
            part = min(
                [part for part in near if part.holds(raw_seconds)] or near,
                key=lambda part: abs(int(part.positions[part.place(raw_seconds)]) - position),
            )
        return float(part.shifts[part.place(raw_seconds)])

    def _near(self, first_byte: int, last_byte: int) -> list[_Part]:
        """Return the parts that lie in a stretch of the file, and some around it."""
        first, last = (max(0, bisect_right(self._beginnings, byte) - 1) for byte in (first_byte, last_byte))
        return self._parts[max(0, first - _NEAR_PARTS) : last + _NEAR_PARTS + 1]

    def _part_of(self, run: _Run) -> _Part:
        """Return the part that a run of sound belongs to: of those at its times, the one beside which it lies."""
        near = self._near(run.first_byte, run.last_byte)
        fitting = [part for part in near if part.holds(run.start_seconds) or part.holds(run.end_seconds)] or near
        return max(fitting, key=lambda part: _overlap(part, run))

    def stretch(
        self, start_seconds: float, end_seconds: float, lead_seconds: float
    ) -> tuple[int, int | None, float | None]:
        """Return the bytes of the file in which the sound of a moment lies.

        The lead ends where a part of the recording begins, or rather at the last picture before: what says how the
        part is to be read may stand between the two.

        Args:
            start_seconds: where the moment starts, on the index's clock.
            end_seconds: where it ends.
            lead_seconds: how far sound and pictures of one time may be apart in the file.

        Returns:
            The first byte, the one behind the last (None for the file's end), and the time of the picture at the first,
            on the file's own clock.
        """
        first_byte, own_seconds, before = 0, None, None
        for part in self._parts:
            if before is not None and part.shown[0] > start_seconds:
                break
            place = int(np.searchsorted(part.shown, start_seconds - lead_seconds, side="right")) - 1
            chosen = part if place >= 0 or before is None else before
            place = place if place >= 0 else 0 if before is None else int(before.positions.argmax())
            first_byte, own_seconds = int(chosen.positions[place]), float(chosen.raw[place])
            before = part
        behind = [part.positions[part.shown >= end_seconds + lead_seconds] for part in self._parts]
        last_bytes = [int(positions.min()) for positions in behind if len(positions)]
        return first_byte, min((byte for byte in last_bytes if byte > first_byte), default=None), own_seconds


def read_sound_clock(source: Path, index: PacketIndex) -> SoundClock | None:
    """Read a file's video packets once more, with their places in the file.

    Args:
        source: the file.
        index: its index.

    Returns:
        None if nothing says when its pictures are shown.

    Raises:
        VideoError: the file cannot be opened.
    """
    with open_video(source) as (container, stream):
        unit = float(index.time_base)
        facts = [(packet.pts, packet.dts, packet.pos) for packet in read_packets(container, stream)]
    place_of = dict(zip(index.ranks.tolist(), range(index.num_frames), strict=True))
    parts: list[list[int]] = []
    decoded_before: int | None = None
    for rank, (shown_at, decoded_at, _) in enumerate(facts):
        time = shown_at if decoded_at is None else decoded_at
        if time is not None:
            jump = 0 if decoded_before is None else (time - decoded_before) * unit
            if not parts or not 0 <= jump <= _GAP_SECONDS:
                parts.append([])
            decoded_before = time
        if rank in place_of and time is not None:
            parts[-1].append(rank)
    position = 0
    positions = []
    for _, _, pos in facts:
        position = position if pos is None or pos < 0 else pos
        positions.append(position)
    made = []
    for ranks in filter(None, parts):
        times = np.sort(index.times[[place_of[rank] for rank in ranks]])
        made.append(_part([facts[rank][:2] for rank in ranks], [positions[rank] for rank in ranks], times, unit))
    return SoundClock(made, _read_runs(source)) if made else None


def _read_runs(source: Path) -> dict[int, list[_Run]]:
    """Read the packets of a file's sound: each run of each track."""
    runs: dict[int, list[_Run]] = {}
    with open_video(source) as (container, _), suppress(av.FFmpegError, OSError, IndexError):
        for packet in container.demux(tuple(container.streams.audio)):
            beat()
            if not packet.size or packet.dts is None:
                continue
            found = runs.setdefault(packet.stream.id, [])
            start = float(packet.dts * packet.time_base)
            end = start + float((packet.duration or 0) * packet.time_base)
            last = found[-1] if found else None
            byte = packet.pos if packet.pos is not None and packet.pos >= 0 else last.last_byte if last else 0
            if last is not None and abs(start - last.end_seconds) <= _BREAK_SECONDS:
                found[-1] = replace(last, last_byte=byte, end_seconds=end)
            else:
                found.append(_Run(byte, byte, start, end))
    return runs


def _overlap(part: _Part, run: _Run) -> int:
    """Return in how many bytes of the file a part and a run lie side by side; below 0, how far they are apart."""
    return min(int(part.positions.max()), run.last_byte) - max(int(part.positions.min()), run.first_byte)


def _part(facts: list[tuple[int | None, int | None]], positions: list[int], times: np.ndarray, unit: float) -> _Part:
    """Put a part together: its pictures are shown one after the other, in the order of their own times."""
    has_times = all(shown_at is not None for shown_at, _ in facts)
    own = np.array([shown if has_times or decoded is None else decoded for shown, decoded in facts], dtype=np.int64)
    order = np.argsort(own, kind="stable")
    raw, shown = own[order] * unit, times * unit
    shifts = shown - raw
    current = shifts[0]
    for place, shift in enumerate(shifts.tolist()):
        if abs(shift - current) > _SHIFT_SECONDS:
            current = shift
        shifts[place] = current
    return _Part(raw, shown, np.array(positions, dtype=np.int64)[order], shifts)
