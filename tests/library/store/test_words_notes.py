from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framecue.library.store.attempt import connect
from framecue.library.store.words_notes import AskedWords, WordsDone, WordsNotes
from framecue.words.request import WordsRequest

ASKED = AskedWords(
    request=WordsRequest(source="speech", model="small", language="de"), fingerprint="k", kind="said", model="small"
)


@pytest.fixture
def notes(tmp_path: Path) -> WordsNotes:
    return WordsNotes(str(tmp_path), connect(str(tmp_path)))


def test_nothing_is_noted_in_a_library_without_words(notes: WordsNotes, tmp_path: Path) -> None:
    assert (notes.asked(), notes.done()) == ({}, {})
    notes.forget()
    notes.note_asked([])
    notes.note_done({})
    assert list(tmp_path.iterdir()) == []


def test_what_is_asked_for_is_kept_until_it_is_asked_for_otherwise(notes: WordsNotes, tmp_path: Path) -> None:
    out = AskedWords(request=WordsRequest(source="subtitles"), is_wanted=False)
    notes.note_asked([ASKED, out])
    again = WordsNotes(str(tmp_path), connect(str(tmp_path)))
    assert again.asked() == {"speech": ASKED, "subtitles": out}
    other = replace(ASKED, request=WordsRequest(source="speech"), fingerprint="other", model=None)
    again.note_asked([other])
    notes.refresh()
    assert notes.asked() == {"speech": other, "subtitles": out}


def test_what_is_done_is_kept_by_content_and_source(notes: WordsNotes) -> None:
    failed = WordsDone("k", 1, "damaged at \udce9")
    notes.note_done({("a", "speech"): WordsDone("k", 7), ("a", "screen"): WordsDone("s"), ("it's", "speech"): failed})
    assert notes.done()["a", "speech"] == WordsDone("k", 7)
    assert notes.done()["it's", "speech"].reason == "damaged at ?"
    assert set(notes.done(["a"])) == {("a", "speech"), ("a", "screen")}
    assert notes.done([]) == {}
    notes.note_done({("a", "speech"): WordsDone("other", 8)})
    assert notes.done()["a", "speech"] == WordsDone("other", 8)
    notes.forget(video_ids=["it's", "unknown"])
    assert set(notes.done()) == {("a", "speech"), ("a", "screen")}
    notes.forget(video_ids=["a"], source="screen")
    notes.forget(source="subtitles")
    assert set(notes.done()) == {("a", "speech")}
    notes.forget(source="speech")
    assert notes.done() == {}


def test_a_failure_is_worth_another_try_when_what_reads_files_has_changed() -> None:
    failed = WordsDone("k", 0, "damaged")
    assert not failed.is_worth_a_try
    assert replace(failed, version="0.0.1").is_worth_a_try
    assert replace(failed, reading=-1).is_worth_a_try
    assert not replace(failed, reason=None, version="0.0.1").is_worth_a_try
