"""What a library holds of one content, which is known by the hash of its bytes."""

from __future__ import annotations

from framecue.library.store.kept import KeptStore
from framecue.library.store.records import Content

__all__ = ["LibraryContents"]


class LibraryContents:
    """What a library is to whoever asks by a hash; :class:`~framecue.library.Library` has all of it."""

    _kept: KeptStore

    def content(self, video_id: str) -> Content | None:
        """Return a content that the library holds, with all its files; None if it holds none with this hash.

        The files are those that had it when they were read; whether they are there still is not looked at.

        Args:
            video_id: the hash, as hits have it.

        Raises:
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        return self._kept.snapshot().content(video_id)

    def thumbnail(self, video_id: str, start_seconds: float) -> bytes | None:
        """Return the small WebP picture of a segment; None if there is no such segment, or it has none.

        Args:
            video_id: the content's hash.
            start_seconds: where the segment starts, exactly as a hit says.

        Raises:
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        content = self.content(video_id)
        if content is None:
            return None
        # The rows are under the first path.
        return self._kept.open().thumbnails([(content.files[0].path, start_seconds)])[0]
