from __future__ import annotations

import io
import os

import pytest

from framecue.errors import ObjectError
from framecue.object_store.reader import open_object
from support.object_server import Bucket, ObjectServer


def test_an_object_is_read_like_a_file(bucket: Bucket, object_server: ObjectServer) -> None:
    content = os.urandom(5000)
    url = bucket.put("a.mp4", content)
    object_server.forget_requests()
    with open_object(url, block_bytes=1000) as file:
        assert file.read(10) == content[:10]
        assert file.seek(-100, io.SEEK_END) == 4900
        assert file.read() == content[-100:]
        assert file.seek(2000) == 2000
        assert file.seek(5, io.SEEK_CUR) == file.tell() == 2005
        assert file.read(5) == content[2005:2010]
        assert file.seek(9999) == 9999
        assert file.read(5) == b""
    asked = [request.range for request in object_server.requests("GET")]
    assert asked == ["bytes=0-999", "bytes=4900-4999", "bytes=2005-3004"]


def test_only_what_is_needed_is_asked_for(bucket: Bucket, object_server: ObjectServer) -> None:
    url = bucket.put("a.mp4", bytes(1_000_000))
    object_server.forget_requests()
    with open_object(url) as file:
        file.read(1084)
    assert sum(request.sent for request in object_server.requests("GET")) < 200_000


def test_an_object_that_changes_or_is_not_there(bucket: Bucket) -> None:
    url = bucket.put("a", b"1" * 3000)
    with open_object(url, block_bytes=1000) as file:
        file.read(10)
        bucket.put("a", b"2" * 3000)
        with pytest.raises(ObjectError, match="changed while it was read"):
            file.read()
    with pytest.raises(ObjectError, match="no such object"):
        open_object(f"{bucket.url}/none")
