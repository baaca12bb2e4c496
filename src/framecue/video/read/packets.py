"""When each frame of a video is shown, learned from the packets without decoding them.

Packets carry times of the file's own clock, which starts anywhere. Seconds that leave this file are on the container's
clock instead, whose zero is its start (:mod:`framecue.video.read.clock`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from av.container import InputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from framecue.errors import VideoError
from framecue.video.read.clock import OtherStreams, Problems, break_warning, lead_of, tail_of
from framecue.video.read.grid import EDGE_SECONDS, Extent, choose_moments, places_at, shown_window
from framecue.video.read.holes import HoleFinder
from framecue.video.read.hollow import key_bytes, open_hollow_container
from framecue.video.read.margins import declared_margins
from framecue.video.read.pictures import HEIF_BRANDS
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.shape import DeclaredShape
from framecue.video.read.source import open_video, read_packets

__all__ = ["PacketIndex", "choose_places", "read_packet_index", "scan_packets"]

# Their packets are marked as keyframes though they paint over the picture before.
_PAINTING_CODECS = frozenset({"gif", "apng", "webp"})
# With several frames they are animations.
_IMAGE_FORMATS = frozenset({"image2", "gif", "apng", "jpegxl_anim"})
# They store no times, so ffmpeg works presentation times out, and is late by the frames that are reordered.
_FORMATS_WITHOUT_TIMES = frozenset({"avi"})
# They store no decoding times, so ffmpeg works these out, and is wrong where the pictures begin late.
_FORMATS_WITHOUT_DECODING_TIMES = frozenset({"matroska,webm"})
_MAX_REORDERING = 32  # frames; H.264 and HEVC allow 16
_DEFAULT_RATE = 25  # frames a second where a file says nothing at all: ffmpeg's own assumption


class _Packet(NamedTuple):
    shown_at: int | None
    decoded_at: int | None
    length: int
    size: int
    is_key: bool
    is_shown: bool


@dataclass(frozen=True, eq=False)
class PacketIndex:
    """The frames of one video in the order in which they are shown; a frame's *place* is its number in that order.

    Attributes:
        times: int64 (N,), ascending; when each frame is shown, in units of ``time_base``.
        end: when the last frame is shown no more, in the same unit.
        time_base: seconds of one unit.
        ranks: int64 (N,), each frame's number in decoding order.
        key_times: int64 (K,), ascending; when the keyframes are shown. Decoding can start at each of them.
        key_decode_times: int64 (K,), the keyframes' decoding times, by which some formats seek.
        key_sizes: int64 (K,), the keyframes' packets' sizes in bytes, to know them again.
        key_ranks: int64 (K,), the keyframes' numbers in decoding order.
        num_skipped: packets before the first keyframe (of a recording joined midway), which cannot be decoded.
        by_order: whether the packets do not say, or say ambiguously, when their frames are shown. A frame is then
            known by being the n-th that the decoder gives, and all before it have to be decoded.
        shape: what the container says of the shape of its pictures.
        lead: seconds from the container's start to the first frame.
        tail: for how long, in units of ``time_base``, the last frame is shown only because the sound goes on; ``end``
            counts it.
        warning: what is wrong with the file, such as a large part that is missing; or None.
    """

    times: np.ndarray
    end: int
    time_base: Fraction
    ranks: np.ndarray
    key_times: np.ndarray
    key_decode_times: np.ndarray
    key_sizes: np.ndarray
    key_ranks: np.ndarray
    num_skipped: int
    by_order: bool
    shape: DeclaredShape = field(default_factory=DeclaredShape)
    lead: Fraction = Fraction(0)
    tail: int = 0
    warning: str | None = None

    @property
    def num_frames(self) -> int:
        """Return how many frames are shown."""
        return len(self.times)

    @property
    def duration_seconds(self) -> float:
        """Return the seconds from the container's start to the end of its pictures, or of longer sound."""
        return self._seconds_at(self.end)

    @property
    def start_seconds(self) -> float:
        """Return when the first frame is shown, in seconds from the container's start."""
        return float(self.lead)

    @property
    def pictures_end_seconds(self) -> float:
        """Return when the last frame's own time is over, in seconds from the container's start."""
        return self._seconds_at(self.end - self.tail)

    @property
    def extent(self) -> Extent:
        """Return when its pictures are shown, by which windows and grids are counted."""
        return Extent(self.start_seconds, self.pictures_end_seconds, self.duration_seconds)

    @property
    def zero(self) -> Fraction:
        """Return the container's start, in seconds of the file's own clock."""
        return int(self.times[0]) * self.time_base - self.lead

    def _seconds_at(self, time: int) -> float:
        return float((time - int(self.times[0])) * self.time_base + self.lead)

    def span(self, first: int, last: int) -> tuple[Fraction, Fraction]:
        """Return when one place begins and another ends, in seconds of the file's own clock."""
        end = self.end if last + 1 >= self.num_frames else int(self.times[last + 1])
        return int(self.times[first]) * self.time_base, end * self.time_base

    @cached_property
    def times_seconds(self) -> np.ndarray:
        """Return float64 (N,): when each frame is shown, in seconds from the container's start."""
        # Divided last, so that each is the float nearest to the exact time where the first one is at 0.
        seconds: np.ndarray = (
            (self.times - self.times[0]).astype(np.float64) * self.time_base.numerator / self.time_base.denominator
        )
        return seconds + float(self.lead)


