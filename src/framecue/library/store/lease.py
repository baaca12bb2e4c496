"""The lease by which one run at a time writes to a library in an object store; a second run waits for it.

It is an object beside the library's tables, written on conditions alone: if there is none, or if it is still what was
read. So of several that take it, one does. Its holder renews it in a thread, and right before each commit. A holder
that is not heard of for the term has lost it to whoever waits.

No two machines' clocks are compared. Whoever waits sees with his own clock for how long the object stays the same, or
learns from the store's clock, which dates every object, that it has been so for much longer.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from time import monotonic, sleep
from typing import TypeVar

from framecue.environment import number_in_environment
from framecue.errors import LibraryError, ObjectError
from framecue.library.store.commit import end_lease, hold_lease
from framecue.library.store.fence import shut_out
from framecue.library.store.lease_note import LEASE_FILE, Holder, LeaseNote
from framecue.library.store.probe import probe
from framecue.object_store.objects import (
    ObjectTag,
    delete,
    put,
    put_if_absent,
    put_if_matches,
    read_object,
    size_and_tag,
)
from framecue.object_store.stores import patience_seconds

__all__ = ["TERM_VARIABLE", "Lease", "library_lease"]

_CLOCK_FILE = ".framecue.clock"

TERM_VARIABLE = "FRAMECUE_LEASE_SECONDS"
"""For how many seconds a run that is not heard of keeps others from writing."""

_TERM_SECONDS = 30.0
_RENEWALS_PER_TERM = 3
_LOOKS_PER_TERM = 15
# A request without an answer is given up after a while, and the last one should begin before a stall can be over.
_MORE_PATIENCE = 1.5
# More answers than this are not lost one after another.
_MOST_RENEWALS = 10
_MOST_SECONDS_BETWEEN_LOOKS = 2.0
# The store's clock may be read with whole seconds, and differ a little from one of its machines to another.
_TERMS_BY_THE_STORE, _SECONDS_MORE_BY_THE_STORE = 2, 5

T = TypeVar("T")


@contextmanager
def library_lease(
    uri: str, *, wait_seconds: float | None = None, on_wait: Callable[[], None] | None = None
) -> Iterator[None]:
    """Be the only one to write to a library in an object store while the block runs.

    Args:
        uri: a normal URI.
        wait_seconds: how long to wait for another run to end; ``None`` for as long as it takes.
        on_wait: called once if there is another run, before waiting for it.

    Raises:
        LibraryError: the other run took longer, the place cannot be written to, or its store does not honour what
            leases rest on. In the block, each commit raises it if another run has taken the lease over.
    """
    probe(uri)
    lease = Lease.take(uri, wait_seconds=wait_seconds, on_wait=on_wait)
    hold_lease(uri, lease)
    try:
        yield
    finally:
        end_lease(uri)
        lease.release()


class Lease:
    """A lease that this process has taken; :meth:`take` makes one.

    Args:
        uri: the library.
        note: what the lease object says.
        tag: what the store calls that content of it.
    """

    def __init__(self, uri: str, note: LeaseNote, tag: ObjectTag) -> None:
        self.uri = uri
        self._url = f"{uri}/{LEASE_FILE}"
        self._note, self._tag = note, tag
        self._lost: LibraryError | None = None
        self._one_at_a_time = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="framecue-lease", daemon=True)

    @classmethod
    def take(cls, uri: str, *, wait_seconds: float | None = None, on_wait: Callable[[], None] | None = None) -> Lease:
        """Take the lease on a library, as soon as nobody else has it, and keep renewing it.

        Raises:
            LibraryError: another run has it for too long, or the store cannot be written to.
        """
        url = f"{uri}/{LEASE_FILE}"
        note = LeaseNote(uuid.uuid4().hex, 0, term_seconds(), Holder.this_process())
        try:
            tag, is_taken_over = _taken(uri, url, note, wait_seconds, on_wait)
        except ObjectError as error:
            raise LibraryError(f"library {uri} cannot be written: {error.reason}") from error
        lease = cls(uri, note, tag)
        lease._thread.start()
        if is_taken_over:
            try:
                shut_out(uri)
                lease.check()
            except BaseException:
                lease.release()
                raise
        return lease

    def check(self) -> None:
        """Renew the lease, so that nobody else has it for its whole term from now on.

        Raises:
            LibraryError: another run has taken it over, or the store cannot be reached.
        """
        with self._one_at_a_time:
            self.check_known()
            try:
                self._renew()
            except ObjectError as error:
                raise LibraryError(f"library {self.uri} cannot be written: {error.reason}") from error

    def check_known(self) -> None:
        """Go on if it is not known that the lease is lost.

        Raises:
            LibraryError: it is.
        """
        if self._lost is not None:
            raise LibraryError(str(self._lost)) from self._lost

    def release(self) -> None:
        """Let others have it; if the store cannot be reached now, they have to wait for the term."""
        self._is_over.set()
        with self._one_at_a_time:
            if self._lost is None:
                free = replace(self._note, token="", number=self._note.number + 1)
                with suppress(ObjectError):
                    # Not deleted: that cannot be done on a condition, and might delete another run's.
                    put_if_matches(self._url, free.to_bytes(), self._tag)
        if self._thread.ident is not None:
            self._thread.join()

    def _keep(self) -> None:
        """Renew the lease until it is over or lost."""
        while not self._is_over.wait(self._note.term_seconds / _RENEWALS_PER_TERM):
            try:
                self.check()
            except LibraryError:
                if self._lost is not None:
                    return

    def _renew(self) -> None:
        """Write the object anew, on the condition that it is still this run's.

        Raises:
            LibraryError: it is another's.
            ObjectError: the store cannot be reached.
        """
        for _ in range(_MOST_RENEWALS):
            new = replace(self._note, number=self._note.number + 1)
            tag = _patiently(lambda new=new: put_if_matches(self._url, new.to_bytes(), self._tag))  # type: ignore[misc]
            if tag is not None:
                self._note, self._tag = new, tag
                return
            found = _patiently(lambda: _look(self._url, self.uri))
            if found is None or found.note.token != self._note.token:
                self._lost = self._lost_to(found)
                raise self._lost
            # It was written, and the answer to that got lost.
            self._note, self._tag = found.note, found.tag
        raise LibraryError(f"library {self.uri} cannot be written: its store does not let {self._url} be written anew")

    def _lost_to(self, found: _Found | None) -> LibraryError:
        by = f"was taken over by another run ({found.note.holder})" if found else "was deleted"
        return LibraryError(
            f"library {self.uri}: its lease {by}, as this run was not heard of for {self._note.term_seconds:g} "
            "seconds; what it had written is kept, and it writes nothing more; start it again when the other has "
            "ended, and it goes on from there"
        )


@dataclass(frozen=True)
class _Found:
    """A lease object that was read.

    Attributes:
        note: its content.
        tag: what the store calls that content.
        modified_seconds: when it was written, by the store's clock.
    """

    note: LeaseNote
    tag: ObjectTag
    modified_seconds: float


class _Watch:
    """How long a lease object has stayed the same, by this machine's clock and while it could be looked at."""

    def __init__(self) -> None:
        self.same_seconds = 0.0
        self._tag: ObjectTag | None = None
        self._seen_at = 0.0

    def see(self, tag: ObjectTag, *, asked_at: float, told_at: float, most_seconds: float) -> None:
        """Note a look at it.

        Args:
            tag: what was there.
            asked_at: when the store was asked, a monotonic time in seconds.
            told_at: when it had answered.
            most_seconds: a longer time between two looks counts for nothing: this process was stopped, or the store.
        """
        between = asked_at - self._seen_at
        if tag != self._tag:
            self.same_seconds = 0.0
        elif between <= most_seconds:
            self.same_seconds += between
        self._tag, self._seen_at = tag, told_at


