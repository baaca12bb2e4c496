from __future__ import annotations

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from framecue.errors import LibraryError
from framecue.library.store import Store, taught_names
from framecue.library.store.fence import shut_out
from framecue.library.store.taught_name_rows import KeptExample, KeptName
from framecue.library.store.taught_names import NAMES_TABLE, TaughtNames
from framecue.names.find import name_key
from framecue.names.taught import TaughtTokens

FINGERPRINT = {"backbone": "b", "sampling": {"num_frames": 4}, "embedding_dim": 4}
ROWS = [{"path": "/a.mp4"}, {"path": "/b.mp4", "vector": (0, 1, 0, 0)}]


def kept(name: str, store: Store, **changes: object) -> KeptName:
    example = KeptExample("/a.mp4", "id of /a.mp4", 0.0, 2.0, "video", np.float32([1, 0, 0, 0]), rank=1, num_compared=9)
    example = replace(example, texts=("a {} runs",), agrees=True)
    picture = KeptExample(None, None, 0.0, 0.0, "image", np.float32([0, 0.6, 0.8, 0]), picture=b"webp")
    values = {
        "tokens": TaughtTokens(name, np.arange(6, dtype=np.float32).reshape(2, 3) / 7, ("qx", "zy")),
        "mean": np.float32([0.8, 0.6, 0, 0]),
        "coarse": "dog",
        "examples": (example, picture),
        "unlike": (replace(example, path="/b.mp4", rank=None),),
        "thumbnail": b"small",
        "made_for": store.names.made_for,
        "taught_at": 1_700_000_000.5,
        "num_tokens": 2,
        "notices": ("One example stands apart.",),
        "direction": np.float32([0, 0, 0, 1]),
    }
    return KeptName(**(values | changes))  # type: ignore[arg-type]


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make_store(ROWS)


def names(store: Store) -> list[str]:
    return [name.name for name in store.names.fitting()]


def versions(store: Store) -> int:
    return len(list((Path(store.uri) / f"{NAMES_TABLE}.lance" / "_versions").iterdir()))


def same(one: KeptExample, other: KeptExample) -> None:
    np.testing.assert_array_equal(one.vector, other.vector)
    assert {**vars(one), "vector": 0} == {**vars(other), "vector": 0}


def test_a_name_comes_back_as_it_was_kept(store: Store):
    rex = kept("Rex", store)
    store.names.write(rex)
    found = Store.open(store.uri).names.find("rex")
    assert found is not None
    np.testing.assert_array_equal(found.tokens.vectors, rex.tokens.vectors)
    assert (found.tokens.name, found.tokens.stand_ins) == ("Rex", ("qx", "zy"))
    np.testing.assert_array_equal(found.mean, rex.mean)
    np.testing.assert_array_equal(found.examples_vector, [0, 0, 0, 1])
    for ours, theirs in zip([*found.examples, *found.unlike], [*rex.examples, *rex.unlike], strict=True):
        same(ours, theirs)
    plain = ("coarse", "thumbnail", "made_for", "taught_at", "num_tokens", "notices", "failed_for", "failure")
    assert [getattr(found, each) for each in plain] == [getattr(rex, each) for each in plain]


def test_a_library_without_names_has_no_table_and_makes_none(store: Store):
    assert (store.names.fitting(), store.names.read(), store.names.find("Rex")) == ([], [], None)
    assert not store.names.forget("Rex")
    assert NAMES_TABLE not in {each.stem for each in Path(store.uri).iterdir()}


def test_a_search_reads_no_pictures(store: Store):
    store.names.write(kept("Rex", store))
    (found,) = store.names.fitting()
    assert (found.thumbnail, [example.picture for example in found.examples]) == (None, [None, None])
    (whole,) = store.names.read()
    assert (whole.thumbnail, [example.picture for example in whole.examples]) == (b"small", [None, b"webp"])


def test_the_way_a_name_is_written_does_not_matter(store: Store):
    store.names.write(kept("Grandma's  Küche", store))
    for text in ("grandma's küche", "GRANDMA'S KU\u0308CHE", " grandma's\tküche "):
        assert store.names.find(text) is not None
    assert name_key("Straße") == name_key("STRASSE")


def test_a_name_takes_the_place_of_what_was_kept_of_it(store: Store):
    store.names.write(kept("Rex", store))
    before = versions(store)
    store.names.write(kept("REX", store, coarse=None))
    assert versions(store) == before + 1  # one commit: whoever is killed leaves the one or the other
    (found,) = store.names.read()
    assert (found.name, found.coarse) == ("REX", None)


def test_a_name_is_renamed_in_one_commit(store: Store):
    store.names.write(kept("Rex", store))
    store.names.write(kept("Bella", store))
    before = versions(store)
    store.names.write(kept("Max", store), instead_of="rex")
    assert versions(store) == before + 1
    assert names(store) == ["Bella", "Max"]


