"""What is checked before and after a commit."""

from __future__ import annotations

import pytest

from framecue.errors import LibraryError
from framecue.library.store import Store
from framecue.library.store.commit import check_lease, commit, end_lease, hold_lease

URI = "s3://bucket/l.lance"


class Lease:
    def __init__(self) -> None:
        self.is_lost, self.is_known, self.checks = False, False, 0

    def check(self) -> None:
        self.checks += 1
        self.is_known |= self.is_lost
        self.check_known()

    def check_known(self) -> None:
        if self.is_known:
            raise LibraryError("lost")


@pytest.fixture
def lease():
    made = Lease()
    hold_lease(URI, made)
    yield made
    end_lease(URI)


def fail() -> None:
    raise RuntimeError("Incompatible transaction, /a/place")


def test_each_commit_checks_the_lease_first(lease) -> None:
    assert commit(URI, "written", lambda: lease.checks) == 1
    assert commit(URI, "written", lambda: lease.checks) == 2
    lease.is_lost = True
    done: list[int] = []
    with pytest.raises(LibraryError, match=r"^lost$"):
        commit(URI, "written", lambda: done.append(1))
    assert done == []


def test_a_commit_that_fails_because_of_the_lease_says_so(lease) -> None:
    with pytest.raises(LibraryError, match=f"^library {URI} cannot be written: Incompatible transaction$"):
        commit(URI, "written", fail)

    def lose_and_fail() -> None:
        # LanceDB learns of it first: the lease was taken over while this process was stopped in the midst of a commit.
        lease.is_lost = True
        fail()

    with pytest.raises(LibraryError, match=r"^lost$"):
        commit(URI, "written", lose_and_fail)


def test_a_commit_that_fails_because_of_the_store_does_not_ask_it_for_the_lease(lease) -> None:
    def fail_slowly() -> None:
        raise RuntimeError("Generic S3 error: RetryError, status code: 503")

    with pytest.raises(LibraryError, match="HTTP status 503"):
        commit(URI, "written", fail_slowly)
    assert lease.checks == 1


def test_rows_that_take_the_place_of_others_are_not_put_there_if_the_lease_was_lost_meanwhile(
    make_store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is put in place of a table is put there whatever came meanwhile, so LanceDB would not refuse it."""
    store, other = make_store([{"path": "/a.mp4"}]), make_store([{"path": "/b.mp4"}], name="other.lance")
    held = Lease()
    hold_lease(store.uri, held)
    try:
        # It is lost while the rows are handed over, after the check with which a commit begins.
        monkeypatch.setattr(held, "check", lambda: (held.check_known(), setattr(held, "is_known", True)))
        with pytest.raises(LibraryError, match=r"^lost$"):
            store.take_over(other)
    finally:
        end_lease(store.uri)
    assert list(Store.open(store.uri).held()) == ["/a.mp4"]


def test_without_a_lease_nothing_is_checked(lease) -> None:
    lease.is_lost = True
    check_lease("/films.lance")
    assert commit("/films.lance", "written", lambda: 1) == 1
    end_lease(URI)
    check_lease(URI)
