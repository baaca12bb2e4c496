"""``framecue mcp-config``; the forms are tested in tests/service/mcp/test_config.py."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from framecue.service.mcp.config import CLIENTS


@pytest.mark.parametrize("client", CLIENTS)
def test_settings_are_printed_and_where_they_go_is_told(run, tmp_path: Path, client: str) -> None:
    result = run("mcp-config", "--client", client, "--library", str(tmp_path / "a film's.lance"), "--name", "films")
    assert result.code == 0
    (servers,) = json.loads(result.out).values()
    assert servers["films"]["args"][-1] == str(tmp_path / "a film's.lance")
    assert CLIENTS[client].title in result.err
    assert not (tmp_path / "a film's.lance").exists()


def test_the_library_of_the_environment_may_have_spaces(run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FRAMECUE_LIBRARY", str(tmp_path / "my own films.lance"))
    document = json.loads(run("mcp-config", "--json").out)
    assert document["command"][-2:] == ["--library", str(tmp_path / "my own films.lance")]


def test_several_libraries_in_their_order(run) -> None:
    document = json.loads(run("mcp-config", "-l", "s3://b/one.lance", "-l", "s3://b/two.lance", "--json").out)
    assert document["command"][-4:] == ["--library", "s3://b/one.lance", "--library", "s3://b/two.lance"]


def test_an_empty_name_is_refused(run) -> None:
    assert run("mcp-config", "--name", " ", "--library", "a.lance").code == 2


def test_a_missing_extra_is_told_and_the_settings_are_printed(run, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "mcp" else find(name, *rest))
    result = run("mcp-config", "--library", "a.lance")
    assert result.code == 0
    assert "pip install 'framecue[mcp]'" in result.err
    assert "mcpServers" in json.loads(result.out)


def test_an_assistant_that_may_teach_is_started_so(run) -> None:
    document = json.loads(run("mcp-config", "-l", "s3://b/one.lance", "--allow-teach", "--json").out)
    assert document["command"][-3:] == ["--library", "s3://b/one.lance", "--allow-teach"]
    assert document["config"]["mcpServers"]["framecue"]["args"][-1] == "--allow-teach"
