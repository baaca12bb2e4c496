"""Whether a library is sound: it opens, all its rows can be read, its files are there, its indexes are up to date."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, TypedDict

from framecue.counts import counted
from framecue.encoder import Fingerprint
from framecue.errors import LibraryError
from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.results import Finding
from framecue.library.store import Store, normal_uri
from framecue.library.store.health import Health, read_health
from framecue.library.store.index import ROWS_BEFORE_INDEX, UNINDEXED_SHARE
from framecue.library.store.migrations import SCHEMA_VERSION
from framecue.library.store.place import again_place, is_begun
from framecue.library.store.words_health import WordsHealth, read_words_health
from framecue.library.teaching.left import names_left

__all__ = ["Soundness", "check_library"]


@dataclass(frozen=True)
class Soundness:
    """What a check of a library has found.

    Attributes:
        uri: the library.
        format: its format.
        fingerprint: of the model that made its vectors.
        num_videos: how many videos it holds.
        num_images: how many pictures it holds.
        num_copies: how many further files it knows as copies of those.
        health: what reading every row has shown.
        words_health: what reading its words, and the passages made of them, has shown.
        num_names: how many names it was taught.
        names_error: why what it was taught cannot be read; None if it can.
        names_left: names that are not understood, as they were taught to another model, with what stands in the way.
        missing: paths of files that are gone.
        away: paths of files that are gone, and whose disk may not be mounted.
        is_begun_again: whether it is being made anew with another model.
        findings: all of this in words, each with the way out.
    """

    uri: str
    format: int
    fingerprint: Fingerprint
    num_videos: int
    num_images: int
    num_copies: int
    health: Health
    words_health: WordsHealth
    num_names: int
    names_error: str | None
    names_left: dict[str, str]
    missing: list[str]
    away: list[str]
    is_begun_again: bool
    findings: list[Finding]

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue doctor --json`` prints about a library."""
        return {
            "library": self.uri,
            "format": self.format,
            "fingerprint": self.fingerprint.to_dict(),
            "videos": self.num_videos,
            "images": self.num_images,
            "copies": self.num_copies,
            **asdict(self.health),
            **asdict(self.words_health),
            "num_names": self.num_names,
            "names_error": self.names_error,
            "names_left": self.names_left,
            "missing": self.missing,
            "away": self.away,
            "begun_again": self.is_begun_again,
        }


def check_library(uri: str, *, files: Files = ALL_FILES) -> Soundness:
    """Look at all of a library without writing to it; this reads every row once.

    Args:
        uri: the library.
        files: where its files lie.

    Raises:
        LibraryNotFoundError: there is none.
        LibraryError: something else is at this place, or it cannot be opened.
    """
    uri = normal_uri(uri)
    store = Store.open(uri)
    snapshot, health = store.snapshot(), read_health(store)
    gone = [path for path in snapshot.held if files.is_missing(path)]
    # Strings, as a Path would change a URL.
    folders = {path: os.path.dirname(path) for path in gone}  # noqa: PTH120
    doubts = {folder: files.may_be_away(folder) for folder in set(folders.values())}
    found = Soundness(
        uri=uri,
        format=store.format,
        fingerprint=Fingerprint.from_dict(store.fingerprint),
        num_videos=snapshot.num_videos,
        num_images=snapshot.num_images,
        num_copies=len(snapshot.copies.keys() - snapshot.held.keys()),
        health=health,
        words_health=read_words_health(store),
        **_names(store, files),
        missing=[path for path in gone if not doubts[folders[path]]],
        away=[path for path in gone if doubts[folders[path]]],
        is_begun_again=is_begun(again_place(uri)),
        findings=[],
    )
    found.findings.extend(_findings(found))
    return found


class _Names(TypedDict):
    num_names: int
    names_error: str | None
    names_left: dict[str, str]


def _names(store: Store, files: Files) -> _Names:
    """Return what reading the taught names has shown."""
    try:
        return {"num_names": len(store.names.read()), "names_error": None, "names_left": names_left(store, files)}
    except LibraryError as error:
        return {"num_names": 0, "names_error": str(error), "names_left": {}}


