"""The videos of a library by their ids: what each is, where its files lie, its moments and its words.

An id is the hash of a file's content, as hits name it; it stays the same when a file moves, and says nothing of where
the file is. A picture is a video here, too, as everywhere in a library.
"""

from __future__ import annotations

from framecue.checks import is_whole
from framecue.errors import AbsentError, InputError
from framecue.library.files.interface import Files
from framecue.library.results import CaptionedMoment, HeldFile, HeldVideo
from framecue.library.store import Store
from framecue.library.store.kept import KeptStore
from framecue.library.store.snapshot import Snapshot
from framecue.library.words import words_in
from framecue.words.timed_text import TimedText

__all__ = ["LibraryVideos"]


class LibraryVideos:
    """What a library is to whoever knows its videos by their ids; :class:`~framecue.library.Library` has all of it.

    Attributes:
        uri: where the library is.
        files: where its files lie.
    """

    uri: str
    files: Files
    _kept: KeptStore

    def count_contents(self) -> int:
        """Return how many different videos and pictures the library holds.

        Raises:
            LibraryError: something else is at the library's place, or it cannot be read.
        """
        return len(self._kept.snapshot().by_content)

    def videos(self, *, offset: int = 0, limit: int | None = None) -> list[HeldVideo]:
        """Return the videos and pictures that the library holds, in the order of their paths, each once.

        Args:
            offset: how many to leave out at the beginning.
            limit: how many at most; None for all.

        Raises:
            InputError: a number makes no sense.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        if not is_whole(offset) or offset < 0:
            raise InputError(f"offset is {offset!r}; it must be a whole number, 0 or more: how many to leave out")
        if limit is not None and (not is_whole(limit) or limit < 0):
            raise InputError(f"limit is {limit!r}; it must be a whole number, 0 or more: how many to return")
        store, known = self._kept.open(), self._kept.snapshot()
        stop = None if limit is None else offset + limit
        return _described(store, known, list(known.by_content)[offset:stop])

    def video(self, video_id: str) -> HeldVideo:
        """Return what the library holds under an id.

        Args:
            video_id: of a hit, see :class:`~framecue.library.Hit`.

        Raises:
            AbsentError: it holds nothing under this id.
            LibraryNotFoundError: the library does not exist.
            LibraryError: it cannot be read.
        """
        store, known = self._kept.open(), self._kept.snapshot()
        self._check(known, video_id)
        (video,) = _described(store, known, [video_id])
        return video

    def files_of(self, video_id: str) -> list[HeldFile]:
        """Return the files with a content, and whether each is still there; no file is opened.

        A file counts as there if something of its size is at its path.

        Args:
            video_id: of a hit.

        Raises:
            The same as ``video``.
        """
        self._kept.open()
        known = self._kept.snapshot()
        return [HeldFile(path, self._is_there(known, path)) for path in self._check(known, video_id)]

    def moments_of(self, video_id: str) -> list[CaptionedMoment]:
        """Return the segments into which a video was cut, in their order, each with its caption.

        Args:
            video_id: of a hit.

        Raises:
            The same as ``video``.
        """
        store = self._kept.open()
        self._check(self._kept.snapshot(), video_id)
        return [CaptionedMoment(*moment) for moment in store.captions_of(video_id)]

    def words_of(self, video_id: str) -> dict[str, list[TimedText]]:
        """Return what each source found in a video; needs no model.

        Args:
            video_id: of a hit.

        Returns:
            The lines in the order of start and end, by the name of each source that has looked for them.

        Raises:
            The same as ``video``.
        """
        store = self._kept.open()
        self._check(self._kept.snapshot(), video_id)
        return words_in(store, video_id)

    def thumbnail_of(self, video_id: str, start_seconds: float) -> bytes | None:
        """Return the thumbnail of a segment, a small WebP picture that the library keeps; None if it has none.

        Args:
            video_id: of a hit.
            start_seconds: when the segment starts, as ``moments_of`` tells it.

        Raises:
            The same as ``video``.
        """
        store = self._kept.open()
        path = self._check(self._kept.snapshot(), video_id)[0]
        return store.thumbnails([(path, start_seconds)])[0]

    def _check(self, known: Snapshot, video_id: str) -> list[str]:
        """Return the paths of a content.

        Raises:
            AbsentError: the library holds nothing under this id.
        """
        paths = known.by_content.get(video_id)
        if paths is None:
            raise AbsentError(
                "the library holds no video with this id; a search, or the list of its videos, says which ids there are"
            )
        return list(paths)

    def _is_there(self, known: Snapshot, path: str) -> bool:
        noted = known.held.get(path) or known.copies[path]
        try:
            return self.files.state(path).size_bytes == noted.state.size_bytes
        except (OSError, ValueError):
            return False


def _described(store: Store, known: Snapshot, video_ids: list[str]) -> list[HeldVideo]:
    paths = {video_id: known.by_content[video_id] for video_id in video_ids}
    recorded = store.recorded_seconds([own[0] for own in paths.values()])
    return [
        HeldVideo(
            video_id=video_id,
            path=own[0],
            kind=known.held[own[0]].kind,
            duration_seconds=known.held[own[0]].duration_seconds,
            num_segments=known.held[own[0]].num_segments,
            recorded_seconds=recorded.get(own[0]),
        )
        for video_id, own in paths.items()
    ]
