"""Doing something with LanceDB: a connection, and its errors as one kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar, cast

import lancedb
import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.errors import LibraryError

__all__ = ["attempt", "connect"]

# What LanceDB keeps in memory of indexes and of tables' descriptions, for all libraries of the process (its own bounds
# are 6 GiB and 1 GiB). Of an index that is larger, parts are read again when a search needs them.
INDEX_CACHE_BYTES, METADATA_CACHE_BYTES = 1 << 30, 1 << 28

T = TypeVar("T")


def attempt(uri: str, verb: str, action: Callable[[], T]) -> T:
    """Do something with LanceDB; what it raises (OSError, ValueError, RuntimeError by turns) becomes one kind."""
    try:
        return action()
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        # LanceDB's messages go on with places in its own sources; the first line and sentence say what happened.
        reason = str(error).splitlines()[0].split(", /")[0] if str(error) else type(error).__name__
        raise LibraryError(f"library {uri} cannot be {verb}: {reason}") from error


def connect(uri: str) -> LanceDBConnection:
    """Connect to a database; raises what LanceDB raises.

    All connections of the process share one session, so a library that is opened again finds what was cached of it.
    """
    # Of its kinds of connection, this is the one to a folder or an object store.
    return cast(LanceDBConnection, lancedb.connect(uri, session=_session()))


@cache
def _session() -> lancedb.Session:
    # Made when the first library is opened: its threads would not be there after a fork.
    return lancedb.Session(index_cache_size_bytes=INDEX_CACHE_BYTES, metadata_cache_size_bytes=METADATA_CACHE_BYTES)
