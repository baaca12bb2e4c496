"""What a run does about meanings: which encoder, when, and what it says of it."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from framecue.errors import InputError, ModelError
from framecue.exported import sentences
from framecue.library import AddOptions, Library
from framecue.library.indexing import passages_run
from framecue.library.indexing.meaning_run import KeptSentenceEncoder, keep_meaning_asked, meaning_due, run_meaning
from framecue.library.store import Store
from framecue.words.sentences import DEFAULT_SENTENCE_MODEL
from framecue.words.sources import WORD_SOURCES
from framecue.words.timed_text import TimedText
from support.scripted_words import Spoken
from support.sentences import IdeaEncoder


class Models:
    """Stands for the loading of sentence encoders."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.gone = False

    def named(self, name: str, *, known=None) -> IdeaEncoder:
        self.loaded.append(name)
        if name == "nothing":
            raise ModelError("nothing: no such folder")
        return IdeaEncoder(name, revision=name.rpartition("/")[2])

    def known(self, fingerprint, *, starts_fast: bool = True) -> IdeaEncoder:
        if self.gone:
            raise ModelError("the library's sentence encoder is no longer there")
        self.loaded.append(fingerprint.model)
        return IdeaEncoder(fingerprint.model, fingerprint.revision)


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> Models:
    made = Models()
    monkeypatch.setattr(sentences, "named_sentence_encoder", made.named)
    monkeypatch.setattr(sentences, "load_sentence_encoder", made.known)
    return made


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    made = make_store([{"path": "/a.mp4"}])
    made.words.write("id of /a.mp4", "speech", [TimedText(0, 4, "We bought a house.", "said", "en")])
    return made


def run(store: Store, wanted: bool | str | None = None):
    return run_meaning(store, wanted, encoders=KeptSentenceEncoder())


def test_nothing_is_loaded_unless_meanings_are_asked_for(store: Store, models: Models) -> None:
    outcome = run(store)
    assert (outcome.report(), models.loaded) == (
        {"meaning": None, "meaning_taken_out": False, "meaning_left_out": None},
        [],
    )
    assert store.passages.table() is None


def test_what_is_asked_for_once_is_kept_up_to_date(store: Store, models: Models) -> None:
    first = run(store, True)
    assert first.count.to_dict() == {"model": DEFAULT_SENTENCE_MODEL, "files": 1, "passages": 1}
    assert run(store, True).count is None
    models.loaded.clear()
    assert run(store).count is None
    assert models.loaded == []
    store.words.write("id of /a.mp4", "screen", [TimedText(0, 4, "HOME", "written")])
    assert run(store).count.num_passages == 2
    assert models.loaded == [DEFAULT_SENTENCE_MODEL]


def test_another_encoder_makes_them_anew_and_then_is_the_library_s(store: Store, models: Models) -> None:
    run(store, True)
    assert run(store, "some/other").count.model == "some/other"
    assert run(store, "some/other").count is None
    # Without a name the library's own is meant.
    assert run(store, True).count is None
    assert models.loaded[-1] == "some/other"
    # The same files in another folder: nothing is encoded, and the folder is noted.
    moved = run(store, "moved/other")
    assert (moved.count.model, moved.count.num_files) == ("moved/other", 0)
    assert Store.open(store.uri).passages.state().fingerprint.model == "moved/other"


def test_meanings_are_taken_out_and_the_words_stay(store: Store, models: Models) -> None:
    run(store, True)
    assert run(store, False).is_taken_out
    assert not run(store, False).is_taken_out
    assert run(store).count is None
    assert store.passages.table() is None
    assert store.words.read(["id of /a.mp4"])


def test_an_encoder_that_is_gone_costs_new_words_their_meaning_and_nothing_else(store: Store, models: Models) -> None:
    run(store, True)
    models.gone = True
    assert run(store).left_out is None  # nothing was due
    store.words.write("id of /a.mp4", "screen", [TimedText(0, 4, "HOME", "written")])
    outcome = run(store)
    assert (outcome.count, outcome.left_out) == (None, "the library's sentence encoder is no longer there")
    assert store.passages.count() == 1
    models.gone = False
    assert run(store).count.num_files == 1


