"""What browsers play in place of a file is ordered: made by another process, thrown away if the file was swapped."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import FramecueError, GoneError, UnsupportedError
from framecue.service.media import converting
from framecue.service.media.converting import Order, order_converted
from framecue.service.media.library_files import LibraryFile, file_of
from framecue.service.media.making import Making
from framecue.service.media.media import Media
from framecue.video.isolate.isolated import IsolatedReader
from support.playing import OneFileLibrary, make_film


@pytest.fixture
def media(tmp_path: Path) -> Iterator[Media]:
    with Media(tmp_path / "cache") as media:
        yield media


@pytest.fixture
def film(tmp_path: Path) -> LibraryFile:
    library: Any = OneFileLibrary(make_film(tmp_path / "film.avi", "mpeg4", None, num_frames=10))
    return file_of(library, OneFileLibrary.video_id)


def made(order: Order) -> Path | None:
    return asyncio.run(order.found.wait(60)) if isinstance(order.found, Making) else order.found


def reader_that(monkeypatch: pytest.MonkeyPatch, after: Any) -> None:
    """Have something happen after each question of a conversion."""

    class Reader(IsolatedReader):
        def ask(self, question: Any, *rest: Any) -> Any:
            yield from question.answer(lambda told: True)
            after()

    monkeypatch.setattr(converting, "IsolatedReader", Reader)


def test_a_file_that_is_swapped_meanwhile_is_not_kept(
    media: Media, film: LibraryFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.nice", lambda increment: None)  # of this process
    reader_that(monkeypatch, lambda: os.utime(film.place, (1, 1)))
    with pytest.raises(GoneError, match="has changed"):
        made(order_converted(media, film))
    assert list(media.workshop._cache.folder.iterdir()) == []


def test_what_may_go_better_is_told_apart(media: Media, film: LibraryFile, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(IsolatedReader):
        def ask(self, question: Any, *rest: Any) -> Any:
            from framecue.errors import VideoError

            raise VideoError(question.path, "the decoder was killed")

    monkeypatch.setattr(converting, "IsolatedReader", Killed)
    with pytest.raises(FramecueError, match=r"^film\.avi cannot be converted: the decoder was killed$") as caught:
        made(order_converted(media, film))
    assert not isinstance(caught.value, UnsupportedError)


@pytest.mark.isolated
def test_another_process_makes_it_and_leaves_nothing_else(media: Media, film: LibraryFile) -> None:
    order = order_converted(media, film, start_seconds=0.2, end_seconds=0.6)
    place = made(order)
    assert place is not None
    assert (order.media_type, order.reason) == ("video/mp4", "Browsers do not play AVI files and MPEG-4 part 2.")
    assert [path.name for path in place.parent.iterdir()] == [order.name]
    again = order_converted(media, film, start_seconds=0.2, end_seconds=0.6)
    assert again.found == place
