"""Filters are on segments, and words are kept by content: which contents' words a search looks at."""

from __future__ import annotations

from framecue.library.store.table import Table
from framecue.library.store.timed_texts import of_videos

__all__ = ["passing_conditions"]

# With no more contents than this passing a filter, their words alone are looked at; else what does not pass is left out
# of what was found.
_FEW_VIDEOS = 500


def passing_conditions(segments: Table, where: str | None) -> list[str] | None:
    """Return the SQL conditions on words that a condition on segments comes to, before anything is looked for.

    Args:
        segments: the table of segments.
        where: an SQL condition on them; None for no condition.

    Returns:
        One, or none if there is nothing to filter or too much passes to be named; None if no segment passes.

    Raises:
        LibraryError: the library cannot be read.
    """
    if where is None:
        return []
    passing = segments.scan(["video_id"], where=where).column("video_id").unique().to_pylist()
    if not passing:
        return None
    return [of_videos(passing)] if len(passing) <= _FEW_VIDEOS else []
