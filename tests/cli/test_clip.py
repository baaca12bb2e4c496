"""``framecue clip``: a moment by its name, and one line about what was written."""

from __future__ import annotations

import io
import json
import os
import shutil
from pathlib import Path

import pytest

from framecue.library import Library
from framecue.video import probe
from support.beeps import record


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
    assert result.err == f"Error: {output}: exists already; name another file, or replace it (--force)\n"
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


def test_a_hit_is_wanted(run) -> None:
    result = run("clip")
    assert result.code == 2
    assert "no HIT is given: give PATH@START-END, or - to read hits" in result.err


@pytest.mark.parametrize(
    "hit",
    [
        ["{film}@0:01\u20130:02"],
        ["{film}@0:01 \u2013 0:02"],
        ["{film} 0:01\u20130:02"],
        ["0:01\u20130:02 {film}"],
        ["0:01.0-0:02.0   {film}"],
        ["    2   0.658   0:01.0\u20130:02.0   {film}"],
        ["{film}", "0:01\u20130:02"],
        ["0:01\u20130:02", "{film}"],
        ["{film}", "0:01-0:02"],
        ["{film}", "0:01\u20140:02"],
    ],
)
def test_what_the_table_shows_is_taken(run, film: Path, tmp_path: Path, hit: list[str]) -> None:
    result = run("clip", *(word.format(film=film) for word in hit), "-o", tmp_path / "out.mp4")
    assert (result.code, result.out) == (0, "")
    assert result.err.startswith(f"{tmp_path / 'out.mp4'}: {film}@0:01-0:0")


def test_several_hits_get_names_of_their_own(run, film: Path, tmp_path: Path, write_clip, monkeypatch) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "other").mkdir()
    other = write_clip(tmp_path / "other" / film.name, "blue", seconds=6)
    monkeypatch.chdir(tmp_path / "here")
    hits = [f"{film}@1-2", f"{other}@1-2", f"{film}@1-2", f"{film}@0:02-0:03.5"]
    for _ in range(2):
        assert run("clip", *hits).code == 0
    names = [f"film@home 0.01-0.02{again}.mp4" for again in ("", *(f" ({n})" for n in range(2, 7)))]
    names += ["film@home 0.02-0.03.5.mp4", "film@home 0.02-0.03.5 (2).mp4"]
    assert sorted(file.name for file in Path().iterdir()) == sorted(names)
    assert run("clip", *hits[:2], "--force").code == 0
    assert len(list(Path().iterdir())) == len(names)


@pytest.mark.parametrize("folder", ["there", "new/", "new"])
def test_a_folder_for_several(run, film: Path, tmp_path: Path, folder: str) -> None:
    (tmp_path / "there").mkdir()
    result = run("clip", f"{film}@1-2", f"{film}@2-3", "-o", f"{tmp_path}/{folder}")
    assert result.code == 0
    assert len(list((tmp_path / folder).iterdir())) == 2
    result = run("clip", f"{film}@1-2", f"{film}@2-3", "-o", tmp_path / "one.mp4")
    assert result.code == 2
    assert "--output is a file, and there are 2 moments; name a folder" in result.err


def test_a_bad_hit_costs_that_one_alone(run, film: Path, tmp_path: Path) -> None:
    hits = [f"{film}@1-2", "gone.mp4@1-2", f"{film}", f"{film}@99-100", f"{film}@2-3"]
    result = run("clip", *hits, "-o", f"{tmp_path}/made/", "--json")
    assert result.code == 0
    document = json.loads(result.out)
    assert len(document["clips"]) == 2
    assert document["skipped"][0]["hit"] == "gone.mp4@0:01-0:02"
    assert result.err.count("skipped ") == len(document["skipped"]) == 3
    result = run("clip", "gone.mp4@1-2", "gone.mp4@2-3", "-o", f"{tmp_path}/made/", "--json")
    assert (result.code, result.out) == (1, "")
    assert result.err.endswith("Error: none of the 2 moments could be cut out\n")


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("{film}@0:01-0:02\n{film}@0:02-0:03\n", []),
        ("{film}@0:01-0:02\r\n\r\n{film} 0:02\u20130:03", []),
        ("{film}@0:01-0:02\0{film}@0:02-0:03\0", ["-0"]),
        ('{{"query": "x", "hit": "{film}@0:01-0:02"}}\n{{"hit": "{film}@0:02-0:03"}}\n', []),
    ],
)
def test_hits_on_standard_input(run, film: Path, tmp_path: Path, monkeypatch, text: str, options: list[str]) -> None:
    data = io.TextIOWrapper(io.BytesIO(text.format(film=film).encode()))
    monkeypatch.setattr("sys.stdin", data)
    result = run("clip", "-", *options, "-o", f"{tmp_path}/made/", "--json")
    assert result.code == 0
    assert [clip["path"] for clip in json.loads(result.out)["clips"]] == [str(film)] * 2


