from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import Files, FoundFile
from framecue.library.files.objects import ObjectFiles
from framecue.library.files.walk import NO_VIDEO
from framecue.library.results import Skipped
from framecue.object_store.stores import PATIENCE_VARIABLE
from support.object_server import Bucket, ObjectServer

FILES: Files = ObjectFiles()
SUFFIXES = {".mp4", ".srt"}


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATIENCE_VARIABLE, "0")


@contextmanager
def failing(server: ObjectServer, **fault) -> Iterator[None]:
    server.fault("status", times=None, **fault)
    yield
    server.heal()


def found(url: str | list[str], *, exclude: list[str] = [], **options) -> list[tuple[str, str]]:  # noqa: B006
    """What is found: the named URLs, and the paths or the reasons."""
    every = FILES.find(url, suffixes=SUFFIXES, exclude=Exclude(exclude), **options)
    return [(root, item.reason if isinstance(item, Skipped) else item.path) for root, item in every]


def names(url: str, **options) -> list[str]:
    return [path.removeprefix(f"{url}/") for _, path in found(url, **options)]


def test_files_of_a_folder_in_the_order_of_their_keys(bucket: Bucket) -> None:
    kept = ["a b.mp4", "a#1?x=%20.MP4", "deep/er/c.mp4", "deep/er/c.srt", "é.mp4"]
    left = [".hidden.mp4", ".trash/a.mp4", "deep/.x/a.mp4", "@eaDir/a.mp4", "deep/#recycle/b/a.mp4", "a.txt", "mp4"]
    for name in (*kept, *left):
        bucket.put(f"v/{name}", name.encode())
    bucket.put("vv/a.mp4", b"beside it")
    assert names(f"{bucket.url}/v") == sorted(kept)
    assert names(f"{bucket.url}/v", exclude=["*.srt", "deep/**"]) == ["a b.mp4", "a#1?x=%20.MP4", "é.mp4"]
    # A folder that is named is looked into, whatever it is called.
    assert names(f"{bucket.url}/v/.trash") == ["a.mp4"]
    assert names(bucket.url, exclude=["v"]) == ["vv/a.mp4"]


def test_one_way_to_write_a_url(bucket: Bucket) -> None:
    url = bucket.put("v/a.mp4", b"1")
    for written in (f"{bucket.url}/v/", f"{bucket.url}//v", f"S3://{bucket.name}/v"):
        assert found(written) == [(f"{bucket.url}/v", url)]


def test_states_are_those_that_a_look_at_the_object_gives(bucket: Bucket) -> None:
    for name in ("a.mp4", "b.mp4"):
        bucket.put(f"v/{name}", name.encode())
    for _, item in FILES.find(f"{bucket.url}/v", suffixes=SUFFIXES, exclude=Exclude()):
        assert isinstance(item, FoundFile)
        assert item.state == FILES.state(item.path)
        assert item.state.tag is not None
        assert item.state.modified_seconds > 1_700_000_000


def test_an_object_of_the_same_size_is_in_another_state(bucket: Bucket) -> None:
    url = bucket.put("a.mp4", b"1234")
    before = FILES.state(url)
    bucket.put("a.mp4", b"1234")
    assert FILES.state(url) == before  # the store says that the content is the same
    bucket.put("a.mp4", b"4321")
    assert FILES.state(url) != before


def test_what_is_named_is_always_tried(bucket: Bucket) -> None:
    url = bucket.put("v/film", b"1")
    assert found(url) == [(url, url)]
    assert found([url, f"{bucket.url}/none.mp4"]) == [
        (url, url),
        (f"{bucket.url}/none.mp4", "no such object, and nothing below it"),
    ]
    assert found(f"{bucket.url}/v") == [(f"{bucket.url}/v", NO_VIDEO)]
    assert found(url, exclude=["film"]) == [(url, "excluded")]


