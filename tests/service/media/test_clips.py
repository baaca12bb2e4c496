"""Clips for whoever saves them: a few at a time, and nothing of them stays."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from framecue.errors import BusyError, FramecueError, GoneError, InputError, UnsupportedError, VideoError
from framecue.service.media import clips
from framecue.service.media.cache import MediaCache
from framecue.service.media.clips import ClipCutter, check_clip, clip_name
from framecue.service.media.library_files import LibraryFile, file_of
from support.playing import OneFileLibrary

SOON = 30.0


@pytest.fixture
def film(tmp_path: Path) -> LibraryFile:
    path = tmp_path / "my: dog.mkv"
    path.write_bytes(b"a film")
    library: Any = OneFileLibrary(path, duration_seconds=7200.0)
    return file_of(library, OneFileLibrary.video_id)


def cutting(monkeypatch: pytest.MonkeyPatch, cut: Any) -> None:
    monkeypatch.setattr(clips, "clip_video", cut)


def test_names(film: LibraryFile) -> None:
    assert clip_name(film, 61, 3661.25) == "my: dog 1.01-1.01.01.25.mp4"


def test_a_clip_has_no_name_any_more(film: LibraryFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def cut(source: Path, place: Path, start: float, end: float, *, reader: object) -> None:
        asked.append((source, start, end))
        place.write_bytes(b"clip")

    cutting(monkeypatch, cut)
    with ClipCutter(MediaCache(tmp_path / "cache")).cut(film, 1.0, 2.0) as opened:
        assert opened.read() == b"clip"
    assert asked == [(film.place, 1.0, 2.0)]
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (VideoError("/x", "it is damaged", cause="content"), UnsupportedError, "my: dog.mkv cannot be cut: it is dam"),
        (VideoError("/x", "the disk fails"), FramecueError, "my: dog.mkv cannot be cut: the disk fails"),
    ],
)
def test_what_goes_wrong_leaves_nothing(
    film: LibraryFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: VideoError,
    kind: type[Exception],
    message: str,
) -> None:
    def cut(source: Path, place: Path, *rest: object, **options: object) -> None:
        place.write_bytes(b"half")
        raise error

    cutting(monkeypatch, cut)
    cutter = ClipCutter(MediaCache(tmp_path / "cache"))
    for _ in range(3):  # it makes room again
        with pytest.raises(kind, match=message):
            cutter.cut(film, 1.0, 2.0)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_that_was_swapped_meanwhile_is_not_given(
    film: LibraryFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(source: Path, place: Path, *rest: object, **options: object) -> None:
        place.write_bytes(b"of another file")
        source.write_bytes(b"another file")

    cutting(monkeypatch, cut)
    with pytest.raises(GoneError, match="has changed"):
        ClipCutter(MediaCache(tmp_path / "cache")).cut(film, 1.0, 2.0)
    assert list((tmp_path / "cache").iterdir()) == []


def test_only_so_many_at_once(film: LibraryFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    let = threading.Event()
    begun = threading.Semaphore(0)

    def cut(source: Path, place: Path, *rest: object, **options: object) -> None:
        begun.release()
        assert let.wait(SOON)
        place.write_bytes(b"clip")

    cutting(monkeypatch, cut)
    cutter = ClipCutter(MediaCache(tmp_path / "cache"))
    made: list[BinaryIO] = []
    threads = [threading.Thread(target=lambda: made.append(cutter.cut(film, 1.0, 2.0))) for _ in range(2)]
    for thread in threads:
        thread.start()
        assert begun.acquire(timeout=SOON)
    with pytest.raises(BusyError, match="several clips are being cut already"):
        cutter.cut(film, 1.0, 2.0)
    let.set()
    for thread in threads:
        thread.join(SOON)
    for opened in [*made, cutter.cut(film, 1.0, 2.0)]:
        opened.close()
    assert len(made) == 2


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        ((1.0, 1.0), "no clip runs from this start to this end"),
        ((-1.0, 1.0), "no clip runs"),
        ((float("nan"), 1.0), "no clip runs"),
        ((0.0, float("inf")), "no clip runs"),
        ((0.0, 600.5), "the clip is too long; ask for 600 seconds at most"),
        ((7200.0, 7201.0), "lasts 7200.000 seconds; start earlier"),
    ],
)
def test_moments_that_make_no_sense(film: LibraryFile, moment: tuple[float, float], message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_clip(film, *moment)


def test_pictures_have_none(tmp_path: Path) -> None:
    (tmp_path / "it.png").write_bytes(b"a picture")
    library: Any = OneFileLibrary(tmp_path / "it.png", kind="image")
    with pytest.raises(InputError, match=r"it\.png is a picture, of which no clip can be cut"):
        check_clip(file_of(library, OneFileLibrary.video_id), 0.0, 1.0)
