"""Reading the packets of an mp4 or mov file without its pictures and its sound, where these are far away.

Such a file has tables of its packets: when each is shown, how long it is, where decoding can start. ffmpeg goes by
them, so its packets are the same if zeros stand where the pictures and the sound are, which need not be read then. Not
so where it looks into the packets for their limits, and for keyframes: these are taken from the tables.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from framecue.video.read.access import HollowFile, elsewhere, open_hollow
from framecue.video.read.source import ONE_FILE
from framecue.video.read.suffixes import IMAGE_SUFFIXES

__all__ = ["key_bytes", "open_hollow_container"]

_FORMAT = "mov,mp4,m4a,3gp,3g2,mj2"
_PICTURES = b"mdat"
_MOST_BOXES = 100_000  # a fragmented recording of a day has some ten thousand
# Of each codec that is named here a packet is what the tables say; others are taken apart by what is in them.
_INTRA = frozenset({"mjpeg", "prores", "dnxhd", "qtrle", "png"})
_CODECS = _INTRA | {"aac", "alac", "av1", "flac", "h264", "hevc", "mpeg4", "opus", "vp9"}
_PLAIN_SOUND = "pcm_"


@contextmanager
def open_hollow_container(
    path: Path, container: InputContainer, stream: VideoStream
) -> Iterator[tuple[InputContainer, VideoStream] | None]:
    """Open a file once more, without the pictures and the sound that its packets are of.

    Args:
        path: the file.
        container: it, open.
        stream: its video stream.

    Yields:
        The file and the same stream of it, to read its packets from; None where that is not possible, or saves nothing.
    """
    if not _can_be_hollow(path, container):
        yield None
        return
    with open_hollow(path) as file:
        try:
            hollow = av.open(file, "r", options=dict(ONE_FILE), metadata_errors="replace")
        except av.FFmpegError:
            yield None
            return
        with hollow:
            if len(hollow.streams) != len(container.streams) or hollow.streams[stream.index].type != "video":
                yield None
                return
            # Not before it is open, for which the first packets are decoded.
            file.left_out = _picture_bytes(file)
            yield hollow, hollow.streams.video[list(container.streams.video).index(stream)]


def key_bytes(stream: VideoStream) -> frozenset[int] | None:
    """Return where the packets of keyframes begin, by the tables, of a stream whose packets have been read.

    Returns:
        Bytes from the file's beginning; None if the tables do not tell keyframes apart.
    """
    entries = list(stream.index_entries)
    keys = frozenset(entry.pos for entry in entries if entry.is_keyframe)
    # Without a table of keyframes every packet counts as one, which a film's are not.
    is_told = len(entries) == 1 or len(keys) < len(entries) or stream.codec_context.name in _INTRA
    return keys if keys and is_told else None


def _can_be_hollow(path: Path, container: InputContainer) -> bool:
    if elsewhere(path) is None or container.format.name != _FORMAT or path.suffix.lower() in IMAGE_SUFFIXES:
        return False
    return all(
        stream.type not in ("video", "audio") or _is_by_tables(stream.codec_context) for stream in container.streams
    )


def _is_by_tables(context: av.CodecContext | None) -> bool:
    if context is None:
        return False
    name = context.codec.canonical_name
    return name in _CODECS or name.startswith(_PLAIN_SOUND)


def _picture_bytes(file: HollowFile) -> list[tuple[int, int]]:
    """Return where the file's outermost boxes of pictures and sound begin and end."""
    found: list[tuple[int, int]] = []
    place = file.tell()
    size, start = file.seek(0, os.SEEK_END), 0
    for _ in range(_MOST_BOXES):
        if start + 8 > size:
            break
        file.seek(start)
        head = file.read(16)
        length, inner = int.from_bytes(head[:4], "big"), start + 8
        if length == 1:
            length, inner = int.from_bytes(head[8:16], "big"), start + 16
        end = size if length == 0 else start + length
        if end < inner:
            break
        if head[4:8] == _PICTURES:
            found.append((inner, min(end, size)))
        start = end
    file.seek(place)
    return found
