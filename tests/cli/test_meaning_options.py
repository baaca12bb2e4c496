"""Asking for meanings on the command line, and taking them out."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.cli import meaning_options as module
from framecue.cli.meaning_options import fetch_sentence_model
from framecue.exported import sentences
from framecue.library import Library
from framecue.words.sentences import DEFAULT_SENTENCE_MODEL
from support.sentences import IdeaEncoder

SRT = "1\n00:00:00,100 --> 00:00:00,900\nWe signed the mortgage.\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--no-meaning", "--sentence-model", "x"], "--no-meaning and --sentence-model are given together"),
        (["--sentence-model", ""], "the name of the sentence encoder is empty"),
    ],
)
def test_options_that_do_not_go_together_are_refused(run, clips: Path, options: list[str], message: str) -> None:
    result = run("index", clips, *options)
    assert result.code == 2
    assert message in result.err


def test_meanings_are_asked_for_told_found_and_taken_out(
    run, clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentences, "named_sentence_encoder", lambda name, known=None: IdeaEncoder(name))
    monkeypatch.setattr(sentences, "load_sentence_encoder", lambda fingerprint, **more: IdeaEncoder(fingerprint.model))
    (clips / "red.en.srt").write_text(SRT)
    place = tmp_path / "v.lance"
    result = run("index", clips, "--library", place, "--model", "moji-clip", "--sentence-model", "ideas")
    assert result.code == 0, result.err
    assert "meaning: 1 passage in 1 file, by ideas" in result.err
    assert "1 passage in 1 file, by ideas" in run("info", place).out
    found = run("search", "meaning:buying a house", "--library", place, "-k", "1").out
    assert "We signed the mortgage." in found
    assert "meanings are taken out; the words stay" in run("index", clips, "--library", place, "--no-meaning").err
    nothing = run("search", "meaning:buying a house", "--library", place)
    assert (nothing.code, "--meaning" in nothing.err) == (1, True)


def test_only_what_is_asked_for_is_downloaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(module, "get_model_files", lambda name, *, option, **more: asked.append((name, option)))
    library = Library(tmp_path / "none.lance")
    for meaning in (None, False, True, "some/model"):
        fetch_sentence_model(library, meaning, yes=True)
    assert asked == [(DEFAULT_SENTENCE_MODEL, "--sentence-model"), ("some/model", "--sentence-model")]
