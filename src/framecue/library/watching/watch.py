"""Watching folders: changes in them are indexed soon after, found by the system's events or by looking at times.

An object store sends no events, so what lies there is listed again and again.

An event only tells where to look: what is new, changed or gone there is found as in any other run, so one event too
many does no harm. If events may have been lost (a folder came back, the system gave up), everything is looked at once.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from framecue.checks import is_number
from framecue.errors import FingerprintError, InputError, LibraryError
from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import PathsLike, as_list
from framecue.library.files.sidecars import SIDECAR_SUFFIXES, is_sidecar_of
from framecue.library.files.walk import identity_of, is_below, is_within
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.plan import Plan
from framecue.library.library import SUFFIXES, Library
from framecue.library.results import AddReport, Skipped
from framecue.library.state import FileState
from framecue.library.watching.changes import Changes, Look, event_changes, pauses, polled_changes, together
from framecue.library.watching.links import has_other_paths, linked_folders
from framecue.library.watching.presence import Presence
from framecue.library.watching.settling import Settled, Settling
from framecue.library.watching.stores import StoreLook
from framecue.object_store.urls import noted_path
from framecue.paths import is_url
from framecue.progress import ProgressCallback

__all__ = ["WatchOptions", "check_paths", "watch"]

# How often to look if the system's events fail.
FALLBACK_POLL_SECONDS = 30.0
# What was changed, and whether it is still, is looked at this often at least.
MOST_TICK_SECONDS = 0.5
SECONDS_BEFORE_NEXT_TRY = 30.0
# The state of a path that exists but cannot be read as a file.
_UNREADABLE = FileState(0, 0.0)
_LIMITS_HINT = "; for events, raise the limits fs.inotify.max_user_watches and fs.inotify.max_user_instances"


@dataclass(frozen=True, kw_only=True)
class WatchOptions:
    """How folders are watched.

    Args:
        add: how files are indexed; with ``prune``, files that are deleted meanwhile are removed from the library too.
        settle_seconds: how long a file has to stay unchanged before it is read.
        poll_seconds: look at all files this often, instead of waiting for the system's events, which a network disk
            may not send; None for events, and every half minute in object stores, which send none.

    Raises:
        InputError: a number of seconds is not above 0.
    """

    add: AddOptions = field(default_factory=AddOptions)
    settle_seconds: float = 5.0
    poll_seconds: float | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.add, AddOptions):
            raise InputError(f"add is {self.add!r}; give AddOptions")
        for name in ("settle_seconds", "poll_seconds"):
            value = getattr(self, name)
            if not (is_number(value) and value > 0) and not (value is None and name == "poll_seconds"):
                raise InputError(f"{name} is {value}; it must be more than 0")


def check_paths(paths: PathsLike) -> list[str]:
    """Return the paths to watch as absolute paths, and URLs in their normal form.

    Raises:
        InputError: there is nothing at any of them, or an object store cannot be looked at.
    """
    named = list(dict.fromkeys(noted_path(item) for item in as_list(paths) if os.fspath(item)))
    for url in filter(is_url, named):
        _check_store(url)
    if not any(map(_identity, named)):
        shown = ", ".join(named) or "no path given"
        raise InputError(f"nothing to watch: there is nothing at {shown}; name files and folders that are there")
    return named


def watch(
    library: Library,
    paths: PathsLike,
    *,
    options: WatchOptions | None = None,
    stop_event: threading.Event | None = None,
    on_report: Callable[[AddReport], None] | None = None,
    on_notice: Callable[[str], None] | None = None,
    progress: ProgressCallback | None = None,
    on_waiting: Callable[[int], None] | None = None,
) -> None:
    """Index the files at some paths, and then whatever changes there, until it is stopped.

    A file that is being written or copied is read once it has been still for a while; one that could not be read is
    tried again when it changes. If a folder vanishes, it is waited for. If the library cannot be written for a time (a
    full disk, another run), writing is tried again; if it is deleted, it is made anew.

    Args:
        library: with a model, which is loaded once.
        paths: files and folders; those that do not exist yet are waited for.
        options: how to watch them.
        stop_event: ends the watch when set; whatever is being indexed is finished first. ``KeyboardInterrupt`` ends it
            too, and is raised.
        on_report: called with the report of the first pass, and of each later pass that did anything.
        on_notice: called with a line for a person when something happens to the folders or to the library.
        progress: called with (files done, files in all) while files are indexed.
        on_waiting: called, whenever it is another number, with how many files have changed and are not read yet, as
            somebody may be writing to them.

    Raises:
        InputError: there is nothing at any of the paths.
        FingerprintError: another model made the library's vectors.
        LibraryError: the library cannot be read or written in the first pass.
    """
    run = _Watch(library, check_paths(paths), options or WatchOptions(), stop_event or threading.Event())
    run.on_report, run.on_notice, run.progress = on_report or _ignore, on_notice or _ignore, progress
    run.on_waiting = on_waiting or _ignore
    run.follow()


class _Watch:
    """What is known between two looks."""

    on_report: Callable[[AddReport], None]
    on_notice: Callable[[str], None]
    progress: ProgressCallback | None
    on_waiting: Callable[[int], None]
    linked: Mapping[str, frozenset[str]]

    def __init__(self, library: Library, roots: list[str], options: WatchOptions, stop: threading.Event) -> None:
        self.library, self.roots, self.options, self.stop = library, roots, options, stop
        self.exclude = Exclude(options.add.exclude)
        self.settling = Settling(options.settle_seconds, self.look, is_missing=self.is_missing)
        self.presence = Presence(library)
        self.tick_seconds = min(MOST_TICK_SECONDS, options.settle_seconds / 4)
        self.poll_seconds = options.poll_seconds
        self.is_first = True
        self.next_try = 0.0
        self.trouble = ""
        self.num_waiting = 0
        self.look_at_stores = StoreLook(
            library.files,
            SUFFIXES | SIDECAR_SUFFIXES,
            self.exclude,
            on_notice=lambda line: self.on_notice(line),
            on_back=lambda root: self.settling.note_rescan(root, trust_times=True),
        )
        self.has_told_of_stores = False

    def follow(self) -> None:
        known = self.identities()
        for root in (root for root in self.roots if not known[root]):
            self.on_notice(f"{root} is not there yet; waiting for it")
        while not self.stop.is_set():
            # Again for each new link: it ends the stream of changes.
            self.linked = {root: linked_folders(root) for root in self.roots if not is_url(root)}
            present = {root: identity for root, identity in known.items() if identity}
            for root in present:
                self.settling.note_rescan(root, trust_times=True)
            with closing(self.changes(list(present))) as changes:
                for places in changes:
                    may_miss_events = self.note(places)
                    self.notice_loss(present)
                    self.index_settled()
                    # Of those that are read it is told now, as they were waited for until they were read.
                    self.tell_of_waiting()
                    if may_miss_events or self.identities() != known:
                        break
            self.notify_of_roots(known, self.identities())
            known = self.identities()

    def notice_loss(self, roots: Collection[str]) -> None:
        """Look at everything again if somebody has deleted the library, so that it is made anew."""
        if self.presence.is_lost():
            self.on_notice(f"{self.library.uri} is gone; it is made anew of what is there now")
            for root in roots:
                self.settling.note_rescan(root, trust_times=True)

    def identities(self) -> dict[str, tuple[int, int] | None]:
        return {root: _identity(root) for root in self.roots}

    def notify_of_roots(self, before: Mapping[str, object], after: Mapping[str, object]) -> None:
        for root in self.roots:
            if before[root] and not after[root]:
                self.on_notice(f"{root} is gone; waiting for it, and the library keeps what it holds of it")
            elif after[root] and not before[root]:
                self.on_notice(f"{root} is there")

    def changes(self, roots: list[str]) -> Changes:
        """Yield the paths that changed; the stream ends when it has to be started anew."""
        if not roots:
            return (yield from pauses(self.tick_seconds, stop=self.stop, tick_seconds=self.tick_seconds))
        local, remote = [root for root in roots if not is_url(root)], [root for root in roots if is_url(root)]
        if not remote:
            return (yield from self.changes_on_disks(local))
        if not local:
            return (yield from self.changes_in_stores(remote))
        return (yield from together(self.changes_on_disks(local), self.changes_in_stores(remote)))

    def changes_on_disks(self, roots: list[str]) -> Changes:
        if self.poll_seconds is None:
            trouble = yield from event_changes(roots, stop=self.stop, tick_seconds=self.tick_seconds)
            if trouble:
                self.poll_seconds = FALLBACK_POLL_SECONDS
                hint = _LIMITS_HINT if "limit reached" in trouble or "Too many open files" in trouble else ""
                self.on_notice(
                    f"the system's events cannot be followed ({trouble}): looking every {self.poll_seconds:g} seconds"
                    f" instead{hint}"
                )
            return trouble
        return (yield from self.polled(roots, self.look, self.poll_seconds))

    def changes_in_stores(self, roots: list[str]) -> Changes:
        seconds = FALLBACK_POLL_SECONDS if self.options.poll_seconds is None else self.options.poll_seconds
        if not self.has_told_of_stores:
            self.has_told_of_stores = True
            self.on_notice(f"an object store sends no events: {', '.join(roots)} is listed every {seconds:g} seconds")
        return self.polled(roots, self.look_at_stores, seconds)

    def polled(self, roots: list[str], look: Look, poll_seconds: float) -> Changes:
        return polled_changes(
            roots, look=look, stop=self.stop, tick_seconds=self.tick_seconds, poll_seconds=poll_seconds
        )

    def look(self, places: Collection[str]) -> dict[str, FileState]:
        """Return the state of each video and sidecar at some places and below them."""
        suffixes = SUFFIXES | SIDECAR_SUFFIXES
        states: dict[str, FileState] = {}
        for _, found in self.library.files.find(
            self.roots, suffixes=suffixes, exclude=self.exclude, within=frozenset(places)
        ):
            if not isinstance(found, Skipped):
                states[found.path] = found.state
            elif is_url(found.path):
                if found.path in places and found.path not in self.roots:
                    states[found.path] = _UNREADABLE
            elif os.path.lexists(found.path) and found.path not in self.roots:
                states[found.path] = _UNREADABLE
        return states

    def is_missing(self, path: str) -> bool:
        """Whether there is nothing at a path; of a store, only if that is certain."""
        return self.library.files.is_missing(path) if is_url(path) else not os.path.lexists(path)

    def note(self, places: Collection[str]) -> bool:
        """Note where something changed.

        Returns:
            Whether a link to a folder is among the places: the system sends no events for the folder behind a new link.
        """
        may_miss_events = False
        for place in places:
            if place == self.library.uri or is_below(place, self.library.uri):
                continue
            for root in self.roots:
                if is_url(root):
                    if place == root or is_below(place, root):
                        self.settling.note(place)
                elif place == root and not Path(root).is_dir():
                    self.settling.note(place)
                elif is_below(place, root):
                    may_miss_events |= Path(place).is_symlink() and Path(place).is_dir()
                    if has_other_paths(place, root, self.linked[root]):
                        # A run may find it under another path, as it enters each real folder once.
                        self.settling.note_rescan(root)
                    else:
                        self.settling.note(place)
        return may_miss_events

    def index_settled(self) -> None:
        """Index what has settled."""
        if time.monotonic() < self.next_try:
            return
        settled = self.settling.take()
        if self.settling.num_waiting > self.num_waiting:
            self.tell_of_waiting()
        if not settled:
            return
        try:
            for report in self.index(settled):
                self.presence.note()
                if self.is_first or _did_anything(report):
                    self.on_report(report)
                self.is_first = False
                self.trouble = ""
        except FingerprintError:
            raise
        except LibraryError as error:
            if self.is_first:
                raise
            self.postpone(settled, str(error))

    def tell_of_waiting(self) -> None:
        if self.settling.num_waiting != self.num_waiting:
            self.num_waiting = self.settling.num_waiting
            self.on_waiting(self.num_waiting)

    def index(self, settled: Settled) -> Iterator[AddReport]:
        """Bring the library up to date with what has settled: first add files, then remove those that are gone."""
        videos = {path for path in settled.files if not (self.is_sidecar(path) or is_within(path, settled.rescan))}
        described = self.videos_beside([path for path in (*settled.files, *settled.gone) if self.is_sidecar(path)])
        options = self.options.add
        if places := {*videos, *described, *settled.rescan}:
            plan = self.library.plan(
                self.roots,
                exclude=options.exclude,
                images=options.images,
                # Once: in later passes a file that has not changed is only looked at.
                retry=options.retry and self.is_first,
                within=places,
            )
            # The other units are still being written; they wait in `settling`.
            units = tuple(unit for unit in plan.units if unit.path in settled.files)
            # Pruning waits until moved files have had time to be found at their new places.
            yield self.library.add(
                replace(plan, units=units),
                options=options,
                prune=False,
                progress=self.progress,
                on_notice=self.on_notice,
                words_progress=self.progress,
            )
            if settled.rescan and options.prune:
                self.note_missing(plan)
        if settled.gone and options.prune:
            plan = self.library.plan(self.roots, exclude=options.exclude, images=options.images, within=settled.gone)
            yield self.library.add(replace(plan, units=(), skipped=(), subtitles_changed=(), outdated=()), prune=True)

    def note_missing(self, plan: Plan) -> None:
        """Note the files that went while nobody was looking; they are removed later, as they may have been moved."""
        gone, kept = self.library.missing(plan)
        for path in gone:
            self.settling.note(path)
        for item in kept:
            self.on_notice(f"{item.path}: {item.reason}")

    def is_sidecar(self, path: str) -> bool:
        return Path(path).suffix.lower() in SIDECAR_SUFFIXES and path not in self.roots

    def videos_beside(self, sidecars: Collection[str]) -> set[str]:
        """Return the videos to which some sidecars belong, which may be gone."""
        videos = set()
        names: dict[str, list[str]] = {}
        for folder, sidecar in map(os.path.split, sidecars):
            if folder not in names:
                names[folder] = self.names_in(folder)
            videos |= {os.path.join(folder, name) for name in names[folder] if is_sidecar_of(sidecar, name)}  # noqa: PTH118
        return videos

    def names_in(self, folder: str) -> list[str]:
        if is_url(folder):
            return [path.rpartition("/")[2] for path, _ in self.library.files.siblings(folder)]
        try:
            return os.listdir(folder)  # noqa: PTH208 (names alone, not a Path for each)
        except OSError:
            return []

    def postpone(self, settled: Settled, trouble: str) -> None:
        """Note everything again to try it later, and notify the person once."""
        for place in (*settled.files, *settled.rescan, *settled.gone):
            if place in self.roots:
                self.settling.note_rescan(place, trust_times=True)
            else:
                self.settling.note(place)
        self.next_try = time.monotonic() + SECONDS_BEFORE_NEXT_TRY
        if trouble != self.trouble:
            self.trouble = trouble
            self.on_notice(f"{trouble}; trying again every {SECONDS_BEFORE_NEXT_TRY:g} seconds")


def _identity(root: str) -> tuple[int, int] | None:
    """Return what identifies a file or folder; the same for everything in a store, where a folder is but its files."""
    return (0, 0) if is_url(root) else identity_of(root)


def _check_store(url: str) -> None:
    """Raise ObjectError if a place in a store cannot be listed."""
    from framecue.object_store.listing import (
        is_anything_below,
    )  # imports obstore, which local folders need not wait for

    is_anything_below(url)


def _did_anything(report: AddReport) -> bool:
    counts = (report.added, report.changed, report.moved, report.removed, report.subtitles_updated)
    has_words = bool(report.words or report.words_failed or report.words_taken_out)
    is_other = bool(report.skipped or report.duplicates or report.reread or report.names_taught)
    return any(counts) or is_other or has_words


def _ignore(_: object) -> None:
    """Do nothing: the caller did not ask for it."""
