"""Whether an object store honours conditional writes, tried with objects that are removed again.

LanceDB's commits rest on the first kind (write if there is none) and leases on both (write if it is still this one).
There are stores that honour one and ignore the other, or both, and report success: two runs would then overwrite each
other's commits, and nobody would hear of it.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

from framecue.errors import LibraryError, ObjectError
from framecue.object_store.objects import ObjectTag, delete, put_if_absent, put_if_matches, size_and_tag
from framecue.object_store.stores import s3_endpoint
from framecue.object_store.urls import ObjectUrl

__all__ = ["probe"]

_PREFIX = ".framecue.probe"
# So many write at once, so many times.
_RACERS, _RACES = 4, 2

_honours: set[tuple[ObjectUrl, str | None]] = set()


def probe(uri: str) -> None:
    """Refuse a store that lets two writers both win; each bucket is tried once in a process.

    Args:
        uri: the library, which need not exist.

    Raises:
        LibraryError: it does, or the tries cannot be made.
    """
    place = ObjectUrl.parse(uri).place, s3_endpoint()
    if place in _honours:
        return
    tried = f"{uri}/{_PREFIX}-{uuid.uuid4().hex}"
    try:
        ignored = _ignored(tried)
    except ObjectError as error:
        raise LibraryError(f"library {uri} cannot be written: {error.reason}") from error
    if ignored:
        raise LibraryError(
            f"library {uri} cannot be written safely: its store ignores {ignored}, by which two runs at once are kept "
            "from overwriting each other's commits; use a store that honours conditional writes (Amazon S3, Google "
            "Cloud Storage, Azure Blob Storage, Cloudflare R2 and MinIO do), or make the library on a disk"
        )
    _honours.add(place)


def _ignored(url: str) -> str:
    """Return what a store ignores, in words; empty if nothing."""
    try:
        if not _keeps_what_is_there(url):
            return "If-None-Match (write an object only if there is none)"
        if not _keeps_what_has_changed(url):
            return "If-Match (write an object only if it is still the same)"
    finally:
        for place in (url, *_places(url)):
            with suppress(ObjectError):
                delete(place)
    return ""


def _keeps_what_is_there(url: str) -> bool:
    put_if_absent(url, b"first")
    if put_if_absent(url, b"second") is not None:
        return False
    return all(_winners(partial(_make, place)) <= 1 for place in _places(url))


def _keeps_what_has_changed(url: str) -> bool:
    first = size_and_tag(url).tag
    put_if_matches(url, b"third", first)
    if put_if_matches(url, b"fourth", first) is not None:
        return False
    return all(_winners(partial(_change, place, size_and_tag(place).tag)) <= 1 for place in _places(url))


def _make(place: str, racer: int) -> bool:
    return put_if_absent(place, f"made by {racer}".encode()) is not None


def _change(place: str, tag: ObjectTag, racer: int) -> bool:
    return put_if_matches(place, f"changed by {racer}".encode(), tag) is not None


def _places(url: str) -> list[str]:
    return [f"{url}-{number}" for number in range(_RACES)]


def _winners(put: Callable[[int], bool]) -> int:
    """Return how many of several that write at once are told that they have won.

    It may be none: the answer to the winner was lost, and what it asked then was refused.
    """
    with ThreadPoolExecutor(_RACERS) as threads:
        return sum(threads.map(put, range(_RACERS)))
