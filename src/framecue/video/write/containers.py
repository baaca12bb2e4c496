"""The kinds of files that clips are written to, and what each is encoded with."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["CLIP_SUFFIXES", "CONTAINERS", "Codecs", "ContainerKind"]


class Codecs(NamedTuple):
    """What to encode with.

    Attributes:
        picture: the video encoder.
        sound: the audio encoder.
        options: of the video encoder.
    """

    picture: str
    sound: str
    options: dict[str, str]


class ContainerKind(NamedTuple):
    """A kind of file.

    Attributes:
        name: its name in ffmpeg.
        hides_lead: whether players hide what comes before time 0 in it.
        options: of the muxer.
        codecs: what to encode with.
    """

    name: str
    hides_lead: bool
    options: dict[str, str]
    codecs: Codecs


_H264 = Codecs("libx264", "aac", {"crf": "18", "preset": "medium"})
_VP9 = Codecs("libvpx-vp9", "libopus", {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4"})
_FASTSTART = {"movflags": "+faststart"}

CONTAINERS = {
    ".m4v": ContainerKind("mp4", True, _FASTSTART, _H264),
    ".mkv": ContainerKind("matroska", False, {}, _H264),
    ".mov": ContainerKind("mov", True, _FASTSTART, _H264),
    ".mp4": ContainerKind("mp4", True, _FASTSTART, _H264),
    ".webm": ContainerKind("webm", False, {}, _VP9),
}
"""The kinds by their file name endings (lower case)."""

CLIP_SUFFIXES = tuple(CONTAINERS)
"""File name endings (lower case) of the files that clips can be written to."""
