"""Waiting until changed files have been still for a while, so that a file is not read while it is being written.

Only sizes and times are looked at. A deletion waits longer than a new file, so that a moved file has been found at its
new place before it is missed at the old one.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from framecue.library.files.walk import is_within
from framecue.library.state import FileState
from framecue.paths import is_url

__all__ = ["Settled", "Settling"]


@dataclass(frozen=True)
class Settled:
    """The changes that can be dealt with now.

    Attributes:
        files: files that have been still for long enough.
        rescan: files, and folders to search: anything in them may be new or changed.
        gone: paths at which there is nothing any more.
    """

    files: frozenset[str] = frozenset()
    rescan: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.rescan or self.gone)


@dataclass(frozen=True)
class _Place:
    since: float
    rescan: bool = False
    trust_times: bool = False


def _is_missing(path: str) -> bool:
    return not os.path.lexists(path)


@dataclass
class Settling:
    """Keeps track of the places that changed lately.

    Args:
        seconds: how long a file has to be still.
        look: returns the state of every file that matters at some places and below them, by path.
        clock: returns seconds that never go back.
        calendar: returns seconds since 1970, like the times of files.
        is_missing: whether there is certainly nothing at a path.
    """

    seconds: float
    look: Callable[[Collection[str]], Mapping[str, FileState]]
    is_missing: Callable[[str], bool] = field(default=_is_missing, kw_only=True)
    clock: Callable[[], float] = time.monotonic
    calendar: Callable[[], float] = time.time
    _places: dict[str, _Place] = field(default_factory=dict, init=False)
    # The state of each file, and since when it has been in this state.
    _files: dict[str, tuple[FileState, float]] = field(default_factory=dict, init=False)

    def note(self, place: str) -> None:
        """Note that something has just changed at a path or below it."""
        self._files.pop(place, None)
        old = self._places.get(place, _Place(0.0))
        self._places[place] = _Place(self.clock(), old.rescan)

    def note_rescan(self, place: str, *, trust_times: bool = False) -> None:
        """Note that anything may have changed at a path or below it.

        Args:
            place: the path.
            trust_times: whether to believe that a file has been still since its modification time, so that old files
                need not be waited for. Not for files that have just been copied, which may keep their old times.
        """
        self._places[place] = _Place(self.clock(), rescan=True, trust_times=trust_times)

    @property
    def num_waiting(self) -> int:
        """How many files have changed and have not been still for long enough, as far as was seen when it was taken."""
        return len(self._files)

    def take(self) -> Settled:
        """Look again, then return and forget what has settled."""
        if not self._places:
            return Settled()
        now = self.clock()
        files = self._look_again(now)
        still = frozenset(path for path, (_, since) in files.items() if now - since >= self.seconds)
        waiting, gone = self._not_there(files.keys(), now)
        due = {
            place for place, what in self._places.items() if self._is_due(what, now, place in gone or place in waiting)
        }
        rescan = tuple(place for place in self._places if place in due and self._places[place].rescan)
        self._files = {path: seen for path, seen in files.items() if path not in still}
        self._places = {place: what for place, what in self._places.items() if place not in due}
        for path, (_, since) in self._files.items():
            self._places.setdefault(path, _Place(since))
        return Settled(still, rescan, tuple(place for place in gone if place in due))

    def _not_there(self, found: Collection[str], now: float) -> tuple[set[str], dict[str, None]]:
        """Return the places of which it is not known yet whether they are gone, and those that are.

        A store is asked of each place that it does not list, which takes a while for many: once, when it is time.
        """
        waiting: set[str] = set()
        gone: dict[str, None] = {}
        for place, what in self._places.items():
            if place in found:
                continue
            if is_url(place) and now - what.since < 2 * self.seconds:
                waiting.add(place)
            elif self.is_missing(place):
                gone[place] = None
        return waiting, gone

    def _look_again(self, now: float) -> dict[str, tuple[FileState, float]]:
        """Return the present state of each file at the places, and since when it has been in this state."""
        trusted = {place for place, what in self._places.items() if what.trust_times}
        files = {}
        for path, state in self.look(self._places.keys()).items():
            known, since = self._files.get(path, (None, now))
            if known != state:
                since = now
                if known is None and is_within(path, trusted):
                    since -= max(0.0, self.calendar() - state.modified_seconds)
            files[path] = (state, since)
        return files

    def _is_due(self, place: _Place, now: float, is_gone: bool) -> bool:
        return place.trust_times or now - place.since >= self.seconds * (2 if is_gone else 1)
