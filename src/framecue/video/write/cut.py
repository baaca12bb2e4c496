"""Cut a moment out of a video into a file of its own, without encoding it anew where that can be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import av
import numpy as np
from av.container import OutputContainer

from framecue.errors import InputError, OutputError, VideoError
from framecue.paths import path_on_disk
from framecue.video.read.decode import VideoReader
from framecue.video.read.packets import PacketIndex
from framecue.video.read.source import ffmpeg_reason, quiet_ffmpeg
from framecue.video.write.containers import CLIP_SUFFIXES, CONTAINERS, ContainerKind
from framecue.video.write.reencode import encode_frames
from framecue.video.write.remux import NotCopiableError, copy_packets

__all__ = ["Cut", "clip_video"]

# Times that were rounded to milliseconds still mean the frame that they were of.
_ROUNDING_SECONDS = 0.0005
# A copy whose frames last longer or shorter than planned by more than this is none.
_COPY_SECONDS = 0.5


@dataclass(frozen=True)
class Cut:
    """A clip that was written.

    Attributes:
        source: the video that it was cut out of.
        output: the new file.
        start_seconds: where in the source it starts to show.
        end_seconds: where it ends.
        is_copied: whether the source's own packets were copied, or its frames encoded anew.
    """

    source: Path
    output: Path
    start_seconds: float
    end_seconds: float
    is_copied: bool

    def to_dict(self) -> dict[str, object]:
        """Return the document that ``framecue clip --json`` prints."""
        return {
            "output": str(self.output),
            "path": str(self.source),
            "start_seconds": self.start_seconds,
            "end_seconds": self.end_seconds,
            "copied": self.is_copied,
        }


def clip_video(
    source: str | Path,
    output: str | Path,
    start_seconds: float,
    end_seconds: float,
    *,
    exact: bool = False,
    overwrite: bool = False,
) -> Cut:
    """Cut a moment out of a video.

    The video's and the sound's packets are copied, from the keyframe at or before the start. In mp4, m4v and mov files
    the frames before the start are then hidden (by an edit list, which players heed), in others they are shown, and
    the clip starts earlier than asked for. It may end some frames later, where these are needed to show those before.
    What cannot be copied, as the output's container cannot hold it, is encoded (H.264 and AAC, in webm VP9 and Opus).
    The output appears when it is complete: it is written beside its place under another name first.

    Args:
        source: the video.
        output: the file to write; its ending says which container, one of CLIP_SUFFIXES.
        start_seconds: where the moment starts.
        end_seconds: where it ends; later than the video's end means that end.
        exact: always encode, from the very frame to the very frame.
        overwrite: replace an output that exists.

    Returns:
        What was written.

    Raises:
        InputError: the moment or the output make no sense, or the output exists.
        VideoError: the source cannot be read, is over before the moment starts, or shows nothing until it ends.
        OutputError: the output cannot be written.
    """
    source, output = Path(path_on_disk(str(source))), Path(output)
    container = _check_output(source, output, overwrite=overwrite)
    if start_seconds == end_seconds == 0 and _is_still(source):
        raise VideoError(source, "is a still image, of which no clip can be cut")
    if not 0 <= start_seconds < end_seconds:
        raise InputError(f"no moment runs from {start_seconds} to {end_seconds} seconds: give 0 <= start < end")
    with VideoReader(source) as video:
        index = video.index
    places = _places(source, index, start_seconds, end_seconds)
    unfinished = output.with_name(f".framecue-clip-{uuid4().hex[:8]}{output.suffix}")
    try:
        shown = None if exact else _copy(source, index, unfinished, container, places)
        if shown is None:
            with _open_output(unfinished, container) as target:
                encode_frames(source, index, target, places, container.codecs)
        unfinished.replace(output)
    except (av.FFmpegError, OSError) as error:
        raise OutputError(output, f"cannot be written ({ffmpeg_reason(error)})") from error
    finally:
        unfinished.unlink(missing_ok=True)
    start, end = index.span(*(shown or places))
    return Cut(source, output, float(start - index.zero), float(end - index.zero), is_copied=shown is not None)


def _check_output(source: Path, output: Path, *, overwrite: bool) -> ContainerKind:
    container = CONTAINERS.get(output.suffix.lower())
    if container is None:
        raise InputError(f"{output}: no kind of clip ends in {output.suffix!r}; known: {', '.join(CLIP_SUFFIXES)}")
    try:
        str(output.absolute()).encode()
    except UnicodeEncodeError:
        raise InputError(f"{output}: a clip cannot be written to a name that is not UTF-8") from None
    if not output.parent.is_dir():
        raise InputError(f"{output}: there is no folder {output.parent}")
    if output.is_dir():
        raise InputError(f"{output}: is a folder; name the file to write")
    if output.exists():
        if source.exists() and output.samefile(source):
            raise InputError(f"{output}: is the video itself; write the clip to another file")
        if not overwrite:
            raise InputError(f"{output}: exists already; name another file, or replace it (--force, overwrite=True)")
    return container


def _is_still(source: Path) -> bool:
    with VideoReader(source) as video:
        return not video.index.duration_seconds


def _places(source: Path, index: PacketIndex, start_seconds: float, end_seconds: float) -> tuple[int, int]:
    """Return the first and the last frame of a moment."""
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
    source: Path, index: PacketIndex, path: Path, container: ContainerKind, places: tuple[int, int]
) -> tuple[int, int] | None:
    """Copy a moment; return the first and the last place that the copy shows, None if it cannot be copied."""
    try:
        with _open_output(path, container) as target:
            shown = copy_packets(source, index, target, places, hides_lead=container.hides_lead)
        with VideoReader(path) as made:
            made.info()
            start, end = index.span(*shown)
            length_seconds = made.index.duration_seconds - made.index.start_seconds
            is_good = abs(length_seconds - float(end - start)) <= _COPY_SECONDS
            # The container's word on the shape of pixels is lost where the packets themselves say another.
            is_good &= made.index.shape == index.shape
    except (NotCopiableError, VideoError, av.FFmpegError, ValueError):
        return None
    return shown if is_good else None


@contextmanager
def _open_output(path: Path, container: ContainerKind) -> Iterator[OutputContainer]:
    with quiet_ffmpeg():
        address = f"file:{path.absolute()}"
        with av.open(address, "w", format=container.name, options=dict(container.options)) as target:
            yield target
