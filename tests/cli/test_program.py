from __future__ import annotations

import shlex
import stat
import sys
from pathlib import Path

import pytest

from framecue.cli.program import program


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An executable `framecue` in an environment that is not activated."""
    script = tmp_path / "my env" / "bin" / "framecue"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path / "other"))
    monkeypatch.chdir(tmp_path)
    return script


def test_the_path_that_was_typed_where_framecue_is_not_on_path(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in (str(script), "my env/bin/framecue", "./my env/bin/framecue"):
        monkeypatch.setattr(sys, "argv", [typed, "demo"])
        assert shlex.split(program()) == [typed]


def test_the_name_where_it_is_on_path(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(script.parent))
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    assert program() == "framecue"


def test_another_one_on_path_is_not_taken_for_it(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other" / "framecue"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    assert shlex.split(program()) == [str(script)]


def test_as_a_module_and_from_python(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/site-packages/framecue/__main__.py", "demo"])
    assert shlex.split(program()) == [sys.executable, "-m", "framecue"]
    monkeypatch.setattr(sys, "argv", ["/usr/bin/pytest"])
    assert program() == "framecue"
