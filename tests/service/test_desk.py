from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from framecue.errors import AbsentError, FingerprintError, InputError, LibraryNotFoundError, ModelError, TooSlowError
from framecue.library import Library
from framecue.library.store.time_limit import check_time
from framecue.service.desk import Desk, names_of
from support.colour_rows import write_colours
from support.colours import ColourEncoder


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return write_colours(tmp_path / "colours.lance", "red", "green", "blue", "yellow")


@pytest.fixture
def desks() -> Iterator[Callable[..., Desk]]:
    made: list[Desk] = []

    def make(*places: Path, load_model=lambda library: ColourEncoder(), **options) -> Desk:
        made.append(Desk([str(place) for place in places], load_model=load_model, **options))
        return made[-1]

    yield make
    for desk in made:
        desk.close()


def found(desk: Desk, text: str, name: str | None = None) -> str:
    hits = asyncio.run(desk.ask(name, lambda library: library.search(text, k=1)))
    return Path(hits[0].path).stem


def test_libraries_are_named_after_their_folders() -> None:
    uris = ["/a/videos.lance", "s3://bucket/films.lance/", "/b/videos.lance", "/c/plain", "/d/videos.lance"]
    assert names_of(uris) == ["videos", "films", "videos-2", "plain", "videos-3"]
    assert names_of(["/"]) == ["library"]


def test_there_has_to_be_a_library() -> None:
    with pytest.raises(InputError, match="no library to serve"):
        Desk([])


def test_a_question_without_a_name_is_for_the_first(tmp_path: Path, library: Path, desks) -> None:
    other = write_colours(tmp_path / "others.lance", "white")
    desk = desks(library, other)
    assert [shelf.name for shelf in desk.shelves] == ["colours", "others"]
    assert found(desk, "red") == "red"
    assert found(desk, "red", "others") == "white"
    with pytest.raises(AbsentError, match="there are: colours, others"):
        found(desk, "red", "films")


def test_libraries_of_one_model_share_it(tmp_path: Path, library: Path, desks) -> None:
    again = shutil.copytree(library, tmp_path / "again.lance")
    loaded: list[str] = []

    def load(library: Library) -> ColourEncoder:
        loaded.append(library.uri)
        return ColourEncoder()

    desk = desks(library, again, load_model=load)
    assert found(desk, "red") == found(desk, "red", "again") == "red"
    assert loaded == [str(library)]


def test_what_is_indexed_meanwhile_is_found_without_a_restart(library: Path, desks) -> None:
    desk = desks(library)
    assert found(desk, "white") != "white"
    write_colours(library, "white")
    assert found(desk, "white") == "white"


def test_a_library_that_was_made_anew_with_another_model_gets_that_one(library: Path, desks) -> None:
    loaded: list[str] = []

    def load(library: Library) -> ColourEncoder:
        loaded.append(library.fingerprint.backbone)
        return ColourEncoder(name=loaded[-1])

    desk = desks(library, load_model=load)
    assert found(desk, "red") == "red"
    shutil.rmtree(library)
    write_colours(library, "red", "green", model=ColourEncoder(name="others"))
    with pytest.raises(FingerprintError, match="another model; search again"):
        found(desk, "red")
    assert found(desk, "red") == "red"
    assert loaded == ["colours", "others"]


def test_a_model_that_was_named_is_not_loaded_again_and_again_for_a_library_of_another(library: Path, desks) -> None:
    loaded: list[ColourEncoder] = []

    def load(library: Library) -> ColourEncoder:
        loaded.append(ColourEncoder(name="named"))
        return loaded[-1]

    desk = desks(library, load_model=load)
    for _ in range(3):
        with pytest.raises(FingerprintError, match="named"):
            found(desk, "red")
    assert len(loaded) == 1


def test_questions_at_once_have_libraries_of_their_own(library: Path, desks) -> None:
    desk = desks(library, threads=4)
    together = threading.Barrier(4)

    def question(library: Library) -> tuple[int, str]:
        together.wait(60)
        return id(library), Path(library.search("red", k=1)[0].path).stem

    async def ask() -> list[tuple[int, str]]:
        return await asyncio.gather(*(desk.ask(None, question) for _ in range(4)))

    answers = asyncio.run(ask())
    assert {name for _, name in answers} == {"red"}
    assert len({number for number, _ in answers}) == 4


def test_the_event_loop_goes_on_meanwhile(library: Path, desks) -> None:
    desk = desks(library)
    may_end = threading.Event()

    async def ask() -> bool:
        waiting = asyncio.create_task(desk.ask(None, lambda library: may_end.wait(60)))
        await asyncio.sleep(0)
        may_end.set()  # which the thread waits for, and the loop is free to say
        return await waiting

    assert asyncio.run(ask())


def test_reading_for_one_question_is_limited_in_time(library: Path, desks) -> None:
    desk = desks(library, answer_seconds=1e-9)
    with pytest.raises(TooSlowError):
        found(desk, "red")
    with desk.shelf().reading(), pytest.raises(TooSlowError):
        check_time()


def test_a_model_that_cannot_be_loaded_stops_searches_alone(library: Path, desks) -> None:
    def load(library: Library) -> ColourEncoder:
        raise ModelError("the folder is not there; bring it back")

    desk = desks(library, load_model=load)
    with pytest.raises(ModelError, match="bring it back"):
        found(desk, "red")
    assert asyncio.run(desk.ask(None, lambda library: library.info().num_videos)) == 4


def test_a_library_that_is_not_there_yet_is_asked_in_vain_until_it_is(tmp_path: Path, desks) -> None:
    desk = desks(tmp_path / "later.lance")
    with pytest.raises(LibraryNotFoundError):
        found(desk, "red")
    write_colours(tmp_path / "later.lance", "red", "blue")
    assert found(desk, "red") == "red"


def test_models_are_loaded_before_anybody_asks(tmp_path: Path, library: Path, desks, caplog) -> None:
    gone = tmp_path / "gone.lance"
    warmed = threading.Event()

    class Counted(ColourEncoder):
        def embed_texts(self, texts):
            vectors = super().embed_texts(["red" for _ in texts])
            warmed.set()
            return vectors

    def load(library: Library) -> ColourEncoder:
        if "broken" in library.uri:
            raise ModelError("it is broken")
        return Counted()

    broken = shutil.copytree(library, tmp_path / "broken.lance")
    desk = desks(gone, broken, library, load_model=load)
    desk.warm_up()
    assert warmed.wait(60)
    assert [shelf.model.state for shelf in desk.shelves] == ["waiting", "failed", "ready"]
    assert "library broken cannot be searched: it is broken" in caplog.text
