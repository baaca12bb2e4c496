from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.service.mcp.config import CLIENTS, config_for, server_command


def entry_of(client: str, **environment: str) -> dict[str, object]:
    """The one server in what is printed for an assistant."""
    ((_, servers),) = config_for(client, "films", ["a.lance"], environment=environment).items()
    assert isinstance(servers, dict)
    ((name, entry),) = servers.items()
    assert name == "films"
    assert isinstance(entry, dict)
    return entry


@pytest.mark.parametrize("client", CLIENTS)
def test_every_path_is_absolute(client: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    entry = entry_of(client)
    assert Path(str(entry["command"])).is_absolute()
    arguments = entry["args"]
    assert isinstance(arguments, list)
    assert arguments[-2:] == ["--library", str(tmp_path / "a.lance")]


def test_each_assistant_has_its_own_form() -> None:
    sections = {name: next(iter(config_for(name, "f", ["a"], environment={}))) for name in CLIENTS}
    assert sections["claude-desktop"] == sections["claude-code"] == sections["cursor"] == "mcpServers"
    assert (sections["vs-code"], sections["zed"]) == ("servers", "context_servers")
    assert entry_of("vs-code")["type"] == "stdio"
    assert "type" not in entry_of("claude-desktop")


def test_variables_that_say_where_things_are_go_along_and_no_others() -> None:
    assert entry_of("cursor", FRAMECUE_CACHE="/c", HF_HOME="/h", HF_HUB_OFFLINE="", SECRET="s")["env"] == {
        "FRAMECUE_CACHE": "/c",
        "HF_HOME": "/h",
    }
    assert "env" not in entry_of("cursor", SECRET="s")


def test_places_in_object_stores_stay_as_they_are() -> None:
    words = server_command(["s3://bucket/a.lance", "~/b.lance"])
    assert words[words.index("mcp") :] == [
        *("mcp", "--library", "s3://bucket/a.lance"),
        *("--library", str(Path("~/b.lance").expanduser())),
    ]


def test_the_environments_own_program_is_taken(tmp_path: Path) -> None:
    program = tmp_path / "framecue"
    program.touch()
    assert server_command([], programs=str(tmp_path)) == [str(program), "mcp"]


def test_without_a_program_no_module_of_the_folder_it_is_started_in_is_run(tmp_path: Path) -> None:
    """A project may have files that are named like modules of ours."""
    words = server_command([], programs=str(tmp_path / "nothing"))
    assert Path(words[0]).samefile(sys.executable)
    (tmp_path / "framecue.py").write_text("print('run from the project')")
    (tmp_path / "click.py").write_text("print('run from the project')")
    variables = {**os.environ, "PYTHONPATH": os.environ.get("PYTHONPATH", "")}
    done = subprocess.run([*words, "--help"], cwd=tmp_path, env=variables, capture_output=True, text=True)
    assert "run from the project" not in done.stdout + done.stderr
