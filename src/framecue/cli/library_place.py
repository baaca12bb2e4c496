"""Which library a command means: the one that is named, else one near the working folder, else a default place.

Nothing is taken by surprise: the search upwards ends at the home folder or at the border of a file system, takes no
library of another user, does not choose between two, and what it found is said in a line.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from framecue.cli.output import log, shown_path
from framecue.errors import FramecueError, InputError, LibraryError, LibraryNotFoundError
from framecue.paths import absolute_path, is_dir, is_url, user_path

__all__ = [
    "SUFFIX",
    "LibraryCommand",
    "chosen_library",
    "default_place",
    "libraries_around",
    "library_if_any",
    "nearest_library",
    "refuse_libraries",
]

SUFFIX = ".lance"


def chosen_library(uri: str | None, *, may_be_new: bool = False) -> str:
    """Return the library that a command is to use, and say in a line which it is if nobody has named it.

    Args:
        uri: what --library or FRAMECUE_LIBRARY says; None if neither is there.
        may_be_new: whether the library need not exist yet.

    Raises:
        InputError: the name is empty, or there is no home folder for a default place.
        LibraryNotFoundError: none is named, there is none, and it has to exist.
        LibraryError: it has to exist, and a folder of videos is named.
        click.UsageError: none is named, and there are several.
    """
    if uri is not None:
        if not uri:
            raise InputError("the name of the library is empty; give a folder such as videos.lance")
        if not may_be_new:
            _refuse_folder_of_videos(uri)
        return uri
    found = nearest_library(on_notice=log)
    if found is None:
        found = str(default_place())
        if not os.access(found, os.F_OK):
            if not may_be_new:
                raise LibraryNotFoundError(
                    f"no library is named, none is in the working folder or above, and none at {found}; "
                    "make one with `framecue index PATH`, or name one with --library"
                )
            log(f"no library is named: the new one will be {found}; --library names another place")
            return found
    log(f"using library {shown_path(found)}")
    return found


def library_if_any(uri: str | None) -> str | None:
    """Return the library that a command may look at besides; None if there is none, or if it is not clear which.

    Args:
        uri: what --library or FRAMECUE_LIBRARY says; None if neither is there.
    """
    if uri is not None:
        return uri
    try:
        found = nearest_library(on_notice=log) or str(default_place())
    except (click.UsageError, InputError):
        return None
    return found if os.access(found, os.F_OK) else None


def default_place() -> Path:
    """Return where a library is kept that nobody has given a place: in the user's data folder.

    Raises:
        InputError: the user has no home folder.
    """
    from platformdirs import user_data_path

    place = user_data_path("framecue", appauthor=False) / f"library{SUFFIX}"
    if not place.is_absolute():
        raise InputError("there is no home folder to keep a library in; name one with --library")
    return place


def nearest_library(*, on_notice: Callable[[str], None]) -> str | None:
    """Return the library that lies in the working folder or, if there is none, in the nearest folder above it.

    The search ends with the home folder, and with the file system. A library of another user is passed over.

    Args:
        on_notice: called with a line about each that is passed over.

    Returns:
        An absolute path; None if there is no library.

    Raises:
        click.UsageError: the nearest folder that has libraries has several.
    """
    for folder in _folders_upwards():
        found = []
        for place in [str(folder), *_entries(folder)]:
            if not _is_library(place):
                continue
            if _is_ours(place):
                found.append(place)
            else:
                on_notice(f"passed over library {place}, which belongs to another user; --library takes it")
        if len(found) > 1:
            names = ", ".join(shown_path(place) for place in found)
            raise click.UsageError(f"there are {len(found)} libraries in {folder}: {names}; name one with --library")
        if found:
            return found[0]
    return None


def refuse_libraries(paths: Sequence[str], *, takes: str) -> None:
    """Refuse a library among a command's paths, where it cannot be meant.

    Args:
        paths: as they are given.
        takes: what the command takes there, for the message.

    Raises:
        click.UsageError: one of the paths is a library, or has the name of one and is not there.
    """
    for path in paths:
        place = user_path(path)
        if place.rstrip("/").endswith(SUFFIX) and (not os.path.lexists(place) or _is_library(place)):
            raise click.UsageError(f"{path} is a library, and PATH is {takes}; name the library with --library {path}")


class LibraryCommand(click.Command):
    """A command on a library, whose error for a word too many says how a library is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments.

        Raises:
            click.UsageError: the usage is wrong.
        """
        ctx.allow_extra_args = True
        rest = super().parse_args(ctx, args)
        if ctx.args and not ctx.resilient_parsing:
            extra = " ".join(ctx.args)
            last = ctx.args[-1]
            if last.rstrip("/").endswith(SUFFIX) or _is_library(user_path(last)):
                ctx.fail(f"unexpected extra argument ({extra}); name the library with --library {last}")
            takes = [param.make_metavar(ctx) for param in self.params if isinstance(param, click.Argument)]
            hint = f"; {takes[0].strip('[]')} is one argument: put several words in quotes" if takes else ""
            ctx.fail(f"unexpected extra argument ({extra}){hint}")
        return rest


def libraries_around(folder: str) -> list[str]:
    """Return every library in a folder and in those above it, as far as :func:`nearest_library` looks.

    Args:
        folder: an absolute path; where nothing is there, nothing is found.

    Returns:
        Absolute paths, without libraries of other users.
    """
    places = (place for above in _folders_upwards(Path(folder)) for place in [str(above), *_entries(above)])
    return [place for place in places if _is_library(place) and _is_ours(place)]


def _refuse_folder_of_videos(uri: str) -> None:
    """Refuse a folder of videos that is no library, and say in which library these are, or would be.

    Raises:
        LibraryError: it is such a folder.
    """
    if is_url(uri):
        return
    folder = absolute_path(uri)
    if not (is_dir(folder) and os.access(folder, os.R_OK | os.X_OK)):
        return
    from framecue.library.store.place import check_there

    try:
        check_there(folder)
    except LibraryNotFoundError:  # it is empty
        return
    except LibraryError as error:
        what = f"{folder} is a folder, but not a framecue library"
        for place in _likely_libraries(folder):
            if number := _num_videos_in(place, folder):
                are = "is" if number == 1 else "are"
                raise LibraryError(f"{what}; {number} of its videos {are} in the library {place}: name that") from error
        if not _has_videos(folder):
            return  # whoever opens it says what is wrong
        index, usual = f"framecue index {shlex.quote(uri)}", _usual_library()
        if usual in (None, folder):
            raise LibraryError(f"{what}; `{index} --library NAME{SUFFIX}` indexes its videos") from error
        raise LibraryError(f"{what}; `{index}` indexes its videos into the library {usual}") from error


def _likely_libraries(folder: str) -> list[str]:
    """Return the libraries in which the videos of a folder may be, each once: those around it, and the usual one."""
    usual = _usual_library()
    there = [usual] if usual is not None and os.access(usual, os.F_OK) else []
    return list(dict.fromkeys([*libraries_around(folder), *there]))


def _usual_library() -> str | None:
    """Return the library that ``framecue index`` takes if none is named, which need not be there; None if none is."""
    named = os.environ.get("FRAMECUE_LIBRARY")
    if named:
        return named if is_url(named) else absolute_path(named)
    try:
        return nearest_library(on_notice=log) or str(default_place())
    except (click.UsageError, InputError):  # there are several, or there is no home folder
        return None


def _has_videos(folder: str) -> bool:
    """Whether a folder, or one below it, has a file with the suffix of a video, as an indexing run looks for them."""
    from framecue.library.files.exclude import Exclude
    from framecue.library.files.mixed import ALL_FILES
    from framecue.library.results import Skipped
    from framecue.video import VIDEO_SUFFIXES

    found = ALL_FILES.find([folder], suffixes=VIDEO_SUFFIXES, exclude=Exclude())
    return any(not isinstance(each, Skipped) for _, each in found)


def _num_videos_in(place: str, folder: str) -> int:
    """Return how many videos of a folder a library holds; 0 if it cannot be asked."""
    from framecue.library import Filters, Library

    try:
        return Library(place).count_videos(Filters(folder=folder))
    except FramecueError:
        return 0


def _folders_upwards(folder: Path | None = None) -> Iterator[Path]:
    """Yield a folder, the one above it, and so on to the home folder or the border of a file system.

    Args:
        folder: an absolute path; None for the working folder.
    """
    try:
        folder = folder or Path.cwd()
        device = folder.stat().st_dev
    except OSError:  # it was deleted, or may not be looked at
        return
    home = os.path.realpath(user_path("~"))
    while True:
        yield folder
        parent = folder.parent
        try:
            is_border = parent.stat().st_dev != device
        except OSError:
            return
        if str(folder) == home or parent == folder or is_border:
            return
        folder = parent


def _entries(folder: Path) -> list[str]:
    """Return what in a folder has the name of a library, in the order of the names."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if entry.name.endswith(SUFFIX))
    except OSError:
        return []


def _is_library(place: str) -> bool:
    from framecue.library.store.place import looks_like_library

    if not looks_like_library(place):
        return False
    from framecue.library.store.store import is_framecues

    return is_framecues(place)


def _is_ours(place: str) -> bool:
    """Whether a folder belongs to the user who runs this; True where the system has no such owners."""
    user: Callable[[], Any] | None = getattr(os, "geteuid", None)
    try:
        return user is None or Path(place).stat().st_uid == user()
    except OSError:
        return False
