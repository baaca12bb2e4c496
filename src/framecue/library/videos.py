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
from framecue.library.store.records import Content, ContentFile
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
        return len(self._kept.snapshot().contents)

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
        return _described(store, known, list(known.contents.values())[offset:stop])

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
        (video,) = _described(store, known, [_held(known, video_id)])
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
        content = _held(self._kept.snapshot(), video_id)
        return [HeldFile(file.path, self._is_there(file)) for file in content.files]

    def moments_of(self, video_id: str) -> list[CaptionedMoment]:
        """Return the segments into which a video was cut, in their order, each with its caption.

        Args:
            video_id: of a hit.

        Raises:
            The same as ``video``.
        """
        store = self._kept.open()
        _held(self._kept.snapshot(), video_id)
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
        _held(self._kept.snapshot(), video_id)
        return words_in(store, video_id)

    def _is_there(self, file: ContentFile) -> bool:
        try:
            return self.files.state(file.path).size_bytes == file.state.size_bytes
        except (OSError, ValueError):
            return False


def _held(known: Snapshot, video_id: str) -> Content:
    """Return a content that is held.

    Raises:
        AbsentError: there is none under this id.
    """
    content = known.content(video_id)
    if content is None:
        raise AbsentError(
            "the library holds no video with this id; a search, or the list of its videos, says which ids there are"
        )
    return content


def _described(store: Store, known: Snapshot, contents: list[Content]) -> list[HeldVideo]:
    paths = [content.files[0].path for content in contents]
    recorded = store.recorded_seconds(paths)
    return [
        HeldVideo(
            video_id=content.video_id,
            path=path,
            kind=content.kind,
            duration_seconds=content.duration_seconds,
            num_segments=known.held[path].num_segments,
            recorded_seconds=recorded.get(path),
        )
        for content, path in zip(contents, paths, strict=True)
    ]
