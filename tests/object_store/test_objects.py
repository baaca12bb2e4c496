from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from framecue.errors import ObjectError
from framecue.object_store.objects import (
    ObjectTag,
    delete,
    download,
    pieces,
    put,
    put_if_absent,
    put_if_matches,
    read_object,
    read_range,
    size_and_tag,
)
from support.object_server import Bucket, ObjectServer

NAMES = ["a.mp4", "a b/c d.mp4", "über/ビデオ.mp4", "a#1?x=%20&+.mp4", "a*~|<>'\".mp4"]


@pytest.mark.parametrize("name", NAMES)
def test_an_object_by_any_name(bucket: Bucket, name: str) -> None:
    url = f"{bucket.url}/{name}"
    tag = put(url, b"0123456789")
    assert bucket.keys() == [name]
    state = size_and_tag(url)
    assert (state.size_bytes, state.tag.e_tag) == (10, tag.e_tag)
    assert state.modified_seconds == int(state.modified_seconds) > 1_700_000_000
    assert read_object(url) == (b"0123456789", state)


def test_ranges(bucket: Bucket, object_server: ObjectServer) -> None:
    url = bucket.put("a", b"0123456789")
    assert read_range(url, 3, 4) == b"3456"
    assert read_range(url, 8, 100) == b"89"
    assert read_range(url, 0, 0) == b""
    assert [request.range for request in object_server.requests("GET")] == ["bytes=3-6", "bytes=8-107"]
    assert read_range(url, 10, 5) == read_range(url, 99, 5) == b""
    assert read_range(bucket.put("empty", b""), 0, 5) == b""


def test_a_range_of_another_content_is_refused(bucket: Bucket) -> None:
    url = bucket.put("a", b"0123456789")
    old = size_and_tag(url).tag
    assert read_range(url, 0, 3, tag=old) == b"012"
    bucket.put("a", b"9876543210")
    with pytest.raises(ObjectError, match="changed while it was read") as raised:
        read_range(url, 0, 3, tag=old)
    assert raised.value.cause == "changed"


def test_all_bytes_in_pieces(bucket: Bucket, object_server: ObjectServer) -> None:
    content = os.urandom(2500)
    url = bucket.put("a", content)
    object_server.forget_requests()
    assert [len(piece) for piece in pieces(url, piece_bytes=1000)] == [1000, 1000, 500]
    assert len(object_server.requests()) == 4
    file = io.BytesIO()
    assert download(url, file) == 2500
    assert file.getvalue() == content
    assert list(pieces(bucket.put("empty", b""))) == []


def test_what_is_overwritten_meanwhile_is_not_mixed(bucket: Bucket) -> None:
    url = bucket.put("a", b"1" * 2000)
    reading = pieces(url, piece_bytes=1000)
    assert next(reading) == b"1" * 1000
    bucket.put("a", b"2" * 2000)
    with pytest.raises(ObjectError, match="changed while it was read"):
        next(reading)


def test_put_if_absent(bucket: Bucket) -> None:
    url = f"{bucket.url}/lease"
    tag = put_if_absent(url, b"one")
    assert tag is not None
    assert put_if_absent(url, b"two") is None
    assert read_object(url) == (b"one", size_and_tag(url))


def test_put_if_matches(bucket: Bucket) -> None:
    url = f"{bucket.url}/lease"
    first = put(url, b"one")
    second = put_if_matches(url, b"two", first)
    assert second is not None
    assert put_if_matches(url, b"three", first) is None
    assert bucket.get("lease") == b"two"
    delete(url)
    assert put_if_matches(url, b"four", second) is None
    assert bucket.keys() == []


def test_deleting(bucket: Bucket) -> None:
    url = bucket.put("a", b"1")
    delete(url)
    delete(url)
    assert bucket.keys() == []


def test_a_bucket_is_no_object(bucket: Bucket) -> None:
    with pytest.raises(ObjectError, match="names a bucket, not an object"):
        size_and_tag(bucket.url)


def test_a_tag_as_text_is_what_listings_have() -> None:
    assert str(ObjectTag('"e"', "7")) == '"e"'
    assert str(ObjectTag(None, "7")) == "7"
    assert str(ObjectTag(None)) == ""


def test_a_disk_seen_as_a_store(tmp_path: Path) -> None:
    url = f"file://{tmp_path}/a b.txt"
    assert put_if_absent(url, b"one") is not None
    assert put_if_absent(url, b"two") is None
    assert (tmp_path / "a b.txt").read_bytes() == b"one"
    assert size_and_tag(url).size_bytes == 3
    assert read_range(url, 1, 5) == b"ne"
    with pytest.raises(ObjectError, match="no such object"):
        size_and_tag(f"file://{tmp_path}/none")
