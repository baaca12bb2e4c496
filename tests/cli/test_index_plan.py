from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from framecue.cli import index_plan, index_speed
from framecue.cli.index_plan import measure
from framecue.errors import VideoError
from framecue.library import Library, Unit
from framecue.library.state import FileState
from framecue.library.store import Store


@pytest.fixture(autouse=True)
def readers_of_this_process_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Starting a process for each test would take long; what it does is tested elsewhere."""
    from framecue.video import PlainFrameSource

    class Source(PlainFrameSource):
        def __init__(self, **_: Any) -> None: ...

        def __enter__(self) -> Source:
            return self

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr("framecue.video.IsolatedFrameSource", Source)
    monkeypatch.setattr(index_speed, "_place", lambda: tmp_path / "state" / "speeds.json")


def everything(folder: Path) -> dict[str, int]:
    """All files below a folder, with when they were written."""
    return {str(path): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


def test_a_new_library(run, loader, tmp_path: Path, clips: Path) -> None:
    (clips / "text.mp4").write_text("not a video " * 100)
    before = everything(tmp_path)
    result = run(
        "index", clips, tmp_path / "none.mp4", "--library", tmp_path / "l.lance", "--model", "openai/clip", "--dry-run"
    )
    assert (result.code, everything(tmp_path), loader.asked) == (0, before, [])
    lines = result.out.splitlines()
    assert lines[0] == f"library  {tmp_path / 'l.lance'}"
    assert lines[1] == "files    5 new, 0 changed, 0 unchanged"
    assert lines[2].startswith("to read  0:05 of video in 5 files, ")
    assert lines[3].startswith(
        "time     not known yet: no run of a minute of video or more with openai/clip was measured"
    )
    assert lines[4:] == ["nothing was written"]
    assert [line.partition(": /")[0] for line in result.err.splitlines()] == ["would be skipped"] * 2


def test_names_that_the_run_would_teach_again(run, taught_library: str, clips: Path) -> None:
    assert run("teach", "Rex", "--like", clips / "green.mp4", "--library", taught_library).code == 0
    assert not any(
        line.startswith("names") for line in run("index", clips, "-l", taught_library, "--dry-run").out.splitlines()
    )
    store = Store.open(taught_library)
    # As a run leaves it that has made the library anew with another model and was killed at its end.
    store.names.write(replace(store.names.read()[0], made_for="another"))
    result = run("index", clips, "--library", taught_library, "--dry-run")
    assert result.out.splitlines()[-2] == "names    to be taught again to the library's model: Rex"
    document = json.loads(run("index", clips, "--library", taught_library, "--dry-run", "--json").out)
    assert document["names"] == ["Rex"]
    assert not Library(taught_library).taught_names()[0].fits


def test_what_has_changed_is_gone_or_could_not_be_read(run, loader, tmp_path: Path, clips: Path, write_clip) -> None:
    (clips / "text.mp4").write_text("not a video " * 100)
    uri = str(tmp_path / "l.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    (clips / "green.mp4").unlink()
    write_clip(clips / "red.mp4", "white", seconds=3)
    write_clip(clips / "new.mp4", "black", seconds=2)
    index_speed.record_speed("clip", 100.0, 10.0)
    before = everything(Path(uri))
    document = json.loads(run("index", clips, "--library", uri, "--dry-run", "--json").out)
    assert everything(Path(uri)) == before
    wanted = {"new": 1, "changed": 1, "unchanged": 2, "gone": 1, "is_gone_taken_out": False, "files_looked_into": 2}
    assert {name: document[name] for name in wanted} == wanted
    assert document["video_seconds"] == pytest.approx(5, abs=0.2)
    assert document["bytes"] == sum((clips / name).stat().st_size for name in ("red.mp4", "new.mp4"))
    assert document["estimated_seconds"] == pytest.approx(document["video_seconds"] / 10)
    assert document["measured_speed"] == {"video_seconds_per_second": 10, "runs": 1}
    assert [Path(item["path"]).name for item in document["still_unreadable"]] == ["text.mp4"]
    out = run("index", clips, "--library", uri, "--dry-run", "--prune").out.splitlines()
    assert out[1] == "files    1 new, 1 changed, 2 unchanged, 1 gone (taken out), 1 that could not be read before"
    assert out[3] == "time     about 0:00, as fast as the last 1 run here with clip: 10 seconds of video a second"
    # What was measured is how fast pictures are encoded, whatever else is to be done.
    out = run("index", clips, "--library", uri, "--dry-run", "--words-from", "subtitles").out.splitlines()
    assert out[3].endswith(": 10 seconds of video a second; looking for words comes on top")


def test_subtitles_that_have_changed(run, loader, tmp_path: Path, clips: Path) -> None:
    uri = str(tmp_path / "l.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    (clips / "red.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\na rose\n")
    assert json.loads(run("index", clips, "--library", uri, "--dry-run", "--json").out)["subtitles_changed"] == 1
    out = run("index", clips, "--library", uri, "--dry-run").out.splitlines()
    assert out[1] == "files    0 new, 0 changed, 4 unchanged, subtitles of 1 file to be updated"
    assert not any(line.startswith("words") for line in out)  # nobody has asked for them
    out = run("index", clips, "--library", uri, "--dry-run", "--words-from", "subtitles").out.splitlines()
    assert "words    to be looked for by sidecars in 1 file, by subtitles in 4 files" in out


def test_a_run_notes_its_speed_which_the_next_plan_tells(run, loader, tmp_path: Path, clips: Path, monkeypatch) -> None:
    monkeypatch.setattr(index_speed, "_FEWEST_VIDEO_SECONDS", 1.0)
    uri = str(tmp_path / "l.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    speed = index_speed.measured_speed("clip")
    assert speed is not None
    assert speed.video_seconds_per_second > 0
    out = run("index", clips, "--library", uri, "--dry-run").out
    assert "time     nothing is to be encoded\n" in out
    assert Library(uri).info().num_videos == 4


@pytest.mark.parametrize(
    ("other", "says"), [("--watch", "--dry-run and --watch"), ("--again", "--dry-run and --again")]
)
def test_what_does_not_go_with_it(run, clips: Path, other: str, says: str) -> None:
    result = run("index", clips, "--dry-run", other, "--model", "clip")
    assert (result.code, says in result.err) == (2, True)


def test_of_many_files_some_are_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_plan, "MOST_LOOKED_INTO", 4)
    units = [Unit(f"/{number}.mp4", FileState(1000 * (1 + number % 2), 0.0)) for number in range(12)]
    looked: list[str] = []

    def duration_of(path: str) -> float:
        looked.append(path)
        if path == "/3.mp4":
            raise VideoError(path, "broken")
        return 10.0

    extent = measure(units, duration_of, progress=lambda done, total: None)
    assert looked == ["/0.mp4", "/3.mp4", "/6.mp4", "/9.mp4"]
    assert (extent.size_bytes, extent.num_looked_into) == (18_000, 4)
    assert extent.video_seconds == pytest.approx(30.0 * 18_000 / 6_000)
    assert [item.path for item in extent.unreadable] == ["/3.mp4"]
    assert measure([], duration_of, progress=lambda done, total: None).video_seconds == 0


@pytest.mark.parametrize("option", ["--model", "--sentence-model"])
@pytest.mark.parametrize("name", ["no-such", "{tmp_path}/none", "{tmp_path}"])
def test_a_model_that_is_nowhere_is_refused_as_by_the_run_itself(
    run, tmp_path: Path, clips: Path, option: str, name: str
) -> None:
    if (option, name) == ("--model", "{tmp_path}"):
        pytest.skip("what a folder holds is looked at when it is loaded")
    name = name.format(tmp_path=tmp_path)
    asked = ("index", clips, "--library", tmp_path / "l.lance", option, name)
    told = run(*asked, "--dry-run")
    assert (told.code, told.out) == (1, "")
    assert told.err.startswith(f"Error: {name}: ")
    assert told == run(*asked, *(("--model", "moji-clip") if option != "--model" else ()))
