"""Filters for the videos that a search looks at, written as an SQL condition on the rows of a library."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import takewhile
from typing import TYPE_CHECKING

from framecue.errors import InputError
from framecue.forms import composed, units
from framecue.glob_patterns import unit_pattern
from framecue.globs import Glob, names_of
from framecue.library.search.where import check_where
from framecue.library.store.sql import is_one_of, quoted
from framecue.object_store.urls import as_url, normal_url
from framecue.paths import absolute_path, is_url, is_utf8, user_path
from framecue.video import IMAGE_SUFFIXES

if TYPE_CHECKING:
    from framecue.library.store import Store

__all__ = ["Filters", "condition_for"]

Time = date | str
_KINDS = ("video", "image")
# What stands for itself in a glob, and is written in one way only: Unicode has a second K, backtick and semicolon.
_PLAIN = re.compile(r"(?:(?![*?\[\]`;K])[ -~])+")
_IN_BRACKETS = re.compile(r"\[.*")
# Shorter ones are in most paths.
_LEAST_PART = 3
# Looking up more paths in the index takes longer than finding segments first and comparing the pattern with theirs.
_MOST_NAMED = 1000


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Which videos are searched: a video has to pass all filters that are not None.

    Args:
        folder: videos below this folder, at any depth.
        path: a glob: without ``/`` for the name of the file, or of a folder it is in; with ``/`` for the end of the
            path, or for the whole path if it starts with ``/`` or ``~``. ``*`` stays within one name, ``**`` is any
            number of folders. Upper and lower case differ.
        longer_than_seconds: videos that last longer than this.
        shorter_than_seconds: videos that last less long than this.
        after: files recorded at this time or later, by their metadata, else their name, else their modification time:
            a ``date`` or ``datetime``, or ISO text (``2024-05-31``, ``2024-05-31T18:00``). Without a time zone it is
            local time.
        before: files recorded earlier than this.
        kind: "video" or "image"; None for both.
        where: a condition in LanceDB's SQL on the columns of the library; of functions those in
            ``framecue.library.search.where.FUNCTIONS``.

    Raises:
        InputError: a value makes no sense, or no video can pass.
    """

    folder: str | os.PathLike[str] | None = None
    path: str | None = None
    longer_than_seconds: float | None = None
    shorter_than_seconds: float | None = None
    after: Time | None = None
    before: Time | None = None
    kind: str | None = None
    where: str | None = None

    def __post_init__(self) -> None:
        if self.folder is not None and not os.fspath(self.folder):
            raise InputError("the name of the folder is empty")
        if self.path is not None and not (isinstance(self.path, str) and self.path.strip("/. ")):
            raise InputError(f"the glob of paths is {self.path!r}; give a name such as '*.mp4', or a path '2024/**'")
        if self.kind not in (None, *_KINDS):
            raise InputError(f"kind is {self.kind!r}; known: {', '.join(_KINDS)}")
        for name, text in (("folder", self.folder), ("glob of paths", self.path)):
            if text is not None and not is_utf8(os.fspath(text)):
                raise InputError(f"the {name} {os.fspath(text)!r} is not valid UTF-8, as no name in a library is")
        if self.where is not None:
            check_where(self.where)
        for name in ("longer_than_seconds", "shorter_than_seconds"):
            value = getattr(self, name)
            if value is not None and not (isinstance(value, (int, float)) and math.isfinite(value) and value >= 0):
                raise InputError(f"{name} is {value!r}; it must be a number of seconds, 0 or more")
        longer, shorter = self.longer_than_seconds, self.shorter_than_seconds
        if longer is not None and shorter is not None and longer >= shorter:
            raise InputError(f"no video lasts longer than {longer:g} s and less than {shorter:g} s")
        after, before = _timestamp(self.after, "after"), _timestamp(self.before, "before")
        if after is not None and before is not None and after >= before:
            raise InputError(f"no file was recorded after {self.after} and before {self.before}")

    def condition(
        self,
        columns: Collection[str] | None = None,
        *,
        complete: Collection[str] = (),
        paths: Sequence[str] | None = None,
    ) -> str | None:
        """Return the SQL condition; None if everything passes.

        It is written so that LanceDB can look it up in indexes, as far as the filters allow that.

        Args:
            columns: those that the library has; None for all. An older format has fewer.
            complete: those of them in which every row has a value, as far as that is known; see
                :meth:`framecue.library.store.Store.complete_columns`.
            paths: those of the library's files that the glob matches; None where they were not looked up.
        """
        parts = []
        if self.folder is not None:
            url = as_url(self.folder)
            parts.append(_is_below(absolute_path(self.folder) if url is None else normal_url(url)))
        if self.path is not None:
            parts += _is_like(self.path) if paths is None else [is_one_of(paths)]
        if self.longer_than_seconds is not None:
            parts.append(f"duration_seconds > {float(self.longer_than_seconds)!r}")
        if self.shorter_than_seconds is not None:
            parts.append(f"duration_seconds < {float(self.shorter_than_seconds)!r}")
        times = [(">=", _timestamp(self.after, "after")), ("<", _timestamp(self.before, "before"))]
        parts += _recorded([f"{sign} {time!r}" for sign, time in times if time is not None], columns, complete)
        if self.kind is not None:
            is_noted = columns is None or "kind" in columns
            parts.append(_is_of_kind(self.kind, is_noted=is_noted, is_complete="kind" in complete))
        if self.where is not None:
            parts.append(f"({self.where})")
        return " AND ".join(parts) or None


