"""Which clips show what the clips of another split show: the same file, or a copy of it under another name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import NamedTuple

from framecue.datasets.clips import Clip, overlapping
from framecue.errors import VideoError
from framecue.video.read.archived import content_digest, size_and_time

__all__ = ["Shared", "copies_of", "shared_with"]


class Shared(NamedTuple):
    """A clip that shows pictures of another split's.

    Attributes:
        clip: the clip.
        video: the other split's file: the clip's own, or one with the same bytes.
    """

    clip: Clip
    video: Path

    def __str__(self) -> str:
        return self.clip.key if self.video == self.clip.video else f"{self.clip.key} (the same bytes as {self.video})"


def shared_with(clips: Sequence[Clip], others: Sequence[Clip]) -> list[Shared]:
    """Return those of some clips that show a picture of one of the others; windows that do not overlap share none.

    Args:
        clips: in any order.
        others: likewise.
    """
    files = {clip.video for clip in others}
    copies = copies_of({clip.video for clip in clips} - files, files)
    named = [clip if clip.video in files else replace(clip, video=copies.get(clip.video, clip.video)) for clip in clips]
    found = {id(clip) for clip in overlapping(named, others)}
    return [Shared(clip, one.video) for clip, one in zip(clips, named, strict=True) if id(one) in found]


def copies_of(files: Collection[Path], others: Collection[Path]) -> dict[Path, Path]:
    """Return the files that have the same bytes as one of the others, each with the first such one by name.

    Contents are read only where sizes agree. A file that cannot be read is a copy of none.
    """
    by_size = defaultdict(list)
    for other in sorted(others):
        by_size[_size(other)].append(other)
    found = {}
    for file in files:
        size = _size(file)
        for other in by_size.get(size, ()) if size else ():
            digest = _digest(file)
            if digest is not None and digest == _digest(other):
                found[file] = other
                break
    _digest.cache_clear()
    return found


def _size(file: Path) -> int | None:
    try:
        return size_and_time(file)[0]
    except (OSError, ValueError, VideoError):
        return None


@cache
def _digest(file: Path) -> bytes | None:
    try:
        return content_digest(file)
    except (OSError, ValueError, VideoError):
        return None
