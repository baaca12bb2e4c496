"""Ranges of an object: few requests, few bytes, bounded memory; and nothing but one content of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from framecue.errors import VideoError
from framecue.object_store.objects import ObjectTag
from framecue.video import FrameSampling
from framecue.video.read.access import elsewhere
from framecue.video.read.frame_source import PlainFrameSource
from framecue.video.read.stored_object import BLOCK_BYTES, CachedObject, StoredObject, find_object, reachable, url_of
from support.far_films import make_long_film
from support.object_server import Bucket, ObjectServer

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Counted(StoredObject):
    """An object whose bytes say where they are, with the ranges that were asked for."""

    asked: list[tuple[int, int]] = field(default_factory=list, compare=False)

    def read(self, start: int, length: int) -> bytes:
        assert length > 0
        assert 0 <= start <= self.size_bytes - length
        self.asked.append((start, length))
        return content(start, length)


def content(start: int, length: int) -> bytes:
    return (np.arange(start, start + length) // 977 % 251).astype(np.uint8).tobytes()


def an_object(size_bytes: int) -> Counted:
    return Counted("s3://bucket/a.mp4", size_bytes, ObjectTag('"a"'))


def test_a_jump_takes_a_block() -> None:
    stored = an_object(100 * MEGABYTE + 5)
    cached = CachedObject(stored)
    assert cached.read(50 * MEGABYTE + 1, 10) == content(50 * MEGABYTE + 1, 10)
    assert cached.read(100 * MEGABYTE, 5) == content(100 * MEGABYTE, 5)
    assert stored.asked == [(50 * MEGABYTE, BLOCK_BYTES), (100 * MEGABYTE, 5)]
    assert cached.read(50 * MEGABYTE + 7, 10) == content(50 * MEGABYTE + 7, 10)
    assert len(stored.asked) == 2


def test_reading_through_takes_few_requests_and_hardly_a_byte_twice() -> None:
    stored = an_object(50 * MEGABYTE)
    cached = CachedObject(stored)
    # Pictures and sound may lie apart: two readers, each of its own half.
    for step in range(0, 25 * MEGABYTE, 1 << 16):
        for half in (0, 25 * MEGABYTE):
            cached.read(half + step, 1 << 16)
    # What is read ahead beyond the first half is not there any more when the second half begins there.
    assert sum(length for _, length in stored.asked) < 56 * MEGABYTE
    assert len(stored.asked) < 30


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 9_000_000), st.integers(1, 600_000)), max_size=12))
def test_any_range_is_what_it_is(ranges: list[tuple[int, int]]) -> None:
    stored = an_object(10_000_000)
    cached = CachedObject(stored, cache_bytes=MEGABYTE, most_bytes_at_once=MEGABYTE)
    for start, length in ranges:
        assert cached.read(start, length) == content(start, length)
        kept = [len(piece.data) for piece in cached._pieces.values()]
        assert sum(kept) == cached._num_kept
        assert sum(kept) <= MEGABYTE or len(kept) == 1


def test_what_a_store_says_and_what_it_has(bucket: Bucket) -> None:
    url = bucket.put("a b.mp4", b"0123456789")
    found = find_object(url)
    assert (found.url, found.size_bytes, found.read(2, 3)) == (url, 10, b"234")
    lying = StoredObject(url, 1000, found.tag)
    with pytest.raises(VideoError, match=r"a b\.mp4: the store gave 5 bytes from 5 on, not 100, of the 1000") as it:
        lying.read(5, 100)
    assert it.value.cause is None
    bucket.put("a b.mp4", b"9876543210")
    with pytest.raises(VideoError, match=r"a b\.mp4: it changed while it was being read$"):
        found.read(2, 3)
    bucket.delete("a b.mp4")
    with pytest.raises(VideoError, match=r"a b\.mp4: no such object$"):
        find_object(url)


def test_a_path_that_was_a_url_is_one_unless_it_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert url_of("s3://b/a.mp4") == url_of(str(Path("s3://b/a.mp4"))) == "s3://b/a.mp4"
    assert url_of("/films/a.mp4") is None
    monkeypatch.chdir(tmp_path)
    Path("s3:/b").mkdir(parents=True)
    Path("s3:/b/a.mp4").touch()
    assert url_of("s3:/b/a.mp4") is None


def test_a_process_that_has_the_network_reads_a_part(
    bucket: Bucket, object_server: ObjectServer, tmp_path: Path
) -> None:
    film = make_long_film(tmp_path / "a.mp4", seconds=12)
    url = bucket.put("a.mp4", film)
    source, window = PlainFrameSource(), {"start_seconds": 5.0, "end_seconds": 6.0}
    far, near = (source.read_frames(path, FrameSampling(2), **window) for path in (url, film))
    np.testing.assert_array_equal(far.pixels, near.pixels)
    assert sum(request.sent for request in object_server.requests("GET")) < film.stat().st_size
    assert source.probe(Path(url)).num_frames == 60
    with reachable(url) as opened:
        assert elsewhere(opened) is not None
    assert elsewhere(url) is None