def test_a_forgotten_name_is_gone_and_the_others_stay(store: Store):
    store.names.write(kept("Rex", store))
    store.names.write(kept("Bella", store))
    assert store.names.forget("REX")
    assert not store.names.forget("Rex")
    assert names(store) == ["Bella"]


def test_names_for_another_model_are_told_apart(store: Store):
    store.names.write(kept("Rex", store, made_for='{"backbone": "another"}'))
    store.names.write(kept("Bella", store))
    assert names(store) == ["Bella"]
    assert [name.name for name in store.names.others()] == ["Rex"]
    store.names.note_failure(store.names.others()[0], store.names.made_for, "it is no model for it")
    (rex,) = store.names.others()
    assert (rex.failed_for, rex.failure) == (store.names.made_for, "it is no model for it")


def test_names_are_read_again_only_after_a_commit(store: Store, monkeypatch: pytest.MonkeyPatch):
    store.names.write(kept("Rex", store))
    reads = []
    read = TaughtNames._names
    monkeypatch.setattr(TaughtNames, "_names", lambda *given, **named: (reads.append(1), read(*given, **named))[1])
    for _ in range(3):
        store.refresh()
        assert names(store) == ["Rex"]
    assert len(reads) == 1
    Store.open(store.uri).names.write(kept("Bella", store))
    store.refresh()
    assert names(store) == ["Bella", "Rex"]
    assert len(reads) == 2


def test_a_library_that_was_deleted_and_made_anew_has_other_names(store: Store, make_store: Callable[..., Store]):
    store.names.write(kept("Rex", store))
    assert names(store) == ["Rex"]
    shutil.rmtree(store.uri)
    make_store(ROWS).names.write(kept("Bella", store))
    store.refresh()
    assert names(store) == ["Bella"]


def test_a_damaged_name_is_named_with_the_way_out_and_can_be_forgotten(store: Store):
    store.names.write(kept("Rex", store))
    table = store.names.table()
    assert table is not None
    table.lance.update(values={"num_tokens": 4})
    with pytest.raises(LibraryError, match=r"name 'Rex' is damaged .*; forget it, and teach it again"):
        store.names.read()
    assert store.names.forget("Rex")
    assert store.names.read() == []


def test_a_table_of_an_older_framecue_gets_the_columns_that_it_lacks(store: Store):
    store.names.write(kept("Rex", store))
    table = store.names.table()
    assert table is not None
    table.lance.drop_columns(["failed_for", "failure", "direction", "agrees"])
    old = Store.open(store.uri)
    (rex,) = old.names.fitting()
    np.testing.assert_array_equal(rex.examples_vector, rex.mean)
    old.names.write(kept("Bella", store, failure="no video left", failed_for="x"))
    assert [name.failure for name in old.names.read()] == ["no video left", None]


def test_many_commits_do_not_leave_many_files(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(taught_names, "_MOST_FILES", 3)
    rex = kept("Rex", store)
    for number in range(5):
        store.names.write(replace(rex, taught_at=float(number)))
    table = store.names.table()
    assert table is not None
    assert table.lance.stats()["fragment_stats"]["num_fragments"] <= 3  # type: ignore[index]
    assert store.names.read()[0].taught_at == 4


def test_names_are_kept_in_an_object_store_as_on_a_disk(bucket):
    store = Store.create(f"{bucket.url}/l.lance", FINGERPRINT)
    store.names.write(kept("Rex", store))
    other = Store.open(store.uri)
    assert names(other) == ["Rex"]
    store.names.write(kept("Max", store), instead_of="Rex")
    other.refresh()
    assert names(other) == ["Max"]
    assert store.names.forget("max")
    other.refresh()
    assert (names(other), other.names.read()) == ([], [])


def test_a_writer_that_was_stopped_and_lost_its_lease_changes_no_name(bucket, object_server):
    store = Store.create(f"{bucket.url}/l.lance", FINGERPRINT)
    store.names.write(kept("Rex", store))
    object_server.forget_requests()
    object_server.fault("stall", method="PUT", key=r"taught_names\.lance/_versions/.*manifest$", seconds=60)
    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(store.names.write, kept("Rex", store, coarse="late"))
        while not any(each.fault for each in object_server.requests("PUT")):
            assert not late.done()
        shut_out(store.uri)
        object_server.heal()
        with pytest.raises(LibraryError, match="cannot be written"):
            late.result()
    after = Store.open(store.uri)
    (rex,) = after.names.read()
    assert rex.coarse == "dog"
    after.names.write(kept("Bella", after))
    assert names(after) == ["Bella", "Rex"]
