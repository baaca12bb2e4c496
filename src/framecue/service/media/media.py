"""What a server has for its videos: what is known of files, what is being made of them, what is kept."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from framecue.service.media.cache import MAX_CACHE_BYTES, MediaCache
from framecue.service.media.clips import ClipCutter
from framecue.service.media.making import Workshop
from framecue.service.media.reading import StreamsReader
from framecue.user_cache import user_cache

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Media"]

_FOLDER = "media"


class Media:
    """What a server has for its videos; any thread may use it.

    Args:
        folder: where converted files are kept; None for a folder of the user's cache.
        max_cache_bytes: how much all of them may take.

    Attributes:
        streams: says what a file is made of.
        workshop: makes files that browsers play.
        clips: cuts clips.

    Raises:
        InputError: there is no place for a cache.
    """

    def __init__(self, folder: Path | None = None, *, max_cache_bytes: int = MAX_CACHE_BYTES) -> None:
        cache = MediaCache(folder or user_cache() / _FOLDER, max_cache_bytes)
        self.streams = StreamsReader()
        self.workshop = Workshop(cache)
        self.clips = ClipCutter(cache)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes, and give up what is being made."""
        self.workshop.close()
        self.streams.close()
