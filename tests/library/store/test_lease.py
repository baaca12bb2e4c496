"""One run at a time in an object store: who waits, who takes a lease over, and that who lost it writes nothing more."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from framecue.errors import InputError, LibraryError
from framecue.library.store import Store
from framecue.library.store import lease as leases
from framecue.library.store.lease import TERM_VARIABLE, Lease, _Watch, library_lease
from framecue.library.store.lease_note import LEASE_FILE, Holder, LeaseNote
from framecue.library.store.lock import library_lock
from framecue.object_store.objects import ObjectTag

FINGERPRINT = {"backbone": "b", "embedding_dim": 4}
ELSEWHERE = Holder("elsewhere", 1, "", "2026-11-26T12:00:00+00:00")
KEY = f"l.lance/{LEASE_FILE}"


@pytest.fixture
def uri(bucket, monkeypatch) -> str:
    monkeypatch.setenv(TERM_VARIABLE, "0.5")
    return f"{bucket.url}/l.lance"


def note_in(bucket) -> LeaseNote:
    note = LeaseNote.from_bytes(bucket.get(KEY))
    assert note is not None
    return note


def leave(bucket, *, token: str = "another", term_seconds: float = 0.5, holder: Holder = ELSEWHERE) -> None:
    """Write the lease of a run that does not renew it."""
    bucket.put(KEY, LeaseNote(token, 1, term_seconds, holder).to_bytes())


def test_the_second_waits_and_is_told_so_once(bucket, uri) -> None:
    order: list[str] = []
    is_waiting = threading.Event()

    def second() -> None:
        with library_lock(uri, on_wait=lambda: (order.append("waits"), is_waiting.set())):
            order.append("second")

    with ThreadPoolExecutor(1) as thread:
        with library_lock(uri, on_wait=lambda: order.append("never")):
            assert note_in(bucket).holder.process == os.getpid()
            done = thread.submit(second)
            assert is_waiting.wait(60)
            order.append("first")
        done.result()
    assert order == ["waits", "first", "second"]
    assert note_in(bucket).token == ""
    assert bucket.keys() == [KEY]


def test_a_lease_that_is_renewed_is_not_taken_over(uri) -> None:
    with library_lease(uri), pytest.raises(LibraryError) as caught:
        Lease.take(uri, wait_seconds=1.2)
    assert f"library {uri} is being written by another run (process {os.getpid()} on " in str(caught.value)
    assert str(caught.value).endswith("which did not end within 1.2 seconds; try again when it has")


def test_of_several_that_take_over_a_stale_lease_one_does(bucket, uri, monkeypatch) -> None:
    monkeypatch.setattr(leases, "_is_long_gone", lambda uri, found: False)
    shut_out: list[str] = []
    monkeypatch.setattr(leases, "shut_out", shut_out.append)
    leave(bucket)

    def take(_: int) -> Lease | None:
        try:
            return Lease.take(uri, wait_seconds=1.5)
        except LibraryError:
            return None

    with ThreadPoolExecutor(4) as threads:
        (winner,) = filter(None, threads.map(take, range(4)))
    assert note_in(bucket).holder.process == os.getpid()
    assert shut_out == [uri]
    winner.release()


def test_a_run_of_this_machine_that_has_ended_keeps_nobody_waiting(bucket, uri) -> None:
    here = Holder.this_process()
    if not here.kernel:
        pytest.skip("this system does not tell its processes' numbering from another's")
    # The numbers of processes end long before this one.
    leave(bucket, term_seconds=3600, holder=replace(here, process=2**30))
    Lease.take(uri, wait_seconds=0.0).release()


def test_a_lease_that_is_old_by_the_stores_clock_keeps_nobody_waiting(bucket, uri, monkeypatch) -> None:
    leave(bucket, term_seconds=3600)
    real = leases._store_seconds
    monkeypatch.setattr(leases, "_store_seconds", lambda uri: real(uri) + 7000)
    with pytest.raises(LibraryError, match="is being written by another run"):
        Lease.take(uri, wait_seconds=0.0)
    monkeypatch.setattr(leases, "_store_seconds", lambda uri: real(uri) + 7300)
    Lease.take(uri, wait_seconds=0.0).release()
    assert bucket.keys() == [KEY]


def test_who_lost_it_writes_nothing_more(bucket, uri, make_row) -> None:
    with library_lease(uri):
        store = Store.create(uri, FINGERPRINT)
        store.write([make_row(path="/a.mp4")])
        leave(bucket)
        for _ in range(2):
            with pytest.raises(LibraryError) as caught:
                store.write([make_row(path="/b.mp4")])
            assert str(caught.value) == (
                f"library {uri}: its lease was taken over by another run ({ELSEWHERE}), as this run was not heard of "
                "for 0.5 seconds; what it had written is kept, and it writes nothing more; start it again when the "
                "other has ended, and it goes on from there"
            )
    assert note_in(bucket).token == "another"  # left alone
    assert list(Store.open(uri).held()) == ["/a.mp4"]


def test_an_answer_that_is_lost_loses_nothing(bucket, object_server, uri, make_row) -> None:
    for status in (0, 503):
        object_server.fault("lost", status=status, method="PUT", key=LEASE_FILE)
        with library_lease(uri):
            object_server.fault("lost", status=status, method="PUT", key=LEASE_FILE)
            object_server.fault("lost", status=status, method="PUT", key=r"segments\.lance/_versions", after=1)
            store = Store.open(uri) if status else Store.create(uri, FINGERPRINT)
            store.write([make_row(path=f"/{status}.mp4")])
            store.write([make_row(path=f"/{status} again.mp4")])
        object_server.heal()
        assert note_in(bucket).token == ""
    assert list(Store.open(uri).held()) == ["/0 again.mp4", "/0.mp4", "/503 again.mp4", "/503.mp4"]
    assert Store.open(uri).num_rows() == 4


def test_only_the_time_between_two_looks_counts_and_no_stall() -> None:
    watch, one, other = _Watch(), ObjectTag("1"), ObjectTag("2")
    watch.see(one, asked_at=1000, told_at=1000, most_seconds=6)
    watch.see(one, asked_at=1002, told_at=1060, most_seconds=6)
    assert watch.same_seconds == 2
    watch.see(one, asked_at=1062, told_at=1062, most_seconds=6)
    assert watch.same_seconds == 4
    watch.see(one, asked_at=2000, told_at=2000, most_seconds=6)  # was stopped for long
    assert watch.same_seconds == 4
    watch.see(other, asked_at=2001, told_at=2001, most_seconds=6)
    assert watch.same_seconds == 0


def test_another_object_is_not_overwritten(bucket, uri) -> None:
    bucket.put(KEY, b"my own")
    with pytest.raises(LibraryError, match="is not a lease that this framecue knows; use the framecue that wrote it"):
        Lease.take(uri)
    assert bucket.get(KEY) == b"my own"


def test_a_term_that_is_no_number_of_seconds_is_refused(uri, monkeypatch) -> None:
    monkeypatch.setenv(TERM_VARIABLE, "a minute")
    with pytest.raises(InputError, match=f"^{TERM_VARIABLE} is 'a minute'; give a number of seconds from 0.5 to 3600$"):
        Lease.take(uri)
