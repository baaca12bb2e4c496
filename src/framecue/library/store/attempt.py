"""Connecting to LanceDB, and turning its errors into one kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TypeVar, cast

import lancedb
import pyarrow as pa
from lancedb.db import LanceDBConnection

from framecue.environment import number_in_environment
from framecue.errors import InputError, LibraryError
from framecue.library.store.options import storage_options
from framecue.library.store.remote import reason_of_store
from framecue.library.store.time_limit import check_time
from framecue.paths import is_url

__all__ = ["attempt", "connect", "index_cache_bytes"]

# How much of the indexes and of the tables' metadata LanceDB keeps in memory, for all libraries of the process (its own
# bounds are 6 GiB and 1 GiB). Parts of a larger index are read again when a search needs them.
# A server of a large library is told of more.
INDEX_CACHE_GB, METADATA_CACHE_BYTES = 1.0, 1 << 28
INDEX_CACHE_VARIABLE = "FRAMECUE_INDEX_CACHE_GB"

# What is said of a regular expression that would take too much memory; globs become such expressions.
_TOO_LARGE = "CompiledTooBig"

T = TypeVar("T")


def attempt(uri: str, verb: str, action: Callable[[], T]) -> T:
    """Do something with LanceDB; whatever it raises (OSError, ValueError, RuntimeError) becomes a LibraryError.

    Raises:
        LibraryError: LanceDB cannot do it.
        InputError: it cannot because a pattern that somebody gave is too large.
        TooSlowError: it was ended, as it took longer than is allowed.
    """
    try:
        return action()
    except (OSError, RuntimeError, ValueError, pa.ArrowException) as error:
        check_time()  # raises if LanceDB was ended because of it
        if _TOO_LARGE in str(error):
            raise InputError(
                "a pattern is too large to look for, with its wildcards; give a shorter one, or one with fewer of them"
            ) from error
        reason = (is_url(uri) and reason_of_store(uri, str(error))) or _first_sentence(error)
        raise LibraryError(f"library {uri} cannot be {verb}: {reason}") from error


def connect(uri: str) -> LanceDBConnection:
    """Connect to a database; raises what LanceDB raises.

    All connections of the process share one session, so a library that is opened again finds its caches warm.
    """
    # Of LanceDB's kinds of connection, this is the one to a folder or an object store.
    return cast(LanceDBConnection, lancedb.connect(uri, storage_options=storage_options(uri), session=_session()))


def _first_sentence(error: Exception) -> str:
    """Return what happened: LanceDB's messages end with places in its own sources."""
    return str(error).splitlines()[0].split(", /")[0] if str(error) else type(error).__name__


@cache
def _session() -> lancedb.Session:
    # Made when the first library is opened: its threads would not survive a fork.
    return lancedb.Session(index_cache_size_bytes=index_cache_bytes(), metadata_cache_size_bytes=METADATA_CACHE_BYTES)


def index_cache_bytes() -> int:
    """Return how much of indexes a process keeps in memory.

    Raises:
        InputError: the environment says something that is no such number.
    """
    gigabytes = number_in_environment(INDEX_CACHE_VARIABLE, INDEX_CACHE_GB, least=0.01, most=10_000, unit="gigabytes")
    return int(gigabytes * (1 << 30))