def condition_for(store: Store, filters: Filters | None) -> str | None:
    """Return the SQL condition of filters on the rows of a library; None if everything passes.

    Raises:
        LibraryError: the library cannot be read.
    """
    if filters is None:
        return None
    asks_for_later_columns = (filters.after, filters.before, filters.kind) != (None, None, None)
    complete = store.complete_columns() if asks_for_later_columns else ()
    paths = None if filters.path is None else store.paths_like(glob_pattern(filters.path), most=_MOST_NAMED)
    return filters.condition(store.columns, complete=complete, paths=paths)


def glob_pattern(glob: str) -> str:
    """Return a regular expression (in Rust's syntax) for the paths that a glob matches, and everything below them."""
    parsed = Glob(glob)
    # The "(?s)" lets "." be a newline, which names may hold; the group keeps LanceDB from reading it as a plain prefix.
    return f"(?s)^{'' if parsed.is_absolute else '.*'}(?:{parsed.pattern})(?:/.*)?$"


def _is_like(glob: str) -> list[str]:
    """Return the conditions that a path is one that a glob matches.

    The last says it; those before it are quick to look up or to compare, and spare it most paths.
    """
    pattern = f"regexp_like(path, {quoted(glob_pattern(glob))})"
    path = user_path(glob)
    names = [composed(name) for name in names_of(path)]
    plain = list(takewhile(lambda name: _PLAIN.fullmatch(name), names))
    is_followed = any(name != "**" for name in names[len(plain) :])  # ** may stand for no name at all
    parts = max((part for name in names for part in _PLAIN.findall(_IN_BRACKETS.sub("*", name))), key=len, default="")
    quick = []
    if plain and path.startswith("/"):
        quick.append(f"starts_with(path, {quoted('/'.join(['', *plain, *[''] * is_followed]))})")
    if len(parts) >= _LEAST_PART:
        quick.append(f"contains(path, {quoted(parts)})")
    return [*quick, pattern]


def _recorded(bounds: Sequence[str], columns: Collection[str] | None, complete: Collection[str]) -> list[str]:
    """Return the conditions that the time at which a file was recorded is within bounds, as in ">= 5.0"."""

    def within(column: str) -> str:
        return " AND ".join(f"{column} {bound}" for bound in bounds)

    if not bounds:
        return []
    if columns is not None and "recorded_seconds" not in columns:
        return [within("modified_seconds")]
    if "recorded_seconds" in complete:
        return [within("recorded_seconds")]
    # Rows of an older framecue have no such date. This is coalesce(recorded_seconds, modified_seconds), which no index
    # knows.
    return [f"(({within('recorded_seconds')}) OR (recorded_seconds IS NULL AND {within('modified_seconds')}))"]


def _is_of_kind(kind: str, *, is_noted: bool, is_complete: bool) -> str:
    """Return the condition that a row is of a kind; where an older framecue noted none, the file's name says it."""
    if is_complete:
        return f"kind = {quoted(kind)}"
    suffixes = "|".join(sorted(suffix.lstrip(".") for suffix in IMAGE_SUFFIXES))
    by_name = f"regexp_like(path, {quoted(rf'(?is)^.*[^/][.](?:{suffixes})$')})"
    if kind != "image":
        by_name = f"NOT {by_name}"
    return f"(kind = {quoted(kind)} OR (kind IS NULL AND {by_name}))" if is_noted else f"({by_name})"


def _is_below(folder: str) -> str:
    """Return the condition that a path lies below a folder, in whatever Unicode form both are written."""
    separator = "/" if is_url(folder) else os.sep
    begin = folder if folder.endswith(separator) else folder + separator
    if begin.isascii():
        return f"starts_with(path, {quoted(begin)})"
    pattern = "".join(unit_pattern(unit, is_first=True) for unit in units(composed(begin)))
    return f"regexp_like(path, {quoted(f'(?s)^(?:{pattern}).*$')})"


def _timestamp(time: Time | None, name: str) -> float | None:
    """Return a time as seconds since 1970; a day counts from its beginning."""
    if time is None:
        return None
    given = time
    try:
        if isinstance(time, str):
            # Python before 3.11 does not know the Z for UTC.
            time = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", time.strip()))
        if not isinstance(time, datetime):
            time = datetime(time.year, time.month, time.day)
        return time.timestamp()
    except (AttributeError, OverflowError, TypeError, ValueError, OSError) as error:
        raise InputError(
            f"{name} is {given!r}, which is no date; write 2024-05-31, or 2024-05-31T18:00 for a time of the day"
        ) from error
