"""A leg that cannot look says so, once, and the search goes on."""

from __future__ import annotations

import logging

import pytest

from framecue.cli.notices import search_warnings_told
from framecue.errors import ModelError
from framecue.exported import sentences
from framecue.library.indexing.passages_run import make_passages
from framecue.library.store import Store
from framecue.words.timed_text import TimedText
from support.sentences import IdeaEncoder

LEG = logging.getLogger("framecue.library.search.legs.meaning")


def test_each_warning_is_told_once_and_only_while_somebody_searches(capsys: pytest.CaptureFixture[str]) -> None:
    with search_warnings_told():
        for reason in ("gone", "gone", "broken\x1b"):
            LEG.warning("meanings were not looked for: %s", reason)
        LEG.info("nothing to tell")
    LEG.warning("meanings were not looked for: later")
    told = capsys.readouterr().err
    assert told == "meanings were not looked for: gone\nmeanings were not looked for: broken\\x1b\n"


def test_a_search_says_that_its_sentence_encoder_is_gone(
    run, loader, tmp_path, clips, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = str(tmp_path / "videos.lance")
    assert run("index", clips, "--library", uri, "--model", "clip").code == 0
    store = Store.open(uri)
    video_id = next(iter(store.snapshot().held.values())).video_id
    store.words.write(video_id, "speech", [TimedText(0.0, 0.5, "We signed the mortgage.", "said", "en")])
    # Of its own name: the process keeps the encoder of the library that it searched last.
    make_passages(store, IdeaEncoder("ideas-that-go"))

    def gone(fingerprint: object) -> IdeaEncoder:
        raise ModelError("the library's sentence encoder is no longer there")

    monkeypatch.setattr(sentences, "load_sentence_encoder", gone)
    queries = tmp_path / "queries.txt"
    queries.write_text("red\ngreen\n")
    result = run("search", "--queries", queries, "--library", uri, "-k", "1")
    assert result.code == 0
    assert result.err.count("meanings were not looked for: the library's sentence encoder is no longer there\n") == 1
    assert "red.mp4" in result.out
