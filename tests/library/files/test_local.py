from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from framecue.library.files.exclude import Exclude
from framecue.library.files.interface import Files, FoundFile, as_list
from framecue.library.files.local import LOCAL_FILES, LocalFiles
from framecue.library.results import Skipped
from framecue.library.state import FileState
from framecue.paths import NOT_LOCAL

FILES: Files = LocalFiles()


def test_what_is_found_has_its_path_and_its_state(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.mp4", "words.txt", "deep/c.mp4", ".hidden.mp4"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(name.encode())
    found = list(FILES.find(tmp_path, suffixes={".mp4"}, exclude=Exclude(["deep"])))
    assert found == [
        (str(tmp_path), FoundFile(str(tmp_path / name), FileState.of((tmp_path / name).stat())))
        for name in ("a.mp4", "b.mp4")
    ]


@pytest.mark.parametrize("url", ["s3://bucket/a.mp4", "https://example.org/a.mp4", "file:///a.mp4"])
def test_a_url_is_refused_with_the_way_out_and_the_others_are_found(url: str, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    (first, refused), (_, found) = FILES.find([url, tmp_path / "a.mp4"], suffixes={".mp4"}, exclude=Exclude())
    assert (first, refused) == (url, Skipped(url, NOT_LOCAL))
    assert "copy it to a disk" in NOT_LOCAL
    assert isinstance(found, FoundFile)


def test_siblings_are_the_files_of_one_folder(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "below.srt").touch()
    (tmp_path / "a.srt").write_text("words")
    (tmp_path / "link.srt").symlink_to("a.srt")
    (tmp_path / "broken.srt").symlink_to("nowhere")
    state = FileState.of((tmp_path / "a.srt").stat())
    assert sorted(FILES.siblings(str(tmp_path))) == [
        (str(tmp_path / "a.srt"), state),
        (str(tmp_path / "link.srt"), state),
    ]
    assert list(FILES.siblings(str(tmp_path / "nowhere"))) == []
    assert list(FILES.siblings(str(tmp_path / "a.srt"))) == []


def test_state_open_and_hash_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content")
    os.utime(path, (1.5, 1.5))
    assert FILES.state(str(path)) == FileState(7, 1.5)
    with FILES.open(str(path)) as file:
        assert file.read() == b"content"
    assert FILES.content_hash(str(path)) == hashlib.blake2b(b"content", digest_size=20).hexdigest()
    for ask in (FILES.state, FILES.open, FILES.content_hash):
        with pytest.raises(FileNotFoundError):
            ask(str(tmp_path / "nowhere"))


def test_a_link_to_nothing_is_not_missing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to("nowhere")
    assert FILES.is_missing(str(tmp_path / "nowhere"))
    assert FILES.is_missing(str(tmp_path / "file" / "below"))
    assert not FILES.is_missing(str(tmp_path / "file"))
    assert not FILES.is_missing(str(tmp_path / "link"))
    assert not FILES.is_missing("name too long " * 1000)


def test_a_folder_whose_disk_may_be_away(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    assert [FILES.may_be_away(str(tmp_path / name)) for name in ("empty", "link", "full", "gone")] == [
        True,
        True,
        False,
        False,
    ]


def test_two_paths_of_one_file(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    (tmp_path / "b").touch()
    (tmp_path / "link").symlink_to("a")
    assert FILES.is_same(str(tmp_path / "a"), str(tmp_path / "link"))
    assert not FILES.is_same(str(tmp_path / "a"), str(tmp_path / "b"))
    assert not FILES.is_same(str(tmp_path / "a"), str(tmp_path / "gone"))


def test_there_is_one_for_all() -> None:
    assert isinstance(LOCAL_FILES, LocalFiles)


def test_one_path_is_a_list_of_one() -> None:
    assert as_list("a") == ["a"]
    assert as_list(Path("a")) == [Path("a")]
    assert as_list(("a", "b")) == ["a", "b"]
