from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import InputError, LibraryError, UnknownNameError, VideoError
from framecue.library import AddReport, Library, WordsFailure
from framecue.library.indexing import words_run as module
from framecue.library.results import Remark
from framecue.library.store import Store
from framecue.words.request import WordsRequest
from framecue.words.sources import WORD_SOURCES
from framecue.words.timed_text import SAID, WRITTEN, TimedText
from support.scripted_words import Spoken

SRT = "1\n00:00:00,500 --> 00:00:01,000\n{}\n"


@pytest.fixture
def speech(monkeypatch: pytest.MonkeyPatch) -> Spoken:
    return _register(monkeypatch, Spoken("speech"))


@pytest.fixture(autouse=True)
def screen(monkeypatch: pytest.MonkeyPatch) -> Spoken:
    return _register(monkeypatch, Spoken("screen", WRITTEN))


@pytest.fixture(autouse=True)
def subtitles(monkeypatch: pytest.MonkeyPatch) -> Spoken:
    return _register(monkeypatch, Spoken("subtitles"))


def _register(monkeypatch: pytest.MonkeyPatch, made: Spoken) -> Spoken:
    monkeypatch.setitem(WORD_SOURCES.built_in, made.name, made)  # type: ignore[arg-type]
    return made


@pytest.fixture
def library(tmp_path: Path, colour_model, clips: Path) -> Library:
    """A library of four clips that nobody has listened to."""
    library = Library(tmp_path / "videos.lance", model=colour_model)
    assert library.add(clips).encoded == 4
    colour_model.batches.clear()
    return library


def texts(library: Library, path: Path, source: str = "speech") -> list[str]:
    return [text.text for text in library.words(path, source=source)]


def counts(report: AddReport) -> dict[str, tuple[int, int, int]]:
    return {each.source: (each.num_files, each.num_lines, each.num_failed) for each in report.words}


def test_nothing_is_looked_at_unless_words_are_asked_for(library: Library, clips: Path, speech: Spoken) -> None:
    report = library.add(clips)
    assert (report.words, speech.num_made) == ([], 0)
    assert not [path.name for path in Path(library.uri).iterdir() if "word" in path.name or "text" in path.name]


def test_a_library_is_listened_to_without_encoding_a_picture(
    library: Library, clips: Path, colour_model, speech: Spoken, subtitles: Spoken, screen: Spoken
) -> None:
    report = library.add(clips, speech=True)
    assert colour_model.batches == []
    assert counts(report) == {"speech": (4, 8, 0), "subtitles": (4, 8, 0)}
    assert (len(speech.heard), len(subtitles.heard), screen.heard) == (4, 4, [])
    assert texts(library, clips / "red.mp4")[0] == "red speaks"
    (match,) = Store.open(library.uri).search_words("red speaks", phrase=True, kinds=["said"], limit=9)[:1]
    assert (match.path, match.start_seconds, match.end_seconds) == (str(clips / "red.mp4"), 0.25, 0.75)
    # The segments that the library has, so that no source need cut the file again.
    (unit,) = {unit for unit in speech.units if unit.path == str(clips / "red.mp4")}
    assert unit.segments == ((0.0, 1.0),)
    # And that was that.
    speech.heard.clear()
    assert library.add(clips, speech=True).words == []
    assert library.add(clips).words == []
    assert speech.heard == []


def test_new_files_get_what_the_library_has_had(
    library: Library, clips: Path, write_clip: Callable[..., Path], speech: Spoken, screen: Spoken
) -> None:
    library.add(clips, speech="small", speech_language="de", screen_text=True)
    speech.names()
    write_clip(clips / "white.mp4", "white")
    report = library.add(clips)
    assert counts(report) == {"screen": (1, 2, 0), "speech": (1, 2, 0), "subtitles": (1, 2, 0)}
    assert speech.heard == [(str(clips / "white.mp4"), "small")]
    (said,) = (each for each in report.words if each.source == "speech")
    assert (said.model, said.language, said.kind) == ("small", "de", "said")