def read_packet_index(path: str | Path) -> PacketIndex:
    """Read a file's packets, without decoding them. To read many windows of one file, do this once for all.

    Args:
        path: the file.

    Returns:
        Its index, for ``read_frames(..., index=...)``.

    Raises:
        VideoError: the file cannot be opened, or has no video.
    """
    with open_video(path) as (container, stream):
        return scan_packets(Path(path), container, stream)


def scan_packets(
    path: Path, container: InputContainer, stream: VideoStream, *, max_packets: int | None = None
) -> PacketIndex:
    """Read the packets of a newly opened file, which is at its end then.

    Args:
        path: the file, for the error message.
        container: the open file.
        stream: its video stream.
        max_packets: how many packets of pictures to read from the first keyframe on; None for all. With fewer the index
            is that of the file's beginning.

    Returns:
        Its index.

    Raises:
        VideoError: there are no packets.
    """
    # Before anything is decoded, as a decoder's word takes the place of what the file says at its beginning.
    shape = DeclaredShape.of(stream, declared_margins(path, container, stream))
    with open_hollow_container(path, container, stream) as hollow:
        if hollow is not None:
            index = _scan(path, *hollow, shape, max_packets=max_packets, is_hollow=True)
            if index is not None:
                return index
    index = _scan(path, container, stream, shape, max_packets=max_packets)
    assert index is not None
    return index


