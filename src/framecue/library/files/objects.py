"""Files in object stores. A store has no folders: a prefix that keys have in common, up to a slash, is one.

What is not certain is not believed: a store that cannot be reached, a bucket that is not there or may not be looked at
says nothing about whether a file is gone.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from framecue.errors import ObjectError
from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import FoundFile, PathsLike, as_list
from framecue.library.files.system_folders import is_system_folder
from framecue.library.files.walk import NO_VIDEO, is_below, is_within
from framecue.library.results import Skipped
from framecue.library.state import FileState
from framecue.object_store.listing import FoundObject, is_anything_below, list_all, list_folder
from framecue.object_store.objects import ObjectState, pieces, size_and_tag
from framecue.object_store.reader import open_object
from framecue.object_store.urls import ObjectUrl, normal_url

__all__ = ["OBJECT_FILES", "ObjectFiles"]

# A folder's files are known for this long from the listing of all that is below it: a run looks for the files beside
# its videos right afterwards, and a request for each folder would take longer than the listing.
_FRESH_SECONDS = 60.0
# A listing gives a thousand objects for one request.
_FEW_PLACES = 20


class ObjectFiles:
    """Objects by their URLs; see :class:`framecue.library.files.interface.Files`."""

    def __init__(self) -> None:
        self._listed: _Listed | None = None

    def find(
        self,
        paths: PathsLike,
        *,
        suffixes: Collection[str],
        exclude: Exclude,
        within: Collection[str] | None = None,
    ) -> Iterator[tuple[str, FoundFile | Skipped]]:
        """Find files in the order of their keys; the objects below a URL are listed a thousand at a time."""
        for item in as_list(paths):
            try:
                root = normal_url(item)
            except ObjectError as error:
                yield error.url, Skipped(error.url, error.reason)
                continue
            wanted = _Wanted(root, frozenset(suffixes), exclude)
            if within is None or is_within(root, within):
                yield from ((root, found) for found in self._find_all(wanted))
            else:
                places = [place for place in sorted(within) if is_below(place, root)]
                yield from ((root, found) for found in self._find_within(wanted, places))

    def siblings(self, folder: str) -> Iterator[FoundFile]:
        """Yield the objects that lie directly in a folder."""
        listed = self._listed
        if listed is not None and listed.is_old():
            self._listed = listed = None
        if listed is not None and listed.knows(folder):
            yield from listed.folders.get(folder, ())
            return
        try:
            yield from map(_as_file, list_folder(folder).objects)
        except ObjectError:
            # They cannot be read either.
            return

    def state(self, path: str) -> FileState:
        """Return the state of an object.

        Raises:
            FileNotFoundError: there is certainly none.
            OSError: it cannot be looked at.
        """
        with _as_os_errors(path):
            try:
                return _state(size_and_tag(path))
            except ObjectError as error:
                if error.cause == "absent":
                    # A bucket that is not there is answered alike; listing what is below tells, or fails.
                    is_anything_below(path)
                raise

    def is_missing(self, path: str) -> bool:
        """Whether there is certainly no object, and no folder, of this name."""
        try:
            self.state(path)
        except FileNotFoundError:
            with _as_os_errors(path):
                return not is_anything_below(path)
        except OSError:
            return False
        return False

    def may_be_away(self, folder: str) -> bool:
        """Whether a folder's bucket cannot be looked at, or holds nothing at all, as one that was made anew.

        A folder without objects does not exist, as one that was deleted on a disk.
        """
        try:
            return not is_anything_below(folder) and not is_anything_below(str(ObjectUrl.parse(folder).place))
        except ObjectError:
            return True

    def is_same(self, path: str, other: str) -> bool:
        """Whether two URLs name the same object."""
        return path == other

    def leads_out(self, path: str) -> bool:
        """Return False: there are no links in a store."""
        return False

    def open(self, path: str) -> BinaryIO:
        """Open an object for reading, by ranges; raises OSError."""
        with _as_os_errors(path):
            return open_object(path)

    def content_hash(self, path: str) -> str:
        """Return the hash of an object's content, of which only a piece is held at a time; raises OSError."""
        digest = hashlib.blake2b(digest_size=20)
        with _as_os_errors(path):
            for piece in pieces(path):
                digest.update(piece)
        return digest.hexdigest()

    def _find_all(self, wanted: _Wanted) -> Iterator[FoundFile | Skipped]:
        """Find everything at a URL that was named."""
        root = wanted.root
        try:
            named = _object_at(root)
        except ObjectError as error:
            yield Skipped(root, error.reason)
            return
        if named is not None:
            is_excluded = wanted.exclude(root, root=_parent(root))
            yield Skipped(root, "excluded") if is_excluded else FoundFile(root, _state(named))
            return
        is_empty, is_there = True, False
        for found in self._below(wanted, root):
            is_there = True
            if found is not None:
                is_empty = False
                yield found
        if not is_there and ObjectUrl.parse(root).key:
            yield Skipped(root, "no such object, and nothing below it")
        elif is_empty:
            yield Skipped(root, NO_VIDEO)

    def _find_within(self, wanted: _Wanted, places: list[str]) -> Iterator[FoundFile | Skipped]:
        """Find the files at some places below a named folder: at many of them by listing all that there is."""
        if len(places) <= _FEW_PLACES:
            for place in places:
                yield from self._find_part(wanted, place)
            return
        among = frozenset(places)
        for found in self._below(wanted, wanted.root):
            if found is not None and (isinstance(found, Skipped) or is_within(found.path, among)):
                yield found

    def _find_part(self, wanted: _Wanted, place: str) -> Iterator[FoundFile | Skipped]:
        """Find the files at a place below a named folder, as the search through the whole folder would find them."""
        try:
            named = _object_at(place)
        except ObjectError as error:
            yield Skipped(place, error.reason)
            return
        if named is None:
            yield from filter(None, self._below(wanted, place))
        elif wanted.takes(place):
            yield FoundFile(place, _state(named))

    def _below(self, wanted: _Wanted, folder: str) -> Iterator[FoundFile | Skipped | None]:
        """Yield the wanted files below a folder, and None for every other object."""
        try:
            objects = list_all(folder)
        except ObjectError as error:
            if error.cause == "name":
                yield from self._walk(wanted, folder)
            else:
                yield Skipped(folder, f"cannot be listed: {error.reason}")
            return
        listed = _Listed.of(folder, objects)
        self._listed = listed
        for found in objects:
            is_file = found.url != folder and not (found.state.size_bytes == 0 and listed.is_folder(found.url))
            yield _as_file(found) if is_file and wanted.takes(found.url) else None

    def _walk(self, wanted: _Wanted, folder: str) -> Iterator[FoundFile | Skipped | None]:
        """Yield what :meth:`_below` does, a folder at a time: one whose names cannot be read costs no other."""
        try:
            objects, folders = list_folder(folder)
        except ObjectError as error:
            yield Skipped(folder, f"cannot be listed: {error.reason}")
            return
        for found in objects:
            is_file = found.url != folder and found.url not in folders
            yield _as_file(found) if is_file and wanted.takes(found.url) else None
        for below in folders:
            if not is_below(below, folder):
                # A key that begins with a slash, which no URL has: its folder has no name, and seems to be this one.
                yield Skipped(f"{folder}/", "a name here begins with a slash and cannot be read; rename that object")
            elif wanted.enters(below):
                yield from self._walk(wanted, below)