def test_an_empty_bucket_and_none(bucket: Bucket) -> None:
    assert found(bucket.url) == [(bucket.url, NO_VIDEO)]
    ((_, reason),) = found("s3://no-such-bucket/v")
    assert reason.startswith("cannot be listed: there is no bucket 'no-such-bucket'")
    ((_, reason),) = found("https://example.org/a.mp4")
    assert "download it" in reason


def test_marks_of_folders_are_no_files(bucket: Bucket) -> None:
    bucket.put("v/", b"")
    bucket.put("v/clips.mp4/", b"")
    bucket.put("v/clips.mp4/a.mp4", b"1")
    bucket.put("v/empty.mp4", b"")
    assert names(f"{bucket.url}/v") == ["clips.mp4/a.mp4", "empty.mp4"]
    assert names(f"{bucket.url}/v/clips.mp4") == ["a.mp4"]


def test_a_name_that_cannot_be_read_costs_its_own_folder_alone(bucket: Bucket) -> None:
    for key in ("v/a.mp4", "v/b/c.mp4", "v/bad//x.mp4", "v/bad/y.mp4", "v/.h//z.mp4"):
        bucket.put(key, b"1")
    every = found(f"{bucket.url}/v")
    assert [path for _, path in every if path.startswith("s3")] == [f"{bucket.url}/v/a.mp4", f"{bucket.url}/v/b/c.mp4"]
    (reason,) = [path for _, path in every if not path.startswith("s3")]
    assert reason.startswith("cannot be listed: the name 'v/bad//' cannot be read")


def test_a_key_that_begins_with_a_slash_costs_itself_alone(bucket: Bucket) -> None:
    for key in ("/x.mp4", "v//y.mp4", "v/a.mp4", "b.mp4"):
        bucket.put(key, b"1")
    # The one in `v` makes the search go a folder at a time, which must not come to the same folder again and again.
    file, *reasons = [path for _, path in found(bucket.url)]
    assert file == f"{bucket.url}/b.mp4"
    assert [reason.split(" ")[0] for reason in reasons] == ["a", "cannot"]
    assert reasons[0].startswith("a name here begins with a slash")


def test_a_store_that_refuses_is_said_to_do_so(bucket: Bucket, object_server: ObjectServer) -> None:
    url = bucket.put("v/a.mp4", b"1")
    with failing(object_server, status=403, code="AccessDenied"):
        ((_, reason),) = found(f"{bucket.url}/v")
        assert reason.startswith("cannot be listed: access denied")
    with failing(object_server, status=503, code="SlowDown"):
        ((_, reason),) = found(url)
        assert "too busy or failing" in reason


def test_what_is_certainly_missing(bucket: Bucket, object_server: ObjectServer) -> None:
    url, none = bucket.put("v/a.mp4", b"1"), f"{bucket.url}/v/none.mp4"
    assert (FILES.is_missing(url), FILES.is_missing(none), FILES.is_missing(f"{bucket.url}/v")) == (False, True, False)
    with pytest.raises(FileNotFoundError):
        FILES.state(none)
    for fault in ({"status": 503}, {"status": 403, "code": "AccessDenied"}):
        with failing(object_server, **fault):
            assert not FILES.is_missing(none)
            with pytest.raises(OSError, match=r"SlowDown|denied|busy") as raised:
                FILES.state(none)
            assert not isinstance(raised.value, FileNotFoundError)
    # The store answers as for an object that is not there.
    gone = "s3://no-such-bucket/v/a.mp4"
    assert not FILES.is_missing(gone)
    with pytest.raises(OSError, match="there is no bucket") as raised:
        FILES.state(gone)
    assert not isinstance(raised.value, FileNotFoundError)


def test_who_may_read_but_not_list_is_never_certain(bucket: Bucket, object_server: ObjectServer) -> None:
    none = f"{bucket.url}/v/none.mp4"
    object_server.fault("status", status=403, code="AccessDenied", query="list-type", times=None)
    assert not FILES.is_missing(none)