def test_a_name_with_the_end_of_a_line_goes_with_zero_bytes(run, film: Path, tmp_path: Path, monkeypatch) -> None:
    odd = film.rename(tmp_path / "two\nlines\udcff.mp4")
    data = io.TextIOWrapper(io.BytesIO(os.fsencode(f"{odd}@0:01-0:02") + b"\0"))
    monkeypatch.setattr("sys.stdin", data)
    assert run("clip", "-", "-0", "-o", f"{tmp_path}/made/").code == 0
    (made,) = (tmp_path / "made").iterdir()
    assert made.name == "two\nlines_ 0.01-0.02.mp4"


@pytest.mark.parametrize(
    ("arguments", "text", "code", "says"),
    [
        (["-"], "", 1, "no hit came on standard input"),
        (["-"], "nothing\n", 1, "'nothing' names no moment"),
        (["-", "a.mp4@1-2"], "", 2, "- stands for all hits; leave out the others"),
        (["a.mp4@1-2", "-0"], "", 2, "--null is given without -"),
        (["a.mp4", "b.mp4"], "", 1, "none of the 2 moments could be cut out"),
        (["0:01-0:02"], "", 1, "'0:01-0:02' names no moment"),
        (["a.mp4@1-2", "-o", "s3://bucket/a.mp4"], "", 1, "s3://bucket/a.mp4: files in object stores"),
        (["s3://bucket/a.mp4@1-2"], "", 1, "s3://bucket/a.mp4: files in object stores"),
    ],
)
def test_no_hits(run, tmp_path: Path, monkeypatch, arguments: list[str], text: str, code: int, says: str) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
    result = run("clip", *arguments)
    assert (result.code, result.out) == (code, "")
    assert says in result.err
    assert not list(tmp_path.iterdir())


def test_a_video_of_the_library_is_never_replaced(run, clips: Path, tmp_path: Path, colour_model, monkeypatch) -> None:
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    before = (clips / "red.mp4").read_bytes()
    os.link(clips / "red.mp4", tmp_path / "hard.mp4")
    for named in (["--library", uri], []):
        monkeypatch.chdir(tmp_path)
        for output in (clips / "red.mp4", tmp_path / "hard.mp4"):
            result = run("clip", f"{clips}/green.mp4@0-1", "-o", output, "--force", *named)
            assert result.code == 1
            assert "is the video itself" in result.err
    assert (clips / "red.mp4").read_bytes() == before


