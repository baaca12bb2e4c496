from __future__ import annotations

import os
from pathlib import Path

import pytest

from framecue.cli import prompt_history
from framecue.cli.prompt_history import history_file, open_history


def test_where_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FRAMECUE_HISTORY", raising=False)
    place = history_file()
    assert place is not None
    assert (place.is_absolute(), place.name) == (True, "search-history")
    assert "framecue" in str(place.parent).lower()
    monkeypatch.setenv("FRAMECUE_HISTORY", str(tmp_path / "h"))
    assert history_file() == tmp_path / "h"
    for off in ("", "off", "OFF", "0"):
        monkeypatch.setenv("FRAMECUE_HISTORY", off)
        assert history_file() is None


def lines_of(file: Path) -> list[str]:
    """What another prompt finds, the newest first."""
    return list(open_history(file, is_kept=lambda: True).load_history_strings())


def test_it_is_kept_between_runs_for_its_user_alone_and_only_what_is_wanted(tmp_path: Path) -> None:
    file = tmp_path / "state" / "h"
    wanted = [True]
    history = open_history(file, is_kept=lambda: wanted[0])
    history.append_string("a dog")
    wanted[0] = False
    history.append_string("a secret")
    wanted[0] = True
    history.append_string("ä cat")
    assert lines_of(file) == ["ä cat", "a dog"]
    assert history.get_strings() == ["a dog", "a secret", "ä cat"]
    if os.name == "posix":
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_the_newer_half_of_a_large_one_stays_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_history, "_MOST_BYTES", 2000)
    file = tmp_path / "h"
    history = open_history(file, is_kept=lambda: True)
    for number in range(100):
        history.append_string(f"query number {number}")
    size = file.stat().st_size
    assert size > 2000
    found = lines_of(file)
    assert found == [f"query number {number}" for number in range(99, 99 - len(found), -1)]
    assert 10 < len(found) < 30
    assert file.stat().st_size <= 1000
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600


def test_a_file_of_anything_is_none_the_less_read(tmp_path: Path) -> None:
    (tmp_path / "h").write_bytes(b"\n# \xff\n+a\xffb\nnonsense\n")
    assert len(lines_of(tmp_path / "h")) == 1
    with pytest.raises(OSError, match=r"."):
        open_history(tmp_path, is_kept=lambda: True)
