from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from framecue.cli.main import framecue


def completed(*words: str, begun: str = "") -> list[str]:
    return [item.value for item in ShellComplete(framecue, {}, "framecue", "_X").get_completions([*words], begun)]


@pytest.fixture
def uri(run, taught_library: str, clips: Path) -> str:
    for name, colour in (("Rex", "green"), ("Max", "red")):
        assert run("teach", name, "--like", clips / f"{colour}.mp4", "--library", taught_library).code == 0
    return taught_library


def test_names_are_completed(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = ("--library", uri)
    assert completed("names", "forget", *place) == ["Max", "Rex"]
    assert completed("names", "rename", *place, begun="r") == ["Rex"]
    assert completed("teach", *place, begun="m") == ["Max"]
    assert completed("names", "rename", "Rex", *place) == []
    monkeypatch.setenv("FRAMECUE_LIBRARY", uri)
    assert completed("names", "forget") == ["Max", "Rex"]


def test_nothing_is_said_where_there_is_no_library(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert completed("names", "forget", "--library", str(tmp_path / "none.lance")) == []
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert completed("names", "forget") == []
    assert capsys.readouterr() == ("", "")


def test_commands_are_completed() -> None:
    assert completed(begun="te") == ["teach"]
    assert completed("names", begun="f") == ["forget"]