def test_what_would_be_done_is_what_is_done(store: Store, models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    def told_and_done(wanted: bool | str | None = None) -> tuple[int, int]:
        due, outcome = meaning_due(store, wanted), run(store, wanted)
        return due.num_files, 0 if outcome.count is None else outcome.count.num_files

    assert told_and_done() == (0, 0)
    assert told_and_done(True) == (1, 1)
    assert told_and_done(True) == (0, 0)
    store.words.write("id of /a.mp4", "speech", [TimedText(0, 4, "We sold a house.", "said", "en")])
    assert told_and_done() == (1, 1)
    monkeypatch.setattr(passages_run, "RULES", passages_run.RULES + 1)
    assert told_and_done() == (1, 1)
    assert told_and_done("some/other") == (1, 1)
    # Where words are looked for before, there may be some: each content counts once.
    one = "id of /a.mp4"
    assert meaning_due(store, None, ["/new.mp4", one]).num_files == 2
    store.words.write(one, "speech", [TimedText(0, 4, "We bought it.", "said", "en")])
    assert meaning_due(store, None, ["/new.mp4", one]).num_files == 2
    assert meaning_due(None, True, ["/new.mp4"]).num_files == 1
    assert (meaning_due(store, False).is_taken_out, run(store, False).is_taken_out) == (True, True)


def test_an_encoder_is_kept_and_pickled_without_its_model(models: Models) -> None:
    kept = KeptSentenceEncoder()
    assert kept.named("some/other", None) is kept.named("some/other", None)
    assert models.loaded == ["some/other"]
    assert pickle.loads(pickle.dumps(kept)) == KeptSentenceEncoder()


@pytest.fixture
def library(tmp_path: Path, colour_model, clips: Path, monkeypatch: pytest.MonkeyPatch) -> Library:
    """A library of four clips, each of which says its colour in its subtitles, and in its speech."""
    for name in ("speech", "subtitles"):
        monkeypatch.setitem(WORD_SOURCES.built_in, name, Spoken(name))
    library = Library(tmp_path / "videos.lance", model=colour_model)
    library.add(clips)
    colour_model.batches.clear()
    return library


def test_a_run_gives_meanings_to_words_and_new_files_have_them_too(
    library: Library, clips: Path, models: Models, write_clip, colour_model
) -> None:
    report = library.add(clips, speech=True, meaning="some/ideas")
    assert colour_model.batches == []
    assert report.meaning.num_files == 4
    assert library.info().meaning.to_dict() == {**report.meaning.to_dict()}
    assert library.info().to_dict()["meaning"]["model"] == "some/ideas"
    assert library.add(clips).meaning is None
    write_clip(clips / "white.mp4", "white")
    assert library.add(clips).meaning.num_files == 1
    assert library.info().meaning.num_files == 5
    library.remove(clips / "white.mp4")
    assert library.info().meaning.num_files == 4
    for gone in ("white.mp4", "red.mp4"):
        (clips / gone).unlink()
    library.add(clips, prune=True)
    assert library.info().meaning.num_files == 3
    report = library.add(clips, meaning=False)
    assert (report.meaning, report.meaning_taken_out, library.info().meaning) == (None, True, None)


def test_who_asks_for_meanings_alone_gets_those_of_subtitles(library: Library, clips: Path, models: Models) -> None:
    report = library.add(clips, meaning=True)
    assert [each.source for each in report.words] == ["subtitles"]
    assert report.meaning.model == DEFAULT_SENTENCE_MODEL


def test_an_encoder_that_cannot_be_had_is_told_before_anything_is_done(
    library: Library, clips: Path, models: Models, write_clip
) -> None:
    write_clip(clips / "white.mp4", "white")
    with pytest.raises(ModelError, match="nothing: no such folder"):
        library.add(clips, meaning="nothing")
    info = library.info()
    assert (info.num_videos, info.words, info.meaning) == (4, [], None)


WHERE = {
    "before the words": "session.run_words",
    "in the words": "words_run._Run.carry_out",
    "between the words and the meanings": "session.run_meaning",
}


def stopped(library: Library, clips: Path, where: str, **asked: object) -> None:
    """Run as a run that is stopped, by what no code of it can answer."""

    class Stopped(BaseException): ...

    def before(*_: object, **__: object) -> None:
        raise Stopped

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(f"framecue.library.indexing.{WHERE[where]}", before)
        with pytest.raises(Stopped):
            library.add(clips, **asked)


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("asked", [{"speech": True}, {}], ids=["speech", "meanings alone"])
def test_what_a_stopped_run_was_asked_for_is_made_by_the_next(
    library: Library, clips: Path, models: Models, colour_model, where: str, asked: dict[str, bool]
) -> None:
    stopped(library, clips, where, meaning="some/ideas", **asked)
    info = library.info()
    assert (info.meaning.to_dict(), info.is_meaning_unfinished) == (
        {"model": "some/ideas", "files": 0, "passages": 0},
        True,
    )
    again = Library(library.uri, model=colour_model)
    # What is searched in between is searched without meanings.
    assert again.search("red")
    with pytest.raises(InputError, match=r"asked for and is not made yet; `framecue index PATHS` makes it$"):
        again.search("red", only="meaning")
    assert again.meaning_due(again.plan(clips)).model == "some/ideas"
    report = again.add(clips)
    assert (report.meaning.model, report.meaning.num_files) == ("some/ideas", 4)
    info = again.info()
    assert (info.meaning.num_files, info.is_meaning_unfinished) == (4, False)
    assert again.add(clips).meaning is None


@pytest.mark.parametrize("where", WHERE)
def test_what_a_stopped_run_was_asked_for_is_taken_out_and_replaced(
    library: Library, clips: Path, models: Models, where: str
) -> None:
    stopped(library, clips, where, speech=True, meaning="some/ideas")
    assert library.add(clips, meaning="some/other").meaning.model == "some/other"
    stopped(library, clips, where, speech="large", meaning="some/ideas")
    assert library.sentence_encoder.model == "some/ideas"
    assert library.add(clips, meaning=False).meaning_taken_out
    assert (library.info().meaning, library.add(clips).meaning) == (None, None)


def test_words_that_came_after_their_meanings_were_made_are_told(
    library: Library, clips: Path, models: Models, colour_model, write_clip
) -> None:
    library.add(clips, speech=True)
    assert library.info().num_without_meaning == 0
    library.add(clips, meaning="some/ideas")
    assert library.info().num_without_meaning == 0
    write_clip(clips / "white.mp4", "white")
    models.gone = True
    report = Library(library.uri, model=colour_model).add(clips)
    assert report.meaning_left_out
    info = library.info()
    assert (info.meaning.num_files, info.num_without_meaning, info.is_meaning_unfinished) == (4, 1, False)
    # A word that has changed has none either.
    store = Store.open(library.uri)
    red = store.held()[str(clips / "red.mp4")].video_id
    store.words.write(red, "speech", [TimedText(0, 1, "Something else.", "said", "en")])
    document = library.info().to_dict()
    assert (document["files_without_meaning"], document["is_meaning_unfinished"]) == (2, False)
    models.gone = False
    assert library.add(clips).meaning.num_files == 2
    assert library.info().num_without_meaning == 0


def test_an_encoder_that_gives_no_vectors_is_not_kept(
    library: Library, clips: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ModelError("it gives no vectors")

    monkeypatch.setattr(IdeaEncoder, "embed_queries", broken)
    with pytest.raises(ModelError, match="it gives no vectors"):
        library.add(clips, speech=True, meaning=True)
    assert (library.info().meaning, library.info().words) == (None, [])


def test_a_library_with_no_words_at_all_has_its_meanings_finished(
    store: Store, models: Models, make_store: Callable[..., Store]
) -> None:
    bare = make_store([{}], name="bare.lance")
    keep_meaning_asked(bare, True, encoders=KeptSentenceEncoder())
    assert bare.passages.state().is_unfinished
    assert run(bare).count.num_files == 0
    assert not bare.passages.state().is_unfinished
    models.loaded.clear()
    assert (run(bare).count, models.loaded) == (None, [])


def test_what_was_asked_is_kept_once_and_where_the_encoder_lies_now(store: Store, models: Models) -> None:
    def kept(wanted: bool | str | None) -> tuple[str, int]:
        keep_meaning_asked(store, wanted, encoders=KeptSentenceEncoder())
        return store.passages.state().fingerprint.model, store.passages.count()

    keep_meaning_asked(store, None, encoders=KeptSentenceEncoder())
    keep_meaning_asked(store, False, encoders=KeptSentenceEncoder())
    assert store.passages.table() is None
    assert kept("some/other") == ("some/other", 0)
    run(store)
    assert kept(True) == ("some/other", 1)
    assert kept("moved/other") == ("moved/other", 1)
    assert run(store).count is None
    assert kept("some/ideas") == ("some/ideas", 0)


def test_a_process_that_is_killed_keeps_what_it_was_asked_for(library: Library, clips: Path, models: Models) -> None:
    code = (
        "import os, sys\n"
        "from framecue.library.indexing.meaning_run import keep_meaning_asked\n"
        "from framecue.library.store import Store\n"
        "from support.sentences import IdeaEncoder\n"
        "class Kept:\n"
        "    def named(self, name, known): return IdeaEncoder(name, revision='ideas')\n"
        "keep_meaning_asked(Store.open(sys.argv[1]), 'some/ideas', encoders=Kept())\n"
        "os.kill(os.getpid(), 9)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code, library.uri], env=env, check=False)
    assert done.returncode == -signal.SIGKILL
    assert library.info().is_meaning_unfinished
    # It was killed before it noted that the words are those of subtitles.
    report = library.add(clips)
    assert [each.source for each in report.words] == ["subtitles"]
    assert (report.meaning.model, report.meaning.num_files) == ("some/ideas", 4)


@pytest.mark.parametrize("meaning", ["", 3, ["a"]])
def test_an_option_that_makes_no_sense_is_refused(meaning: object) -> None:
    with pytest.raises(InputError, match="give True, False, or a sentence encoder"):
        AddOptions(meaning=meaning)  # type: ignore[arg-type]
