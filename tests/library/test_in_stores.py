"""Libraries of videos in object stores, alone and beside those on a disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.library import AddReport, Filters, Library, SearchOptions
from framecue.library.soundness import check_library
from framecue.library.state import FileState
from framecue.library.store import Store
from framecue.library.store.records import Copy
from framecue.object_store.stores import PATIENCE_VARIABLE
from framecue.video.read.moments import Event, ReadOptions, read_moments
from framecue.video.read.stored_object import reachable
from support.colours import ColourEncoder
from support.object_server import Bucket, ObjectServer

NAMES = ["a red#1?%20 one.mp4", "deep/grün.mp4", "blue.mp4"]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PATIENCE_VARIABLE, "0")


def read_moments_of_objects(path: str, options: ReadOptions, is_wanted: Callable[[str], bool]) -> Iterator[Event]:
    with reachable(path) as file:
        yield from read_moments(file, options, is_wanted)


@pytest.fixture(autouse=True)
def readers_that_reach_stores(monkeypatch: pytest.MonkeyPatch, readers_of_this_process: None) -> None:
    """Read objects in this process too."""
    monkeypatch.setattr(
        "framecue.library.indexing.runner.open_readers", lambda **options: nullcontext([read_moments_of_objects])
    )


@pytest.fixture
def videos(bucket: Bucket, clips: Path) -> str:
    """A folder of three clips in a bucket that holds something else, too."""
    bucket.put("readme.txt", b"something else")
    for name, colour in zip(NAMES, ("red", "green", "blue"), strict=True):
        bucket.put(f"v/{name}", clips / f"{colour}.mp4")
    return f"{bucket.url}/v"


@pytest.fixture
def library(tmp_path: Path, videos: str, colour_model: ColourEncoder) -> Library:
    library = Library(tmp_path / "library.lance", model=colour_model)
    library.add(videos)
    return library


def counts(report: AddReport) -> dict[str, int]:
    """What a run has done, without what it has not."""
    names = ("added", "changed", "moved", "removed", "unchanged", "encoded", "subtitles_updated")
    found = {name: getattr(report, name) for name in names}
    found |= {"duplicates": len(report.duplicates), "skipped": len(report.skipped)}
    return {name: number for name, number in found.items() if number}


def subtitles(library: Library) -> dict[str, str]:
    rows = library.to_arrow(columns=["path", "subtitles"]).to_pylist()
    return {row["path"]: row["subtitles"] for row in rows if row["subtitles"]}


def paths(library: Library) -> list[str]:
    return [file.path for file in library.info().files]


def test_videos_are_found_by_their_urls(library: Library, videos: str) -> None:
    assert paths(library) == sorted(f"{videos}/{name}" for name in NAMES)
    assert [hit.path for hit in library.search("green", k=1)] == [f"{videos}/deep/grün.mp4"]
    for folder in (f"{videos}/deep/", f"S3://{videos.removeprefix('s3://')}//deep", Path(f"{videos}/deep")):
        hits = library.search("red", options=SearchOptions(k=9, filters=Filters(folder=folder)))
        assert {hit.path for hit in hits} == {f"{videos}/deep/grün.mp4"}
    assert library.search("red", options=SearchOptions(filters=Filters(folder=f"{videos}/dee"))) == []
    for glob in (f"{videos}/d*/*.mp4", "deep/*"):
        hits = library.search("red", options=SearchOptions(k=9, filters=Filters(path=glob)))
        assert [hit.path for hit in hits] == [f"{videos}/deep/grün.mp4"]


def test_a_run_with_nothing_new_reads_no_video(library: Library, videos: str, object_server: ObjectServer) -> None:
    object_server.forget_requests()
    assert counts(library.add(videos)) == {"unchanged": 3}
    asked = object_server.requests()
    assert len(asked) <= 3
    assert not any(request.key for request in asked if request.method == "GET")


def test_an_object_that_is_overwritten_is_noticed_by_its_etag(
    library: Library, videos: str, bucket: Bucket, clips: Path, write_clip
) -> None:
    # Two videos of one size: an mp4 may end with a box of nothing.
    contents = [
        (clips / "blue.mp4").read_bytes(),
        write_clip(clips.parent / "other.mp4", "red", seconds=2).read_bytes(),
    ]
    size = max(map(len, contents)) + 8
    blue, content = (
        one + (size - len(one)).to_bytes(4, "big") + b"free" + bytes(size - len(one) - 8) for one in contents
    )
    bucket.put("v/blue.mp4", blue)
    library.add(videos)
    bucket.put("v/blue.mp4", content)
    assert counts(library.add(videos)) == {"changed": 1, "encoded": 1, "unchanged": 2}
    assert library.search("blue", k=1)[0].score < 0.9 < library.search("red", k=1)[0].score
    # Its content is that of a later time, but the same.
    bucket.put("v/blue.mp4", content)
    assert counts(library.add(videos)) == {"unchanged": 3}


def test_a_copy_elsewhere_is_a_copy(
    library: Library, videos: str, bucket: Bucket, clips: Path, colour_model: ColourEncoder
) -> None:
    other = bucket.put("other/green.mp4", clips / "green.mp4")
    encoded = colour_model.num_encoded
    report = library.add([videos, f"{bucket.url}/other", clips])
    assert colour_model.num_encoded == encoded + 1  # the yellow one, on the disk alone
    originals = {duplicate.path: duplicate.original for duplicate in report.duplicates}
    assert originals[other] == originals[str(clips / "green.mp4")] == f"{videos}/deep/grün.mp4"
    assert counts(library.add([videos, f"{bucket.url}/other", clips])) == {"unchanged": 8}
    # Where the original goes, a copy takes its place, wherever it lies.
    report = library.remove(f"{videos}/deep/")
    assert (report.removed, [kept.path for kept in report.kept]) == (1, [f"{videos}/deep/grün.mp4"])
    assert {hit.path for hit in library.search("green", k=1)} <= {other, str(clips / "green.mp4")}


def test_what_is_moved_is_not_encoded_again(library: Library, videos: str, bucket: Bucket, clips: Path) -> None:
    bucket.put("v/new place/blue.mp4", clips / "blue.mp4")
    bucket.delete("v/blue.mp4")
    assert counts(library.add(videos)) == {"moved": 1, "unchanged": 2}
    assert f"{videos}/new place/blue.mp4" in paths(library)
    # From a store to a disk.
    bucket.delete("v/new place/blue.mp4")
    assert counts(library.add(clips / "blue.mp4")) == {"moved": 1}
    assert str(clips / "blue.mp4") in paths(library)


def test_what_is_gone_is_pruned(library: Library, videos: str, bucket: Bucket) -> None:
    bucket.delete(f"v/{NAMES[1]}")  # the only one in its folder
    assert counts(library.add(videos)) == {"unchanged": 2}
    assert counts(library.add(videos, prune=True)) == {"removed": 1, "unchanged": 2}
    report = library.add(videos, prune=True, exclude=[f"{videos}/b*"])
    assert report.unchanged == 1  # what is left out is still there
    assert len(paths(library)) == 2


def test_a_store_that_does_not_answer_prunes_nothing(
    library: Library, videos: str, bucket: Bucket, object_server: ObjectServer, clips: Path
) -> None:
    bucket.delete("v/blue.mp4")
    # The listing is answered; what would make sure of it is not.
    object_server.fault("status", status=503, method="HEAD", key="blue", times=None)
    assert counts(library.add(videos, prune=True)) == {"unchanged": 2}
    object_server.heal()
    for fault in ({"status": 503}, {"status": 403, "code": "AccessDenied"}, {"status": 404, "code": "NoSuchBucket"}):
        object_server.fault("status", times=None, **fault)
        with pytest.raises(InputError, match=r"nothing to index: .*; the library keeps 3 of it"):
            library.add(videos, prune=True)
        assert counts(library.add([videos, clips / "red.mp4"], prune=True))["skipped"] == 1
        object_server.heal()
    assert len([path for path in paths(library) if path.startswith(videos)]) == 3


def test_an_emptied_bucket_prunes_nothing(library: Library, videos: str, bucket: Bucket, clips: Path) -> None:
    for key in bucket.keys():  # noqa: SIM118
        bucket.delete(key)
    report = library.add([videos, clips / "red.mp4"], prune=True)
    assert report.removed == 0
    (skipped,) = [item for item in report.skipped if item.path == videos]
    assert skipped.reason.startswith("no such object, and nothing below it; the library keeps")
    assert "mount" not in skipped.reason


def test_sidecars(library: Library, videos: str, bucket: Bucket) -> None:
    lines = "1\n00:00:00,000 --> 00:00:01,000\n{}\n"
    bucket.put("v/blue.srt", lines.format("a walrus sings").encode())
    assert counts(library.add(videos)) == {"subtitles_updated": 1, "unchanged": 3}
    assert subtitles(library) == {f"{videos}/blue.mp4": "a walrus sings"}
    assert counts(library.add(videos)) == {"unchanged": 3}
    bucket.put("v/blue.srt", lines.format("a walrus sleeps").encode())
    assert counts(library.add(videos)) == {"subtitles_updated": 1, "unchanged": 3}
    bucket.delete("v/blue.srt")
    assert counts(library.add(videos)) == {"subtitles_updated": 1, "unchanged": 3}
    assert subtitles(library) == {}


def test_a_sidecar_of_the_same_size_is_noticed(library: Library, videos: str, bucket: Bucket) -> None:
    lines = "1\n00:00:00,000 --> 00:00:01,000\n{}\n"
    bucket.put("v/blue.srt", lines.format("one").encode())
    library.add(videos)
    bucket.put("v/blue.srt", lines.format("two").encode())
    assert counts(library.add(videos)) == {"subtitles_updated": 1, "unchanged": 3}


def test_what_a_check_says_of_files_in_stores(library: Library, videos: str, bucket: Bucket) -> None:
    bucket.delete("v/blue.mp4")
    found = check_library(library.uri)
    assert (found.missing, found.away) == ([f"{videos}/blue.mp4"], [])


def test_own_values_go_by_urls(library: Library, videos: str) -> None:
    library.add(videos, metadata={f"S3://{videos.removeprefix('s3://')}//blue.mp4": {"client": "acme"}})
    clients = {row["path"]: row["client"] for row in library.to_arrow(columns=["path", "client"]).to_pylist()}
    assert {path for path, client in clients.items() if client == "acme"} == {f"{videos}/blue.mp4"}


def test_a_video_that_cannot_be_read_is_noted_until_it_changes(
    library: Library, videos: str, bucket: Bucket, clips: Path
) -> None:
    bucket.put("v/bad.mp4", b"no video at all, by any means")
    report = library.add(videos)
    assert counts(report) == {"skipped": 1, "unchanged": 3}
    assert report.skipped[0].path == f"{videos}/bad.mp4"
    again = library.add(videos)
    assert [item.path for item in again.still_unreadable] == [f"{videos}/bad.mp4"]
    bucket.put("v/bad.mp4", clips / "more" / "yellow.mp4")
    assert counts(library.add(videos)) == {"added": 1, "encoded": 1, "unchanged": 3}


def test_notes_of_an_older_framecue_take_tags_when_they_are_needed(tmp_path: Path, make_old_copies) -> None:
    store: Store = make_old_copies(tmp_path / "old.lance")
    assert store.copies() == {"/old.mp4": Copy("x", FileState(5, 1.5))}
    store.note_copies({"/new.mp4": Copy("x", FileState(6, 2.5))})
    new = Copy("x", FileState(7, 3.0, '"etag"'))
    store.note_copies({"s3://bucket/a.mp4": new})
    assert Store.open(store.uri).copies() == {
        "/new.mp4": Copy("x", FileState(6, 2.5)),
        "/old.mp4": Copy("x", FileState(5, 1.5)),
        "s3://bucket/a.mp4": new,
    }


@pytest.fixture
def make_old_copies():
    import lancedb
    import pyarrow as pa

    def make(place: Path) -> Store:
        store = Store.create(str(place), {"embedding_dim": 4, "backbone": "b"})
        schema = pa.schema(
            [
                pa.field("path", pa.string(), nullable=False),
                pa.field("video_id", pa.string(), nullable=False),
                pa.field("size_bytes", pa.int64(), nullable=False),
                pa.field("modified_seconds", pa.float64(), nullable=False),
            ]
        )
        rows = [{"path": "/old.mp4", "video_id": "x", "size_bytes": 5, "modified_seconds": 1.5}]
        lancedb.connect(str(place)).create_table("copies", pa.Table.from_pylist(rows, schema=schema))
        return store

    return make