class _Wanted:
    """What is looked for below a named folder: nothing hidden, nothing excluded, one of the suffixes."""

    def __init__(self, root: str, suffixes: frozenset[str], exclude: Exclude) -> None:
        self.root, self.exclude = root, exclude
        self._suffixes = suffixes
        self._entered: dict[str, bool] = {root: True}

    def takes(self, url: str) -> bool:
        """Whether a file below the root is one of those that are looked for."""
        folder, _, name = url.rpartition("/")
        is_kind = not name.startswith(".") and os.path.splitext(name)[1].lower() in self._suffixes  # noqa: PTH122
        return is_kind and self.enters(folder) and not self.exclude(url, root=self.root)

    def enters(self, folder: str) -> bool:
        """Whether a folder, the root or below it, is looked into; each is judged once."""
        if folder not in self._entered:
            above, _, name = folder.rpartition("/")
            is_kept_out = name.startswith(".") or is_system_folder(name) or self.exclude(folder, root=self.root)
            self._entered[folder] = not is_kept_out and self.enters(above)
        return self._entered[folder]


class _Listed:
    """What a listing has found lately: the files of each folder below a place."""

    def __init__(self, root: str, folders: dict[str, list[FoundFile]], above: frozenset[str]) -> None:
        self.root, self.folders = root, folders
        self._above = above
        self._since = time.monotonic()

    @classmethod
    def of(cls, root: str, objects: Iterable[FoundObject]) -> _Listed:
        folders: dict[str, list[FoundFile]] = {}
        above: set[str] = set()
        for found in objects:
            folder = _parent(found.url)
            folders.setdefault(folder, []).append(_as_file(found))
            while folder not in above and is_below(folder, root):
                above.add(folder)
                folder = _parent(folder)
        return cls(root, folders, frozenset(above))

    def knows(self, folder: str) -> bool:
        """Whether a folder is among what was listed."""
        return folder == self.root or is_below(folder, self.root)

    def is_old(self) -> bool:
        """Whether too much may have changed since."""
        return time.monotonic() - self._since >= _FRESH_SECONDS

    def is_folder(self, url: str) -> bool:
        """Whether anything lies below a URL."""
        return url in self._above


def _object_at(url: str) -> ObjectState | None:
    """Return the state of the object of this very name; None if it is a folder, or nothing.

    Raises:
        ObjectError: the store does not say.
    """
    if not ObjectUrl.parse(url).key:
        return None
    try:
        state = size_and_tag(url)
    except ObjectError as error:
        # Who may list a folder need not be allowed to look at its objects.
        if error.cause in ("absent", "denied"):
            return None
        raise
    # Some tools mark a folder by an empty object of its name.
    return None if state.size_bytes == 0 and is_anything_below(url) else state


@contextmanager
def _as_os_errors(path: str) -> Iterator[None]:
    """Turn errors of the store into those of a disk: one that there is no file only where that is certain."""
    try:
        yield
    except ObjectError as error:
        kind = FileNotFoundError if error.cause == "absent" else OSError
        raise kind(errno.ENOENT if kind is FileNotFoundError else errno.EIO, error.reason, path) from error


def _as_file(found: FoundObject) -> FoundFile:
    return FoundFile(found.url, _state(found.state))


def _state(state: ObjectState) -> FileState:
    return FileState(state.size_bytes, state.modified_seconds, str(state.tag) or None)


def _parent(url: str) -> str:
    return url.rpartition("/")[0]


OBJECT_FILES = ObjectFiles()
