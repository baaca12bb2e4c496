from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import AbsentError, InputError
from framecue.library import CaptionedMoment, HeldFile, Library
from framecue.library.store import Store
from framecue.library.store.words_notes import WordsDone
from framecue.words.timed_text import TimedText


@pytest.fixture
def library(make_store: Callable[..., Store], tmp_path: Path) -> Library:
    """Three videos, `a.mp4` of two segments, and none of their files."""
    a, b, c = (str(tmp_path / f"{name}.mp4") for name in "abc")
    second: dict[str, Any] = {"start_seconds": 2.0, "caption": "it ends", "thumbnail": b"second"}
    store = make_store(
        [
            {"path": b, "recorded_seconds": 86_400.0},
            {"path": a, **second},
            {"path": a, "thumbnail": b"first"},
            {"path": c, "kind": "image", "duration_seconds": 0.0},
        ]
    )
    return Library(store.uri)


def id_of(library: Library, name: str) -> str:
    return next(video.video_id for video in library.videos() if video.path.endswith(name))


def test_they_come_by_their_paths_and_in_pages(library: Library) -> None:
    every = library.videos()
    assert [(Path(video.path).name, video.num_segments, video.kind) for video in every] == [
        ("a.mp4", 2, "video"),
        ("b.mp4", 1, "video"),
        ("c.mp4", 1, "image"),
    ]
    assert [video.recorded_seconds for video in every] == [None, 86_400.0, None]
    assert library.count_contents() == 3
    assert library.videos(offset=1, limit=1) == every[1:2]
    assert library.videos(offset=3) == library.videos(limit=0) == []
    assert library.video(every[1].video_id) == every[1]
    for wrong in ({"offset": -1}, {"offset": 1.5}, {"limit": -1}, {"limit": True}):
        with pytest.raises(InputError, match="must be a whole number"):
            library.videos(**wrong)


def test_its_moments_have_captions_and_thumbnails(library: Library) -> None:
    video_id = id_of(library, "a.mp4")
    assert library.moments_of(video_id) == [CaptionedMoment(0.0, 2.0), CaptionedMoment(2.0, 4.0, "it ends")]
    assert [library.thumbnail(video_id, start) for start in (0, 2.0, 1.0)] == [b"first", b"second", None]


def test_its_files_are_there_or_not(tmp_path: Path, colour_model, clips: Path) -> None:
    library = Library(tmp_path / "videos.lance", model=colour_model)
    copy = tmp_path / "zz.mp4"
    shutil.copy(clips / "red.mp4", copy)
    library.add([clips / "red.mp4", copy])
    (video,) = library.videos()
    assert library.files_of(video.video_id) == [HeldFile(str(clips / "red.mp4"), True), HeldFile(str(copy), True)]
    (clips / "red.mp4").unlink()
    assert [file.is_there for file in library.files_of(video.video_id)] == [False, True]
    # What is written by way of another library is seen.
    Library(library.uri).remove(clips / "red.mp4")
    assert library.files_of(video.video_id) == [HeldFile(str(copy), True)]
    copy.write_bytes(b"something else")
    assert library.files_of(video.video_id) == [HeldFile(str(copy), False)]


def test_its_words_come_by_source(library: Library) -> None:
    video_id = id_of(library, "b.mp4")
    line = TimedText(0.5, 1.5, "a dog", "said")
    store = Store.open(library.uri)
    store.words.write(video_id, "speech", [line])
    store.words_notes.note_done({(video_id, "speech"): WordsDone("x", 1), (video_id, "screen"): WordsDone("y")})
    assert library.words_of(video_id) == {"speech": [line], "screen": []}
    assert library.words_of(id_of(library, "a.mp4")) == {}


def test_an_id_that_is_not_held_is_told(library: Library) -> None:
    for ask in (library.video, library.files_of, library.moments_of, library.words_of):
        with pytest.raises(AbsentError, match="holds no video with this id"):
            ask("id of nothing")
    assert library.thumbnail("' OR 1=1", 0.0) is None


def test_a_library_of_an_old_format_knows_no_dates(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Store, "recorded_seconds", lambda store, paths: {})
    assert {video.recorded_seconds for video in library.videos()} == {None}
    assert library.videos()[0].to_dict()["recorded"] is None
