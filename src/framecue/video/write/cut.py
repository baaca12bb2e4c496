"""Cut a moment out of a video into a file of its own, without encoding it anew where that can be."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer

from framecue.errors import InputError, OutputError, VideoError
from framecue.video.read.decode import VideoReader
from framecue.video.read.heartbeat import beat
from framecue.video.read.mark import COMMENT, clip_mark
from framecue.video.read.packets import PacketIndex
from framecue.video.read.source import ffmpeg_reason, quiet_ffmpeg
from framecue.video.write.containers import ContainerKind
from framecue.video.write.reencode import encode_frames
from framecue.video.write.remux import NotCopiableError, copy_packets
from framecue.video.write.sound_tracks import HeardSound
from framecue.video.write.span import is_within_still, shown_span

__all__ = ["Cut", "cut_moment", "moment_places", "opened_output", "shows_as_planned"]

# Times that were rounded to milliseconds still mean the frame that they were of.
_ROUNDING_SECONDS = 0.0005
# A copy whose frames last longer or shorter than planned by more than this is none.
_COPY_SECONDS = 0.5
_LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Cut:
    """A clip that was written.

    Attributes:
        source: the video that it was cut out of; of an object in a store its URL.
        output: the new file.
        start_seconds: where in the source it starts to show.
        end_seconds: where it ends.
        is_copied: whether the source's own packets were copied, or its frames encoded anew.
        num_sounds: how many sound tracks it has.
        sounds_left_out: why the source's other sound tracks are not in it, a line each.
        why_encoded: why it is not a copy; None if it is, or if it was not to be.
    """

    source: Path | str
    output: Path
    start_seconds: float
    end_seconds: float
    is_copied: bool
    num_sounds: int
    sounds_left_out: tuple[str, ...] = ()
    why_encoded: str | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the document that ``framecue clip --json`` prints."""
        return {
            "output": str(self.output),
            "path": str(self.source),
            "start_seconds": self.start_seconds,
            "end_seconds": self.end_seconds,
            "copied": self.is_copied,
            "sound_tracks": self.num_sounds,
            "sound_left_out": list(self.sounds_left_out),
        }


def cut_moment(
    source: Path, partial: Path, container: ContainerKind, start_seconds: float, end_seconds: float, *, exact: bool
) -> Cut:
    """Cut a moment out of a video, into a file that nobody has seen yet.

    Args:
        source: the video.
        partial: the file to write; what was there is lost.
        container: its kind.
        start_seconds: where the moment starts.
        end_seconds: where it ends; later than the video's end means that end.
        exact: always encode, from the very frame to the very frame.

    Returns:
        What was written.

    Raises:
        InputError: the moment is empty.
        VideoError: the source cannot be read, is over before the moment starts, or shows nothing until it ends.
        OutputError: the file cannot be written.
    """
    with VideoReader(source) as video:
        index = video.index
    if index.duration_seconds and start_seconds == end_seconds:
        raise InputError(f"no moment runs from {start_seconds} to {end_seconds} seconds: give 0 <= start < end")
    places = moment_places(source, index, start_seconds, end_seconds)
    zero = index.zero
    wanted_start = zero + Fraction(start_seconds)
    wanted_end = zero + Fraction(min(end_seconds, index.duration_seconds))
    # A copy would begin with the picture that has been on the screen since long before.
    is_still = is_within_still(index, places[0], wanted_start)
    try:
        copied = None if exact or is_still else _copy(source, index, partial, container, places, wanted_end)
        if copied is None:
            with opened_output(partial, container, _mark(source, index, places, wanted_end)) as target:
                heard = encode_frames(
                    source, index, target, places, wanted_end, container.codecs, wanted_start=wanted_start
                )
        else:
            places, heard = copied
    except (av.FFmpegError, OSError) as error:
        raise OutputError(partial, f"cannot be written ({ffmpeg_reason(error)})") from error
    why = None
    if copied is None and not exact:
        still_seconds = float(wanted_start - index.span(*places)[0])
        why = f"its first picture is shown since {still_seconds:.1f} s" if is_still else "its packets cannot be copied"
    start, end = shown_span(index, places, wanted_end, wanted_start=None if copied else wanted_start)
    return Cut(
        source,
        partial,
        float(start - zero),
        float(end - zero),
        is_copied=copied is not None,
        num_sounds=len(heard.numbers),
        sounds_left_out=heard.left_out,
        why_encoded=why,
    )


