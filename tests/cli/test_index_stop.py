"""Wherever `framecue index` is stopped, its last line says what is in the library and how to go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framecue.cli.index_stop import NOTHING_YET, KeptSoFar
from framecue.cli.stopping import log_stop, say_at_stop
from framecue.errors import LibraryError
from framecue.library import Library
from framecue.library.indexing import ledger
from framecue.words.sources import WORD_SOURCES
from support.scripted_words import Spoken
from support.sentences import IdeaEncoder

PICTURES = "all pictures are in the library; the same command goes on with what is left"
WORDS = "all pictures and words are in the library; the same command goes on with the meanings"


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "videos.lance")


@pytest.fixture(autouse=True)
def words(monkeypatch: pytest.MonkeyPatch) -> dict[str, Spoken]:
    made = {name: Spoken(name) for name in ("speech", "subtitles")}
    for name, source in made.items():
        monkeypatch.setitem(WORD_SOURCES.built_in, name, source)  # type: ignore[arg-type]

    def named(name: str, *, known: object = None) -> IdeaEncoder:
        return IdeaEncoder("some/ideas", revision="ideas")

    monkeypatch.setattr("framecue.exported.sentences.named_sentence_encoder", named)
    monkeypatch.setattr("framecue.cli.index.fetch_sentence_model", lambda *_, **__: None)
    monkeypatch.setattr("framecue.cli.index.get_speech_files", lambda *_, **__: None)
    return made


def ending(error: BaseException, after: int = 0) -> Callable[..., Any]:
    """Return a function that ends what calls it, but for the first calls."""
    calls = iter(range(after))

    def end(*_: object, **__: object) -> None:
        if next(calls, None) is None:
            raise error

    return end


def end_in_pictures(monkeypatch: pytest.MonkeyPatch, error: BaseException, num_kept: int) -> None:
    take, end = ledger.Ledger.take, ending(error, num_kept)

    def take_some(self: ledger.Ledger, result: Any) -> None:
        end()
        take(self, result)

    monkeypatch.setattr(ledger.Ledger, "take", take_some)


PLACES = {
    "before anything": NOTHING_YET,
    "before the first picture": "none of 4 files is in the library yet; the same command goes on with them",
    "in the pictures": (
        "1 of 4 files is in the library and stays there; the same command goes on with the 3 that are left"
    ),
    "after the pictures": PICTURES,
    "in the words": "all pictures are in the library, and the words of 1 of 4 files; the same command goes on",
    "in the meanings": WORDS,
    "after the run": "everything is in the library",
}


@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "json"])
@pytest.mark.parametrize("place", PLACES)
def test_a_run_that_is_stopped_ends_in_what_it_keeps(
    run,
    loader,
    uri: str,
    clips: Path,
    words: dict[str, Spoken],
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    as_json: bool,
) -> None:
    stop = KeyboardInterrupt()
    index = ("index", clips, "--library", uri, "--model", "clip", "--speech", "--meaning", *["--json"] * as_json)
    with monkeypatch.context() as patched:
        if place == "before anything":
            patched.setattr("framecue.cli.index.indexing_model", ending(stop))
        elif place == "before the first picture":
            end_in_pictures(patched, stop, 0)
        elif place == "in the pictures":
            end_in_pictures(patched, stop, 1)
        elif place == "after the pictures":
            patched.setattr("framecue.library.indexing.session.run_words", ending(stop))
        elif place == "in the words":
            words["speech"].damaged["green.mp4"] = stop
        elif place == "in the meanings":
            patched.setattr("framecue.library.indexing.passages_run.words_key", ending(stop, 1))
        else:
            patched.setattr("framecue.cli.index.log_items", ending(stop))
        result = run(*index)
    words["speech"].damaged.clear()
    assert (result.code, result.out, result.err.splitlines()[-1]) == (130, "", f"stopped: {PLACES[place]}")
    assert result.err.count("in the library") == 1
    # And so it is, by the very same command.
    assert run(*index).code == 0
    info = Library(uri).info()
    assert (info.num_videos, info.meaning.num_files, info.is_meaning_unfinished) == (4, 4, False)
    assert {each.source: each.num_files for each in info.words} == {"speech": 4, "subtitles": 4}


def test_a_run_that_fails_says_what_it_keeps_before_the_error(
    run, loader, uri: str, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    end_in_pictures(monkeypatch, LibraryError("the disk is full"), 2)
    result = run("index", clips, "--library", uri, "--model", "clip")
    assert result.code == 1
    assert result.err.splitlines()[-2:] == [
        "2 of 4 files are in the library and stay there; the same command goes on with the 2 that are left",
        "Error: the disk is full",
    ]


def test_a_dry_run_that_is_stopped_has_nothing_to_keep(
    run, loader, uri: str, clips: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Library, "plan", ending(KeyboardInterrupt()))
    result = run("index", clips, "--library", uri, "--dry-run")
    assert (result.code, result.err.strip()) == (130, "stopped")


def test_a_library_that_is_made_anew_says_which_vectors_it_has(
    run, loader, uri: str, clips: Path, words: dict[str, Spoken], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    again = ("index", "--again", "--library", uri, "--model", "other", "--speech")
    with monkeypatch.context() as patched:
        end_in_pictures(patched, KeyboardInterrupt(), 1)
        result = run(*again)
    said = "stopped: the library has the vectors that it had; the same command goes on with the new ones"
    assert (result.code, result.err.splitlines()[-1]) == (130, said)
    words["speech"].damaged["green.mp4"] = KeyboardInterrupt()
    result = run(*again)
    said = "stopped: the new vectors are in the library; the same command goes on with the words"
    assert (result.code, result.err.splitlines()[-1]) == (130, said)
    words["speech"].damaged.clear()
    assert run(*again).code == 0


@pytest.mark.parametrize(
    ("num_kept", "num_files", "said"),
    [
        (0, 1, "the file is not in the library yet; the same command goes on with it"),
        (0, 3, "none of 3 files is in the library yet; the same command goes on with them"),
        (1, 2, "1 of 2 files is in the library and stays there; the same command goes on with the 1 that is left"),
        (2, 5, "2 of 5 files are in the library and stay there; the same command goes on with the 3 that are left"),
        (3, 3, PICTURES),
    ],
)
def test_what_is_kept_of_pictures_in_words(
    capsys: pytest.CaptureFixture[str], num_kept: int, num_files: int, said: str
) -> None:
    kept = KeptSoFar()
    kept.end_pictures(num_kept, num_files)
    log_stop()
    say_at_stop(None)
    assert capsys.readouterr().err == f"stopped: {said}\n"


def test_each_step_of_a_run_has_its_own_words(capsys: pytest.CaptureFixture[str]) -> None:
    def said() -> str:
        log_stop()
        return capsys.readouterr().err.removeprefix("stopped: ").strip()

    with KeptSoFar() as kept:
        assert said() == NOTHING_YET
        kept.note_pictures(1, 2)
        assert said() == NOTHING_YET
        kept.note_pictures(2, 2)
        assert said() == PICTURES
        kept.note_words()
        assert said() == PICTURES
        kept.end_words(1, 1)
        assert said() == "all pictures are in the library, and the words of 1 of 1 file; the same command goes on"
        kept.note_meanings()
        assert said() == WORDS
    assert said() == "everything is in the library"
    say_at_stop(None)
