"""Planning an indexing run: from paths, and from what the library holds, comes a list of units of work.

Nothing is decoded here and no content is read: a file counts as unchanged if its size and modification time are those
that the library noted. The order of the plan does not depend on the file system's order.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from framecue.counts import counted
from framecue.errors import InputError
from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import Files, FoundFile, PathsLike, as_list
from framecue.library.files.look import look_inside
from framecue.library.files.mixed import ALL_FILES
from framecue.library.files.sidecars import SidecarFinder, is_same_state
from framecue.library.files.walk import is_below, is_within
from framecue.library.indexing.unit import Unit
from framecue.library.results import PassedOver, Skipped
from framecue.library.state import FileState
from framecue.library.store.records import Copy, Failure, Held
from framecue.object_store.urls import noted_path
from framecue.paths import is_url
from framecue.video import AMBIGUOUS_SUFFIXES, IMAGE_SUFFIXES, READING

__all__ = ["Plan", "is_outdated", "make_plan", "still_to_do"]


@dataclass(frozen=True)
class Plan:
    """What a run has to do.

    Attributes:
        units: new and changed files, in a fixed order.
        unchanged: paths of files that the library already holds as they are, or knows as copies of others.
        skipped: paths that cannot be indexed, with reasons.
        folders: the named folders that contain a video.
        subtitles_changed: the paths in ``unchanged`` whose sidecars have changed.
        still_unreadable: files that an earlier run could not read, with reasons; nothing about them has changed.
        passed_over: how many files of the folders are no videos.
        within: the absolute paths to which the plan is confined; None if it covers everything that was named.
        outdated: the paths in ``unchanged`` that were read by the rules of an older framecue, see
            :func:`~framecue.library.indexing.reread.find_reread`.
    """

    units: tuple[Unit, ...]
    unchanged: tuple[str, ...]
    skipped: tuple[Skipped, ...]
    folders: tuple[str, ...] = ()
    subtitles_changed: tuple[str, ...] = ()
    within: frozenset[str] | None = None
    still_unreadable: tuple[Skipped, ...] = ()
    passed_over: PassedOver = field(default_factory=PassedOver)
    outdated: tuple[str, ...] = ()

    @property
    def seen(self) -> frozenset[str]:
        """Every file that was found, whether it can be indexed or not."""
        others = (item.path for item in (*self.skipped, *self.still_unreadable))
        return frozenset([*(unit.path for unit in self.units), *self.unchanged, *others])

    def covers(self, path: str) -> bool:
        """Whether the search for the plan looked at this path, if it lies in one of the folders."""
        return self.within is None or is_within(path, self.within)


def make_plan(
    paths: PathsLike,
    *,
    suffixes: Collection[str],
    held: Mapping[str, Held] | None = None,
    copies: Mapping[str, Copy] | None = None,
    failures: Mapping[str, Failure] | None = None,
    exclude: Iterable[str] = (),
    images: bool = False,
    retry: bool = False,
    within: Iterable[str] | None = None,
    files: Files = ALL_FILES,
) -> Plan:
    """List the files that are new or have changed.

    A file that is named is always tried. Of the files in a folder, at any depth, only those with one of the suffixes
    are, nothing hidden, and nothing that a system keeps for itself; links are followed, and each folder is entered
    once. A bad path among good ones is skipped with a reason. Of a file whose suffix others than videos have, the
    beginning is looked at if it is new; no other content is read.

    Args:
        paths: a file or folder, or several; ``~`` is the home folder.
        suffixes: of the files to look for in folders, lower case, with the dot.
        held: what the library already holds, by absolute path.
        copies: the files that it knows as copies of those.
        failures: the files that earlier runs could not index because of what they hold.
        exclude: globs of what to leave out, see :class:`Exclude`; named folders are not left out.
        images: whether to index the pictures in the folders; those that the library holds are looked after anyway.
        retry: whether to read again what could not be read, though it has not changed.
        within: of everything at ``paths``, look only at these absolute paths and below them. It is then no error if
            nothing is found.
        files: where the files lie.

    Raises:
        InputError: there is nothing to index at any of the paths, or a glob is empty.
    """
    excluded = Exclude(exclude)
    places = None if within is None else frozenset(within)
    sorting = _Sorting(held or {}, copies or {}, failures or {}, files=files, images=images, retry=retry)
    for root, found in files.find(paths, suffixes=suffixes, exclude=excluded, within=places):
        sorting.take(root, found)
    sorting.prefer_named()
    if places is not None:
        sorting.folders |= dict.fromkeys(_folders_around(files, paths, places, suffixes, excluded))
    elif sorting.is_empty():
        raise InputError(_nothing_message(list(sorting.skipped.values()), sorting.passed()))
    return sorting.plan(places)


class _Sorting:
    """Sorts what is found into what a run has to do; each path comes once, in the order in which it is found."""

    def __init__(
        self,
        held: Mapping[str, Held],
        copies: Mapping[str, Copy],
        failures: Mapping[str, Failure],
        *,
        files: Files,
        images: bool,
        retry: bool,
    ) -> None:
        self._held, self._copies, self._failures = held, copies, failures
        self._files, self._images, self._retry = files, images, retry
        self._sidecars = SidecarFinder(files)
        self._originals: dict[str, list[str]] = {}
        for path, item in held.items():
            self._originals.setdefault(item.video_id, []).append(path)
        self.folders: dict[str, None] = {}
        self.skipped: dict[str, Skipped] = {}
        self._units: dict[str, Unit] = {}
        self._unchanged: dict[str, None] = {}
        self._subtitles_changed: dict[str, None] = {}
        self._still_unreadable: dict[str, Skipped] = {}
        self._passed_over: dict[str, str] = {}

    def take(self, root: str, found: FoundFile | Skipped) -> None:
        """Sort one file, or what is no file, that was found at or below a path that was named."""
        if isinstance(found, Skipped):
            self.skipped.setdefault(found.path, _with_hint(found, root, self._held))
            return
        is_named = found.path == root
        if self._sort(found, is_named=is_named) and not is_named:
            self.folders[root] = None

    def _sort(self, found: FoundFile, *, is_named: bool) -> bool:
        """Sort one file, and return whether it may be a video."""
        path, state = found
        known: Held | Copy | None = self._held.get(path) or self._copies.get(path)
        if known and known.state == state and self._is_there(path, known):
            self._unchanged[path] = None
            if path in self._held and not is_same_state(self._held[path].sidecars, self._sidecars.state(path)):
                self._subtitles_changed[path] = None
        elif not is_named and (reason := _reason_to_pass(self._files, path, known, images=self._images)):
            self._passed_over[path] = reason
            return False
        elif not (is_named or self._retry) and (failure := self._standing(path, state)):
            if failure.cause != "content":
                self._passed_over[path] = failure.cause
                return False
            self._still_unreadable[path] = Skipped(path, failure.reason)
        else:
            takes_images = self._images or is_named or known is not None
            self._units[path] = Unit(path, state, known is not None, is_named, takes_images)
        return True

    def _is_there(self, path: str, known: Held | Copy) -> bool:
        return path in self._held or _has_original(self._files, known, self._originals, self._held)

    def _standing(self, path: str, state: FileState) -> Failure | None:
        """Return what is noted against a file, if it is still so and the file is not to be read again."""
        failure = self._failures.get(path)
        if failure is None or not failure.still_holds(state) or (self._images and failure.cause == "image"):
            return None
        return failure

    def prefer_named(self) -> None:
        """Count a file that was found in a folder, and is named besides, as named."""
        for path in [path for path in self._still_unreadable if path in self._units]:
            del self._still_unreadable[path]
        for path in [path for path in self._passed_over if path in self._units or path in self._unchanged]:
            del self._passed_over[path]

    def is_empty(self) -> bool:
        return not (self._units or self._unchanged or self._still_unreadable)

    def passed(self) -> PassedOver:
        reasons = list(self._passed_over.values())
        return PassedOver(*(reasons.count(reason) for reason in ("image", "sound", "other", "clip")))

    def plan(self, places: frozenset[str] | None) -> Plan:
        held = self._held
        return Plan(
            tuple(self._units.values()),
            tuple(self._unchanged),
            tuple(self.skipped.values()),
            tuple(self.folders),
            tuple(self._subtitles_changed),
            places,
            tuple(self._still_unreadable.values()),
            self.passed(),
            tuple(path for path in self._unchanged if path in held and is_outdated(held[path])),
        )


def is_outdated(held: Held) -> bool:
    """Whether a file was read by the rules of an older framecue."""
    return (held.reading or 0) < READING


def _reason_to_pass(files: Files, path: str, known: Held | Copy | None, *, images: bool) -> str | None:
    """Return what a file that was found in a folder is, if it is certainly no video and not wanted."""
    if known is not None:
        return None
    suffix = Path(path).suffix.lower()
    if suffix in IMAGE_SUFFIXES:
        return None if images else "image"
    return look_inside(files, path) if suffix in AMBIGUOUS_SUFFIXES else None


def _folders_around(
    files: Files, paths: PathsLike, places: frozenset[str], suffixes: Collection[str], exclude: Exclude
) -> Iterator[str]:
    """Yield the named folders that contain one of some places, and a video anywhere."""
    for root in map(noted_path, filter(os.fspath, as_list(paths))):
        if any(is_below(place, root) for place in places):
            below = files.find(root, suffixes=suffixes, exclude=exclude)
            if any(not isinstance(found, Skipped) and found.path != root for _, found in below):
                yield root


def still_to_do(units: Iterable[Unit], held: Mapping[str, Held], copies: Mapping[str, Copy]) -> list[Unit]:
    """Return the units that are still to do: another run may have written since the plan was made.

    Args:
        units: of the plan.
        held: what the library holds now, by absolute path.
        copies: the files that it knows as copies of those.

    Returns:
        The units without the new files that another run has indexed, and brought up to date.
    """
    left = []
    for unit in units:
        known = held.get(unit.path)
        is_held = known is not None and known.state == unit.state
        if unit.replaces or not is_held:
            left.append(replace(unit, replaces=unit.path in held or unit.path in copies))
    return left


def _has_original(
    files: Files, copy: Held | Copy, originals: Mapping[str, list[str]], held: Mapping[str, Held]
) -> bool:
    """Whether the file that a copy is a copy of is still there; if not, the copy has to take its place."""
    for path in originals.get(copy.video_id, []):
        with suppress(OSError):
            if files.state(path) == held[path].state:
                return True
    return False


def _with_hint(item: Skipped, root: str, held: Mapping[str, Held]) -> Skipped:
    """Return the item with a hint if it is a named folder without videos, but the library holds some from it."""
    num_held = sum(is_below(path, root) for path in held) if item.path == root else 0
    if not num_held:
        return item
    if is_url(root):
        return Skipped(
            item.path, f"{item.reason}; the library keeps {num_held} of it, and `framecue remove` drops them"
        )
    hint = f"the library keeps {num_held} of it: mount the disk if it has one, or drop them with `framecue remove`"
    return Skipped(item.path, f"{item.reason}; {hint}")


def _nothing_message(skipped: list[Skipped], passed: PassedOver) -> str:
    if passed.images:
        pictures = counted(passed.images, "picture")
        return f"nothing to index: {pictures} and no video; --images (images=True) indexes pictures"
    if passed.clips:
        return f"nothing to index: {passed.clips} of framecue's own clips and sheets; a file that is named is indexed"
    if passed:
        number = counted(passed.sounds + passed.others, "file")
        return f"nothing to index: {number} with the suffix of a video, and none that is one"
    if not skipped:
        return "no path given; name video files, or folders that hold videos"
    shown = "; ".join(f"{item.path}: {item.reason}" for item in skipped[:3])
    more = f"; and {len(skipped) - 3} more" if len(skipped) > 3 else ""
    return f"nothing to index: {shown}{more}; name video files, or folders that hold videos"
