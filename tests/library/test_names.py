"""Names that a library is taught: from examples to what a search understands, and what is told of them."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import (
    AbsentError,
    FingerprintError,
    InputError,
    LibraryError,
    LibraryNotFoundError,
    ModelError,
    OrdinaryWordError,
)
from framecue.library import HeldMoment, Library, TaughtName, VideoMoment, VideoSpan, check_library
from framecue.library.store import Store
from framecue.library.store.lease_note import LEASE_FILE, Holder, LeaseNote
from framecue.library.store.lock import library_lock
from framecue.library.store.rows import Row
from framecue.library.store.taught_names import NAMES_TABLE
from framecue.object_store.objects import put
from support.colours import COLOURS, ColourEncoder, LearningColours, write_clip
from support.object_server import Bucket

# Three videos of the same reddish thing, and many of other colours.
REX = [HeldMoment("rex-0"), HeldMoment("rex-1"), HeldMoment("rex-2")]


def colour_vector(red: float, green: float, blue: float) -> np.ndarray:
    return np.append(np.float32([red, green, blue]) - 0.5, np.float32(0.1))


def rows() -> list[dict[str, object]]:
    rng = np.random.default_rng(0)
    rex = [(f"rex-{number}", colour_vector(0.9, 0.05 * number, 0.3)) for number in range(3)]
    others = [(f"other-{number}", colour_vector(0.1, *rng.uniform(0, 1, 2))) for number in range(60)]
    return [{"path": f"/{name}.mp4", "video_id": name, "vector": vector} for name, vector in [*rex, *others]]


@pytest.fixture
def model() -> LearningColours:
    return LearningColours()


@pytest.fixture
def library(make_store: Callable[..., Store], model: LearningColours) -> Library:
    return Library(make_store(rows()).uri, model=model)


def names(library: Library) -> list[str]:
    return [name.name for name in library.taught_names()]


def test_a_name_is_taught_and_listed_with_the_quality_of_its_examples(library: Library, model: LearningColours):
    taught = library.teach("Rex", like=REX, unlike=[HeldMoment("other-0")], coarse="red", num_tokens=2)
    assert taught == library.taught_names()[0]
    assert (taught.name, taught.coarse, taught.num_tokens, taught.fits, taught.notices) == ("Rex", "red", 2, True, ())
    assert [(each.video_id, each.path, each.rank) for each in taught.examples] == [
        (f"rex-{number}", f"/rex-{number}.mp4", 1) for number in range(3)
    ]
    assert all(each.num_compared > 50 and each.is_held for each in taught.examples)
    assert [(each.video_id, each.rank) for each in taught.unlike] == [("other-0", None)]
    (lesson,) = model.lessons
    assert (lesson.name, lesson.coarse, lesson.num_tokens) == ("Rex", "red", 2)
    assert (lesson.examples.shape, lesson.unlike.shape) == ((3, 4), (1, 4))
    np.testing.assert_allclose(np.linalg.norm(lesson.examples, axis=1), 1, atol=1e-5)


def test_what_is_kept_lets_a_text_with_the_name_find_what_it_means(library: Library, model: LearningColours):
    library.teach("Rex", like=REX)
    store = Store.open(library.uri)
    (kept,) = store.names.fitting()
    vector = model.embed_named_texts(["rex"], [kept.tokens])[0]
    assert {match.video_id for match in store.search(vector, limit=3)} == {"rex-0", "rex-1", "rex-2"}
    assert {match.video_id for match in store.search(kept.mean, limit=3)} == {"rex-0", "rex-1", "rex-2"}


def test_teaching_twice_gives_the_same(library: Library):
    library.teach("Rex", like=REX)
    (first,) = Store.open(library.uri).names.fitting()
    library.forget_name("Rex")
    library.teach("Rex", like=REX)
    (second,) = Store.open(library.uri).names.fitting()
    np.testing.assert_array_equal(first.tokens.vectors, second.tokens.vectors)


def test_hits_are_examples(library: Library):
    hits = library.search("red", k=3)
    taught = library.teach("Rex", like=hits)
    assert [each.video_id for each in taught.examples] == [hit.video_id for hit in hits]
    assert [(each.start_seconds, each.end_seconds) for each in taught.examples] == [(0, 2)] * 3


def test_a_name_is_taught_again_with_more_examples(library: Library, model: LearningColours):
    library.teach("Rex", like=REX[:2], coarse="red")
    taught = library.teach("REX", like=[REX[2], REX[0]], num_tokens=3)
    assert [each.video_id for each in taught.examples] == ["rex-0", "rex-1", "rex-2"]
    assert (taught.name, taught.coarse, taught.num_tokens) == ("REX", "red", 3)
    assert names(library) == ["REX"]
    assert library.teach("rex", like=[]).num_tokens == 3
    assert [len(lesson.examples) for lesson in model.lessons] == [2, 3, 3]


def test_what_is_said_later_counts_more(library: Library):
    library.teach("Rex", like=REX, unlike=[HeldMoment("other-0")])
    taught = library.teach("Rex", like=[HeldMoment("other-0")], unlike=[REX[0]])
    assert [each.video_id for each in taught.examples] == ["rex-1", "rex-2", "other-0"]
    assert [each.video_id for each in taught.unlike] == ["rex-0"]


def test_one_example_works_and_three_are_said_to_be_better(library: Library):
    taught = library.teach("Rex", like=REX[0])  # type: ignore[arg-type]  # one need not be in a list
    assert (taught.examples[0].rank, taught.examples[0].num_compared) == (None, 0)
    assert "3 or more" in taught.notices[0]


def test_an_example_that_stands_apart_is_named(library: Library):
    (notice,) = library.teach("Rex", like=[*REX, HeldMoment("other-5")]).notices
    assert notice.startswith("/other-5.mp4 at 0.0 to 2.0 s stands apart: searched for by the other examples")
    assert library.taught_names()[0].notices == (notice,)


def test_names_are_forgotten_and_renamed(library: Library):
    library.teach("Rex", like=REX)
    before = library.taught_names()[0]
    renamed = library.rename_name("REX", "Rexi")
    assert replace(renamed, name="Rex") == before
    assert library.rename_name("rexi", "REXI").name == "REXI"  # another way to write the same name
    library.teach("Bella", like=[HeldMoment("other-1")])
    with pytest.raises(InputError, match="'REXI' is taught already; forget it first"):
        library.rename_name("Bella", "rexi")
    assert library.forget_name("rexi")
    assert not library.forget_name("rexi")
    assert names(library) == ["Bella"]


def test_a_name_that_was_not_taught_is_absent(library: Library):
    for action in (lambda: library.rename_name("Rex", "Max"), lambda: library.name_picture("Rex")):
        with pytest.raises(AbsentError, match="was not taught the name 'Rex'; `framecue names"):
            action()
    assert library.taught_names() == []


def test_the_picture_of_a_name_is_that_of_its_first_example(make_store: Callable[..., Store], model: LearningColours):
    every = [{**row, "thumbnail": f"of {row['video_id']}".encode()} for row in rows()]
    library = Library(make_store(every).uri, model=model)
    library.teach("Rex", like=REX)
    assert library.name_picture("rex") == b"of rex-0"
    library.teach("Rex", like=[HeldMoment("other-1")])
    assert library.name_picture("rex") == b"of rex-0"
    library.teach("Rex", like=[], unlike=[REX[0]])
    assert library.name_picture("rex") == b"of rex-1"


def test_pictures_in_memory_are_examples_and_are_kept(library: Library, model: LearningColours):
    pixels = np.full((60, 80, 3), COLOURS["yellow"], dtype=np.uint8)
    taught = library.teach("Rex", like=[pixels, *REX[:1]])
    assert (taught.examples[0].path, taught.examples[0].kind, taught.examples[0].is_held) == (None, "image", True)
    picture = Store.open(library.uri).names.read()[0].examples[0].picture
    assert picture is not None
    assert picture[8:12] == b"WEBP"
    np.testing.assert_allclose(model.lessons[0].examples[0] @ model.embed_texts(["yellow"])[0], 1, atol=1e-5)
    assert library.name_picture("Rex") is not None
    assert len(library.teach("Rex", like=[pixels]).examples) == 2  # the same picture again


def test_moments_of_files_that_are_in_no_library_are_examples(library: Library, tmp_path: Path):
    path = write_clip(tmp_path / "elsewhere.mp4", "red", seconds=12)
    # Read by the process that reads what nobody has to trust.
    taught = library.teach("Rex", like=[VideoSpan(path, 1, 3), VideoMoment(path, at_seconds=10)])
    assert [(each.start_seconds, each.end_seconds) for each in taught.examples] == [(1, 3), (7, 12)]
    assert {(each.path, each.is_held) for each in taught.examples} == {(str(path), False)}
    assert library.name_picture("Rex") is not None


def test_a_removed_video_leaves_the_name_as_it_is(make_store: Callable[..., Store], model: LearningColours):
    every = [{**row, "thumbnail": b"small"} for row in rows()]
    library = Library(make_store(every).uri, model=model)
    taught = library.teach("Rex", like=REX)
    library.remove(["/rex-0.mp4"])
    (left,) = library.taught_names()
    assert left == replace(taught, examples=(replace(taught.examples[0], is_held=False), *taught.examples[1:]))
    assert library.name_picture("Rex") == b"small"
    assert len(library.teach("Rex", like=[HeldMoment("other-3")]).examples) == 4  # by the vector that was kept


# --- bad input


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "a name is empty"), ("  ", "a name is empty"), ("x" * 100, "100 characters"), ("!?", "no letter")],
)
def test_a_name_that_cannot_be_one_is_refused(library: Library, name: str, said: str):
    with pytest.raises(InputError, match=said):
        library.teach(name, like=REX)


def test_an_ordinary_word_is_refused_unless_it_is_meant(library: Library):
    with pytest.raises(OrdinaryWordError, match="'dog' is an ordinary word"):
        library.teach("dog", like=REX)
    with pytest.raises(OrdinaryWordError) as caught:
        library.rename_name(library.teach("Rex", like=REX).name, "dog")
    assert pickle.loads(pickle.dumps(caught.value)).name == "dog"
    library.forget_name("Rex")
    assert library.teach("dog", like=REX, allow_ordinary=True).name == "dog"
    assert library.teach("dog", like=[HeldMoment("other-1")]).name == "dog"  # asked once


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"like": []}, "'Rex' has no example: give at least one"),
        ({"like": [3]}, "like has a int in it; give hits"),
        ({"like": 3}, "like is 3; give a list"),
        ({"like": REX, "unlike": [{}]}, "unlike has a dict in it"),
        ({"like": REX, "num_tokens": 5}, "num_tokens is 5; it must be a whole number, 1 to 4"),
        ({"like": REX, "num_tokens": True}, "num_tokens is True"),
        ({"like": REX, "coarse": 4}, "coarse is 4; it must be str"),
        ({"like": REX, "coarse": "dog " * 40}, "coarse has 160 characters; give an ordinary word"),
        ({"like": REX, "coarse": "\ud800"}, "not valid Unicode"),
        ({"like": REX, "coarse": "qwxz"}, "no word that this model knows"),
        ({"like": REX, "unlike": [HeldMoment("rex-1", 1.0)]}, "/rex-1.mp4 at 0 to 2 s is given both as what 'Rex'"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused_and_nothing_is_written(
    library: Library, options: dict[str, object], said: str
):
    with pytest.raises(InputError, match=said):
        library.teach("Rex", **options)  # type: ignore[arg-type]
    assert not (Path(library.uri) / f"{NAMES_TABLE}.lance").exists()


def test_an_example_that_is_gone_is_named(library: Library):
    with pytest.raises(AbsentError, match="the example the video nowhere is gone"):
        library.teach("Rex", like=[HeldMoment("nowhere")])
    with pytest.raises(AbsentError, match=r"rex-0 at 99 s is not there: the video lasts 60.0 s"):
        library.teach("Rex", like=[HeldMoment("rex-0", 99.0)])
    with pytest.raises(InputError, match=r"/no/such.mp4: no such file"):
        library.teach("Rex", like=[VideoMoment("/no/such.mp4")])


def test_a_whole_film_is_no_example(make_store: Callable[..., Store], model: LearningColours):
    film = [
        {"path": "/film.mp4", "video_id": "film", "start_seconds": 8.0 * number, "end_seconds": 8.0 * number + 8}
        for number in range(30)
    ]
    library = Library(make_store(film).uri, model=model)
    with pytest.raises(InputError, match=r"the video film lasts 240 s, .*give the moment of it .*PATH@START-END"):
        library.teach("Rex", like=[HeldMoment("film")])
    taught = library.teach("Rex", like=[HeldMoment("film", 100.0)])
    assert (taught.examples[0].start_seconds, taught.examples[0].end_seconds) == (96, 104)


def test_a_model_that_learns_no_names_says_so(library: Library):
    with pytest.raises(ModelError, match="cannot be taught names"):
        Library(library.uri, model=ColourEncoder()).teach("Rex", like=REX)


def test_a_model_that_is_not_at_hand_or_another_is_refused(library: Library, monkeypatch: pytest.MonkeyPatch):
    def gone(*_: object, **__: object) -> None:
        raise ModelError("colours is nowhere; name its folder")

    library.teach("Rex", like=REX)
    monkeypatch.setattr("framecue.library.library.load_named_model", gone)
    with pytest.raises(ModelError, match="colours is nowhere"):
        Library(library.uri).teach("Rex", like=[HeldMoment("other-1")])
    with pytest.raises(FingerprintError):
        Library(library.uri, model=LearningColours(name="another")).teach("Rex", like=[HeldMoment("other-1")])
    assert [len(name.examples) for name in Library(library.uri).taught_names()] == [3]


def test_a_library_that_is_not_there_is_not_made(tmp_path: Path, model: LearningColours):
    library = Library(tmp_path / "none.lance", model=model)
    for action in (
        lambda: library.teach("Rex", like=REX),
        library.taught_names,
        lambda: library.forget_name("Rex"),
        lambda: library.rename_name("Rex", "Max"),
    ):
        with pytest.raises(LibraryNotFoundError):
            action()
    assert not (tmp_path / "none.lance").exists()


# --- stopped, and not alone


def test_who_is_stopped_while_teaching_has_the_name_as_it_was(library: Library):
    before = library.teach("Rex", like=REX[:2])

    def stop(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        library.teach("Rex", like=REX, on_step=stop)
    assert library.taught_names() == [before]
    with library_lock(library.uri, wait_seconds=0.1):  # and nobody holds the lock
        pass


def test_a_library_that_goes_while_a_name_is_learnt_leaves_no_folder_in_its_place(
    make_store: Callable[..., Store], model: LearningColours
):
    # With pictures and an empty table of names, nothing has to be read once the name is learnt.
    library = Library(make_store([{**row, "thumbnail": b"WebP"} for row in rows()]).uri, model=model)
    library.teach("Rex", like=REX)
    library.forget_name("Rex")
    folder = Path(library.uri)

    def take_away(_done: int, _total: int) -> None:
        if folder.exists():
            folder.rename(folder.with_name("elsewhere.lance"))

    with pytest.raises(LibraryError):
        library.teach("Max", like=REX, on_step=take_away)
    assert not folder.exists()
    folder.with_name("elsewhere.lance").rename(folder)
    assert names(library) == []


def test_a_disk_that_is_full_leaves_the_name_as_it_was(library: Library, monkeypatch: pytest.MonkeyPatch):
    before = library.teach("Rex", like=REX[:2])

    def full(*_: object) -> None:
        raise LibraryError("no space left")

    monkeypatch.setattr("framecue.library.store.taught_names.merge", lambda *given, **named: full())
    with pytest.raises(LibraryError, match="no space left"):
        library.teach("Rex", like=REX)
    assert library.taught_names() == [before]


def test_who_teaches_waits_for_a_run_that_writes_before_anything_is_learnt(library: Library, model: LearningColours):
    class ImpatientError(Exception):
        pass

    def give_up() -> None:
        raise ImpatientError

    with library_lock(library.uri):
        for action in (
            lambda: library.teach("Rex", like=REX, on_wait=give_up),
            lambda: library.forget_name("Rex", on_wait=give_up),
        ):
            with pytest.raises(ImpatientError):
                action()
    assert model.lessons == []


def test_two_who_teach_the_same_name_lose_no_example(library: Library, model: LearningColours):
    other = Library(library.uri, model=LearningColours())
    assert other.taught_names() == []  # opened before the first has taught anything
    library.teach("Rex", like=REX[:2])
    assert [each.video_id for each in other.teach("Rex", like=REX[2:]).examples] == ["rex-0", "rex-1", "rex-2"]


def test_in_an_object_store_a_name_lives_as_on_a_disk(bucket: Bucket, make_row: Callable[..., Row], library: Library):
    store = Store.create(f"{bucket.url}/l.lance", Store.open(library.uri).fingerprint)
    store.write([make_row(**row) for row in rows()])
    remote = Library(store.uri, model=LearningColours())

    def both(act: Callable[[Library], object]) -> None:
        assert act(library) == act(remote)

    both(lambda each: replace(each.teach("Rex", like=REX[:2]), taught_at=0.0))
    both(lambda each: replace(each.teach("Rex", like=REX, unlike=[HeldMoment("other-4")]), taught_at=0.0))
    both(lambda each: each.rename_name("rex", "Rexi").name)
    both(lambda each: (names(each), each.info().names, each.name_picture("Rexi")))
    both(lambda each: (each.forget_name("Rexi"), names(each)))


def test_who_loses_the_lease_while_a_name_is_learnt_writes_nothing(bucket: Bucket, make_row: Callable[..., Row]):
    store = Store.create(f"{bucket.url}/l.lance", LearningColours().fingerprint().to_dict())
    store.write([make_row(**row) for row in rows()])
    library = Library(store.uri, model=LearningColours())
    before = library.teach("Rex", like=REX[:2])

    def lose(done: int, total: int) -> None:
        if done == total:
            by = LeaseNote("another run's", 0, 60.0, Holder("elsewhere", 1, "", "now"))
            put(f"{store.uri}/{LEASE_FILE}", by.to_bytes())

    with pytest.raises(LibraryError, match="its lease was taken over by another run"):
        library.teach("Rex", like=REX, on_step=lose)
    assert library.taught_names() == [before]


# --- what else tells of names


def test_a_name_travels_with_the_library_and_needs_no_model_to_be_listed(library: Library, tmp_path: Path):
    taught = library.teach("Rex", like=REX)
    moved = tmp_path / "moved.lance"
    shutil.move(library.uri, moved)
    assert Library(moved).taught_names() == [taught]


def test_info_and_the_check_of_a_library_tell_of_names(library: Library):
    assert library.info().names == []
    library.teach("Rex", like=REX)
    library.teach("Bella", like=[HeldMoment("other-1")])
    assert library.info().to_dict()["names"] == ["Bella", "Rex"]
    found = check_library(library.uri)
    assert (found.num_names, found.names_error, found.names_left) == (2, None, {})
    assert "2 taught names, understood by its searches" in [finding.what for finding in found.findings]
    table = Store.open(library.uri).names.table()
    assert table is not None
    table.lance.update(values={"num_tokens": 3}, where="path = 'rex'")
    damaged = check_library(library.uri)
    assert damaged.names_error is not None
    assert any("names that it was taught cannot be read" in each.what for each in damaged.findings)


def test_the_documents_of_names_have_plain_values(library: Library):
    taught = library.teach("Rex", like=REX)
    assert isinstance(taught, TaughtName)
    document = taught.to_dict()
    assert list(document) == ["name", "coarse", "num_tokens", "examples", "unlike", "fits", "taught", "notices"]
    assert document["examples"][0] == {
        "path": "/rex-0.mp4",
        "video_id": "rex-0",
        "start_seconds": 0.0,
        "end_seconds": 2.0,
        "kind": "video",
        "rank": 1,
        "num_compared": taught.examples[0].num_compared,
        "agrees": True,
        "is_held": True,
        "hit": "/rex-0.mp4@0:00-0:02",
    }
