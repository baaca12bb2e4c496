"""The S3 server of the tests keeps what a store promises, and fails as it is told to."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import obstore
import pytest
from obstore.exceptions import AlreadyExistsError, PermissionDeniedError, PreconditionError
from obstore.store import S3Store

KEY = "a folder/ä.bin"


@pytest.fixture
def store(bucket):
    return S3Store(bucket.name, client_options={"allow_http": True})


def creates(store, key):
    try:
        obstore.put(store, key, b"1", mode="create")
    except AlreadyExistsError:
        return False
    return True


def test_objects_are_kept_and_requests_are_noted(bucket, object_server, store):
    bucket.put(KEY, b"0123456789")
    assert bytes(obstore.get_range(store, KEY, start=2, length=3)) == b"234"
    assert bucket.get(KEY) == b"0123456789"
    assert bucket.sizes() == {KEY: 10}
    (request,) = object_server.requests()
    assert (request.method, request.key, request.range, request.sent) == ("GET", KEY, "bytes=2-4", 3)
    bucket.delete(KEY)
    with pytest.raises(KeyError):
        bucket.get(KEY)


def test_conditions_are_honoured_or_ignored(object_server, store):
    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(creates, [store] * 8, ["new"] * 8)) == 1
    with pytest.raises(PreconditionError):
        obstore.put(store, "new", b"2", mode={"e_tag": '"another"'})
    object_server.ignore_conditions("match")
    obstore.put(store, "new", b"2", mode={"e_tag": '"another"'})
    assert not creates(store, "new")
    object_server.ignore_conditions("absent")
    assert creates(store, "new")
    object_server.heal()
    assert not creates(store, "new")


def test_faults(bucket, object_server, store):
    object_server.fault("status", status=403, code="AccessDenied", method="PUT")
    with pytest.raises(PermissionDeniedError):
        obstore.put(store, "denied", b"1")
    object_server.fault("stall", method="PUT", seconds=60)
    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(obstore.put, store, "late", b"1")
        while not object_server.requests(key="late"):
            assert not late.done()
        assert bucket.keys() == []
        object_server.heal()
        late.result()
    object_server.fault("lost", status=0, method="PUT", key="los.$")
    assert not creates(store, "lost")  # it was, and was asked for again
    object_server.fault("cut", method="GET")
    bucket.put("half", b"1" * 1000)
    assert bytes(obstore.get(store, "half").bytes()) == b"1" * 1000
    assert [each.sent for each in object_server.requests("GET")] == [500, 500]
