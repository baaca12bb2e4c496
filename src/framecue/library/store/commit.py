"""Committing to a library: in an object store, only for as long as this process has the lease on it.

A local library's lock is held by the operating system, and cannot be lost. A lease can: whoever is not heard of for its
term, a process that was stopped or a machine that was cut off, loses it to another run. So it is checked right before
each commit; whoever has lost it writes nothing more. A commit for which the check came just in time is refused by
LanceDB itself: see :mod:`framecue.library.store.fence`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Protocol, TypeVar

from framecue.errors import LibraryError
from framecue.library.store.attempt import attempt
from framecue.library.store.remote import reason_of_store

__all__ = ["HeldLease", "check_lease", "commit", "end_lease", "hold_lease"]

T = TypeVar("T")


class HeldLease(Protocol):
    """A lease that this process has taken."""

    def check(self) -> None:
        """Make sure that it is this process's for its whole term from now on; raise LibraryError if it is not."""

    def check_known(self) -> None:
        """Raise LibraryError if it is known to be lost; the store is not asked."""


_held: dict[str, HeldLease] = {}


def hold_lease(uri: str, lease: HeldLease) -> None:
    """Check a lease before each commit to a library from now on."""
    _held[uri] = lease


def end_lease(uri: str) -> None:
    """Check it no more: the run has ended."""
    _held.pop(uri, None)


def check_lease(uri: str) -> None:
    """Refuse to go on if this process has lost its lease on a library; call it right before a commit.

    It does nothing for a local library, which has a lock, and where no lease was taken.

    Raises:
        LibraryError: another run has taken it over, or the store cannot be reached.
    """
    lease = _held.get(uri)
    if lease is not None:
        lease.check()


def commit(uri: str, verb: str, action: Callable[[], T]) -> T:
    """Write to a library, by one commit of LanceDB's or several.

    Args:
        uri: the library's normal URI.
        verb: what is done, as in "the library cannot be *verb*".
        action: does it, and returns what is returned.

    Raises:
        LibraryError: the lease was lost, or LanceDB cannot do it.
    """
    check_lease(uri)
    try:
        return attempt(uri, verb, action)
    except LibraryError as error:
        lease = _held.get(uri)
        if lease is not None:
            if not reason_of_store(uri, str(error.__cause__)):
                # LanceDB refuses what began before the lease was taken over, perhaps before it is known here.
                with suppress(LibraryError):
                    lease.check()
            lease.check_known()  # then that is why
        raise
