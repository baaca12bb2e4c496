"""Open a video file and find its pictures, with words for everything that can be wrong with a file on the way."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import av
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from framecue.errors import VideoError, VideoErrorCause
from framecue.paths import NOT_LOCAL, url_as_written
from framecue.video.read.access import elsewhere, open_bytes
from framecue.video.read.demuxers import DEMUXERS, is_playlist, is_text
from framecue.video.read.heartbeat import beat
from framecue.video.read.pictures import stand_in
from framecue.video.read.suffixes import IMAGE_SUFFIXES

__all__ = [
    "ONE_FILE",
    "check_file",
    "ffmpeg_reason",
    "is_cover",
    "open_file",
    "open_video",
    "quiet_ffmpeg",
    "read_packets",
]

StreamT = TypeVar("StreamT", bound=Stream)

# One file is one file: nothing in it opens another one, or the network.
ONE_FILE = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
_ONE_PICTURE = {"format_whitelist": "image2", "protocol_whitelist": "file", "pattern_type": "none"}
_HEAD_BYTES = 4096
# A stream with this mark is a picture about the file (an album cover), not its content.
_COVER_MARKS = Disposition.attached_pic | Disposition.timed_thumbnails
# A stream with one of these is not the video: it says something of another stream, or means something only with it
# (the second eye, an enhancement layer, a tile).
_PART_MARKS = Disposition.metadata | Disposition.dependent

# So many errors in a row end the reading of packets. A single one may cost no more than the packet it was about.
_MAX_ERRORS = 16

_SERIES_MARKS = frozenset("%*?{")
_JPEG_SUFFIXES = frozenset({".jfif", ".jpe", ".jpeg", ".jpg", ".jps", ".mpo"})
_JPEG_HEAD = b"\xff\xd8\xff"

_quiet_lock = threading.Lock()
_quiet_depth = 0
_level_before: int | None = None


@contextmanager
def quiet_ffmpeg() -> Iterator[None]:
    """Keep ffmpeg's own log lines from standard error, and restore the caller's log level afterwards.

    The level belongs to the whole process, so blocks that overlap in several threads share one change of it.
    """
    global _quiet_depth, _level_before
    with _quiet_lock:
        if _quiet_depth == 0:
            _level_before = av.logging.get_level()
            if _level_before is not None:
                av.logging.set_level(None)
        _quiet_depth += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_depth -= 1
            if _quiet_depth == 0 and _level_before is not None:
                av.logging.set_level(_level_before)


@contextmanager
def open_video(
    path: str | Path, *, options: Mapping[str, str] | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file for reading and choose its video stream; the file is closed when the block ends.

    Args:
        path: the file.
        options: of ffmpeg's demuxer.

    Yields:
        The PyAV container and its video stream.

    Raises:
        VideoError: the file is missing, empty, unreadable, or has no video stream.
    """
    path = Path(path)
    with open_file(path, options=options) as container, ExitStack() as stack:
        whole = stand_in(path, container)
        if whole is not None:
            container = stack.enter_context(av.open(whole, "r", options=dict(ONE_FILE)))
        yield container, _video_stream(path, container)


@contextmanager
def open_file(path: str | Path, *, options: Mapping[str, str] | None = None) -> Iterator[InputContainer]:
    """Open a file for reading, whatever streams it has; it is closed when the block ends.

    Args:
        path: the file.
        options: of ffmpeg's demuxer.

    Yields:
        The PyAV container.

    Raises:
        VideoError: the file is missing, empty or unreadable.
    """
    path = Path(path)
    check_file(path)
    with ExitStack() as stack:
        stack.enter_context(quiet_ffmpeg())
        try:
            # Metadata in another encoding than UTF-8 is common in old files, and nothing here reads it.
            address = _address(path, stack)
            # The reader of pictures in a stream would take what phones append to a JPEG (its brightness, a preview) for
            # a second frame, and ffmpeg's guess is the reader of numbered series, which is held to this file here.
            is_alone = path.suffix.lower() in _JPEG_SUFFIXES and isinstance(address, str) and _is_jpeg(path)
            container = av.open(
                address,
                "r",
                format="image2" if is_alone else None,
                options={**(_ONE_PICTURE if is_alone else ONE_FILE), **(options or {})},
                metadata_errors="replace",
            )
        except (av.FFmpegError, OSError) as error:
            # What the system says may be otherwise at another time; what ffmpeg says is about the content.
            cause: VideoErrorCause | None = None if isinstance(error, (OSError, MemoryError)) else "content"
            raise VideoError(path, _open_reason(path, error), cause=cause) from error
        yield stack.enter_context(container)


def read_packets(
    container: InputContainer, *streams: StreamT, problems: list[str] | None = None
) -> Iterator[Packet[StreamT]]:
    """Read an open file's packets from where it stands, up to its end or to where it breaks off.

    What came before a break is still a video, and so is what comes after a damaged packet.

    Args:
        container: the open file.
        *streams: the streams to read.
        problems: what goes wrong is added here, once for errors in a row.

    Yields:
        The packets that hold something.
    """
    num_errors = 0
    while num_errors < _MAX_ERRORS:
        try:
            for packet in container.demux(streams):
                beat()
                if packet.size:
                    num_errors = 0
                    yield cast("Packet[StreamT]", packet)
            return
        except IndexError:
            # At the end: PyAV's list of streams ends before that of a transport stream in which more have turned up.
            return
        except (av.FFmpegError, OSError) as error:
            num_errors += 1
            if problems is not None and num_errors == 1:
                problems.append(ffmpeg_reason(error))