def test_another_model_does_one_source_again(library: Library, clips: Path, speech: Spoken, screen: Spoken) -> None:
    library.add(clips, speech=True, screen_text=True)
    before = texts(library, clips / "red.mp4", "screen")
    screen.heard.clear()
    speech.heard.clear()
    assert counts(library.add(clips, speech="large")) == {"speech": (4, 8, 0)}
    assert {model for _, model in speech.heard} == {"large"}
    assert (screen.heard, texts(library, clips / "red.mp4", "screen")) == ([], before)
    assert len(texts(library, clips / "red.mp4")) == 2
    # Without a name the library's own model is meant.
    assert library.add(clips, speech=True).words == []


def test_an_update_of_what_listens_does_nothing_by_itself(library: Library, clips: Path, speech: Spoken) -> None:
    library.add(clips, speech=True)
    speech.names()
    speech.version = "2"
    assert Library(library.uri).add(clips).words == []
    assert speech.names() == []
    assert counts(Library(library.uri).add(clips, speech=True)) == {"speech": (4, 8, 0)}


def test_words_follow_files_that_move_and_go_with_those_that_go(library: Library, clips: Path, speech: Spoken) -> None:
    shutil.copy(clips / "green.mp4", clips / "copy.mp4")
    library.add(clips, speech=True)
    assert sorted(speech.names()) in (["blue.mp4", name, "red.mp4", "yellow.mp4"] for name in ("copy.mp4", "green.mp4"))
    (clips / "red.mp4").rename(clips / "crimson.mp4")
    (clips / "green.mp4").unlink()
    (clips / "blue.mp4").unlink()
    blue = next(held.video_id for path, held in Store.open(library.uri).held().items() if path.endswith("blue.mp4"))
    report = library.add(clips, prune=True)
    assert (report.moved, report.removed, report.words, speech.names()) == (2, 1, [], [])
    assert texts(library, clips / "crimson.mp4")[0] == "red speaks"
    assert len(texts(library, clips / "copy.mp4")) == 2
    store = Store.open(library.uri)
    assert store.timed_texts(blue) == []
    assert blue not in {video_id for video_id, _ in store.words_notes.done()}
    library.remove(clips / "more")
    assert Store.open(library.uri).search_words("yellow", limit=9) == []


def test_a_changed_file_is_listened_to_again(
    library: Library, clips: Path, write_clip: Callable[..., Path], speech: Spoken
) -> None:
    library.add(clips, speech=True)
    earlier = texts(library, clips / "red.mp4")
    speech.names()
    write_clip(clips / "red.mp4", "white", seconds=2)
    os.utime(clips / "red.mp4", (1, 1))
    library.add(clips)
    assert speech.names() == ["red.mp4"]
    assert texts(library, clips / "red.mp4") != earlier
    assert len(Store.open(library.uri).search_words("red", limit=9)) == 2  # by speech and by subtitles


def test_one_bad_sound_track_costs_one_file_its_words(library: Library, clips: Path, speech: Spoken) -> None:
    speech.damaged["green.mp4"] = VideoError(clips / "green.mp4", "its sound is damaged", cause="content")
    report = library.add(clips, speech=True)
    assert report.words_failed == [WordsFailure(str(clips / "green.mp4"), "speech", "its sound is damaged")]
    assert counts(report)["speech"] == (3, 7, 1)
    # What was heard before the damage stands.
    assert texts(library, clips / "green.mp4") == ["green speaks"]
    assert library.info().words_failed == report.words_failed
    speech.names()
    assert library.add(clips).words_failed == []
    assert speech.names() == []
    speech.damaged.clear()
    assert counts(library.add(clips, retry=True)) == {"speech": (1, 2, 0)}
    assert library.info().words_failed == []


def test_what_may_pass_is_tried_again(library: Library, clips: Path, speech: Spoken) -> None:
    speech.damaged["green.mp4"] = VideoError(clips / "green.mp4", "the disk fails")
    assert [item.reason for item in library.add(clips, speech=True).words_failed] == ["the disk fails"]
    assert texts(library, clips / "green.mp4") == []
    speech.damaged.clear()
    speech.names()
    library.add(clips)
    assert speech.names() == ["green.mp4"]


