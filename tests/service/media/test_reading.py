"""What files are made of is read in another process, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import VideoError
from framecue.service.media.library_files import file_of
from framecue.service.media.reading import StreamsReader
from support.playing import OneFileLibrary, make_film


@pytest.fixture(scope="module")
def streams() -> Iterator[StreamsReader]:
    with StreamsReader() as streams:
        yield streams


def test_a_file_is_read_once(streams: StreamsReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library: Any = OneFileLibrary(make_film(tmp_path / "film.mp4"))
    file = file_of(library, OneFileLibrary.video_id)
    found = streams(file)
    assert found.picture.codec == "h264"
    monkeypatch.setattr(streams, "_read", lambda file: pytest.fail("it is known"))
    assert streams(file) is found


def test_so_is_one_that_is_damaged(streams: StreamsReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"no film " * 99)
    library: Any = OneFileLibrary(path)
    file = file_of(library, OneFileLibrary.video_id)
    with pytest.raises(VideoError, match="not a video file") as first:
        streams(file)
    monkeypatch.setattr(streams, "_read", lambda file: pytest.fail("it is known"))
    with pytest.raises(VideoError) as second:
        streams(file)
    assert str(second.value) == str(first.value)
    assert second.value is not first.value


def test_only_so_many_are_known(streams: StreamsReader, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.service.media.reading._MAX_KNOWN", 1)
    one: Any = OneFileLibrary(make_film(tmp_path / "one.mp4"))
    other: Any = OneFileLibrary(make_film(tmp_path / "other.mp4"))
    files = [file_of(library, OneFileLibrary.video_id) for library in (one, other)]
    first = streams(files[0])
    streams(files[1])
    again = streams(files[0])
    assert again == first
    assert again is not first
