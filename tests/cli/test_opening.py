from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from framecue.cli.opening import PLAYERS, open_hit, player_command
from framecue.errors import FramecueError
from framecue.library import Hit

pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs are scripts here")


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The only programs there are, in a folder; each notes its arguments, one a line, and ends with a code."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv("FRAMECUE_PLAYER", raising=False)

    def install(name: str, code: int = 0) -> Path:
        file = folder / name
        note = f"for word; do echo \"$word\"; done > '{tmp_path}/opened'"
        file.write_text(f"#!/bin/sh\n{note}\nexit {code}\n")
        file.chmod(0o755)
        return file

    return install


def opened(tmp_path: Path) -> list[str]:
    return (tmp_path / "opened").read_text().splitlines()


def hits_of(*paths: Path, first: int = 1, start_seconds: float = 61.5) -> list[Hit]:
    return [
        Hit(rank, str(path), start_seconds, 66.0, 0.5, video_id="x", duration_seconds=99.0)
        for rank, path in enumerate(paths, start=first)
    ]


@pytest.fixture
def video(tmp_path: Path) -> Path:
    file = tmp_path / "it's; $(touch hacked) `touch hacked` & -x.mp4"
    file.write_bytes(b"x")
    return file


@pytest.mark.parametrize(
    ("player", "arguments"),
    [
        ("mpv", ["--start=61.500"]),
        ("vlc", ["--start-time=61.500"]),
        ("celluloid", ["--mpv-start=61.500"]),
        ("iina", ["--mpv-start=61.500"]),
        ("mplayer", ["-ss", "61.500"]),
        ("ffplay", ["-ss", "61.500"]),
        ("another", []),
    ],
)
def test_a_named_player_begins_at_the_moment_if_it_is_known(
    programs, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch, player: str, arguments: list[str]
) -> None:
    programs(player)
    monkeypatch.setenv("FRAMECUE_PLAYER", f"{player} --fullscreen")
    open_hit(hits_of(video), 1)
    assert opened(tmp_path) == ["--fullscreen", *arguments, str(video)]
    assert not list(tmp_path.rglob("hacked"))


def test_every_known_player_is_tested() -> None:
    mark = next(mark for mark in globals()[_NAMED].pytestmark if mark.name == "parametrize")
    assert {player for player, _ in mark.args[1]} == {*PLAYERS, "another"}


_NAMED = "test_a_named_player_begins_at_the_moment_if_it_is_known"


def test_the_first_known_player_is_taken_then_what_the_system_has(
    programs, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("framecue.cli.opening._OPENERS", ("xdg-open",))
    with pytest.raises(FramecueError, match="no player to open it with; install mpv or VLC"):
        player_command(str(video), 1.0)
    xdg = programs("xdg-open")
    programs("ffplay")
    assert player_command(str(video), 1.0) == [str(xdg), str(video)]
    vlc = programs("vlc")
    assert player_command(str(video), 1.0) == [str(vlc), "--start-time=1.000", str(video)]
    mpv = programs("mpv")
    assert player_command(str(video), 0.0) == [str(mpv), str(video)]
    # Pictures are not for players.
    assert player_command("/a/x.JPG", 0.0) == [str(xdg), "/a/x.JPG"]


def test_a_player_may_lie_anywhere(programs, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "my programs"
    folder.mkdir()
    player = programs("mpv").rename(folder / "mpv")
    monkeypatch.setenv("FRAMECUE_PLAYER", str(player))
    open_hit(hits_of(video), 1)
    assert opened(tmp_path) == ["--start=61.500", str(video)]


@pytest.mark.parametrize(
    ("player", "says"),
    [
        ("none --x", "FRAMECUE_PLAYER is 'none --x', and there is no program none"),
        ("'mpv", "which is no command: No closing quotation"),
        ("failing", "failing ended with code 3"),
        ("broken", "cannot be opened with"),
    ],
)
def test_what_cannot_be_played_is_one_clear_line(
    programs, video: Path, monkeypatch: pytest.MonkeyPatch, player: str, says: str
) -> None:
    programs("failing", code=3)
    programs("broken").write_text("#!/no/such/shell\n")
    monkeypatch.setenv("FRAMECUE_PLAYER", player)
    with pytest.raises(FramecueError, match=says):
        open_hit(hits_of(video), 1)


def test_results_are_named_by_their_ranks(programs, tmp_path: Path, video: Path) -> None:
    programs("mpv")
    other = tmp_path / "other.mp4"
    other.write_bytes(b"x")
    hits = hits_of(video, other, first=11)
    open_hit(hits, 12)
    assert opened(tmp_path)[-1] == str(other)
    for rank in (1, 10, 13):
        with pytest.raises(FramecueError, match=f"there is no result {rank} to open; shown: 11 to 12"):
            open_hit(hits, rank)
    with pytest.raises(FramecueError, match=r"shown: 1$"):
        open_hit(hits_of(video), 2)
    other.unlink()
    with pytest.raises(FramecueError, match=r"other\.mp4: no such file"):
        open_hit(hits, 12)


def test_an_object_in_a_store_is_not_for_players(programs, tmp_path: Path) -> None:
    programs("mpv")
    with pytest.raises(FramecueError, match=r"s3://bucket/a\.mp4: it lies in an object store, .* `framecue clip`"):
        open_hit([replace(hits_of(tmp_path)[0], path="s3://bucket/a.mp4")], 1)
    assert not (tmp_path / "opened").exists()


def test_a_player_plays_on(programs, tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("framecue.cli.opening._START_SECONDS", 0.05)
    player = programs("mpv")
    player.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(2)\n")
    open_hit(hits_of(video), 1)


def test_the_command(run, loader, programs, tmp_path: Path, clips: Path) -> None:
    programs("mpv")
    uri = tmp_path / "l.lance"
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    result = run("search", "red", "--library", uri, "--open", 1, "--format", "path", "-k", 1)
    assert (result.code, result.out) == (0, f"{clips / 'red.mp4'}\n")
    assert result.err.endswith("red.mp4 at 0:00 with mpv\n")
    assert opened(tmp_path) == [str(clips / "red.mp4")]
    result = run("search", "red", "--library", uri, "--open", 7)
    assert (result.code, result.err) == (1, "Error: there is no result 7 to open; shown: 1 to 4\n")
    assert "red.mp4" in result.out
    assert run("search", "red", "--library", uri, "--open", 1, "--path", "none").code == 0
