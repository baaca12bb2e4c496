"""What a library holds, for people: put together from its store and a snapshot of it."""

from __future__ import annotations

from framecue.library.fingerprint import fingerprint_of
from framecue.library.results import Duplicate, FileInfo, LibraryInfo, Skipped
from framecue.library.store import Store
from framecue.library.store.snapshot import Snapshot

__all__ = ["describe_library"]


def describe_library(uri: str, store: Store, snapshot: Snapshot) -> LibraryInfo:
    """Return what a library holds.

    Args:
        uri: its normal URI.
        store: it, opened.
        snapshot: of its present state.

    Raises:
        LibraryError: the library cannot be read.
    """
    held = snapshot.held
    originals = {item.video_id: path for path, item in held.items()}
    numbers = store.overview()
    return LibraryInfo(
        uri=uri,
        num_videos=snapshot.num_videos,
        num_images=snapshot.num_images,
        num_segments=snapshot.num_segments,
        fingerprint=fingerprint_of(store),
        files=[FileInfo(path, item.duration_seconds, item.kind) for path, item in sorted(held.items())],
        duplicates=[
            Duplicate(path, originals[copy.video_id])
            for path, copy in sorted(snapshot.copies.items())
            if path not in held and copy.video_id in originals
        ],
        unreadable=[
            Skipped(path, failure.reason)
            for path, failure in sorted(snapshot.failures.items())
            # A run that was killed may have left a note about a file that was indexed as it is.
            if failure.cause == "content" and not (path in held and held[path].state == failure.state)
        ],
        size_bytes=numbers.size_bytes,
        indexed_seconds=snapshot.indexed_seconds,
        num_indexed_segments=numbers.num_indexed_rows,
        has_text_index=numbers.has_text_index,
        computations=store.computations(),
    )
