"""``framecue clip``: a moment by its name, and one line about what was written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from framecue.video import probe


@pytest.fixture
def film(tmp_path: Path, write_clip) -> Path:
    return write_clip(tmp_path / "film@home.mp4", "red", seconds=6)


def test_a_hit_is_cut_out(run, film: Path, tmp_path: Path) -> None:
    result = run("clip", f"{film}@0:01.5-0:03", "--output", tmp_path / "out.mp4")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"{tmp_path / 'out.mp4'}: {film}@0:01.5-0:03")
    assert result.err.endswith(", copied\n")
    assert probe(tmp_path / "out.mp4").duration_seconds == pytest.approx(1.5, abs=0.4)


def test_json_says_where_the_clip_really_starts(run, film: Path, tmp_path: Path) -> None:
    result = run("clip", f"{film}@1.5-3", "-o", tmp_path / "out.mkv", "--json")
    document = json.loads(result.out)
    assert document["start_seconds"] == 0.0
    assert document["end_seconds"] == pytest.approx(3.0, abs=0.4)
    assert {name: document[name] for name in ("output", "path", "copied")} == {
        "output": str(tmp_path / "out.mkv"),
        "path": str(film),
        "copied": True,
    }
    assert "starts 1.5 s early, at the keyframe before; --exact or an mp4 file starts at the moment" in result.err


def test_exact_and_force(run, film: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    output.write_text("old")
    result = run("clip", f"{film}@1.5-3", "-o", output, "--exact")
    assert result.code == 1
    assert (
        result.err == f"Error: {output}: exists already; name another file, or replace it (--force, overwrite=True)\n"
    )
    result = run("clip", f"{film}@1.5-3", "-o", output, "--exact", "--force")
    assert (result.code, result.err) == (0, f"{output}: {film}@0:01.5-0:03, encoded anew\n")
    assert probe(output).num_frames == 12


def test_a_home_folder_is_found(run, film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert run("clip", "~/film@home.mp4@1-2", "-o", "~/out.mp4").code == 0
    assert (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("hit", "output", "says"),
    [
        ("film.mp4", "out.mp4", "Error: 'film.mp4' names no moment: give PATH@START-END, for example"),
        ("gone.mp4@1-2", "out.mp4", "Error: gone.mp4: no such file\n"),
        ("{film}@1-2", "out.txt", "no kind of clip ends in '.txt'; known: .m4v, .mkv, .mov, .mp4, .webm\n"),
        ("{film}@7-9", "out.mp4", "the moment starts at 7.0 seconds, but the video lasts 6.000 seconds\n"),
    ],
)
def test_mistakes_are_one_line(run, film: Path, tmp_path: Path, hit: str, output: str, says: str) -> None:
    result = run("clip", hit.format(film=film), "-o", tmp_path / output)
    assert (result.code, result.out) == (1, "")
    assert says in result.err
    assert result.err.count("\n") == 1
    assert sorted(file.name for file in tmp_path.iterdir()) == [film.name]


def test_an_output_is_wanted(run, film: Path) -> None:
    result = run("clip", f"{film}@1-2")
    assert result.code == 2
    assert "Missing option '-o' / '--output'" in result.err
