"""``framecue search --export``: results become files, or one line says why they do not."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest

from framecue.timelines import export
from framecue.timelines.formats import TIMELINE_FORMATS, format_for
from framecue.video import read_timebase


class ReaderOfThisProcess:
    """Stands in for an IsolatedReader, as starting another process for each test would take long."""

    def __enter__(self) -> ReaderOfThisProcess:
        return self

    def __exit__(self, *error: object) -> None:
        """Leave nothing behind."""

    timebase = staticmethod(read_timebase)


@pytest.fixture(autouse=True)
def reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "IsolatedReader", ReaderOfThisProcess)


@pytest.fixture
def uri(run, loader, tmp_path: Path, clips: Path) -> str:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    loader.asked.clear()
    return uri


def test_a_table_of_the_results(run, uri: str, clips: Path, tmp_path: Path) -> None:
    path = tmp_path / "hits.csv"
    result = run("search", "green", "--library", uri, "-k", "2", "--export", path)
    assert (result.code, result.err) == (0, f"exported 2 results to {path}\n")
    first, second = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    assert (first["query"], first["rank"], first["path"]) == ("green", "1", str(clips / "green.mp4"))
    assert (first["start_timecode"], second["rank"]) == ("00:00:00:00", "2")
    assert "green.mp4" in result.out


@pytest.mark.parametrize("suffix", ["otio", "edl"])
def test_a_timeline_is_read_back(run, uri: str, clips: Path, tmp_path: Path, suffix: str) -> None:
    otio = pytest.importorskip("opentimelineio", reason='timelines need the extra: pip install "framecue[timelines]"')
    path = tmp_path / f"hits.{suffix}"
    assert run("search", "green", "--library", uri, "-k", "3", "--export", path).code == 0
    # The clips have 8 frames a second, and no EDL has.
    options = {"rate": 24} if suffix == "edl" else {}
    found = list(otio.adapters.read_from_file(str(path), **options).find_clips())
    assert found[0].name == "green.mp4"
    assert found[0].media_reference.target_url == (clips / "green.mp4").as_uri()
    assert len(found) == 3


def test_several_files_and_the_json_document(run, uri: str, tmp_path: Path) -> None:
    table, playlist = tmp_path / "hits.csv", tmp_path / "hits.m3u"
    options = ("search", "green", "--library", uri, "--path", "green*", "--export", table, "--export", playlist)
    document = json.loads(run(*options, "--json").out)
    assert document.keys() == {"query", "fits", "results", "exported"}
    assert document["exported"] == [str(table), str(playlist)]
    result = run(*options)
    assert (result.code, result.err) == (
        1,
        f"Error: {table}: exists already; name another file, or replace it (--force)\n",
    )
    assert run(*options, "--force").code == 0


def test_several_queries_stand_one_after_the_other(run, uri: str, tmp_path: Path) -> None:
    queries, path = tmp_path / "queries.txt", tmp_path / "hits.csv"
    queries.write_text("red\nblue\n")
    document = json.loads(
        run("search", "--queries", queries, "--library", uri, "-k", "1", "--export", path, "--json").out
    )
    assert document.keys() == {"searches", "exported"}
    rows = csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines())
    assert [(row["query"], row["name"]) for row in rows] == [("red", "red.mp4"), ("blue", "blue.mp4")]


def test_subtitles_of_several_videos(run, uri: str, tmp_path: Path) -> None:
    result = run("search", "red", "--library", uri, "-k", "2", "--path", "*e*", "--export", tmp_path / "hits.srt")
    first, second = result.err.splitlines()
    assert first == "SubRip subtitles are of one video each, so there is a file for each of 2"
    assert second.startswith(f"exported 2 results to {tmp_path / 'hits.red.srt'}, ")
    assert len(list(tmp_path.glob("hits.*.srt"))) == 2


def test_nothing_found_is_no_file(run, uri: str, tmp_path: Path) -> None:
    path = tmp_path / "hits.otio"
    options = ("search", "red", "--library", uri, "--path", "none", "--export", path)
    result = run(*options)
    assert result.code == 0
    assert "nothing is exported, as nothing was found" in result.err.splitlines()
    assert json.loads(run(*options, "--json").out)["exported"] == []
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("hits.fcpxml", "hits are not exported to a file of this kind; end its name in one of .otio, .edl, .csv"),
        ("hits", "hits are not exported to a file of this kind"),
        ("no/such/hits.csv", "cannot be written (No such file or directory)"),
    ],
)
def test_what_cannot_be_written_is_said_before_the_model_is_loaded(
    run, loader, uri: str, tmp_path: Path, name: str, message: str
) -> None:
    result = run("search", "red", "--library", uri, "--export", tmp_path / name)
    assert (result.code, result.out) == (1, "")
    assert f"{tmp_path / name}: {message}" in result.err
    assert loader.asked == []


def test_no_file_is_named_twice_and_nothing_to_search_for_is_an_error(run, uri: str, tmp_path: Path) -> None:
    path = tmp_path / "hits.csv"
    result = run("search", "red", "--library", uri, "--export", path, "--export", path)
    assert (result.code, "twice; name each file once" in result.err) == (2, True)
    assert run("search", "--library", uri, "--export", path).code == 2


def test_an_indexed_video_is_never_replaced(run, uri: str, clips: Path) -> None:
    table = clips / "hits.csv"
    table.hardlink_to(clips / "red.mp4")
    result = run("search", "red", "--library", uri, "--export", table, "--force")
    assert result.code == 1
    assert "is the video itself" in result.err


def test_the_help_names_every_format(run) -> None:
    told = run("search", "--help").out
    assert all(f".{name}" in told for name in TIMELINE_FORMATS.built_in if name != "m3u8")


def test_formats_are_told_without_what_writes_them() -> None:
    script = (
        "import sys\nfrom framecue.timelines.formats import format_for\nformat_for('csv')\n"
        "heavy = {'av', 'numpy', 'opentimelineio', 'lancedb'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
    assert format_for("hits.csv").title == "a table"
