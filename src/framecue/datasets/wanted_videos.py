"""Which videos the clips of a data set need, for a store of their frames."""

from __future__ import annotations

from collections.abc import Iterable

from framecue.datasets.clips import Clip
from framecue.frame_store import WantedVideo

__all__ = ["wanted_videos"]


def wanted_videos(clips: Iterable[Clip]) -> list[WantedVideo]:
    """Return the videos of clips, each with its window, and those of their order twins, whole."""
    wanted = []
    for clip in clips:
        wanted.append(WantedVideo(clip.video, clip.start_seconds, clip.end_seconds))
        if clip.twin is not None:
            wanted.append(WantedVideo(clip.twin.video))
    return wanted
