from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from framecue.errors import InputError, ModelError, VideoError
from framecue.library import Library
from framecue.library.indexing.words_runner import (
    FoundWords,
    LocalWordsRunner,
    ReadLimits,
    UsableSource,
    WordsRunner,
    WordsWork,
    local_words_runner,
)
from framecue.library.store import Store
from framecue.progress import FilesDone
from framecue.video import IsolatedReader
from framecue.words.request import WordsRequest
from framecue.words.source import WordsUnit
from framecue.words.sources import WORD_SOURCES
from framecue.words.timed_text import WRITTEN
from support.scripted_words import Spoken

SOURCES = {"speech": Spoken("speech"), "screen": Spoken("screen", WRITTEN), "subtitles": Spoken("subtitles")}


@pytest.fixture(autouse=True)
def scripted(monkeypatch: pytest.MonkeyPatch) -> dict[str, Spoken]:
    made = {name: Spoken(name, each.kind) for name, each in SOURCES.items()}
    for name, each in made.items():
        monkeypatch.setitem(WORD_SOURCES.built_in, name, each)  # type: ignore[arg-type]
    return made


def work(path: Path, *sources: str) -> WordsWork:
    return WordsWork(path.stem, WordsUnit(str(path), ((0.0, 1.0), (1.0, 4.0))), sources)


def usable(scripted: Mapping[str, Spoken]) -> dict[str, UsableSource]:
    requests = {name: WordsRequest(source=name) for name in scripted}
    return {name: UsableSource(requests[name], scripted[name](requests[name])) for name in scripted}


def run(scripted: Mapping[str, Spoken], works: Iterable[WordsWork]) -> tuple[list[FoundWords], list[FilesDone]]:
    told: list[FilesDone] = []
    with local_words_runner(usable(scripted), ReadLimits(stall_seconds=5)) as runner:
        return list(runner.run(works, on_progress=told.append)), told


def test_each_source_answers_once_and_tells_how_far_it_is(scripted: dict[str, Spoken], clips: Path) -> None:
    works = [work(clips / "red.mp4", "screen", "speech"), work(clips / "blue.mp4", "speech")]
    found, told = run(scripted, works)
    assert [(each.video_id, each.source, len(each.lines)) for each in found] == [
        ("red", "screen", 2),
        ("red", "speech", 2),
        ("blue", "speech", 2),
    ]
    assert {each.failure or each.unusable for each in found} == {None}
    # The second line begins at 1 of 4 seconds, of the first of two sources.
    assert told[:3] == [0, 0.25 / 4 / 2, 1 / 4 / 2]
    assert told == sorted(told)
    assert {each.path for each in told} == {each.unit.path for each in works}


def test_what_was_found_before_a_file_failed_stands(scripted: dict[str, Spoken], clips: Path) -> None:
    scripted["speech"].damaged["red.mp4"] = VideoError(clips / "red.mp4", "its sound is damaged", cause="content")
    (found,), _ = run(scripted, [work(clips / "red.mp4", "speech")])
    assert [line.text for line in found.lines] == ["red speaks"]
    again = pickle.loads(pickle.dumps(found))
    assert (again.failure.reason, again.failure.cause) == ("its sound is damaged", "content")


def test_a_source_that_cannot_work_is_tried_once(scripted: dict[str, Spoken], clips: Path) -> None:
    scripted["speech"].damaged["red.mp4"] = ModelError("its model is damaged")
    works = [work(clips / f"{name}.mp4", "speech", "screen") for name in ("red", "blue")]
    found, _ = run(scripted, works)
    assert [(each.source, str(each.unusable), len(each.lines)) for each in found] == [
        ("speech", "its model is damaged", 0),
        ("screen", "None", 2),
        ("speech", "its model is damaged", 0),
        ("screen", "None", 2),
    ]
    assert scripted["speech"].names() == ["red.mp4"]


def test_works_are_drawn_as_they_are_needed(scripted: dict[str, Spoken], clips: Path) -> None:
    drawn: list[str] = []

    def works() -> Iterator[WordsWork]:
        for name in ("red", "blue"):
            drawn.append(name)
            yield work(clips / f"{name}.mp4", "speech")

    with IsolatedReader() as reader:
        found = LocalWordsRunner({"speech": usable(scripted)["speech"].source}, reader).run(
            works(), on_progress=lambda _: None
        )
        next(found)
        assert drawn == ["red"]
        found.close()


def test_limits_that_make_no_sense_are_refused() -> None:
    with pytest.raises(InputError, match="stall"), local_words_runner({}, ReadLimits(stall_seconds=0)):
        pass


class Backwards:
    """A runner that answers in the opposite order, source by source, after it has drawn all works."""

    def __init__(self, inner: WordsRunner) -> None:
        self._inner = inner
        self.num_works = 0

    def run(
        self, works: Iterable[WordsWork], *, on_progress: Callable[[FilesDone], None]
    ) -> Generator[FoundWords, None, None]:
        every = list(works)
        self.num_works = len(every)
        yield from reversed(list(self._inner.run(every, on_progress=on_progress)))


def test_a_library_does_not_depend_on_where_words_were_found(
    scripted: dict[str, Spoken], tmp_path: Path, clips: Path, colour_model
) -> None:
    (clips / "red.srt").write_text("1\n00:00:00,500 --> 00:00:01,000\nthe mortgage\n")
    scripted["screen"].damaged["green.mp4"] = VideoError(clips / "green.mp4", "it is damaged", cause="content")
    elsewhere: list[Backwards] = []

    @contextmanager
    def backwards(sources: Mapping[str, UsableSource], limits: ReadLimits) -> Iterator[Backwards]:
        assert {name: each.request.source for name, each in sources.items()} == {name: name for name in SOURCES}
        with local_words_runner(sources, limits) as inner:
            elsewhere.append(Backwards(inner))
            yield elsewhere[-1]

    told: list[float] = []
    here, there = (Library(tmp_path / f"{name}.lance", model=colour_model) for name in ("here", "there"))
    one = here.add(clips, speech=True, screen_text=True)
    other = there.add(
        clips,
        speech=True,
        screen_text=True,
        words_runner=backwards,
        words_progress=lambda done, total: told.append(done / total),
    )
    assert [runner.num_works for runner in elsewhere] == [4]
    assert max(told) == 1
    key = {(each.source, each.num_files, each.num_lines, each.num_failed) for each in one.words}
    assert {(each.source, each.num_files, each.num_lines, each.num_failed) for each in other.words} == key
    assert one.words_failed == other.words_failed
    stores = [Store.open(library.uri) for library in (here, there)]
    for video_id in {held.video_id for held in stores[0].held().values()}:
        assert stores[0].timed_texts(video_id) == stores[1].timed_texts(video_id)
    assert stores[0].words_notes.done() == stores[1].words_notes.done()
    # Nothing is left for a run on one machine.
    assert there.add(clips).words == []