def test_what_may_be_away(bucket: Bucket, object_server: ObjectServer) -> None:
    assert FILES.may_be_away(f"{bucket.url}/v")  # as where a bucket was made anew
    bucket.put("other/a.mp4", b"1")
    assert not FILES.may_be_away(f"{bucket.url}/v")
    assert not FILES.may_be_away(f"{bucket.url}/other")
    assert FILES.may_be_away("s3://no-such-bucket/v")
    for fault in ({"status": 503}, {"status": 403, "code": "AccessDenied"}):
        with failing(object_server, **fault):
            assert FILES.may_be_away(f"{bucket.url}/v")


def test_siblings(bucket: Bucket, object_server: ObjectServer) -> None:
    for name in ("a.mp4", "a.srt", "deep/b.srt"):
        bucket.put(f"v/{name}", name.encode())
    expected = [(f"{bucket.url}/v/{name}", FILES.state(f"{bucket.url}/v/{name}")) for name in ("a.mp4", "a.srt")]
    assert list(ObjectFiles().siblings(f"{bucket.url}/v")) == expected
    assert list(ObjectFiles().siblings(f"{bucket.url}/none")) == []
    assert list(ObjectFiles().siblings("s3://no-such-bucket/v")) == []


def test_siblings_are_known_from_the_listing_for_a_while(
    bucket: Bucket, object_server: ObjectServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        bucket.put(f"v/{number}/a.mp4", b"1")
        bucket.put(f"v/{number}/a.srt", b"1")
    files = ObjectFiles()
    object_server.forget_requests()
    assert len(list(files.find(f"{bucket.url}/v", suffixes={".mp4"}, exclude=Exclude()))) == 5
    for number in range(5):
        beside = [path.rpartition("/")[2] for path, _ in files.siblings(f"{bucket.url}/v/{number}")]
        assert beside == ["a.mp4", "a.srt"]
    assert len(object_server.requests()) == 2  # is it an object? what is below it?
    bucket.put("v/0/b.srt", b"1")
    monkeypatch.setattr("framecue.library.files.objects._FRESH_SECONDS", 0.0)
    assert len(list(files.siblings(f"{bucket.url}/v/0"))) == 3


def test_a_search_within_places(bucket: Bucket) -> None:
    for name in ("a.mp4", "x/b.mp4", "x/y/c.mp4", ".h/d.mp4", "z.txt"):
        bucket.put(f"v/{name}", b"1")
    root = f"{bucket.url}/v"

    def within(*places: str) -> list[str]:
        return names(root, within=[f"{bucket.url}/{place}" for place in places])

    assert within("v") == ["a.mp4", "x/b.mp4", "x/y/c.mp4"]
    assert within("v/x", "v/a.mp4") == ["a.mp4", "x/b.mp4", "x/y/c.mp4"]
    assert within("v/x/y/c.mp4") == ["x/y/c.mp4"]
    assert within("v/.h", "v/.h/d.mp4", "v/z.txt", "v/none.mp4", "w") == []


def test_bytes_and_hash(bucket: Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytes(range(256)) * 20
    url = bucket.put("a.mp4", content)
    with FILES.open(url) as file:
        assert file.read() == content
    monkeypatch.setattr("framecue.object_store.objects.PIECE_BYTES", 1000)
    assert FILES.content_hash(url) == hashlib.blake2b(content, digest_size=20).hexdigest()
    for action in (FILES.open, FILES.content_hash):
        with pytest.raises(FileNotFoundError):
            action(f"{bucket.url}/none")


def test_there_are_no_links(bucket: Bucket) -> None:
    url = bucket.put("a.mp4", b"1")
    assert FILES.is_same(url, url)
    assert not FILES.is_same(url, f"{bucket.url}/A.mp4")
    assert not FILES.leads_out(url)
