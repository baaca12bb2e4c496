from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from framecue.errors import InputError
from framecue.library import AddOptions, Library
from framecue.words.sources import WORD_SOURCES
from framecue.words.timed_text import WRITTEN
from support.scripted_words import Spoken


@pytest.fixture(autouse=True)
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, Spoken]:
    made = {name: Spoken(name, kind) for name, kind in (("speech", "said"), ("subtitles", "said"), ("screen", WRITTEN))}
    for name, source in made.items():
        monkeypatch.setitem(WORD_SOURCES.built_in, name, source)  # type: ignore[arg-type]
    return made


@pytest.fixture
def library(tmp_path: Path, colour_model, clips: Path) -> Library:
    library = Library(tmp_path / "videos.lance", model=colour_model)
    library.add(clips / "more", speech=True)
    return library


def test_the_words_of_a_file_are_told_by_its_content(library: Library, clips: Path, tmp_path: Path) -> None:
    path = clips / "more" / "yellow.mp4"
    assert library.words(path, source="speech")[0].text == "yellow speaks"
    assert len(library.words(path)) == 4
    assert set(library.words_by_source(path) or {}) == {"speech", "subtitles"}
    elsewhere = shutil.copy(path, tmp_path / "elsewhere.mp4")
    assert library.words(elsewhere) == library.words(path)
    path.unlink()
    assert len(library.words(path)) == 4
    assert library.words_by_source(clips / "red.mp4") is None
    with pytest.raises(InputError, match="does not hold"):
        library.words(clips / "red.mp4")


def test_a_source_that_found_nothing_has_looked(
    library: Library, clips: Path, sources: dict[str, Spoken], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("support.scripted_words._Source.find", lambda source, unit, reader: iter(()))
    library.add(clips / "more", screen_text=True)
    assert (library.words_by_source(clips / "more" / "yellow.mp4") or {})["screen"] == []


def test_what_is_due_is_told_beforehand(
    library: Library, clips: Path, write_clip: Callable[..., Path], sources: dict[str, Spoken]
) -> None:
    plan = library.plan(clips)
    assert library.words_due(plan) == {"speech": 3, "subtitles": 3}
    assert library.words_due(plan, options=AddOptions(screen_text=True)) == {"screen": 4, "speech": 3, "subtitles": 3}
    assert library.words_due(plan, options=AddOptions(speech="large")) == {"speech": 4, "subtitles": 3}
    assert library.words_due(library.plan(clips / "more")) == {}
    for source in sources.values():
        assert len(source.heard) <= 1  # nothing is read for that
    assert Library(str(clips / "none.lance")).words_due(plan) == {}


SRT = "1\n00:00:00,100 --> 00:00:00,900\n{}\n"


@pytest.mark.parametrize("change", ["came", "changed", "went", "came beside a new video", "nothing"])
def test_the_words_of_files_beside_a_video_are_due_when_a_run_reads_them_anew(
    library: Library, clips: Path, write_clip: Callable[..., Path], change: str
) -> None:
    beside = clips / "more" / "yellow.srt"
    if change != "came":
        beside.write_text(SRT.format("a lemon"))
        library.add(clips / "more")
    if change == "went":
        beside.unlink()
    elif change == "came beside a new video":
        write_clip(clips / "more" / "white.mp4", "white")
        (clips / "more" / "white.srt").write_text(SRT.format("snow"))
    elif change != "nothing":
        beside.write_text(SRT.format("a banana, and another"))
    expected = {
        "came beside a new video": {"sidecars": 1, "speech": 1, "subtitles": 1},
        "nothing": {},
    }
    before = library.words(clips / "more" / "yellow.mp4", source="sidecars")
    plan = library.plan(clips / "more")
    assert library.words_due(plan) == expected.get(change, {"sidecars": 1})
    report = library.add(plan)
    # What was told is what the run has done.
    told = {count.source: count.num_files for count in report.words}
    assert told == ({} if change == "went" else expected.get(change, {"sidecars": 1}))
    is_other = library.words(clips / "more" / "yellow.mp4", source="sidecars") != before
    assert is_other == (change in ("came", "changed", "went"))
    assert library.words_due(library.plan(clips / "more")) == {}


def test_no_words_are_due_of_files_beside_a_video_in_a_library_that_does_without_subtitles(
    library: Library, clips: Path
) -> None:
    library.add(clips / "more", no_words_from="subtitles")
    (clips / "more" / "yellow.srt").write_text(SRT.format("a lemon"))
    plan = library.plan(clips / "more")
    assert (library.words_due(plan), len(plan.subtitles_changed)) == ({}, 1)


def test_nothing_is_to_be_heard_in_a_new_picture(library: Library, clips: Path) -> None:
    Image.new("RGB", (64, 64), "white").save(clips / "more" / "snow.png")
    plan = library.plan(clips / "more", images=True)
    due = library.words_due(plan, options=AddOptions(screen_text=True))
    assert due == {"screen": 2}
    report = library.add(plan, screen_text=True)
    assert {count.source: count.num_files for count in report.words} == due