def moment_places(source: Path, index: PacketIndex, start_seconds: float, end_seconds: float) -> tuple[int, int]:
    """Return the first and the last frame of a moment.

    Raises:
        VideoError: the video is a picture, is over before the moment starts, or shows nothing until it ends.
    """
    if not index.duration_seconds:
        raise VideoError(source, "is a still image, of which no clip can be cut")
    if start_seconds >= index.duration_seconds:
        reason = (
            f"the moment starts at {start_seconds} seconds, but the video lasts {index.duration_seconds:.3f} seconds"
        )
        raise VideoError(source, reason)
    if end_seconds <= index.start_seconds:
        late = f"the moment ends at {end_seconds} seconds, but the first picture is shown at"
        raise VideoError(source, f"{late} {index.start_seconds:.3f} seconds")
    first = max(0, int(np.searchsorted(index.times_seconds, start_seconds + _ROUNDING_SECONDS, side="right")) - 1)
    last = int(np.searchsorted(index.times_seconds, end_seconds - _ROUNDING_SECONDS)) - 1
    return first, max(first, last)


def _copy(
    source: Path,
    index: PacketIndex,
    path: Path,
    container: ContainerKind,
    places: tuple[int, int],
    wanted_end: Fraction,
) -> tuple[tuple[int, int], HeardSound] | None:
    """Copy a moment; return the first and the last place that the copy shows and its sound, None if it cannot be."""
    try:
        with opened_output(path, container, _mark(source, index, places, wanted_end)) as target:
            shown, heard = copy_packets(source, index, target, places, wanted_end, hides_lead=container.hides_lead)
        is_good = shows_as_planned(path, index, shown, wanted_end)
    except (NotCopiableError, VideoError, av.FFmpegError, ValueError):
        return None
    return (shown, heard) if is_good else None


def shows_as_planned(path: Path, index: PacketIndex, places: tuple[int, int], wanted_end: Fraction) -> bool:
    """Whether a copy of a moment shows what it is to show, for as long, in the shape of the source.

    Args:
        path: the copy.
        index: the source's.
        places: the first and the last frame that it is to show.
        wanted_end: where it was to end, in seconds of the source's own clock.

    Raises:
        VideoError: it cannot be read.
    """
    with VideoReader(path) as made:
        made.info()
        start, end = shown_span(index, places, wanted_end)
        is_good = abs(made.index.duration_seconds - made.index.start_seconds - float(end - start)) <= _COPY_SECONDS
        # The container's word on the shape of pixels is lost where the packets themselves say another.
        return is_good and made.index.shape == index.shape


def _mark(source: Path, index: PacketIndex, places: tuple[int, int], wanted_end: Fraction) -> str:
    start, end = shown_span(index, places, wanted_end)
    return clip_mark(source.name, float(start - index.zero), float(end - index.zero))


@contextmanager
def opened_output(path: Path, container: ContainerKind, comment: str | None) -> Iterator[OutputContainer]:
    """Open a file to write to, and give signs of life as long as it is written.

    Args:
        path: the file; what was there is lost.
        container: its kind.
        comment: what it says of itself; None for nothing.

    Yields:
        The PyAV container.

    Raises:
        av.FFmpegError: it cannot be written.
    """
    with quiet_ffmpeg(), _beating_while_it_changes(path):
        address = f"file:{path.absolute()}"
        with av.open(address, "w", format=container.name, options=dict(container.options)) as target:
            if comment is not None:
                target.metadata[COMMENT] = comment
            yield target


@contextmanager
def _beating_while_it_changes(path: Path) -> Iterator[None]:
    """Give signs of life as long as a file changes: to put its index to the front, ffmpeg moves all of a large one."""
    is_over = threading.Event()

    def watch() -> None:
        before = None
        while not is_over.wait(_LOOK_SECONDS):
            with suppress(OSError):
                found = path.stat()
                if (found.st_size, found.st_mtime_ns) != before:
                    before = found.st_size, found.st_mtime_ns
                    beat()

    watcher = threading.Thread(target=watch, daemon=True, name="framecue-clip-watch")
    watcher.start()
    try:
        yield
    finally:
        is_over.set()
        watcher.join()
