"""What lies at a place in a store: the objects below a prefix, or those in a folder and the folders in it.

A store has no folders: a folder is what the keys below it have in common, up to a slash.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import obstore

from framecue.errors import ObjectError
from framecue.object_store.objects import ObjectState, state_of
from framecue.object_store.stores import store_of
from framecue.object_store.trouble import is_cut_off, said_by_us
from framecue.object_store.urls import ObjectUrl

if TYPE_CHECKING:
    from obstore import ListResult, ObjectMeta

__all__ = ["Folder", "FoundObject", "is_anything_below", "list_all", "list_folder", "list_objects"]

Answer = TypeVar("Answer")

# The most that stores give in one answer; obstore asks for the next page by itself.
_PAGE = 1000
_TRIES = 4


class FoundObject(NamedTuple):
    """An object in a listing: its URL and its state, without a version."""

    url: str
    state: ObjectState


class Folder(NamedTuple):
    """What lies directly in a folder, in the order of the names: its objects, and the URLs of its folders."""

    objects: list[FoundObject]
    folders: list[str]


def list_objects(url: str) -> Iterator[FoundObject]:
    """Yield all objects below a place, at any depth, a page at a time; the object at the place itself is not below it.

    Most stores give them in the order of their keys. An object whose key ends with a slash, by which some tools mark a
    folder, comes without it.

    Raises:
        ObjectError: it cannot be listed; `cause` is "name" if there is a name below it that cannot be read.
    """
    place = ObjectUrl.parse(url)
    with said_by_us(place):
        for page in obstore.list(store_of(place), place.key or None, chunk_size=_PAGE):
            for meta in page:
                yield FoundObject(str(place.with_key(meta["path"])), state_of(meta))


def list_all(url: str) -> list[FoundObject]:
    """Return what :func:`list_objects` yields, in the order of the URLs; a listing that is cut off begins again.

    Raises:
        ObjectError: as there.
    """
    return _again_if_cut_off(lambda: sorted(list_objects(url), key=lambda found: found.url))


def list_folder(url: str) -> Folder:
    """Return what lies directly in a folder.

    Raises:
        ObjectError: it cannot be listed; `cause` is "name" if a name in it cannot be read.
    """
    place = ObjectUrl.parse(url)

    def ask() -> ListResult[Sequence[ObjectMeta]]:
        with said_by_us(place):
            return obstore.list_with_delimiter(store_of(place), place.key or None)

    result = _again_if_cut_off(ask)
    objects = [FoundObject(str(place.with_key(meta["path"])), state_of(meta)) for meta in result["objects"]]
    return Folder(
        sorted(objects, key=lambda found: found.url),
        sorted(str(place.with_key(prefix)) for prefix in result["common_prefixes"]),
    )


def is_anything_below(url: str) -> bool:
    """Whether there is any object below a place; one request.

    Raises:
        ObjectError: it cannot be listed.
    """
    try:
        return _again_if_cut_off(lambda: next(list_objects(url), None)) is not None
    except ObjectError as error:
        if error.cause == "name":
            return True
        raise


def _again_if_cut_off(ask: Callable[[], Answer]) -> Answer:
    """Ask again where an answer ended half-way; obstore does so only for one that does not come at all."""
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except ObjectError as error:
            if not is_cut_off(error):
                raise
    return ask()