@pytest.mark.parametrize("command", ["clip", "search --clip", "search --sheet"])
@pytest.mark.parametrize(
    "place", ["beside", "above", "one of two", "working folder", "environment", "default place", "behind a link"]
)
def test_a_video_of_any_library_at_hand_is_never_replaced(
    run, loader, clips: Path, tmp_path: Path, colour_model, monkeypatch, command: str, place: str
) -> None:
    """Whichever library holds it, and whichever the command would use."""
    videos, elsewhere = tmp_path / "home" / "videos" / "deep", tmp_path / "home" / "elsewhere"
    videos.mkdir(parents=True)
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.delenv("FRAMECUE_LIBRARY", raising=False)
    other = tmp_path / "other.lance"  # what a search needs to have a result
    Library(str(other), model=colour_model).add(clips / "green.mp4")
    video = videos / "red.mp4"
    shutil.copy(clips / "red.mp4", video)
    output = video
    library = {
        "above": videos.parent / "a.lance",
        "working folder": elsewhere / "a.lance",
        "environment": tmp_path / "a.lance",
        "default place": tmp_path / "data" / "framecue" / "library.lance",
    }.get(place, videos / "a.lance")
    Library(str(library), model=colour_model).add(video)
    if place == "one of two":
        shutil.copytree(library, videos / "b.lance")
    if place == "environment":
        monkeypatch.setenv("FRAMECUE_LIBRARY", str(library))
    if place == "behind a link":
        output = tmp_path / "link.mp4"
        output.symlink_to(video)
    monkeypatch.chdir(elsewhere)
    before = video.read_bytes()
    search = ("search", "green", "--library", other)
    result = run(
        *{
            "clip": ("clip", f"{clips}/green.mp4@0-1", "-o", output, "--force"),
            "search --clip": (*search, "--clip", 1, "-o", output, "--force"),
            "search --sheet": (*search, "--sheet", output, "--force"),
        }[command]
    )
    assert result.code == 1
    assert "is the video itself" in result.err
    assert video.read_bytes() == before


def test_a_library_that_cannot_be_read_may_hold_any_video(run, clips: Path, tmp_path: Path, colour_model) -> None:
    library = tmp_path / "a.lance"
    Library(str(library), model=colour_model).add(clips / "red.mp4")
    for file in library.rglob("*.manifest"):
        file.write_bytes(b"no manifest")
    output = tmp_path / "old.mp4"
    output.write_text("mine")
    result = run("clip", f"{clips}/green.mp4@0-1", "-o", output, "--force", "--library", library)
    assert result.code == 1
    assert "whether the output is an indexed video cannot be told" in result.err
    assert output.read_text() == "mine"


def test_what_has_no_sound_is_said(run, tmp_path: Path) -> None:
    film = tmp_path / "film.ts"
    silent = record(tmp_path / "a", (), seconds=2, file_format="mpegts", sounds=())
    loud = record(tmp_path / "b", (1.0,), seconds=2, file_format="mpegts")
    film.write_bytes(silent.read_bytes() + loud.read_bytes())
    result = run("clip", f"{film}@0.2-1.5", "-o", tmp_path / "out.mp4", "--json")
    assert result.err.endswith(
        ", encoded anew as its packets cannot be copied, without sound: a sound track (aac) has no sound there\n"
    )
    document = json.loads(result.out)
    assert (document["sound_tracks"], document["sound_left_out"]) == (0, ["a sound track (aac) has no sound there"])


def test_results_of_a_search_are_cut_out(run, loader, clips: Path, tmp_path: Path, colour_model, monkeypatch) -> None:
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    made = tmp_path / "made"
    made.mkdir()
    monkeypatch.chdir(made)
    result = run("search", "red", "--library", uri, "--clip", 1)
    assert result.code == 0
    assert [file.name.split()[0] for file in made.iterdir()] == ["red"]
    result = run("search", "red", "--library", uri, "--clip", 1, "--clip", 2, "-o", f"{tmp_path}/both/")
    assert result.code == 0
    assert len(list((tmp_path / "both").iterdir())) == 2
    result = run("search", "red", "--library", uri, "--clip", 1, "-o", clips / "green.mp4", "--force")
    assert result.code == 1
    assert "is the video itself" in result.err
    result = run("search", "red", "--library", uri, "--clip", 99)
    assert (result.code, result.err) == (1, "Error: there is no result 99 to cut out; shown: 1 to 4\n")
    assert run("search", "red", "--library", uri, "-o", "x.mp4").code == 2


@pytest.mark.isolated
def test_hits_flow_from_a_search_to_clips(run, loader, clips: Path, tmp_path: Path, colour_model, monkeypatch) -> None:
    uri = str(tmp_path / "videos.lance")
    Library(uri, model=colour_model).add(clips)
    hits = run("search", "red", "--library", uri, "--format", "hit", "-k", 2).out
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(hits.encode())))
    result = run("clip", "-", "-o", f"{tmp_path}/made/")
    assert result.code == 0
    assert len(list((tmp_path / "made").iterdir())) == 2
