"""Whether a file that an older framecue indexed is read otherwise today; of a large file little is read for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from framecue.video.read.access import size_bytes_of
from framecue.video.read.decode import VideoReader
from framecue.video.read.packets import PacketIndex, scan_packets
from framecue.video.read.recorded import read_recorded_seconds
from framecue.video.read.source import open_video, read_packets

__all__ = ["OlderReading", "SecondLook", "look_again", "reading_difference"]

# Files up to this size are read whole, which takes part of a second.
_SMALL_BYTES = 32 << 20
_HEAD_PACKETS = 64
# Times that differ by less are those of the same frames.
_SAME_START_SECONDS, _SAME_LENGTH_SECONDS = 0.1, 0.5
# Formats that say how long they are (or whose end says it) do so to a second.
_DECLARED_SECONDS = 1.0
# How far the short side of a thumbnail may be from what its long side says, in pixels: it was rounded twice.
_ROUNDING_PIXELS = 1.5
# Containers in which the pictures may change from one part of a recording to the next.
_CHANGING_FORMATS = frozenset({"mpegts", "mpeg", "flv", "h264", "hevc", "mpegvideo"})
_LOOKS = (0.2, 0.4, 0.6, 0.8, 0.99)  # parts of the way to the end, at which a frame is compared with the first one
_MAX_PACKETS = 300  # of pictures, read for one such frame


@dataclass(frozen=True)
class OlderReading:
    """What an older framecue found in a file.

    Attributes:
        start_seconds: where the first segment starts.
        duration_seconds: how long the file lasts.
        thumbnail_size: width and height of the first segment's thumbnail; None if there is none.
    """

    start_seconds: float
    duration_seconds: float
    thumbnail_size: tuple[int, int] | None = None


@dataclass(frozen=True)
class SecondLook:
    """What a file is found to be when it is looked at again.

    Attributes:
        difference: what is otherwise than it was, "times" or "shape"; None if nothing is.
        recorded_seconds: when it was recorded, by its metadata, seconds since 1970; None where they do not say.
    """

    difference: str | None = None
    recorded_seconds: float | None = None


def look_again(path: str | Path, older: OlderReading) -> SecondLook:
    """Look at a file that an older framecue indexed; arguments and errors as of :func:`reading_difference`."""
    difference = reading_difference(path, older)
    with open_video(path) as (container, stream):
        return SecondLook(difference, read_recorded_seconds(Path(path), container, stream))


def reading_difference(path: str | Path, older: OlderReading) -> str | None:
    """Return what is otherwise when a file is read today: "times" or "shape"; None if it is read as it was.

    Args:
        path: the file.
        older: what was found then.

    Raises:
        VideoError: the file cannot be read.
    """
    path = Path(path)
    index, is_whole = _index(path, older.duration_seconds)
    if abs(index.start_seconds - older.start_seconds) > _SAME_START_SECONDS:
        return "times"
    if is_whole and abs(index.duration_seconds - older.duration_seconds) > _SAME_LENGTH_SECONDS:
        return "times"
    with VideoReader(path, index=index) as video:
        info = video.info()
    if older.thumbnail_size is not None and not _is_same_shape((info.width, info.height), older.thumbnail_size):
        return "shape"
    return "shape" if _changes_midway(path, older.duration_seconds) else None


def _index(path: Path, duration_seconds: float) -> tuple[PacketIndex, bool]:
    """Return the file's index, or that of its beginning where it is large and as long as it was; and whether it is all.

    Args:
        path: the file.
        duration_seconds: how long it was when it was indexed.
    """
    with open_video(path) as (container, stream):
        is_small = size_bytes_of(path) <= _SMALL_BYTES
        if is_small or container.duration is None:
            return scan_packets(path, container, stream), True
        if abs(container.duration / av.time_base - duration_seconds) <= _DECLARED_SECONDS:
            return scan_packets(path, container, stream, max_packets=_HEAD_PACKETS), False
    with open_video(path) as (container, stream):
        return scan_packets(path, container, stream), True


def _is_same_shape(size: tuple[int, int], thumbnail_size: tuple[int, int]) -> bool:
    if (size[0] - size[1]) * (thumbnail_size[0] - thumbnail_size[1]) < 0:
        return False
    expected = max(thumbnail_size) * min(size) / max(size)
    return abs(expected - min(thumbnail_size)) <= _ROUNDING_PIXELS


def _changes_midway(path: Path, duration_seconds: float) -> bool:
    """Whether frames of another shape than the first one's are shown later, as far as a few frames tell."""
    with open_video(path) as (container, stream):
        if container.format.name not in _CHANGING_FORMATS or not container.duration:
            return False
        shapes = {_shape_of_next(container, stream)}
        for part in _LOOKS:
            try:
                container.seek((container.start_time or 0) + int(part * duration_seconds * av.time_base))
            except (av.FFmpegError, OSError):
                continue
            shapes.add(_shape_of_next(container, stream))
        return len(shapes - {None}) > 1


def _shape_of_next(container: InputContainer, stream: VideoStream) -> tuple[object, ...] | None:
    """Return the size and the pixels' shape of the next frame that can be decoded; None if that is far."""
    for number, packet in enumerate(read_packets(container, stream)):
        try:
            for frame in packet.decode():
                return frame.width, frame.height, stream.codec_context.sample_aspect_ratio
        except (av.FFmpegError, OSError):
            continue
        if number >= _MAX_PACKETS:
            break
    return None