def _scan(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    shape: DeclaredShape,
    *,
    max_packets: int | None,
    is_hollow: bool = False,
) -> PacketIndex | None:
    """Read a file's packets, as :func:`scan_packets`; None of a hollow one whose tables do not tell keyframes apart."""
    time_base = stream.time_base or Fraction(1, _DEFAULT_RATE)
    problems = Problems()
    others, holes = OtherStreams(container, stream), HoleFinder(cast(Stream, stream))
    packets, positions = _read_facts(container, stream, others, holes, problems, max_packets=max_packets)
    if is_hollow:
        if (keys := key_bytes(stream)) is None:
            return None
        packets = [facts._replace(is_key=byte in keys) for facts, byte in zip(packets, positions, strict=True)]
    first_key = next((rank for rank, facts in enumerate(packets) if facts.is_key), 0)
    shown_ranks = np.array([r for r, facts in enumerate(packets) if facts.is_shown and r >= first_key], dtype=np.int64)
    if not len(shown_ranks):
        raise VideoError(path, "its video stream is empty: the file is damaged or was cut off")

    rate = stream.guessed_rate or stream.average_rate or _DEFAULT_RATE
    usual_length = max(1, round(1 / (Fraction(rate) * time_base)))
    times, durations, by_order = _frame_times(
        [packets[rank] for rank in shown_ranks],
        usual_length,
        has_decoding_times=container.format.name not in _FORMATS_WITHOUT_DECODING_TIMES,
    )
    order = np.arange(len(times)) if by_order else np.argsort(times, kind="stable")
    times, ranks, durations = times[order], shown_ranks[order], durations[order]
    if _is_still(container, len(times)):
        end = int(times[-1])
    else:
        gaps = np.diff(times)
        end = int(times[-1]) + int(durations[-1] or (np.median(gaps) if len(gaps) else 0) or usual_length)
    warning, tail = None, 0
    if end > times[-1]:
        pictures = (int(times[0]) * time_base, end * time_base)
        problems.lost_seconds = holes.lost_seconds(pictures[1] - pictures[0], has_times=not by_order)
        problems.last_decoded = max(
            (facts.decoded_at for facts in packets if facts.decoded_at is not None), default=None
        )
        warning = break_warning(container, stream, others, pictures, problems)
        if warning is None and first_key > len(packets) / 2:
            warning = "most of its pictures come before the first one that can be decoded: it is damaged or was cut off"
        # Times that were counted are not on the sound's clock.
        tail = 0 if by_order else int(tail_of(others, end * time_base) / time_base)
    first = _first_time(packets[shown_ranks[0]], times, container.format.name, by_order=by_order)

    key_table = _key_table(packets, is_seekable=not by_order and stream.codec_context.name not in _PAINTING_CODECS)
    return PacketIndex(
        times=times,
        end=end + tail,
        time_base=time_base,
        ranks=ranks,
        key_times=key_table[:, 0],
        key_decode_times=key_table[:, 1],
        key_sizes=key_table[:, 2],
        key_ranks=key_table[:, 3],
        num_skipped=first_key,
        by_order=by_order,
        shape=shape,
        lead=Fraction(0) if first is None else lead_of(container, others, first * time_base),
        tail=tail,
        warning=warning,
    )


def _read_facts(
    container: InputContainer,
    stream: VideoStream,
    others: OtherStreams,
    holes: HoleFinder,
    problems: Problems,
    *,
    max_packets: int | None,
) -> tuple[list[_Packet], list[int | None]]:
    """Read a file's packets, and return what those of the pictures say, and where in the file each begins.

    Arguments as of :func:`scan_packets`.
    """
    packets: list[_Packet] = []
    positions: list[int | None] = []
    num_readable = 0
    for packet in read_packets(container, cast(Stream, stream), *others.streams, problems=problems.reasons):
        holes.note(packet)
        problems.num_before_last = len(problems.reasons)
        if packet.stream_index != stream.index:
            others.note(packet)
            continue
        # Packets that the demuxer takes for corrupt count as well: whether they are is for the decoder to say.
        is_shown = not packet.is_discard
        facts = _Packet(packet.pts, packet.dts, packet.duration or 0, packet.size, packet.is_keyframe, is_shown)
        packets.append(facts)
        positions.append(packet.pos)
        num_readable += bool(num_readable) or facts.is_key
        if num_readable == max_packets:
            break
    return packets, positions


def _key_table(packets: list[_Packet], *, is_seekable: bool) -> np.ndarray:
    """Return int64 (K, 4): when each keyframe is shown and decoded, its size and its rank, in the order of times."""
    keys = [
        (facts.shown_at, facts.shown_at if facts.decoded_at is None else facts.decoded_at, facts.size, rank)
        for rank, facts in enumerate(packets)
        if is_seekable and facts.is_key and facts.shown_at is not None
    ]
    return np.array(sorted(keys), dtype=np.int64).reshape(-1, 4)