def is_cover(stream: Stream) -> bool:
    """Whether a stream is a picture about the file (an album cover), not its content."""
    return bool(stream.disposition & _COVER_MARKS)


def ffmpeg_reason(error: BaseException) -> str:
    """Return what ffmpeg says about an error, without its number and without the file's name."""
    if isinstance(error, BlockingIOError):  # its sign of a stretch without data, whose words are about something else
        return "there is no data where it should be"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def check_file(path: Path) -> None:
    """Refuse what is certainly no video, without opening it.

    Raises:
        VideoError: it is missing, empty, or no regular file.
    """
    if (ranges := elsewhere(path)) is not None:
        if not ranges.size_bytes:
            raise VideoError(path, "the file is empty", cause="content")
        return
    try:
        status = path.stat()
    except FileNotFoundError:
        url = url_as_written(path)
        raise VideoError(url or path, NOT_LOCAL if url else "no such file") from None
    except (OSError, ValueError) as error:
        raise VideoError(path, f"cannot be read ({ffmpeg_reason(error)})") from error
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(path, "is a folder, not a video file")
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(path, "is not a regular file")
    if status.st_size == 0:
        raise VideoError(path, "the file is empty", cause="content")


def _address(path: Path, stack: ExitStack) -> str | BinaryIO:
    """Return what to hand to ffmpeg, so that it opens exactly this file.

    ffmpeg takes ``12:30.mp4`` for a protocol and ``%03d.png`` or ``a*.png`` for a series, and PyAV wants names in
    UTF-8; an absolute path avoids the first, a nameless open file the other two. It takes a picture for what its name
    says, which is wrong for a JPEG named ``.png``: no name, no mistake.
    """
    if elsewhere(path) is not None:
        return stack.enter_context(open_bytes(path))
    absolute = str(path.absolute())
    try:
        absolute.encode()
    except UnicodeEncodeError:
        pass
    else:
        is_misnamed = path.suffix.lower() in IMAGE_SUFFIXES - _JPEG_SUFFIXES and _is_jpeg(path)
        if not _SERIES_MARKS & set(absolute) and not is_misnamed:
            return f"file:{absolute}"
    descriptor = os.open(path, os.O_RDONLY)
    return stack.enter_context(os.fdopen(descriptor, "rb"))


def _is_jpeg(path: Path) -> bool:
    with open_bytes(path) as file:
        return file.read(len(_JPEG_HEAD)) == _JPEG_HEAD


def _open_reason(path: Path, error: BaseException) -> str:
    # Not by the error's kind: ffmpeg says so of some damaged files too.
    if elsewhere(path) is None and not os.access(path, os.R_OK) and path.exists():
        return "may not be read (permission denied)"
    if isinstance(error, FileNotFoundError):
        return "no such file"  # any more
    with suppress(OSError), open_bytes(path) as file:
        head = file.read(_HEAD_BYTES)
        if isinstance(error, av.error.InvalidDataError) and head[4:8] == b"ftyp":
            return f"an incomplete mp4 file: it ends before its index ({ffmpeg_reason(error)})"
        if is_playlist(head):
            return "is a playlist, not a video file; index the files that it names"
        if path.suffix.lower() in IMAGE_SUFFIXES:
            return f"nothing in it can be decoded: it is no picture, or a damaged one ({ffmpeg_reason(error)})"
        if isinstance(error, av.error.ArgumentError) and is_text(head):
            return "is a text file, not a video file"
    if isinstance(error, av.error.ArgumentError):  # ffmpeg's word for a kind that is not on the list
        return "not a kind of video file that is read here (other kinds are text, or open further files)"
    return f"not a video file that ffmpeg can read ({ffmpeg_reason(error)})"


def _video_stream(path: Path, container: InputContainer) -> VideoStream:
    videos = list(container.streams.video)
    streams = [stream for stream in videos if not is_cover(stream)]
    if not streams:
        found = ["sound"] if container.streams.audio else []
        found += ["cover art"] if videos else []
        only = f", only {' and '.join(found)}" if found else ""
        raise VideoError(path, f"no video stream{only}", cause="sound" if container.streams.audio else "content")
    streams = [stream for stream in streams if not stream.disposition & _PART_MARKS]
    if not streams:
        reason = "its video streams are parts of one that is not in it (layers, tiles or metadata)"
        raise VideoError(path, reason, cause="content")
    # PyAV's types leave out that there is none for a codec that ffmpeg does not know.
    decodable = [stream for stream in streams if cast(object, stream.codec_context) is not None]
    if not decodable:
        raise VideoError(path, "its video codec is unknown to this build of ffmpeg", cause="content")
    best = container.streams.best("video")
    return min(decodable, key=lambda stream: (_is_aside(stream, decodable), best is None or stream.index != best.index))


def _is_aside(stream: VideoStream, streams: list[VideoStream]) -> bool:
    """Whether a stream of several is a still picture beside a film, or says how opaque another stream is."""
    if stream.disposition & Disposition.still_image or (
        stream.frames == 1 and any(other.frames > 1 for other in streams)
    ):
        return True
    size = stream.width, stream.height
    return _is_grey(stream) and any((other.width, other.height) == size and not _is_grey(other) for other in streams)


def _is_grey(stream: VideoStream) -> bool:
    return (stream.pix_fmt or "").startswith("gray")
