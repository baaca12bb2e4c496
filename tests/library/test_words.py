from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

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