def _taken(
    uri: str, url: str, note: LeaseNote, wait_seconds: float | None, on_wait: Callable[[], None] | None
) -> tuple[ObjectTag, bool]:
    """Write the lease object as soon as it may be written.

    Returns:
        What the store calls its content, and whether it was another's who has not given it back.
    """
    watch, is_taken_over, waits_since = _Watch(), False, None
    while True:
        asked_at = monotonic()
        found = _patiently(lambda: _look(url, uri))
        tag: ObjectTag | None
        if found is None:
            tag = _patiently(lambda: put_if_absent(url, note.to_bytes()))
        elif found.note.token == note.token:
            tag = found.tag  # it was written, and the answer to that got lost
        elif not found.note.token:
            tag = _patiently(lambda found=found: put_if_matches(url, note.to_bytes(), found.tag))  # type: ignore[misc]
        else:
            told_at, term = monotonic(), found.note.term_seconds
            between = min(_MOST_SECONDS_BETWEEN_LOOKS, term / _LOOKS_PER_TERM)
            watch.see(found.tag, asked_at=asked_at, told_at=told_at, most_seconds=3 * between)
            is_first = waits_since is None
            if watch.same_seconds > term or (is_first and _is_long_gone(uri, found)):
                is_taken_over = True
                tag = _patiently(lambda found=found: put_if_matches(url, note.to_bytes(), found.tag))  # type: ignore[misc]
            else:
                if waits_since is None:
                    waits_since = told_at
                    if on_wait:
                        on_wait()
                left = between if wait_seconds is None else waits_since + wait_seconds - told_at
                if left <= 0:
                    raise LibraryError(
                        f"library {uri} is being written by another run ({found.note.holder}), which did not end "
                        f"within {wait_seconds:g} seconds; try again when it has"
                    )
                sleep(min(between, left))
                continue
        if tag is not None:
            return tag, is_taken_over


