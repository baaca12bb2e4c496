"""Files for browsers that are kept: within a limit, and whole."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecue.errors import FramecueError
from framecue.service.media.cache import MediaCache, cache_key

NAMES = [f"{cache_key(number)}.mp4" for number in range(4)]


def put(cache: MediaCache, name: str, size: int, *, used: float | None = None) -> Path:
    with cache.writing(name) as partial:
        partial.write_bytes(b"x" * size)
    path = cache.folder / name
    if used is not None:
        os.utime(path, (used, used))
    return path


def test_names_tell_what_was_asked() -> None:
    assert cache_key("ab", 1.0, 2.0) == cache_key("ab", 1.0, 2.0)
    assert len({cache_key("ab"), cache_key("ab", 1.0), cache_key("ab", 1.0, 2.0), cache_key("ab", "1.0")}) == 4


def test_what_is_kept_is_found(tmp_path: Path) -> None:
    cache = MediaCache(tmp_path / "media")
    assert cache.find(NAMES[0]) is None
    path = put(cache, NAMES[0], 5)
    assert cache.find(NAMES[0]) == path
    assert path.read_bytes() == b"xxxxx"


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = MediaCache(tmp_path, max_bytes=10)
    (tmp_path / "somebody's own file").write_bytes(b"y" * 99)
    first = put(cache, NAMES[0], 4, used=1000)
    second = put(cache, NAMES[1], 4, used=2000)
    assert cache.find(NAMES[0]) == first  # is used now
    third = put(cache, NAMES[2], 4)
    assert (first.exists(), second.exists(), third.exists()) == (True, False, True)
    assert (tmp_path / "somebody's own file").exists()


def test_the_last_one_stays_even_if_it_is_too_large(tmp_path: Path) -> None:
    cache = MediaCache(tmp_path, max_bytes=10)
    small = put(cache, NAMES[0], 4)
    large = put(cache, NAMES[1], 50)
    assert not small.exists()
    assert large.exists()


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    cache = MediaCache(tmp_path)

    def fail() -> None:
        with cache.writing(NAMES[0]) as partial:
            partial.write_bytes(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_killed_servers_left_goes(tmp_path: Path) -> None:
    cache = MediaCache(tmp_path)
    name = cache.temporary(".mp4").name
    # The process of this number is no longer there.
    left = tmp_path / name.replace(f"-{os.getpid()}-", "-999999999-")
    left.write_bytes(b"half")
    put(cache, NAMES[0], 1)
    assert not left.exists()


def test_a_disk_that_cannot_be_written_has_words(tmp_path: Path) -> None:
    (tmp_path / "media").write_text("a file")
    cache = MediaCache(tmp_path / "media")
    with pytest.raises(FramecueError, match=r"converted videos cannot be kept: .*; look at the cache's disk"):
        put(cache, NAMES[0], 1)
    with pytest.raises(FramecueError, match="there is no room for a clip"):
        cache.temporary(".mp4")
