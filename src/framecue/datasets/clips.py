"""Clips: videos, or windows of videos, with their captions; and which of them show the same pictures."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from framecue.errors import DatasetError

__all__ = ["Clip", "Twin", "check_clip_window", "overlapping", "shared_pictures"]


@dataclass(frozen=True)
class Twin:
    """A clip's order twin: the same clip played backwards.

    Attributes:
        video: the file, below the dataset's folder.
        captions: at least one, describing the clip played backwards.
    """

    video: Path
    captions: tuple[str, ...]


@dataclass(frozen=True)
class Clip:
    """One video, or one window of it, with its captions.

    Attributes:
        video: the file, below the dataset's folder (which the path begins with). A member of a tar archive is the path
            of the archive with the member's name behind it.
        captions: at least one.
        split: the name of the clip's split, such as ``"train"``.
        twin: its order twin, if it has one; used for twin accuracy, not part of the gallery.
        metadata: every other key of the line, such as ``"meaning"``, with its JSON value.
        start_seconds: where in the video the clip begins; None for its beginning.
        end_seconds: where it ends; None for the video's end.
    """

    video: Path
    captions: tuple[str, ...]
    split: str
    twin: Twin | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
    start_seconds: float | None = None
    end_seconds: float | None = None

    @property
    def has_window(self) -> bool:
        """Return whether the clip is a window of its video, not all of it."""
        return self.start_seconds is not None or self.end_seconds is not None

    @property
    def key(self) -> str:
        """Return what the clip is known by: its file and, where it has one, its window. Two windows are two clips."""
        if not self.has_window:
            return str(self.video)
        end = "" if self.end_seconds is None else f"{self.end_seconds:g}"
        return f"{self.video}@{self.start_seconds or 0:g}-{end}"


def check_clip_window(start_seconds: float | None, end_seconds: float | None, where: str) -> None:
    """Refuse a window that no video has.

    Args:
        start_seconds: where it begins; None for the video's beginning.
        end_seconds: where it ends; None for the video's end.
        where: file and line, for the message.

    Raises:
        DatasetError: a time is not finite or below 0, or it ends before it begins.
    """
    start = 0.0 if start_seconds is None else start_seconds
    # Put so that NaN is refused as well.
    begins = 0 <= start < float("inf")
    if not begins or (end_seconds is not None and not start < end_seconds < float("inf")):
        raise DatasetError(
            f"{where}: the window runs from {start_seconds} to {end_seconds} seconds; give 0 <= start_seconds < "
            "end_seconds, or leave one out for the video's beginning or end"
        )


def shared_pictures(clips: Sequence[Clip]) -> list[str]:
    """Return for each clip a name that it shares with the clips that show some of the same pictures.

    Two clips of one file share pictures if their windows overlap, or if a chain of overlapping windows joins them. A
    batch of training holds one of them at most, as each is a wrong negative of the other; windows that do not overlap
    are videos of their own.

    Args:
        clips: in any order.

    Returns:
        The `Clip.key` of the earliest clip of each chain.
    """
    names = [clip.key for clip in clips]
    by_file: dict[Path, list[int]] = {}
    for number, clip in enumerate(clips):
        by_file.setdefault(clip.video, []).append(number)
    for numbers in by_file.values():
        if len(numbers) == 1:
            continue
        end, name = float("-inf"), ""
        for number in sorted(numbers, key=lambda number: (clips[number].start_seconds or 0.0, number)):
            clip = clips[number]
            if (clip.start_seconds or 0.0) >= end:
                name = clip.key
            end = max(end, float("inf") if clip.end_seconds is None else clip.end_seconds)
            names[number] = name
    return names


def overlapping(clips: Iterable[Clip], others: Sequence[Clip]) -> list[Clip]:
    """Return those of some clips that show a picture of one of the others: the same file, and windows that overlap.

    Args:
        clips: in any order.
        others: likewise.
    """
    # By file, the stretches that the others cover, which do not overlap and ascend: where they begin, where they end.
    covered: dict[Path, tuple[list[float], list[float]]] = {}
    for start, end, video in sorted((*_bounds(clip), clip.video) for clip in others):
        starts, ends = covered.setdefault(video, ([], []))
        if ends and start < ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    found = []
    for clip in clips:
        starts, ends = covered.get(clip.video, ([], []))
        start, end = _bounds(clip)
        # Of the stretches that begin before the clip ends, the last one ends last.
        before = bisect_left(starts, end)
        if before and start < ends[before - 1]:
            found.append(clip)
    return found


def _bounds(clip: Clip) -> tuple[float, float]:
    return clip.start_seconds or 0.0, float("inf") if clip.end_seconds is None else clip.end_seconds
