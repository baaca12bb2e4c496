"""What a file is made of, as players see it: its kind, and the codecs of its pictures and sound; nothing is decoded."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.video.format import VideoFormat
from av.video.stream import VideoStream

from framecue.video.read.access import open_bytes
from framecue.video.read.source import open_video

__all__ = ["FileStreams", "PictureStream", "SoundStream", "read_streams"]

# What players read of it stands at its beginning.
_MAX_SETUP_BYTES = 4096
# Of a Matroska file: what kind it says it is stands in its first bytes.
_HEAD_BYTES, _WEBM = 256, b"webm"
_MATROSKA = "matroska,webm"
# How long a track is, as mkvmerge and ffmpeg write it: 00:01:02.345000000.
_TAGGED_SECONDS = re.compile(r"(\d{1,6}):(\d{2}):(\d{2}(?:\.\d{1,9})?)")


@dataclass(frozen=True)
class PictureStream:
    """The pictures of a file.

    Attributes:
        codec: ffmpeg's name of the codec, such as "h264".
        profile: ffmpeg's name of its profile; None if it says none.
        level: the codec's own number of its level; None if it says none.
        pixel_format: ffmpeg's name, such as "yuv420p"; None if it is not known.
        bits: of one sample of a pixel.
        tag: four characters by which the container knows the codec; empty if it has none.
        setup: what a decoder is set up with (avcC, hvcC, av1C, or NAL units), its first bytes.
        width: of a stored picture, in pixels.
        height: of a stored picture, in pixels.
        frames_per_second: on average; None if it is not known.
    """

    codec: str
    profile: str | None
    level: int | None
    pixel_format: str | None
    bits: int
    tag: str
    setup: bytes
    width: int
    height: int
    frames_per_second: float | None


@dataclass(frozen=True)
class SoundStream:
    """A sound track of a file.

    Attributes:
        codec: ffmpeg's name of the codec, such as "aac"; None if it does not know it.
        profile: ffmpeg's name of its profile; None if it says none.
        setup: what a decoder is set up with, its first bytes.
        is_default: whether the file says that it is the one to play.
        seconds: when it says that it ends, from the beginning of the file; None if it does not.
    """

    codec: str | None
    profile: str | None
    setup: bytes
    is_default: bool
    seconds: float | None = None


@dataclass(frozen=True)
class FileStreams:
    """What a file is made of.

    Attributes:
        format: ffmpeg's names of its kind, such as "mov,mp4,m4a,3gp,3g2,mj2".
        brand: what a file of the mp4 family calls itself; None for others.
        is_webm: whether a Matroska file says that it is WebM.
        picture: its pictures.
        sounds: its sound tracks, in the order of the file.
        seconds: how long it says that it lasts; None if it does not.
    """

    format: str
    brand: str | None
    is_webm: bool
    picture: PictureStream
    sounds: tuple[SoundStream, ...]
    seconds: float | None

    @property
    def sound(self) -> SoundStream | None:
        """The track that players play: the one that is marked, else the first."""
        return next((sound for sound in self.sounds if sound.is_default), next(iter(self.sounds), None))


def read_streams(path: str | Path) -> FileStreams:
    """Return what a file is made of.

    Raises:
        VideoError: the file cannot be opened, or has no video stream.
    """
    path = Path(path)
    with open_video(path) as (container, stream):
        is_webm = False
        if container.format.name == _MATROSKA:
            with open_bytes(path) as file:
                is_webm = _WEBM in file.read(_HEAD_BYTES)
        return FileStreams(
            format=container.format.name,
            brand=container.metadata.get("major_brand"),
            is_webm=is_webm,
            picture=_picture_of(stream),
            sounds=tuple(map(_sound_of, container.streams.audio)),
            seconds=_seconds_of(container),
        )


def _picture_of(stream: VideoStream) -> PictureStream:
    context = stream.codec_context
    rate = stream.average_rate or stream.guessed_rate
    return PictureStream(
        codec=context.codec.canonical_name,
        profile=context.profile,
        level=context.level if context.level >= 0 else None,
        pixel_format=context.pix_fmt,
        bits=VideoFormat(context.pix_fmt).components[0].bits if context.pix_fmt else 8,
        tag=context.codec_tag if context.codec_tag.isprintable() else "",
        setup=bytes(context.extradata or b"")[:_MAX_SETUP_BYTES],
        width=context.width,
        height=context.height,
        frames_per_second=float(rate) if rate else None,
    )


def _sound_of(stream: AudioStream) -> SoundStream:
    context = stream.codec_context
    # PyAV's types leave out that there is none for a codec that ffmpeg does not know.
    if cast(object, context) is None:
        return SoundStream(None, None, b"", is_default=False, seconds=_end_of(stream))
    is_default = bool(stream.disposition & av.stream.Disposition.default)
    setup = bytes(context.extradata or b"")[:_MAX_SETUP_BYTES]
    name, profile = context.codec.canonical_name, context.profile
    return SoundStream(name, profile, setup, is_default=is_default, seconds=_end_of(stream))


def _end_of(stream: AudioStream) -> float | None:
    """Return when a sound track ends by its own account, or, where it has none, by that of Matroska's tags."""
    if stream.duration is not None and stream.time_base is not None:
        return float((stream.duration + max(0, stream.start_time or 0)) * stream.time_base)
    told = _TAGGED_SECONDS.match(stream.metadata.get("DURATION", ""))
    return None if told is None else 3600 * int(told[1]) + 60 * int(told[2]) + float(told[3])


def _seconds_of(container: InputContainer) -> float | None:
    return None if container.duration is None else container.duration / av.time_base
