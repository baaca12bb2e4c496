from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import ObjectError
from framecue.object_store.listing import is_anything_below, list_all, list_folder, list_objects
from framecue.object_store.objects import put, size_and_tag
from support.object_server import Bucket, ObjectServer, run_object_server, set_environment

KEYS = ["top.mp4", "v/a b.mp4", "v/a#?%20.mp4", "v/deep/er/c.mp4", "v/é.mp4", "vv/no.mp4"]


@pytest.fixture
def filled(bucket: Bucket) -> Bucket:
    for key in KEYS:
        bucket.put(key, key.encode())
    return bucket


def test_everything_below_a_place(filled: Bucket) -> None:
    below = [found.url.removeprefix(f"{filled.url}/") for found in list_objects(f"{filled.url}/v")]
    assert below == sorted(key for key in KEYS if key.startswith("v/"))
    assert sorted(found.url for found in list_objects(filled.url)) == sorted(f"{filled.url}/{key}" for key in KEYS)
    assert list(list_objects(f"{filled.url}/none")) == []
    # What only begins like it is not below it, nor is the object itself.
    assert list(list_objects(f"{filled.url}/v/a b.mp4")) == list(list_objects(f"{filled.url}/v/a")) == []


def test_a_listing_tells_what_a_look_at_the_object_does(filled: Bucket) -> None:
    for found in list_objects(filled.url):
        state = size_and_tag(found.url)
        assert (found.state.size_bytes, str(found.state.tag)) == (state.size_bytes, str(state.tag))
        assert found.state.modified_seconds == state.modified_seconds


def test_a_folder(filled: Bucket) -> None:
    objects, folders = list_folder(f"{filled.url}/v")
    assert [found.url for found in objects] == [f"{filled.url}/v/{name}" for name in ("a b.mp4", "a#?%20.mp4", "é.mp4")]
    assert folders == [f"{filled.url}/v/deep"]
    assert list_folder(filled.url).folders == [f"{filled.url}/v", f"{filled.url}/vv"]
    assert list_folder(f"{filled.url}/none") == ([], [])


def test_a_listing_of_several_pages(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    # A server of its own, which gives five objects at a time instead of a thousand.
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "5")
    with run_object_server() as server:
        set_environment(monkeypatch, server.environment)
        other = server.make_bucket()
        urls = [other.put(f"many/{number:02}.mp4", b"") for number in range(12)]
        server.forget_requests()
        assert [found.url for found in list_objects(f"{other.url}/many")] == urls
        assert len(server.requests("GET")) == 3


def test_a_listing_that_is_cut_off_begins_again(filled: Bucket, object_server: ObjectServer) -> None:
    every, folder = list_all(filled.url), list_folder(filled.url)
    assert every == sorted(list_objects(filled.url))
    for times in (1, 3):
        object_server.fault("cut", query="list-type", times=times)
        assert list_all(filled.url) == every
        object_server.fault("cut", query="list-type", times=times)
        assert list_folder(filled.url) == folder
        object_server.fault("cut", query="list-type", times=times)
        assert is_anything_below(filled.url)
    object_server.fault("cut", query="list-type", times=None)
    for ask in (list_all, list_folder, is_anything_below):
        with pytest.raises(ObjectError, match="body error"):
            ask(filled.url)


def test_whether_anything_is_below(filled: Bucket, object_server: ObjectServer) -> None:
    object_server.forget_requests()
    assert is_anything_below(filled.url)
    assert is_anything_below(f"{filled.url}/v/deep")
    assert len(object_server.requests()) == 2
    assert not is_anything_below(f"{filled.url}/none")
    with pytest.raises(ObjectError, match="there is no bucket"):
        is_anything_below("s3://no-such-bucket/v")


def test_a_name_that_cannot_be_read_is_said_to_be_one(filled: Bucket) -> None:
    filled.put("v//b.mp4", b"")
    with pytest.raises(
        ObjectError, match=r"the name .v//b.mp4. cannot be read, as a part of it is empty or is no name; rename"
    ) as raised:
        list(list_objects(f"{filled.url}/v"))
    assert raised.value.cause == "name"
    assert is_anything_below(f"{filled.url}/v")


def test_a_disk_seen_as_a_store(tmp_path: Path) -> None:
    put(f"file://{tmp_path}/v/b/a.mp4", b"1")
    assert [found.url for found in list_objects(f"file://{tmp_path}")] == [f"file://{tmp_path}/v/b/a.mp4"]
    assert list_folder(f"file://{tmp_path}/v") == ([], [f"file://{tmp_path}/v/b"])
