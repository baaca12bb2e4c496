"""What a run was asked for besides pictures outlives the run, wherever in its pictures that ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import ModelError
from framecue.exported import sentences
from framecue.library import AddOptions, Library
from framecue.library.again import make_again
from framecue.library.indexing import ledger as ledger_module
from framecue.library.indexing import session as session_module
from framecue.library.indexing.keep_asked import TakenOut, asks_for_more, keep_asked
from framecue.library.indexing.ledger import Ledger
from framecue.library.indexing.meaning_run import KeptSentenceEncoder
from framecue.library.indexing.words_sources import KeptSources
from framecue.library.store import Store
from framecue.library.store.passages import Passages
from framecue.library.store.words_notes import WordsNotes
from framecue.words.sources import WORD_SOURCES
from framecue.words.timed_text import WRITTEN
from support.colours import ColourEncoder
from support.object_server import Bucket, ObjectServer
from support.scripted_words import Spoken
from support.sentences import IdeaEncoder

MODEL = "some/ideas"
SOURCES = ("speech", "screen", "subtitles")


class Stopped(BaseException):
    """What ends a run and no code of it can answer."""


@contextmanager
def stopped_in_its_pictures(num_done: int = 0, reason: BaseException | None = None) -> Iterator[None]:
    """End a run when it has put so many videos into the library, each in a commit of its own."""
    taken = iter(range(num_done))
    take = Ledger.take

    def stops(self: Ledger, result: Any) -> None:
        if next(taken, None) is None:
            raise reason or Stopped
        take(self, result)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Ledger, "take", stops)
        patched.setattr(ledger_module, "ROWS_PER_COMMIT", 1)
        with pytest.raises(type(reason) if reason else Stopped):
            yield


@pytest.fixture(autouse=True)
def spoken(monkeypatch: pytest.MonkeyPatch) -> dict[str, Spoken]:
    made = {name: Spoken(name, WRITTEN) if name == "screen" else Spoken(name) for name in SOURCES}
    for name, source in made.items():
        monkeypatch.setitem(WORD_SOURCES.built_in, name, source)  # type: ignore[arg-type]
    return made


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    def named(name: str, *, known: object = None) -> IdeaEncoder:
        return IdeaEncoder(name, revision="ideas")

    monkeypatch.setattr(sentences, "named_sentence_encoder", named)
    monkeypatch.setattr(sentences, "load_sentence_encoder", lambda known, *, starts_fast=True: named(known.model))


def has(uri: str) -> tuple[set[str], str | None]:
    """Return the sources whose words a library has or is to have, and the model of its meanings."""
    info = Library(uri).info()
    return {each.source for each in info.words}, info.meaning.model if info.meaning else None


ASKED = {
    "speech": ({"speech": True}, {"speech", "subtitles"}, None),
    "screen text": ({"screen_text": True}, {"screen", "subtitles"}, None),
    "speech without subtitles": ({"speech": True, "no_words_from": "subtitles"}, {"speech"}, None),
    "meanings": ({"meaning": MODEL}, {"subtitles"}, MODEL),
    "all": ({"speech": True, "screen_text": True, "meaning": MODEL}, {*SOURCES}, MODEL),
}


@pytest.mark.parametrize(
    ("name", "is_new", "num_done"),
    [*((name, True, 0) for name in ASKED), ("all", True, 2), ("all", False, 0), ("meanings", False, 2)],
)
def test_what_is_asked_for_outlives_a_run_that_is_stopped_in_its_pictures(
    tmp_path: Path,
    clips: Path,
    colour_model: ColourEncoder,
    write_clip: Callable[..., Path],
    name: str,
    is_new: bool,
    num_done: int,
) -> None:
    uri = str(tmp_path / "l.lance")
    asked, words, meaning = ASKED[name]
    if not is_new:
        Library(uri, model=colour_model).add(write_clip(clips / "first.mp4", "white"))
    with stopped_in_its_pictures(num_done):
        Library(uri, model=colour_model).add(clips, **asked)
    assert Library(uri).info().num_videos == num_done + (not is_new)
    assert has(uri) == (words, meaning)
    report = Library(uri, model=colour_model).add(clips)
    assert {each.source for each in report.words} == words
    assert {each.num_files for each in report.words} == {4 + (not is_new)}
    assert (report.meaning and report.meaning.model) == meaning
    assert has(uri) == (words, meaning)
    again = Library(uri, model=colour_model).add(clips)
    assert (again.words, again.meaning, again.added) == ([], None, 0)


@pytest.mark.parametrize("step", [(WordsNotes, "note_asked"), (Passages, "begin"), (Store, "add_own_columns")])
def test_a_library_that_lacks_what_was_asked_for_is_gone_again(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, step: tuple[type, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stops(*_: object, **__: object) -> None:
        raise Stopped

    uri = tmp_path / "l.lance"
    monkeypatch.setattr(*step, stops)
    with pytest.raises(Stopped):
        Library(str(uri), model=colour_model).add(clips, speech=True, meaning=MODEL)
    assert not uri.exists()


def test_what_takes_time_is_over_before_there_is_a_library(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, looked_at = tmp_path / "l.lance", []
    embed = IdeaEncoder.embed_passages

    def looks(self: IdeaEncoder, texts: Any) -> Any:
        looked_at.append(any(uri.glob("*.lance")))
        return embed(self, texts)

    monkeypatch.setattr(IdeaEncoder, "embed_passages", looks)
    with stopped_in_its_pictures():
        Library(str(uri), model=colour_model).add(clips, meaning=MODEL)
    assert looked_at
    assert not any(looked_at)


DROPPED = {
    "speech": ({"speech": False}, {"screen", "subtitles"}, MODEL, ["speech"]),
    "screen text": ({"screen_text": False}, {"speech", "subtitles"}, MODEL, ["screen"]),
    "subtitles": ({"no_words_from": "subtitles"}, {"speech", "screen"}, MODEL, ["subtitles"]),
    "meanings": ({"meaning": False}, {*SOURCES}, None, []),
    "all": ({"no_words_from": SOURCES, "meaning": False}, set(), None, sorted(SOURCES)),
}


@pytest.mark.parametrize(("name", "num_done"), [*((name, 0) for name in DROPPED), ("all", 2)])
def test_what_is_to_go_goes_though_a_run_is_stopped_in_its_pictures(
    tmp_path: Path,
    clips: Path,
    colour_model: ColourEncoder,
    write_clip: Callable[..., Path],
    name: str,
    num_done: int,
) -> None:
    first, stopped, whole = write_clip(clips / "first.mp4", "white"), str(tmp_path / "l.lance"), tmp_path / "w.lance"
    asked, words, meaning, sources = DROPPED[name]
    for uri in (stopped, whole):
        Library(uri, model=colour_model).add(first, speech=True, screen_text=True, meaning=MODEL)
    report = Library(whole, model=colour_model).add(clips, **asked)
    assert (report.words_taken_out, report.meaning_taken_out) == (sources, meaning is None)
    with stopped_in_its_pictures(num_done):
        Library(stopped, model=colour_model).add(clips, **asked)
    report = Library(stopped, model=colour_model).add(clips)
    assert report.added == 4 - num_done
    assert has(stopped) == has(str(whole)) == (words, meaning)
    held = Store.open(stopped).words
    assert {line.source for line in held.read(sorted(held.video_ids()))} == words


def test_words_that_a_stopped_run_was_to_take_out_go_though_no_picture_is_new(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    library = Library(tmp_path / "l.lance", model=colour_model)
    library.add(clips, speech=True)
    with monkeypatch.context() as patched:
        patched.setattr(session_module, "run_words", _stop)
        with pytest.raises(Stopped):
            library.add(clips, no_words_from=["speech", "subtitles"])
    assert len(library.words(clips / "red.mp4")) == 4
    library.add(clips)
    assert library.words(clips / "red.mp4") == []


def _stop(*_: object, **__: object) -> None:
    raise Stopped


@pytest.mark.parametrize("asked", [{"speech": True, "meaning": MODEL}, {"screen_text": True}])
def test_what_a_library_is_asked_for_while_it_is_made_anew_outlives_that(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, asked: dict[str, Any]
) -> None:
    uri = str(tmp_path / "l.lance")
    Library(uri, model=colour_model).add(clips)
    other = ColourEncoder(name="other")
    with stopped_in_its_pictures(1):
        make_again(uri, other, options=AddOptions(**asked))
    words, meaning = has(uri)
    assert words == {"subtitles", *(("speech",) if "speech" in asked else ("screen",))}
    assert meaning == asked.get("meaning")
    report = make_again(uri, other)
    assert ({each.source for each in report.words}, report.unchanged) == (words, 1)
    report = make_again(uri, other, options=AddOptions(speech=False, screen_text=False, meaning=False))
    assert report.words_taken_out == sorted(words - {"subtitles"})
    assert report.meaning_taken_out == (meaning is not None)


PROGRAM = """
import json, os, sys
from framecue.exported import sentences
from framecue.library import Library
from framecue.library.indexing import ledger
from framecue.words.sources import WORD_SOURCES
from support.colours import ColourEncoder
from support.scripted_words import Spoken
from support.sentences import IdeaEncoder

