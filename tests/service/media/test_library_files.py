"""From a hash to a file of the library, and to no other file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import AbsentError, GoneError
from framecue.service.media.library_files import content_of, file_of, open_library_file
from support.playing import OneFileLibrary

ID = OneFileLibrary.video_id


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"a film")
    return path


def opened_bytes(library: Any) -> bytes:
    _, opened = open_library_file(library, ID)
    with opened:
        return opened.read()


def test_the_file_of_a_content(film: Path) -> None:
    library: Any = OneFileLibrary(film)
    assert opened_bytes(library) == b"a film"
    file = file_of(library, ID)
    assert (file.name, file.path, file.place, file.state.size_bytes) == ("film.mp4", str(film), film, 6)
    file.check_unchanged()
    assert content_of(library, ID) is file.content


@pytest.mark.parametrize("video_id", ["", "cd" * 16, "../film.mp4", "/etc/passwd", "\0", "%2e%2e"])
def test_what_is_no_hash_of_a_content_names_nothing(film: Path, video_id: str) -> None:
    library: Any = OneFileLibrary(film)
    with pytest.raises(AbsentError, match="the library holds no video with this id") as caught:
        open_library_file(library, video_id)
    assert not isinstance(caught.value, GoneError)


def test_of_several_files_the_first_that_is_there(film: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(b"a copy")
    library: Any = OneFileLibrary(film, copy)
    assert opened_bytes(library) == b"a film"
    film.unlink()
    assert opened_bytes(library) == b"a copy"
    copy.unlink()
    with pytest.raises(GoneError, match=r"^film\.mp4 is no longer where it was indexed; put it back, or index"):
        open_library_file(library, ID)


def test_what_has_changed_is_not_given(film: Path, tmp_path: Path) -> None:
    library: Any = OneFileLibrary(film)
    file = file_of(library, ID)
    os.utime(film, (1, 1))
    for look in (lambda: open_library_file(library, ID), file.check_unchanged):
        with pytest.raises(GoneError, match=r"^film\.mp4 has changed since it was indexed; index its folder again$"):
            look()


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
def test_what_has_taken_its_place_is_not_given(film: Path, tmp_path: Path) -> None:
    library: Any = OneFileLibrary(film)
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")  # as many bytes
    for take in (
        lambda: film.symlink_to(secret),
        lambda: film.mkdir(),
        lambda: os.mkfifo(film),
        lambda: film.symlink_to("/dev/zero"),
        lambda: film.symlink_to(film),
    ):
        if film.is_dir() and not film.is_symlink():
            film.rmdir()
        else:
            film.unlink()
        take()
        with pytest.raises(GoneError):
            open_library_file(library, ID)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_has_words(film: Path) -> None:
    library: Any = OneFileLibrary(film)
    film.chmod(0)
    with pytest.raises(GoneError, match="cannot be read"):
        open_library_file(library, ID)
