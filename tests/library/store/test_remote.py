"""What a store is asked about a library in it, and what is said when it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from framecue.errors import LibraryError
from framecue.library.store import KeptStore, Store
from framecue.library.store.remote import commit_tag, delete_object, has_table, reason_of_store, size_below, tables_of
from framecue.library.store.rows import Row
from framecue.library.store.table import TABLE
from framecue.object_store.stores import PATIENCE_VARIABLE
from support.object_server import Bucket, ObjectServer

FINGERPRINT = {"backbone": "b", "embedding_dim": 4}


@pytest.fixture
def uri(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(PATIENCE_VARIABLE, "0")
    return f"{bucket.url}/l.lance"


def test_what_lies_there(bucket: Bucket, uri: str) -> None:
    bucket.put("l.lance/segments.lance/_versions/1.manifest", b"12345")
    bucket.put("l.lance/begun.lance/data/1.lance", b"123")
    bucket.put("l.lance/.framecue.lease", b"1")
    bucket.put("l.lance2/other.lance/_versions/1.manifest", b"1")
    assert has_table(uri, TABLE)
    assert not has_table(uri, "begun")
    assert tables_of(uri) == [TABLE]
    assert size_below(uri) == 9
    for _ in range(2):
        delete_object(uri, ".framecue.lease")
    assert size_below(uri) == 8
    assert commit_tag(uri, TABLE, 1)
    assert commit_tag(uri, TABLE, 2) == ""


def test_a_library_that_was_made_anew_is_seen(bucket: Bucket, uri: str, make_row: Callable[..., Row]) -> None:
    def make(path: str) -> None:
        for key in bucket.sizes():
            bucket.delete(key)
        Store.create(uri, FINGERPRINT).write([make_row(path=path)])

    make("/a.mp4")
    kept = KeptStore(uri)
    assert list(kept.snapshot().held) == ["/a.mp4"]
    state = kept.open().state()
    assert kept.open().state() == state
    make("/b.mp4")  # with the same numbers of commits
    assert kept.open().state() != state
    assert list(kept.snapshot().held) == ["/b.mp4"]
    for key in bucket.sizes():
        bucket.delete(key)
    assert kept.open_if_there() is None


def test_what_is_held_is_read_again_only_after_a_commit(
    object_server: ObjectServer, uri: str, make_row: Callable[..., Row]
) -> None:
    store = Store.create(uri, FINGERPRINT)
    store.write([make_row(path="/a.mp4")])
    kept = KeptStore(uri)
    first = kept.snapshot()
    object_server.forget_requests()
    assert kept.snapshot() is first
    assert object_server.requests(key="/data/") == []
    store.write([make_row(path="/b.mp4")])
    assert list(kept.snapshot().held) == ["/a.mp4", "/b.mp4"]


def test_rows_that_somebody_without_a_lease_has_stored_too_are_stored_once(
    uri: str, make_row: Callable[..., Row]
) -> None:
    store, other = Store.create(uri, FINGERPRINT), Store.open(uri)
    store.write([make_row(path="/a.mp4"), make_row(path="/b.mp4")])
    other.write([make_row(path="/b.mp4"), make_row(path="/c.mp4")])
    assert Store.open(uri).num_rows() == 3
    assert list(Store.open(uri).held()) == ["/a.mp4", "/b.mp4", "/c.mp4"]


REFUSALS = {
    ("AccessDenied", 403): "access denied",
    ("InvalidAccessKeyId", 403): "the store does not know these credentials (InvalidAccessKeyId)",
    ("NoSuchBucket", 404): "there is no bucket ",
    ("SlowDown", 503): "the store is too busy or failing (HTTP status 503)",
}


@pytest.mark.parametrize(("answer", "reason"), REFUSALS.items())
def test_a_store_that_refuses_says_why_in_one_sentence(
    object_server: ObjectServer, uri: str, make_row: Callable[..., Row], answer: tuple[str, int], reason: str
) -> None:
    code, status = answer
    store = Store.create(uri, FINGERPRINT)
    object_server.fault("status", status=status, code=code, times=None)
    for verb, action in {
        "opened": lambda: Store.open(uri),
        "written": lambda: store.write([make_row(path="/a.mp4")]),
    }.items():
        with pytest.raises(LibraryError) as caught:
            action()
        assert str(caught.value).startswith(f"library {uri} cannot be {verb}: {reason}")
        assert "\n" not in str(caught.value)
        assert "RetryError" not in str(caught.value)


REFUSED = (
    'Invalid input, Failed to connect to namespace: IO { source: Generic { store: "S3", source: ListRequest { source: '
    "RetryError(RetryErrorImpl { method: GET, retries: 11, inner: Http(HttpError { kind: Connect, source: "
    'ConnectError("tcp connect error", 127.0.0.1:9, Os { code: 111, message: "Connection refused" }) }) }) } } }'
)


def test_what_lancedb_says_of_a_store_is_told_from_what_it_says_of_itself() -> None:
    assert reason_of_store("s3://b/l", REFUSED).startswith("the store cannot be reached (Connection refused); look at ")
    none = 'Generic { store: "N/A", source: IO { source: "Failed to get AWS credentials: CredentialsNotLoaded" } }'
    assert reason_of_store("s3://b/l", none).startswith("there are no credentials for the store; set AWS_ACCESS_KEY_ID")
    silent = (
        "LanceError(IO): Generic S3 error: Error performing PUT http://h/b/k in 6s - HTTP error: error sending request"
    )
    assert reason_of_store("s3://b/l", silent).startswith("the store cannot be reached (no answer); look at ")
    assert reason_of_store("s3://b/l", "lance error: Incompatible transaction: this Append") == ""
