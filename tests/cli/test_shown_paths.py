from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from framecue.cli.shown_paths import fold_middle, name_bytes, shown_path


def test_the_shorter_of_relative_and_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "a" / "b"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    for path, shown in (
        (here / "x.mp4", "x.mp4"),
        (here / "c" / "x.mp4", "c/x.mp4"),
        (here.parent / "x.mp4", "../x.mp4"),
        (here / "-x.mp4", "./-x.mp4"),
        (here / "~x.mp4", "./~x.mp4"),
        (here, str(here)),
        (Path("/x.mp4"), "/x.mp4"),
    ):
        assert shown_path(str(path)) == shown
    here.rmdir()
    assert shown_path(str(here / "x.mp4")) == str(here / "x.mp4")


def test_a_url_is_shown_as_it_is() -> None:
    assert shown_path("s3://bucket/a b.mp4") == "s3://bucket/a b.mp4"


def test_the_end_counts_more_when_a_path_is_folded() -> None:
    path = "/media/disk/videos/2024/summer/holiday in the mountains.mp4"
    assert fold_middle(path, 100) == path
    assert fold_middle(path, 50) == "/media/disk/videos/2…/holiday in the mountains.mp4"
    assert fold_middle(path, 34) == "/media…oliday in the mountains.mp4"
    assert fold_middle(path, 12) == "…untains.mp4"
    assert fold_middle("/v/" + "日本" * 20 + ".mp4", 21) == "/v/日…本日本日本.mp4"
    # An accent is not parted from its letter.
    assert fold_middle("/v/" + "e\u0301" * 40, 9) == "…" + "e\u0301" * 8


@given(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))), st.integers(0, 60))
def test_a_folded_text_fits_and_keeps_its_end(text: str, cells: int) -> None:
    folded = fold_middle(text, cells)
    assert cell_len(folded) <= cells or cell_len(text) == 0
    if cell_len(text) <= cells:
        assert folded == text
    elif cells:
        head, _, tail = folded.rpartition("…")
        assert text.startswith(head)
        assert text.endswith(tail)


def test_bytes_of_names() -> None:
    for path in ("/a/日本.mp4", "/a/caf\udce9.mp4"):
        assert name_bytes(path) == path.encode("utf-8", "surrogateescape")


def test_bytes_of_names_in_a_locale_that_lacks_their_letters(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.fsencode", lambda path: path.encode("ascii", "surrogateescape"))
    assert name_bytes("/a/日本 caf\udce9.mp4") == "/a/日本 caf\udce9.mp4".encode("utf-8", "surrogateescape")
