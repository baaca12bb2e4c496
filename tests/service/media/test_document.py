"""What a page is told of a video's file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from framecue.errors import AbsentError
from framecue.service.media.document import media_document
from framecue.service.media.media import Media
from support.playing import OneFileLibrary, make_film

ID = OneFileLibrary.video_id


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Media]:
    with Media(tmp_path_factory.mktemp("media")) as media:
        yield media


def told(media: Media, *paths: Path, **options: Any) -> Any:
    library: Any = OneFileLibrary(*paths, **options)
    return media_document(media, library, ID)


def test_what_browsers_play(media: Media, tmp_path: Path) -> None:
    found = told(media, make_film(tmp_path / "film.mp4"))
    assert found["type"].startswith('video/mp4; codecs="avc1.')
    assert (found["plays"], found["url"], found["problem"]) == (True, f"/media/{ID}", None)
    converted = found["converted"]
    assert (converted["reason"], converted["span_seconds"]) == (None, None)
    assert converted["type"] == found["type"]


def test_what_they_do_not_play(media: Media, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.avi", "mpeg4", "libmp3lame")
    found = told(media, path)
    assert found["plays"] is False
    assert found["converted"] == {
        "url": f"/media/{ID}?converted=1",
        "type": 'video/mp4; codecs="avc1.640028, mp4a.40.2"',
        "reason": "Browsers do not play AVI files and MPEG-4 part 2.",
        "span_seconds": None,
    }
    assert told(media, path, duration_seconds=7200.0)["converted"]["span_seconds"] == 120.0
    assert told(media, make_film(tmp_path / "film.mkv"))["plays"] == "perhaps"


def test_other_libraries_are_named(media: Media, tmp_path: Path) -> None:
    library: Any = OneFileLibrary(make_film(tmp_path / "film.mp4"))
    found = media_document(media, library, ID, library_name="holidays & more")
    assert found["url"] == f"/media/{ID}?library=holidays+%26+more"
    assert found["converted"] is not None
    assert found["converted"]["url"] == f"/media/{ID}?converted=1&library=holidays+%26+more"


@pytest.mark.parametrize(
    ("kind", "plays", "reason"),
    [
        ("png", True, None),
        ("avif", "perhaps", "Not every browser shows AVIF pictures."),
        ("tiff", False, "Browsers do not show TIFF pictures."),
    ],
)
def test_pictures(media: Media, tmp_path: Path, kind: str, plays: bool | str, reason: str | None) -> None:
    path = tmp_path / f"picture.{kind}"
    Image.new("RGB", (8, 8)).save(path)
    found = told(media, path, kind="image")
    assert (found["type"], found["plays"]) == (f"image/{kind}", plays)
    assert (found["converted"]["type"], found["converted"]["reason"]) == ("image/jpeg", reason)


def test_what_is_gone_is_told(media: Media, tmp_path: Path) -> None:
    path = make_film(tmp_path / "film.mp4")
    library: Any = OneFileLibrary(path)
    path.unlink()
    found = media_document(media, library, ID)
    assert (found["type"], found["plays"], found["url"], found["converted"]) == (None, False, None, None)
    assert found["problem"] == "film.mp4 is no longer where it was indexed; put it back, or index its folder again"
    with pytest.raises(AbsentError):
        media_document(media, library, "cd" * 16)


def test_what_cannot_be_read_may_still_be_played(media: Media, tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"\0\0\0\x18ftypisom" + b"nothing " * 99)
    found = told(media, path)
    assert (found["type"], found["plays"], found["url"]) == ("video/mp4", "perhaps", f"/media/{ID}")
    assert found["converted"] is None
    assert found["problem"].startswith("film.mp4: ")