taken, take, ledger.ROWS_PER_COMMIT = iter(range(int(sys.argv[3]))), ledger.Ledger.take, 1

def killed(self, result):
    if next(taken, None) is None:
        os.kill(os.getpid(), 9)
    take(self, result)

ledger.Ledger.take = killed

for name in ("speech", "screen", "subtitles"):
    WORD_SOURCES.built_in[name] = Spoken(name)
sentences.named_sentence_encoder = lambda name, known=None: IdeaEncoder(name, revision="ideas")
Library(sys.argv[1], model=ColourEncoder()).add(sys.argv[2], **json.loads(sys.argv[4]))
"""


@pytest.mark.skipif(os.name != "posix", reason="kills a process as POSIX does")
@pytest.mark.parametrize("num_done", [0, 2])
def test_a_process_that_is_killed_in_its_pictures_keeps_what_it_was_asked_for(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, num_done: int
) -> None:
    uri = str(tmp_path / "l.lance")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    asked, words, meaning = ASKED["all"]
    command = [sys.executable, "-c", PROGRAM, uri, str(clips), str(num_done), json.dumps(asked)]
    assert subprocess.run(command, env=env, check=False).returncode == -signal.SIGKILL
    assert has(uri) == (words, meaning)
    report = Library(uri, model=colour_model).add(clips)
    assert {each.source for each in report.words} == words
    assert (report.meaning.model, report.meaning.num_files) == (meaning, 4)


def test_a_run_with_nothing_to_put_into_a_library_leaves_none(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder
) -> None:
    broken = tmp_path / "broken" / "a.mp4"
    broken.parent.mkdir()
    broken.write_bytes(b"no video" * 100)
    uri = tmp_path / "l.lance"
    report = Library(uri, model=colour_model).add(broken, speech=True, meaning=MODEL)
    assert (len(report.skipped), report.num_videos) == (1, 0)
    assert not uri.exists()
    with stopped_in_its_pictures(reason=ModelError("the model gives no numbers")):
        Library(uri, model=colour_model).add(clips, speech=True)
    assert not uri.exists()
    assert Library(uri, model=colour_model).add(clips, speech=True).added == 4


def test_a_new_library_in_an_object_store_is_kept_or_gone_likewise(
    object_server: ObjectServer, bucket: Bucket, tmp_path: Path, clips: Path, colour_model: ColourEncoder
) -> None:
    uri = f"{bucket.url}/l.lance"
    broken = tmp_path / "a.mp4"
    broken.write_bytes(b"no video" * 100)
    Library(uri, model=colour_model).add(broken, speech=True)
    assert not Library(uri).exists
    with stopped_in_its_pictures():
        Library(uri, model=colour_model).add(clips, speech=True)
    assert has(uri)[0] == {"speech", "subtitles"}
    assert {each.source for each in Library(uri, model=colour_model).add(clips).words} == {"speech", "subtitles"}


def test_a_sentence_encoder_that_gives_no_vectors_leaves_nothing_asked(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ModelError("it gives no vectors")

    monkeypatch.setattr(IdeaEncoder, "embed_queries", broken)
    library = Library(tmp_path / "l.lance", model=colour_model)
    with pytest.raises(ModelError, match="it gives no vectors"):
        library.add(clips, speech=True, meaning=MODEL)
    assert (library.exists, colour_model.batches) == (False, [])


def test_captions_that_a_model_cannot_write_are_refused_before_anything_is_kept(
    tmp_path: Path, clips: Path, colour_model: ColourEncoder, write_clip: Callable[..., Path]
) -> None:
    library = Library(tmp_path / "l.lance", model=colour_model)
    library.add(clips)
    write_clip(clips / "new.mp4", "white")
    with pytest.raises(Exception, match="has no captioner"):
        library.add(clips, captions=True, speech=True)
    assert has(library.uri) == (set(), None)


def test_keeping_says_what_is_taken_out_and_is_done_once(make_store: Callable[..., Store]) -> None:
    store = make_store([{"path": "/a.mp4"}])
    kept = {"sources": KeptSources(), "sentences": KeptSentenceEncoder()}
    asked = AddOptions(speech=True, meaning=MODEL)
    assert keep_asked(store, asked, **kept) == TakenOut()
    noted = store.words_notes.asked()
    assert {name: each.is_wanted for name, each in noted.items()} == {"speech": True, "subtitles": True}
    assert noted["speech"].fingerprint
    assert keep_asked(store, asked, **kept) == keep_asked(store, AddOptions(), **kept) == TakenOut()
    assert store.words_notes.asked() == noted
    dropped = AddOptions(speech=False, screen_text=False, meaning=False)
    assert keep_asked(store, dropped, **kept) == TakenOut(("speech",), meaning=True)
    assert keep_asked(store, dropped, **kept) == TakenOut()
    assert {name: each.is_wanted for name, each in store.words_notes.asked().items()} == {
        "speech": False,
        "subtitles": True,
    }


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (AddOptions(), False),
        (AddOptions(speech=False, meaning=False, no_words_from="subtitles"), False),
        (AddOptions(speech="tiny"), True),
        (AddOptions(words_from="subtitles"), True),
        (AddOptions(meaning=True), True),
    ],
)
def test_more_than_pictures_is_asked_for_by_words_and_meanings(options: AddOptions, expected: bool) -> None:
    assert asks_for_more(options) is expected