def _first_time(facts: _Packet, times: np.ndarray, format_name: str, *, by_order: bool) -> int | None:
    """Return when the first frame is shown by the clock of the packets; None where they do not say.

    Args:
        facts: of the first packet that is shown.
        times: the frames' times, which are not the packets' if these tell nothing.
        format_name: the demuxer's.
        by_order: whether the packets' times fail to tell the frames apart.
    """
    if format_name in _FORMATS_WITHOUT_TIMES:
        return facts.decoded_at
    if by_order:
        return facts.decoded_at if facts.shown_at is None else facts.shown_at
    return int(times[0])


def _frame_times(
    packets: list[_Packet], usual_length: int, *, has_decoding_times: bool = True
) -> tuple[np.ndarray, np.ndarray, bool]:
    """Return when and how long packets are shown, and whether these times fail to tell the frames apart."""
    lengths = np.array([facts.length for facts in packets], dtype=np.int64)
    shown = [facts.shown_at for facts in packets if facts.shown_at is not None]
    decoded = [facts.decoded_at for facts in packets if facts.decoded_at is not None]
    steps = np.diff(decoded)
    is_sound = (steps >= 0).all() or (not has_decoding_times and _is_reordered(shown))
    if len(shown) == len(packets) and is_sound:
        is_ambiguous = len(set(shown)) < len(shown)
        return np.array(sorted(shown) if is_ambiguous else shown, dtype=np.int64), lengths, is_ambiguous
    if len(decoded) == len(packets) and (steps > 0).all():
        # Frames are shown in the rhythm in which they are decoded, only later.
        return np.array(decoded, dtype=np.int64), lengths, True
    ends = np.cumsum(np.where(lengths > 0, lengths, usual_length))
    return np.concatenate([[0], ends[:-1]]), lengths, True


def _is_reordered(shown: list[int]) -> bool:
    """Whether times that rise and fall are those of reordered frames, not of a clock that starts again."""
    order = np.argsort(shown, kind="stable")
    return bool(np.abs(order - np.arange(len(order))).max(initial=0) <= _MAX_REORDERING)


def _is_still(container: InputContainer, num_frames: int) -> bool:
    name = container.format.name
    is_image = name in _IMAGE_FORMATS or name.endswith("_pipe") or container.metadata.get("major_brand") in HEIF_BRANDS
    return is_image and num_frames == 1


def choose_places(
    index: PacketIndex,
    sampling: FrameSampling,
    *,
    rng: np.random.Generator | None,
    start_seconds: float | None,
    end_seconds: float | None,
    path: Path,
) -> np.ndarray:
    """Choose the frames that a sampling takes of a window.

    The sampling counts on an even grid with as many parts as the window has frames; the middle of a part takes the
    frame that is shown then. At a constant frame rate part *i* is frame *i*; at a variable one the frames are
    taken evenly in time. With ``frames_per_second`` it counts the moments of that grid in the window instead
    (:mod:`framecue.video.read.grid`).

    Only the pictures' own time counts: before the first one nothing is shown, and the last one counts no more where it
    stays on while the sound goes on.

    Args:
        index: the video.
        sampling: which parts of the grid.
        rng: for training sampling; ``None`` for the fixed one.
        start_seconds: where the window starts; ``None`` for the first picture.
        end_seconds: where it ends; ``None`` for the end, and later than the end means the end.
        path: for the error message.

    Returns:
        int64 (F,), places in the index, in the sampling's order.

    Raises:
        InputError: the window ends before it starts, or starts before 0.
        VideoError: the window starts after the video has ended, or ends before its first picture.
    """
    start, end = shown_window(index.extent, start_seconds, end_seconds, path=path)
    seconds = index.times_seconds
    if sampling.frames_per_second is not None:
        moments = choose_moments(index.extent, (start, end), sampling, rng=rng)
        return places_at(moments, sampling.frames_per_second, seconds)
    first, last = np.searchsorted(seconds, [start - EDGE_SECONDS, end - EDGE_SECONDS])
    length = max(1, int(last - first))
    parts = sampling.test_indices(length) if rng is None else sampling.train_indices(length, rng)
    ticks = start + (np.array(parts) + 0.5) / length * (end - start)
    return np.maximum(np.searchsorted(seconds, ticks, side="right") - 1, 0)
