from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framecue.library.files.local import LOCAL_FILES
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.words_plan import (
    Content,
    ReadySource,
    content_of,
    contents_of,
    is_due,
    sidecars_key,
    tasks_of,
    wanted_words,
)
from framecue.library.state import FileState
from framecue.library.store.records import Copy, Held
from framecue.library.store.snapshot import Snapshot
from framecue.library.store.words_notes import AskedWords, WordsDone
from framecue.video import content_hash
from framecue.words.request import WordsRequest
from support.scripted_words import Spoken

STATE = FileState(3, 1.0)
HAD = {
    "speech": AskedWords(
        request=WordsRequest(source="speech", model="small", language="de"), fingerprint="asked", kind="said"
    )
}


def test_whoever_asks_for_words_gets_subtitles_unless_he_declines() -> None:
    assert wanted_words({}, AddOptions()) == {}
    assert list(wanted_words({}, AddOptions(screen_text=True))) == ["screen", "subtitles"]
    assert list(wanted_words({}, AddOptions(screen_text=True, no_words_from="subtitles"))) == ["screen"]
    declined = {"subtitles": AskedWords(request=WordsRequest(source="subtitles"), is_wanted=False)}
    assert list(wanted_words(declined, AddOptions(screen_text=True))) == ["screen"]
    assert list(wanted_words(declined, AddOptions(words_from="subtitles"))) == ["subtitles"]


def test_what_is_left_open_is_as_the_library_has_had_it() -> None:
    assert wanted_words(HAD, AddOptions())["speech"] == HAD["speech"].request
    assert wanted_words(HAD, AddOptions(speech=True))["speech"] == HAD["speech"].request
    assert wanted_words(HAD, AddOptions(speech="large"))["speech"] == replace(HAD["speech"].request, model="large")
    assert "speech" not in wanted_words(HAD, AddOptions(speech=False))


@pytest.mark.parametrize("source", ["speech", "screen"])
def test_what_was_taken_out_comes_back_as_it_was(source: str) -> None:
    earlier = WordsRequest(source=source, model="small", language="de")
    had = {source: AskedWords(request=earlier, is_wanted=False)}
    option = {"speech": "speech", "screen": "screen_text"}[source]
    assert source not in wanted_words(had, AddOptions())
    assert wanted_words(had, AddOptions(**{option: True}))[source] == earlier
    assert wanted_words(had, AddOptions(**{option: "large"}))[source] == replace(earlier, model="large")


def test_who_lets_the_language_be_found_out_gets_the_model_as_it_was() -> None:
    had = {"speech": replace(HAD["speech"], is_wanted=False)}
    found = wanted_words(had, AddOptions(speech=True, speech_language="auto"))
    assert found["speech"] == WordsRequest(source="speech", model="small")


@pytest.mark.parametrize(
    ("done", "now", "is_asked_now", "retry", "expected"),
    [
        (None, None, False, False, True),
        (WordsDone("asked"), None, False, False, False),
        (WordsDone("asked"), "asked", True, False, False),
        # What was asked for before that, in a run that did not come to its end.
        (WordsDone("older"), None, False, False, True),
        (WordsDone("older"), "asked", False, False, True),
        # What listens here is another version, which nobody asked for.
        (WordsDone("older"), "newer", False, False, False),
        (WordsDone("asked"), "newer", False, False, False),
        (WordsDone("asked"), "newer", True, False, True),
        (WordsDone("asked", 0, "damaged"), "asked", True, False, False),
        (WordsDone("asked", 0, "damaged"), None, False, True, True),
        (WordsDone("asked", 0, "damaged", version="0.0.1"), None, False, False, True),
    ],
)
def test_a_file_is_done_once(
    done: WordsDone | None, now: str | None, is_asked_now: bool, retry: bool, expected: bool
) -> None:
    assert is_due(done, "asked", now, is_asked_now=is_asked_now, retry=retry) is expected


def test_each_content_is_listened_to_once_wherever_it_lies() -> None:
    held = {
        "/a.mp4": Held("one", STATE, 5.0, 1, sidecars="[]"),
        "/b.png": Held("two", STATE, 0.0, 1, kind="image"),
        "/c.mp4": Held("three", STATE, 5.0, 1),
    }
    other = FileState(3, 2.0)
    snapshot = Snapshot(held, {"/0.mp4": Copy("one", other), "/1.mp4": Copy("gone", other)})
    found = contents_of(["/b.png", "/a.mp4", "/0.mp4", "/1.mp4", "/unknown.mp4"], snapshot)
    assert found == [
        Content("one", "/0.mp4", other, "video", "[]", "/a.mp4"),
        Content("two", "/b.png", STATE, "image", None, "/b.png"),
    ]


def test_the_files_beside_a_video_are_due_when_they_change() -> None:
    def sources(state: str | None, noted: str | None) -> list[str]:
        done = {} if noted is None else {("one", "sidecars"): WordsDone(sidecars_key(noted))}
        done["one", "subtitles"] = WordsDone("k")
        had = {"subtitles": AskedWords(request=WordsRequest(source="subtitles"), fingerprint="k")}
        content = Content("one", "/a.mp4", STATE, "video", state, "/a.mp4")
        tasks = tasks_of([content], done, had, wanted_words(had, AddOptions()), lambda name: None, AddOptions())
        return [name for task in tasks for name in task.sources]

    state, other = '[["a.srt", 3, 1.5]]', '[["a.srt", 3, 2.5]]'
    assert sources(None, None) == sources(state, state) == []
    assert sources(state, None) == sources(state, other) == sources(None, state) == ["sidecars"]
    # As libraries of older formats note it, in nanoseconds.
    assert sources(state, '[["a.srt", 3, 1500000000]]') == []


def test_a_source_is_made_only_if_there_is_something_for_it_to_do() -> None:
    speech, made = Spoken("speech"), []

    def ready(name: str) -> ReadySource:
        made.append(name)
        return ReadySource(speech(HAD["speech"].request), HAD["speech"], False)

    contents = [Content("one", "/b.png", STATE, "image", None, "/b.png")]
    options = AddOptions()
    wanted = {"speech": HAD["speech"].request}
    assert tasks_of(contents, {}, HAD, wanted, ready, options) == []
    assert made == []  # there is nothing to hear in a picture
    contents = [Content("one", "/a.mp4", STATE, "video", None, "/a.mp4")]
    (task,) = tasks_of(contents, {}, HAD, wanted, ready, options)
    assert (task.sources, made) == (["speech"], ["speech"])


def test_a_file_is_known_by_its_content(tmp_path: Path) -> None:
    file, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    file.write_bytes(b"one")
    other.write_bytes(b"two")
    one, state = content_hash(file), LOCAL_FILES.state(str(file))
    snapshot = Snapshot({"/elsewhere.mp4": Held(one, STATE, 5.0, 1), str(other): Held("noted", state, 5.0, 1)})
    assert content_of(str(file), snapshot, files=LOCAL_FILES) == one
    assert content_of("/elsewhere.mp4", snapshot, files=LOCAL_FILES) == one  # it is gone
    assert content_of(str(other), snapshot, files=LOCAL_FILES) is None  # it has changed
    assert content_of(str(tmp_path / "none.mp4"), snapshot, files=LOCAL_FILES) is None
    (tmp_path / "long.mp4").write_bytes(b"longer")
    assert content_of(str(tmp_path / "long.mp4"), snapshot, files=LOCAL_FILES) is None