def test_a_file_that_changes_while_it_is_read_is_not_noted(
    library: Library, clips: Path, speech: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module._Run._is_still_there

    def changed(run: module._Run, content: module.Content) -> bool:
        if content.path.endswith("green.mp4"):
            os.utime(content.path, (5, 5))
        return real(run, content)

    monkeypatch.setattr(module._Run, "_is_still_there", changed)
    report = library.add(clips, speech=True)
    assert {item.reason for item in report.words_failed} == {"it changed while it was being read"}
    assert texts(library, clips / "green.mp4") == []


def test_words_are_taken_out_and_come_back(
    library: Library, clips: Path, speech: Spoken, screen: Spoken, subtitles: Spoken
) -> None:
    library.add(clips, speech="small", screen_text=True)
    report = library.add(clips, speech=False)
    assert (report.words_taken_out, report.words) == (["speech"], [])
    assert texts(library, clips / "red.mp4") == []
    assert len(texts(library, clips / "red.mp4", "screen")) == 2
    assert [each.source for each in library.info().words] == ["screen", "subtitles"]
    speech.names()
    library.add(clips)
    assert speech.names() == []
    assert library.add(clips, speech=False).words_taken_out == []
    assert counts(library.add(clips, speech=True)) == {"speech": (4, 8, 0)}
    # By the model of before, which nobody has to know by heart.
    assert {model for _, model in speech.heard} == {"small"}
    # Subtitles stay out though other words are asked for.
    assert library.add(clips, no_words_from="subtitles").words_taken_out == ["subtitles"]
    subtitles.names()
    library.add(clips, speech=True, retry=True)
    assert subtitles.names() == []


def test_what_cannot_come_back_as_it_was_says_who_asked_for_it(library: Library, clips: Path, speech: Spoken) -> None:
    library.add(clips, speech="/lost/small", speech_language="de")
    library.add(clips, speech=False)
    fresh = Library(library.uri, model=library._model)
    speech.missing = InputError("/lost/small: no such folder")
    with pytest.raises(
        InputError, match=r"no such folder; /lost/small is the model that the library has had last; name "
    ):
        fresh.add(clips, speech=True)
    speech.missing = InputError("the model hears English alone, and the language is de")
    with pytest.raises(
        InputError, match=r"is de; de is the language that the library has had last; name another, or auto"
    ):
        fresh.add(clips, speech="tiny.en")
    # What is asked for now is nobody else's, and a package that is missing is for no model.
    with pytest.raises(InputError, match=r"is de$"):
        fresh.add(clips, speech="tiny.en", speech_language="de")
    speech.missing = InputError('listening needs a package; pip install "framecue[speech]"')
    with pytest.raises(InputError, match=r'speech\]"$'):
        fresh.add(clips, speech=True)


def test_subtitles_can_be_declined_at_the_start(
    library: Library, clips: Path, speech: Spoken, subtitles: Spoken
) -> None:
    library.add(clips, speech=True, no_words_from=["subtitles"])
    library.add(clips)
    assert subtitles.heard == []


def test_sidecars_become_words_with_times_and_follow_their_files(library: Library, clips: Path, speech: Spoken) -> None:
    (clips / "red.srt").write_text(SRT.format("the mortgage"))
    library.add(clips)  # as an older framecue would have it: the text is in the rows
    library.add(clips, words_from="subtitles")
    (line,) = library.words(clips / "red.mp4", source="sidecars")
    assert (line.start_seconds, line.end_seconds, line.text, line.kind) == (0.5, 1, "the mortgage", "said")
    (clips / "red.srt").write_text(SRT.format("the other mortgage"))
    library.add(clips)
    assert texts(library, clips / "red.mp4", "sidecars") == ["the other mortgage"]
    (clips / "red.srt").unlink()
    library.add(clips)
    assert texts(library, clips / "red.mp4", "sidecars") == []
    assert ("sidecars" in {source for _, source in Store.open(library.uri).words_notes.done()}) is False


def test_lines_that_cannot_be_of_their_file_are_told_once(library: Library, clips: Path, subtitles: Spoken) -> None:
    times = (("00:00:00,250", "00:00:00,750"), ("00:00:00,500", "00:00:00,250"), ("01:00:00,000", "01:00:05,000"))
    (clips / "red.srt").write_text(
        "\n".join(f"{n}\n{start} --> {end}\nline {n}\n" for n, (start, end) in enumerate(times, start=1))
    )
    told = [
        Remark(
            str(clips / "red.mp4"),
            "of its words by sidecars (red.srt) 1 line beginning behind its end (1:00:00) is left out, 1 line "
            "beginning before 0 or ending before the beginning is mended",
        )
    ]
    assert library.add(clips, words_from="subtitles").warnings == told
    assert texts(library, clips / "red.mp4", "sidecars") == ["line 1", "line 2"]
    assert library.add(clips).warnings == [], "once"
    (clips / "red.srt").unlink()
    library.add(clips)
    assert texts(library, clips / "red.mp4", "sidecars") == []


def test_a_source_that_says_anything_is_fitted(library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Claiming(Spoken):
        def __call__(self, request: WordsRequest) -> Any:
            made = super().__call__(request)
            claimed = [TimedText(-1, 0.5, "early", SAID), TimedText(99, 98, "late", SAID)]
            made.find = lambda unit, reader: iter(claimed)
            return made

    monkeypatch.setitem(WORD_SOURCES.built_in, "claims", Claiming("claims"))  # type: ignore[arg-type]
    report = library.add(clips, words_from="claims", no_words_from="subtitles")
    assert [warning.path for warning in report.warnings] == [str(path) for path in sorted(clips.rglob("*.mp4"))]
    assert report.warnings[0].reason == (
        "of its words by claims 1 line beginning behind its end (1:39) is left out, 1 line beginning before 0 or "
        "ending before the beginning is mended"
    )
    assert texts(library, clips / "red.mp4", "claims") == ["early"]


def test_what_is_asked_for_and_not_installed_is_told_at_once(
    library: Library, clips: Path, colour_model, speech: Spoken, write_clip: Callable[..., Path]
) -> None:
    speech.missing = InputError('listening needs a package; pip install "framecue[speech]"')
    write_clip(clips / "white.mp4", "white")
    with pytest.raises(InputError, match=r"framecue\[speech\]"):
        library.add(clips, speech=True)
    assert colour_model.batches == []
    assert library.info().num_videos == 4


def test_what_the_library_has_had_and_is_not_installed_is_left_out(
    library: Library, clips: Path, speech: Spoken, write_clip: Callable[..., Path]
) -> None:
    library.add(clips, speech=True)
    speech.missing = InputError('listening needs a package; pip install "framecue[speech]"')
    write_clip(clips / "white.mp4", "white")
    fresh = Library(library.uri, model=library._model)
    report = fresh.add(clips)
    assert (report.added, report.words_left_out) == (1, {"speech": str(speech.missing)})
    assert counts(report) == {"subtitles": (1, 2, 0)}
    speech.missing = None
    assert counts(fresh.add(clips)) == {"speech": (1, 2, 0)}


def test_a_run_that_is_stopped_keeps_what_it_has_heard(library: Library, clips: Path, speech: Spoken) -> None:
    stopped: list[tuple[int, int]] = []
    speech.damaged["green.mp4"] = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        library.add(clips, speech=True, on_words_stop=lambda kept, total: stopped.append((kept, total)))
    assert stopped == [(1, 4)]
    speech.damaged.clear()
    assert speech.names() == ["blue.mp4", "green.mp4"]
    # Nobody has to ask again.
    library.add(clips)
    assert speech.names() == ["green.mp4", "yellow.mp4", "red.mp4"]


def test_words_are_committed_as_the_run_goes_on(
    library: Library, clips: Path, speech: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LINES_PER_COMMIT", 1)

    def full(*args: object) -> None:
        raise LibraryError("the disk is full")

    seen: list[int] = []

    def look(done: float, total: int) -> None:
        seen.append(len(Store.open(library.uri).words_notes.done()))
        if done > 2:
            monkeypatch.setattr("framecue.library.store.timed_texts.TimedTexts.write_all", full)

    with pytest.raises(LibraryError, match="full"):
        library.add(clips, speech=True, words_progress=look)
    assert seen == sorted(seen)
    assert 0 < max(seen) < 8


def test_pictures_are_read_and_not_listened_to(
    tmp_path: Path, colour_model, clips: Path, speech: Spoken, screen: Spoken, subtitles: Spoken
) -> None:
    from PIL import Image

    Image.new("RGB", (32, 32), "red").save(clips / "still.png")
    library = Library(tmp_path / "new.lance", model=colour_model)
    library.add(clips, images=True, speech=True, screen_text=True)
    assert "still.png" not in speech.names()
    (unit,) = (unit for unit in screen.units if unit.path.endswith("still.png"))
    assert (unit.kind, unit.segments) == ("image", ((0.0, 0.0),))
    speech.num_made = 0
    assert Library(library.uri).add(clips, images=True).words == []
    assert speech.num_made == 0


def test_a_package_brings_a_source_of_its_own(library: Library, clips: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = _register(monkeypatch, Spoken("lyrics"))
    assert counts(library.add(clips, words_from="lyrics"))["lyrics"] == (4, 8, 0)
    own.names()
    assert library.add(clips).words == []
    assert library.add(clips, no_words_from="lyrics").words_taken_out == ["lyrics"]
    for options in ({"words_from": "none such"}, {"no_words_from": "none such"}):
        with pytest.raises(UnknownNameError, match="lyrics"):
            library.add(clips, **options)  # type: ignore[arg-type]


def test_words_are_asked_of_what_is_held_only(library: Library, clips: Path) -> None:
    with pytest.raises(InputError, match="does not hold"):
        library.words(clips / "none.mp4")
    assert library.words(clips / "red.mp4") == []


@pytest.mark.parametrize("why", ["retry", "another model", "sidecars"])
def test_a_run_that_ends_between_the_old_words_and_the_new_ones_does_the_file_again(
    library: Library, clips: Path, speech: Spoken, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    speech.damaged["red.mp4"] = VideoError(clips / "red.mp4", "its sound is damaged", cause="content")
    (clips / "red.srt").write_text(SRT.format("beside it"))
    library.add(clips, speech=True)
    source = "sidecars" if why == "sidecars" else "speech"
    before = texts(library, clips / "red.mp4", source)
    assert len(before) == 1
    if why == "sidecars":
        (clips / "red.srt").write_text(SRT.format("beside it now"))
        before = ["beside it now"]

    def killed(*args: object) -> None:
        raise LibraryError("killed")

    with monkeypatch.context() as between:
        between.setattr("framecue.library.store.timed_texts.TimedTexts._table_with", killed)
        with pytest.raises(LibraryError, match="killed"):
            library.add(clips, speech="large" if why == "another model" else None, retry=why == "retry")
    assert texts(library, clips / "red.mp4", source) == []
    library.add(clips)
    assert texts(library, clips / "red.mp4", source) == before


def test_words_that_a_killed_run_has_not_noted_go_with_their_file(
    library: Library, clips: Path, speech: Spoken, monkeypatch: pytest.MonkeyPatch, write_clip: Callable[..., Path]
) -> None:
    def killed(*args: object) -> None:
        raise LibraryError("killed")

    with monkeypatch.context() as between:
        between.setattr("framecue.library.store.words_notes.WordsNotes.note_done", killed)
        with pytest.raises(LibraryError, match="killed"):
            library.add(clips, speech=True, no_words_from="subtitles")
    store = Store.open(library.uri)
    old = store.held()[str(clips / "red.mp4")].video_id
    assert (store.words_notes.done(), len(store.words.read([old]))) == ({}, 2)
    write_clip(clips / "red.mp4", "white", seed=7)
    library.add(clips)
    store = Store.open(library.uri)
    assert store.words.read([old]) == []
    assert store.num_timed_texts() == 8
