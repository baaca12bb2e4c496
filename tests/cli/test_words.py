"""Asking for words, being told of them, and writing them out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.errors import InputError, VideoError
from framecue.library.indexing.passages_run import make_passages
from framecue.library.store import Store
from framecue.words.sentences import DEFAULT_SENTENCE_MODEL
from framecue.words.sources import WORD_SOURCES
from framecue.words.timed_text import WRITTEN
from support.scripted_words import Spoken
from support.sentences import IdeaEncoder


@pytest.fixture(autouse=True)
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, Spoken]:
    made = {name: Spoken(name, kind) for name, kind in (("speech", "said"), ("subtitles", "said"), ("screen", WRITTEN))}
    for name, source in made.items():
        monkeypatch.setitem(WORD_SOURCES.built_in, name, source)  # type: ignore[arg-type]
    return made


@pytest.fixture
def uri(tmp_path: Path) -> Path:
    return tmp_path / "videos.lance"


@pytest.fixture
def index(run, loader, uri: Path, clips: Path) -> Callable[..., object]:
    def index(*options: object) -> object:
        return run("index", clips, "--library", uri, "--model", "openai/clip", *options)

    return index


def test_a_run_tells_what_words_it_has_found(index, run, uri: Path, clips: Path, sources: dict[str, Spoken]) -> None:
    sources["speech"].damaged["green.mp4"] = VideoError(clips / "green.mp4", "its sound is damaged", cause="content")
    result = index("--speech", "--screen-text")
    assert result.code == 0
    assert f"not all words of {clips / 'green.mp4'} by speech: its sound is damaged" in result.err
    assert (
        "said (speech: usual): 7 lines, looked for in 4 files, of which 1 could not be done, or not all of it"
        in result.err
    )
    assert "written (screen: usual): 8 lines, looked for in 4 files" in result.err
    info = run("info", uri)
    assert "8 lines, looked for in 4 files; usual" in info.out
    assert "its sound is damaged" not in info.out
    assert "its sound is damaged" in run("info", uri, "--files").out
    document = json.loads(run("info", uri, "--json").out)
    assert [each["source"] for each in document["words"]] == ["screen", "speech", "subtitles"]
    assert document["words"][1] == {
        "source": "speech",
        "kind": "said",
        "model": "usual",
        "language": None,
        "files": 3,
        "lines": 7,
        "failed": 1,
    }
    result = index("--no-screen-text", "--json")
    assert "words by screen are taken out" in result.err
    assert json.loads(result.out)["words_taken_out"] == ["screen"]


def test_subtitles_of_another_cut_are_told(index, run, clips: Path, sources: dict[str, Spoken]) -> None:
    (clips / "red.srt").write_text("1\n00:00:00,250 --> 00:00:00,750\nhere\n\n2\n01:00:00,000 --> 01:00:01,000\ngone\n")
    remark = "1 line beginning behind its end (1:00:00) is left out"
    told = f"warning {clips / 'red.mp4'}: indexed, but of its words by sidecars (red.srt) {remark}\n"
    assert index("--words-from", "subtitles").err.count(told) == 1
    assert "warning" not in index().err
    found = run(
        "words", clips / "red.mp4", "--words-from", "subtitles", "--format", "txt", "--library", clips / "no.lance"
    )
    assert found.out.splitlines()[0] == "here"
    assert "gone" not in found.out
    assert f"of the words of {clips / 'red.mp4'} by sidecars {remark}\n" in found.err


def test_the_next_run_needs_no_option(index, write_clip, clips: Path, sources: dict[str, Spoken]) -> None:
    index("--speech-model", "large", "--speech-language", "de")
    assert {model for _, model in sources["speech"].heard} == {"large"}
    sources["speech"].names()
    write_clip(clips / "white.mp4", "white")
    assert "said (speech: large, language de): 2 lines, looked for in 1 file" in index().err
    assert sources["speech"].names() == ["white.mp4"]


def test_what_there_is_to_listen_to_is_told_beforehand(index, clips: Path, sources: dict[str, Spoken]) -> None:
    result = index("--dry-run", "--speech")
    assert "words    to be looked for by speech in 4 files, by subtitles in 4 files" in result.out
    assert json.loads(index("--dry-run", "--speech", "--json").out)["words"][0] == {"source": "speech", "files": 4}
    assert sources["speech"].heard == []


def test_what_would_be_taken_out_is_told_beforehand(index) -> None:
    assert json.loads(index("--dry-run", "--no-speech", "--json").out)["words_taken_out"] == []
    index("--speech")
    result = index("--dry-run", "--no-speech")
    assert "words    by speech would be taken out\n" in result.out
    assert "to be looked for" not in result.out
    document = json.loads(index("--dry-run", "--no-speech", "--json").out)
    assert (document["words_taken_out"], document["words"]) == (["speech"], [])


def test_meanings_that_would_be_made_or_taken_out_are_told_beforehand(index, uri: Path, clips: Path) -> None:
    result = index("--dry-run", "--meaning")
    assert "words    to be looked for by subtitles in 4 files\n" in result.out
    assert f"meaning  of words in at most 4 files, by {DEFAULT_SENTENCE_MODEL}\n" in result.out
    index("--speech")
    assert "\nmeaning " not in index("--dry-run").out
    result = index("--dry-run", "--sentence-model", "some/model")
    assert "meaning  of words in 4 files, by some/model\n" in result.out
    store = Store.open(str(uri))
    make_passages(store, IdeaEncoder())
    assert json.loads(index("--dry-run", "--json").out)["meaning"] == {
        "model": IdeaEncoder().fingerprint.model,
        "files": 0,
    }
    assert "\nmeaning " not in index("--dry-run").out
    (clips / "red.srt").write_text("1\n00:00:00,250 --> 00:00:00,750\nWe sold a house.\n")
    (clips / "blue.srt").write_text("1\n00:00:00,250 --> 00:00:00,750\nWe bought it.\n")
    assert json.loads(index("--dry-run", "--json").out)["meaning"]["files"] == 2
    assert "meaning  of words in at most 2 files, by" in index("--dry-run").out
    (clips / "red.srt").unlink()
    (clips / "blue.srt").unlink()
    assert "meaning  would be taken out; the words stay\n" in index("--dry-run", "--no-meaning").out
    assert "words" not in index("--dry-run").out


def test_what_is_not_installed_is_told_before_anything_is_done(index, uri: Path, sources: dict[str, Spoken]) -> None:
    sources["speech"].missing = InputError('listening needs faster-whisper; pip install "framecue[speech]"')
    result = index("--speech")
    assert (result.code, result.err.count("framecue[speech]")) == (1, 1)
    assert not uri.exists()


def test_a_library_that_has_had_words_goes_on_with_pictures(
    index, write_clip, clips: Path, sources: dict[str, Spoken]
) -> None:
    index("--speech")
    sources["speech"].missing = InputError('listening needs faster-whisper; pip install "framecue[speech]"')
    write_clip(clips / "white.mp4", "white")
    result = index()
    assert result.code == 0
    assert "1 added" in result.err
    assert 'words by speech are left out: listening needs faster-whisper; pip install "framecue[speech]"' in result.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--no-speech", "--speech-model", "tiny"), "--no-speech and --speech-model"),
        (("--no-speech", "--speech-language", "en"), "--no-speech and --speech-language"),
        (("--speech-model", ""), "empty"),
        (("--speech", "--no-words-from", "speech"), "asked for and taken out"),
        (("--words-from", "lyrics"), "subtitles"),
        (("--speech", "small"), "--speech-model small"),
        (("--no-words-from", "lyrics"), "subtitles"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(index, uri: Path, options: tuple[str, ...], told: str) -> None:
    result = index(*options)
    assert result.code in (1, 2)
    assert told in result.err
    assert not uri.exists()


def test_a_run_that_is_stopped_says_what_it_keeps(index, clips: Path, sources: dict[str, Spoken]) -> None:
    sources["speech"].damaged["green.mp4"] = KeyboardInterrupt()
    result = index("--speech")
    assert result.code == 130
    assert "all pictures are in the library, and the words of 1 of 4 files; the same command goes on" in result.err


def test_making_a_library_anew_keeps_its_words(index, run, uri: Path, clips: Path, sources: dict[str, Spoken]) -> None:
    index("--speech")
    sources["speech"].names()
    result = run("index", "--again", "--library", uri, "--model", "other", "--screen-text")
    assert result.code == 0
    assert "written (screen: usual): 8 lines, looked for in 4 files" in result.err
    assert sources["speech"].names() == []
    found = json.loads(run("words", clips / "red.mp4", "--library", uri, "--json").out)["words"]
    assert {line["source"] for line in found} == {"screen", "speech", "subtitles"}
    # And again, where there are no vectors to make.
    result = run("index", "--again", "--library", uri, "--model", "other", "--speech-model", "large")
    assert "said (speech: large): 8 lines, looked for in 4 files" in result.err


def test_words_are_written_from_the_library_by_content(
    index, run, uri: Path, clips: Path, tmp_path: Path, sources: dict[str, Spoken]
) -> None:
    index("--speech")
    sources["speech"].names()
    elsewhere = shutil.copy(clips / "red.mp4", tmp_path / "elsewhere.mp4")
    result = run("words", elsewhere, "--library", uri, "--speech")
    assert result.code == 0
    assert result.out.startswith("1\n00:00:00,250 --> 00:00:00,750\nred speaks\n")
    assert sources["speech"].names() == []
    assert run("words", elsewhere, "--library", uri, "--speech", "--format", "txt").out.splitlines()[0] == "red speaks"
    out = tmp_path / "red.vtt"
    assert run("words", elsewhere, "--library", uri, "-o", out).code == 0
    assert out.read_text().startswith("WEBVTT\n")
    assert "already" in run("words", elsewhere, "--library", uri, "-o", out).err or out.exists()
    assert run("words", elsewhere, "--library", uri, "-o", out, "--force").code == 0
    # Beside the video and under its name, they would be its subtitles.
    for name, is_beside in (
        ("elsewhere.srt", True),
        ("elsewhere.en.vtt", True),
        ("other.srt", False),
        ("sub/elsewhere.srt", False),
    ):
        (tmp_path / "sub").mkdir(exist_ok=True)
        told = run("words", elsewhere, "--library", uri, "-o", tmp_path / name).err
        assert ("takes it for them" in told) == is_beside
    line = json.loads(run("words", elsewhere, "--library", uri, "--speech", "--json").out)["words"][0]
    assert line == {
        "source": "speech",
        "kind": "said",
        "start_seconds": 0.25,
        "end_seconds": 0.75,
        "text": "red speaks",
        "language": "en",
        "confidence": 0.5,
        "words": [
            {"start_seconds": 0.25, "end_seconds": 0.5, "text": " red"},
            {"start_seconds": 0.5, "end_seconds": 0.75, "text": " speaks"},
        ],
    }


def test_another_model_than_the_librarys_listens_now(
    index, run, uri: Path, clips: Path, sources: dict[str, Spoken]
) -> None:
    index("--speech")
    sources["speech"].heard.clear()
    run("words", clips / "red.mp4", "--library", uri, "--speech-model", "large")
    assert sources["speech"].heard == [(str(clips / "red.mp4"), "large")]


def test_a_file_of_no_library_is_listened_to(run, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    result = run("words", clips / "red.mp4", "--speech", "--format", "txt")
    assert (result.code, result.out.splitlines()[0]) == (0, "red speaks")
    result = run("words", clips / "red.mp4")
    assert (result.code, result.out) == (1, "")
    assert "--speech" in result.err


def test_what_is_asked_for_now_needs_no_library(run, clips: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.lance"
    result = run("words", clips / "red.mp4", "--speech", "--format", "txt", "--library", missing)
    assert (result.code, result.out.splitlines()[0]) == (0, "red speaks")
    assert result.err == f"no library at {missing}: the words are looked for in the file itself\n"
    assert not missing.exists()
    # Without, there is nothing else to take them from.
    result = run("words", clips / "red.mp4", "--library", missing)
    assert (result.code, result.out) == (1, "")
    assert str(missing) in result.err


def test_damaged_sound_costs_the_words_behind_the_damage_alone(
    run, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sources: dict[str, Spoken]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    sources["speech"].damaged["red.mp4"] = VideoError(clips / "red.mp4", "its sound is damaged", cause="content")
    result = run("words", clips / "red.mp4", "--speech", "--screen-text", "--format", "txt")
    assert (result.code, result.out.splitlines()[:2]) == (0, ["red speaks", "red speaks"])
    assert len(result.out.splitlines()) == 3
    assert result.err == f"not all words of {clips / 'red.mp4'} by speech: its sound is damaged\n"


@pytest.mark.parametrize("held", ["with words", "without words", "not at all"])
def test_files_beside_a_video_are_subtitles(
    index, run, uri: Path, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    (clips / "red.srt").write_text("1\n00:00:00,300 --> 00:00:00,600\nbeside it\n")
    if held != "not at all":
        index(*["--words-from", "subtitles"] * (held == "with words"))
    result = run("words", clips / "red.mp4", "--words-from", "subtitles", "--format", "txt", "--library", uri)
    if held == "not at all":
        result = run("words", clips / "red.mp4", "--words-from", "subtitles", "--format", "txt")
    assert result.out.splitlines()[:2] == ["red speaks", "beside it"]


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("none.mp4",), "no such file"),
        (("none.mp4", "--speech"), "none.mp4"),
        (("red.mp4", "--speech", "--json", "--format", "srt"), "leave one out"),
        (("red.mp4", "--speech", "-o", "words.doc"), ".srt"),
        (("red.mp4", "--speech", "-o", "red.mp4", "--format", "srt"), "red.mp4"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(
    run, clips: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, args: tuple[str, ...], told: str
) -> None:
    monkeypatch.chdir(clips)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    before = (clips / "red.mp4").read_bytes()
    result = run("words", *args)
    assert result.code in (1, 2)
    assert told in result.err
    assert (clips / "red.mp4").read_bytes() == before
