"""Objects: their states, their bytes, and writing them on a condition.

Every function takes a URL and raises :class:`framecue.errors.ObjectError`, which says what became of it.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

import obstore
from obstore import exceptions

from framecue.errors import ObjectError
from framecue.object_store.stores import store_of
from framecue.object_store.trouble import said_by_us
from framecue.object_store.urls import ObjectUrl

if TYPE_CHECKING:
    from obstore import GetOptions, GetResult, ObjectMeta, PutMode, PutResult, UpdateVersion

__all__ = [
    "PIECE_BYTES",
    "ObjectState",
    "ObjectTag",
    "delete",
    "download",
    "pieces",
    "put",
    "put_if_absent",
    "put_if_matches",
    "read_object",
    "read_range",
    "size_and_tag",
    "state_of",
]

PIECE_BYTES = 8 << 20
"""How many bytes of an object are read at a time, where all of it is read."""


class ObjectTag(NamedTuple):
    """What a store calls one content of an object; a later content of the same object has another one.

    Attributes:
        e_tag: the ETag, with its quotation marks; None where the store has none.
        version: the version or generation; None where the store has none, and in listings.
    """

    e_tag: str | None
    version: str | None = None

    def __str__(self) -> str:
        """The one that listings have too, so that two states can be compared; empty if there is none."""
        return self.e_tag or self.version or ""


class ObjectState(NamedTuple):
    """What a store says of an object without giving its bytes.

    Attributes:
        size_bytes: how large it is.
        modified_seconds: when it was written, by the store's clock, in whole seconds since 1970: some answers of a
            store have fractions, and others of the same object have none.
        tag: what this content of it is called.
    """

    size_bytes: int
    modified_seconds: float
    tag: ObjectTag


def size_and_tag(url: str) -> ObjectState:
    """Return the state of an object, by one request.

    Raises:
        ObjectError: there is no such object (`cause` "absent"), or it cannot be looked at.
    """
    place = ObjectUrl.parse(url)
    if not place.key:
        raise ObjectError(str(place), "names a bucket, not an object; name an object in it")
    with said_by_us(place):
        return state_of(obstore.head(store_of(place), place.key))


def read_range(url: str, start: int, length: int, *, tag: ObjectTag | None = None) -> bytes:
    """Return some bytes of an object, by one request; fewer where the object ends.

    Args:
        url: the object.
        start: the number of the first byte.
        length: how many bytes.
        tag: read this content of it alone; None for whatever is there.

    Raises:
        ObjectError: they cannot be read; `cause` is "changed" if the object has another content than the tag's.
    """
    if length <= 0:
        return b""
    place = ObjectUrl.parse(url)
    try:
        with said_by_us(place):
            return _get(place, {"range": (start, start + length)}, tag).buffer().to_bytes()
    except ObjectError as error:
        # Stores refuse a range that begins at the end or behind it, and any of an object that is empty.
        if error.cause is None and start >= size_and_tag(url).size_bytes:
            return b""
        raise


def read_object(url: str) -> tuple[bytes, ObjectState]:
    """Return all bytes of a small object and its state, which belong together.

    Raises:
        ObjectError: there is no such object (`cause` "absent"), or it cannot be read.
    """
    place = ObjectUrl.parse(url)
    with said_by_us(place):
        result = obstore.get(store_of(place), place.key)
        return result.buffer().to_bytes(), state_of(result.meta)


def pieces(url: str, *, piece_bytes: int = PIECE_BYTES) -> Iterator[bytes]:
    """Yield all bytes of an object in pieces, by a request each; a piece that fails is asked for again alone.

    Raises:
        ObjectError: it cannot be read, or was overwritten meanwhile (`cause` "changed").
    """
    state = size_and_tag(url)
    for start in range(0, state.size_bytes, piece_bytes):
        length = min(piece_bytes, state.size_bytes - start)
        piece = read_range(url, start, length, tag=state.tag)
        if len(piece) != length:
            raise ObjectError(url, "changed while it was read; try again", cause="changed")
        yield piece


def download(url: str, file: BinaryIO) -> int:
    """Write all bytes of an object into an open file, a piece at a time.

    Returns:
        How many bytes.

    Raises:
        ObjectError: see :func:`pieces`; some of it may be in the file then.
        OSError: the file cannot be written.
    """
    return sum(map(file.write, pieces(url)))


def put(url: str, data: bytes) -> ObjectTag:
    """Write an object, whatever is there; returns what its content is called.

    Raises:
        ObjectError: it cannot be written.
    """
    place = ObjectUrl.parse(url)
    with said_by_us(place):
        return _tag(_put(place, data, "overwrite"))


def put_if_absent(url: str, data: bytes) -> ObjectTag | None:
    """Write an object if there is none, as one step; this holds only where the store honours the condition.

    Returns:
        What its content is called; None if there is one already, which stays as it is.

    Raises:
        ObjectError: it cannot be written. Where the store cannot be reached, it may have been written all the same.
    """
    place = ObjectUrl.parse(url)
    try:
        with said_by_us(place):
            return _tag(_put(place, data, "create"))
    except ObjectError as error:
        if isinstance(error.__cause__, (exceptions.AlreadyExistsError, exceptions.PreconditionError)):
            return None
        raise


def put_if_matches(url: str, data: bytes, tag: ObjectTag) -> ObjectTag | None:
    """Write an object over the content with a tag, as one step; this holds only where the store honours the condition.

    Returns:
        What its new content is called; None if it has another content by now, or is gone.

    Raises:
        ObjectError: it cannot be written. Where the store cannot be reached, it may have been written all the same.
    """
    place = ObjectUrl.parse(url)
    # A version that is None must be left out.
    update: UpdateVersion = {}
    if tag.e_tag is not None:
        update["e_tag"] = tag.e_tag
    if tag.version is not None:
        update["version"] = tag.version
    try:
        with said_by_us(place):
            return _tag(_put(place, data, update))
    except ObjectError as error:
        if error.cause == "absent" or isinstance(error.__cause__, exceptions.PreconditionError):
            return None
        raise


def delete(url: str) -> None:
    """Delete an object; it is no error if there is none.

    Raises:
        ObjectError: it cannot be deleted.
    """
    place = ObjectUrl.parse(url)
    try:
        with said_by_us(place):
            obstore.delete(store_of(place), place.key)
    except ObjectError as error:
        if error.cause != "absent":
            raise


def state_of(meta: ObjectMeta) -> ObjectState:
    """Return the state in obstore's answer."""
    modified: datetime.datetime = meta["last_modified"]
    tag = ObjectTag(meta["e_tag"], meta["version"])
    return ObjectState(meta["size"], float(math.floor(modified.timestamp())), tag)


def _get(place: ObjectUrl, options: GetOptions, tag: ObjectTag | None) -> GetResult:
    if tag is not None and tag.e_tag is not None:
        options["if_match"] = tag.e_tag
    try:
        return obstore.get(store_of(place), place.key, options=options)
    except exceptions.PreconditionError as error:
        raise ObjectError(str(place), "changed while it was read; try again", cause="changed") from error


def _put(place: ObjectUrl, data: bytes, mode: PutMode) -> PutResult:
    return obstore.put(store_of(place), place.key, data, mode=mode, use_multipart=False)


def _tag(result: PutResult) -> ObjectTag:
    return ObjectTag(result["e_tag"], result["version"])
