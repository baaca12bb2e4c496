"""A commit that was begun before a lease was taken over does not succeed after it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from framecue.errors import LibraryError
from framecue.library.store import Store
from framecue.library.store.fence import shut_out

FINGERPRINT = {"backbone": "b", "embedding_dim": 4}
COMMIT = r"segments\.lance/_versions/.*manifest$"


def test_what_was_begun_before_is_refused_and_what_begins_after_is_not(bucket, object_server, make_row) -> None:
    uri = f"{bucket.url}/l.lance"
    store = Store.create(uri, FINGERPRINT)
    store.write([make_row(path="/a.mp4")])
    object_server.forget_requests()
    object_server.fault("stall", method="PUT", key=COMMIT, seconds=60)
    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(store.write, [make_row(path="/late.mp4")])
        while not any(each.fault for each in object_server.requests("PUT")):
            assert not late.done()
        shut_out(uri)
        object_server.heal()
        with pytest.raises(LibraryError, match="cannot be written"):
            late.result()
    after = Store.open(uri)
    after.write([make_row(path="/b.mp4")])
    assert list(Store.open(uri).held()) == ["/a.mp4", "/b.mp4"]


def test_a_place_without_a_library_has_nothing_to_shut_out(bucket) -> None:
    shut_out(f"{bucket.url}/l.lance")
    assert bucket.keys() == []