def _is_long_gone(uri: str, found: _Found) -> bool:
    """Whether a holder has ended, or was not heard of for much longer than its term."""
    if found.note.holder.is_gone():
        return True
    age_seconds = _patiently(lambda: _store_seconds(uri)) - found.modified_seconds
    return age_seconds > _TERMS_BY_THE_STORE * found.note.term_seconds + _SECONDS_MORE_BY_THE_STORE


def _store_seconds(uri: str) -> float:
    """Return what time it is by the store's clock, in seconds since 1970."""
    url = f"{uri}/{_CLOCK_FILE}-{uuid.uuid4().hex}"
    put(url, b"What time is it?")
    try:
        return size_and_tag(url).modified_seconds
    finally:
        with suppress(ObjectError):
            delete(url)


def _look(url: str, uri: str) -> _Found | None:
    """Return the lease object; None if there is none.

    Raises:
        LibraryError: there is something else.
        ObjectError: it cannot be read.
    """
    try:
        content, state = read_object(url)
    except ObjectError as error:
        if error.cause == "absent":
            return None
        raise
    note = LeaseNote.from_bytes(content)
    if note is None:
        raise LibraryError(
            f"library {uri} cannot be written: {url} is not a lease that this framecue knows; use the framecue that "
            "wrote it, or delete it if no run is writing"
        )
    return _Found(note, state.tag, state.modified_seconds)


def _patiently(action: Callable[[], T]) -> T:
    """Ask a store that does not answer again, for as long as one is patient; what fails then is raised.

    obstore does not ask again by itself where a condition was to be met and no answer came.
    """
    until = monotonic() + _MORE_PATIENCE * patience_seconds()
    while True:
        try:
            return action()
        except ObjectError as error:
            if error.cause != "unreachable" or monotonic() > until:
                raise


def term_seconds() -> float:
    """Return for how long a lease is kept from others after it was renewed.

    Raises:
        InputError: the environment says something that is no such number.
    """
    return number_in_environment(TERM_VARIABLE, _TERM_SECONDS, least=0.5, most=3600, unit="seconds")
