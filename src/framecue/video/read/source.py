"""Open a video file and find its pictures, with words for everything that can be wrong with a file on the way."""

from __future__ import annotations

import os
import re
import stat
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, cast

import av
import av.logging
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from framecue.errors import VideoError
from framecue.paths import NOT_LOCAL
from framecue.video.read.demuxers import DEMUXERS, is_playlist, is_text
from framecue.video.read.heartbeat import beat
from framecue.video.read.suffixes import IMAGE_SUFFIXES

__all__ = [
    "check_file",
    "ffmpeg_reason",
    "open_video",
    "quiet_ffmpeg",
    "read_packets",
]

# One file is one file: nothing in it opens another one, or the network.
_ONE_FILE = {"format_whitelist": DEMUXERS, "protocol_whitelist": "file"}
_HEAD_BYTES = 4096
# A stream with one of these marks is a picture about the file (an album cover), not its content.
_COVER_MARKS = 0x0400  # AV_DISPOSITION_ATTACHED_PIC; timed thumbnails carry it too

_SERIES_MARKS = frozenset("%*?{")

# What a path makes of `s3://bucket/a.mp4`; a drive of Windows has one letter.
_URL = re.compile(r"[A-Za-z][\w+.-]+:/")

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
def open_video(path: str | Path) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file for reading and choose its video stream; the file is closed when the block ends.

    Args:
        path: the file.

    Yields:
        The PyAV container and its video stream.

    Raises:
        VideoError: the file is missing, empty, unreadable, or has no video stream.
    """
    path = Path(path)
    check_file(path)
    with ExitStack() as stack:
        stack.enter_context(quiet_ffmpeg())
        try:
            # Metadata in another encoding than UTF-8 is common in old files, and nothing here reads it.
            container = av.open(_address(path, stack), "r", metadata_errors="replace", options=_ONE_FILE)
        except (av.FFmpegError, OSError) as error:
            raise VideoError(path, _open_reason(path, error)) from error
        stack.enter_context(container)
        yield container, _video_stream(path, container)


def read_packets(container: InputContainer, stream: VideoStream) -> Iterator[Packet[VideoStream]]:
    """Read an open file's packets from where it stands, up to its end or to where it breaks off.

    What came before a break is still a video.

    Args:
        container: the open file.
        stream: its video stream.

    Yields:
        The packets that hold something.
    """
    try:
        for packet in container.demux(stream):
            beat()
            if packet.size:
                yield packet
    # PyAV's list of streams ends before that of a transport stream in which more have turned up (IndexError).
    except (av.FFmpegError, OSError, IndexError):
        return


def ffmpeg_reason(error: BaseException) -> str:
    """Return what ffmpeg says about an error, without its number and without the file's name."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def check_file(path: Path) -> None:
    """Refuse what is certainly no video, without opening it.

    Raises:
        VideoError: it is missing, empty, or no regular file.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise VideoError(path, NOT_LOCAL if _URL.match(str(path)) else "no such file") from None
    except (OSError, ValueError) as error:
        raise VideoError(path, f"cannot be read ({ffmpeg_reason(error)})") from error
    if stat.S_ISDIR(status.st_mode):
        raise VideoError(path, "is a folder, not a video file")
    if not stat.S_ISREG(status.st_mode):
        raise VideoError(path, "is not a regular file")
    if status.st_size == 0:
        raise VideoError(path, "the file is empty")


def _address(path: Path, stack: ExitStack) -> str | BinaryIO:
    """Return what to hand to ffmpeg, so that it opens exactly this file.

    ffmpeg takes ``12:30.mp4`` for a protocol and ``%03d.png`` or ``a*.png`` for a series, and PyAV wants names in
    UTF-8; an absolute path avoids the first, a nameless open file the other two.
    """
    absolute = str(path.absolute())
    try:
        absolute.encode()
    except UnicodeEncodeError:
        pass
    else:
        if not _SERIES_MARKS & set(absolute):
            return f"file:{absolute}"
    descriptor = os.open(path, os.O_RDONLY)
    return stack.enter_context(os.fdopen(descriptor, "rb"))


def _open_reason(path: Path, error: BaseException) -> str:
    # Not by the error's kind: ffmpeg says so of some damaged files too.
    if not os.access(path, os.R_OK) and path.exists():
        return "may not be read (permission denied)"
    if isinstance(error, FileNotFoundError):
        return "no such file"  # any more
    with suppress(OSError), path.open("rb") as file:
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
    streams = [stream for stream in videos if not stream.disposition.value & _COVER_MARKS]
    if not streams:
        found = ["sound"] if container.streams.audio else []
        found += ["cover art"] if videos else []
        raise VideoError(path, "no video stream" + (f", only {' and '.join(found)}" if found else ""))
    # PyAV's types leave out that there is none for a codec that ffmpeg does not know.
    decodable = [stream for stream in streams if cast(object, stream.codec_context) is not None]
    if not decodable:
        raise VideoError(path, "its video codec is unknown to this build of ffmpeg")
    best = container.streams.best("video")
    return next((stream for stream in decodable if best is not None and stream.index == best.index), decodable[0])