def _findings(found: Soundness) -> Iterator[Finding]:
    """Yield what a check has found, in words."""
    health, uri = found.health, found.uri
    if health.error is not None:
        yield Finding(
            "fault",
            f"library {uri}: only {health.num_read} of {counted(health.num_rows, 'row')} can be read: {health.error}",
            "copy it back from a backup, or index your folders into a new library",
        )
    else:
        images = f"{counted(found.num_images, 'picture')}, " if found.num_images else ""
        held = f"{counted(found.num_videos, 'video')}, {images}{counted(health.num_rows, 'segment')}"
        yield Finding("ok", f"library {uri}: {held}, all can be read")
    if health.num_bad_vectors:
        yield Finding(
            "fault",
            f"{_segments(health.num_bad_vectors, 'has', 'have')} a vector that is not of length 1, so their order is "
            "wrong",
            f"remove these files and index them again: `framecue remove PATH --library {uri}`",
        )
    if health.num_doubled:
        yield Finding(
            "note",
            f"{_segments(health.num_doubled, 'is', 'are')} stored twice, as two runs at once in an object store once "
            "left them",
            "they are mended when their file is indexed again",
        )
    yield from _words_findings(found.words_health, uri)
    yield from _names_findings(found)
    if found.missing:
        yield Finding(
            "note",
            f"{len(found.missing)} of its files are gone, such as {found.missing[0]}",
            f"index where they are now, or take them out: `framecue index FOLDER --prune --library {uri}`",
        )
    if found.away:
        yield Finding(
            "note",
            f"{len(found.away)} of its files are in a folder that is empty or away, such as {found.away[0]}",
            "mount the disk",
        )
    if found.format < SCHEMA_VERSION:
        yield Finding(
            "note",
            f"it has format {found.format}, and the present one is {SCHEMA_VERSION}",
            "the next `framecue index` brings it up to date, in one commit",
        )
    if found.is_begun_again:
        yield Finding(
            "note",
            f"it is being made anew with another model, which has not ended: {again_place(uri)}",
            f"go on with `framecue index --again --model MODEL --library {uri}`, or delete that folder",
        )
    yield _index_finding(health, uri)


def _words_findings(health: WordsHealth, uri: str) -> Iterator[Finding]:
    """Yield what is to be said of words; nothing of a library without any."""
    if health.words_error is not None:
        yield Finding(
            "fault",
            f"only {counted(health.num_lines, 'line')} of its words can be read: {health.words_error}",
            "copy it back from a backup, or index your folders into a new library",
        )
    elif health.num_lines:
        yield Finding("ok", f"{counted(health.num_lines, 'line')} of words, all can be read")
    if health.passages_error is not None or health.num_bad_passages:
        what = (
            f"its passages cannot be read: {health.passages_error}"
            if health.passages_error is not None
            else f"{health.num_bad_passages} of its passages have a vector that is not of length 1, so their order is "
            "wrong"
        )
        again = "`framecue index PATHS --no-meaning` and then `--meaning`"
        yield Finding("fault", what, f"have them made anew from the words: {again}, with --library {uri}")
    elif health.num_passage_rows:
        rows = counted(health.num_passage_rows, "passage or sentence", "passages and sentences")
        yield Finding("ok", f"{rows} to be found by meaning, all can be read")


def _names_findings(found: Soundness) -> Iterator[Finding]:
    """Yield what is to be said of taught names; nothing of a library without any."""
    if found.names_error is not None:
        yield Finding(
            "fault",
            f"the names that it was taught cannot be read: {found.names_error}",
            f"copy it back from a backup, or forget them: `framecue names forget NAME --library {found.uri}`",
        )
    elif found.num_names > len(found.names_left):
        names = counted(found.num_names - len(found.names_left), "taught name")
        yield Finding("ok", f"{names}, understood by its searches")
    for name, reason in found.names_left.items():
        yield Finding(
            "note",
            f"the name {name!r} was taught to another model, and is not understood: {reason}",
            f"teach it again: `framecue index PATHS --library {found.uri}` does so by itself where it can",
        )


def _segments(number: int, one: str, many: str) -> str:
    """Return a number of segments with the verb that goes with it."""
    return f"{counted(number, 'segment')} {one if number == 1 else many}"


def _index_finding(health: Health, uri: str) -> Finding:
    optimize = f"`framecue optimize --library {uri}`"
    if health.num_indexed is None:
        if health.num_rows < ROWS_BEFORE_INDEX:
            return Finding("ok", "it needs no approximate index: a search looks at every vector")
        return Finding(
            "note",
            f"it has {health.num_rows} segments and no approximate index; searches are slow",
            optimize,
        )
    left = max(0, health.num_rows - health.num_indexed)
    if left > UNINDEXED_SHARE * health.num_rows:
        return Finding("note", f"{left} of {health.num_rows} segments are not in its approximate index yet", optimize)
    return Finding("ok", f"its approximate index is up to date ({health.num_indexed} of {health.num_rows} segments)")
