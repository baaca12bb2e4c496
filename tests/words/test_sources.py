from __future__ import annotations

import pytest

from framecue.errors import InputError, UnknownNameError
from framecue.words import sources as module
from framecue.words.request import WordsRequest
from framecue.words.sources import WORD_SOURCES, make_source


def test_framecue_has_three_sources() -> None:
    assert WORD_SOURCES.names()[:3] == ["speech", "screen", "subtitles"]
    source = make_source(WordsRequest(source="subtitles"))
    assert (source.kind, source.fingerprint.source) == ("said", "subtitles")


def test_a_source_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(UnknownNameError, match="subtitles"):
        make_source(WordsRequest(source="lyrics"))


def test_a_package_may_bring_a_source_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        value, dist = "lyrics_package", None

        def __init__(self, found: object) -> None:
            self.load = lambda: found

    made = object()
    found: dict[str, list[Entry]] = {"lyrics": [Entry(lambda request: made)], "wrong": [Entry(3)]}
    monkeypatch.setattr("framecue.plugins._entries", lambda group, path: found if group == "framecue.words" else {})
    assert make_source(WordsRequest(source="lyrics")) is made
    with pytest.raises(InputError, match="lyrics_package"):
        make_source(WordsRequest(source="wrong"))
    assert module.WORD_SOURCES.group == "framecue.words"
