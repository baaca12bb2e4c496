"""How near ordinary queries come to a library's segments, kept beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from framecue.errors import LibraryError
from framecue.library.store import Store
from framecue.library.store.attempt import connect
from framecue.library.store.background import BACKGROUND_TABLE, SAMPLED_SEGMENTS, Background, Backgrounds
from framecue.library.store.table import Table

RNG = np.random.default_rng(0)


def units(number: int, width: int = 8) -> np.ndarray:
    vectors = RNG.normal(size=(number, width))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make_store([{"vector": vector, "path": f"/{n:04}.mp4"} for n, vector in enumerate(units(600))])


def test_it_is_what_a_comparison_of_everything_gives(store: Store) -> None:
    bank = units(40)
    found = store.measure_background(bank, "us")
    table = store.to_arrow(["path"], vectors=True)
    vectors = np.array(table.column("vector").to_pylist(), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(found.best, (bank @ vectors.T).max(axis=1), atol=2e-3)
    assert (found.num_segments, found.made_for, len(found.sample)) == (600, "us", SAMPLED_SEGMENTS)
    # The sample is of all the library: its queries score there as in the whole.
    scores = bank @ vectors.T
    np.testing.assert_allclose(found.mean, scores.mean(axis=1), atol=0.06)
    np.testing.assert_allclose(found.spread, scores.std(axis=1), atol=0.06)
    assert 5 < found.dimensions <= 8
    line = np.repeat(units(1), 40, axis=0) * np.linspace(-1, 1, 40, dtype=np.float32)[:, None]
    assert store.measure_background(line, "us").dimensions == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("value", [0.0, np.inf])
def test_a_vector_that_is_none_spoils_it_for_no_other(make_store: Callable[..., Store], value: float) -> None:
    vectors, bank = units(20), units(5)
    sound = make_store([{"vector": vector, "path": f"/{n}.mp4"} for n, vector in enumerate(vectors)])
    expected = sound.measure_background(bank, "us")
    (row,) = sound.rows_at(["/3.mp4"])["/3.mp4"]
    sound.write([replace(row, path="/odd.mp4", vector=np.full(8, value))])
    found = Store.open(sound.uri).measure_background(bank, "us")
    np.testing.assert_allclose(found.best, expected.best, atol=1e-6)
    assert np.isfinite(found.sample).all()
    assert np.isfinite(found.spread).all()


def test_it_is_kept_with_the_library_and_takes_the_place_of_the_one_before(store: Store) -> None:
    assert store.background("us") is None
    assert store.background_bank("us") is None
    bank = units(40).astype(np.float16).astype(np.float32)
    made = store.measure_background(bank, "us")
    store.keep_background(made, bank)
    read = Store.open(store.uri)
    _assert_same(read.background("us"), made)
    np.testing.assert_array_equal(read.background_bank("us"), bank)
    assert read.background("others") is None
    assert read.background_bank("others") is None
    others = read.measure_background(bank[:20], "others")
    read.keep_background(others, bank[:20])
    assert Store.open(store.uri).background("us") is None
    _assert_same(Store.open(store.uri).background("others"), others)


def test_one_of_another_framecue_is_as_none(store: Store) -> None:
    connect(store.uri).create_table(BACKGROUND_TABLE, pa.table({"made_for": ["us"], "unknown": [1]}))
    assert store.background("us") is None
    bank = units(40)
    store.keep_background(store.measure_background(bank, "us"), bank)
    assert Store.open(store.uri).background("us") is not None


def test_one_made_before_adapters_brought_queries_holds(store: Store) -> None:
    bank = units(40)
    made = store.measure_background(bank, "us")
    store.keep_background(replace(made, querybank=units(5), querybank_key="five"), bank)
    connect(store.uri).open_table(BACKGROUND_TABLE).drop_columns(["querybank", "querybank_key"])
    found = Store.open(store.uri).background("us")
    _assert_same(found, made)
    assert found is not None
    assert (found.querybank, found.querybank_key) == (None, "")
    assert Store.open(store.uri).background_bank("us") is not None


@pytest.mark.parametrize("name", ["sample", "querybank", "best", "bank"])
def test_one_whose_numbers_cannot_be_is_as_none(store: Store, name: str) -> None:
    bank = units(40)
    store.keep_background(replace(store.measure_background(bank, "us"), querybank=units(5)), bank)
    table = connect(store.uri).open_table(BACKGROUND_TABLE)
    table.update(values={name: b"abc"})
    found = Store.open(store.uri)
    assert (found.background("us") if name != "bank" else found.background_bank("us")) is None


@pytest.mark.parametrize("damage", ["gone", "cut short", "empty"])
def test_a_damaged_one_is_as_none_and_is_made_anew(store: Store, damage: str) -> None:
    bank = units(40).astype(np.float16).astype(np.float32)
    made = store.measure_background(bank, "us")
    store.keep_background(made, bank)
    for file in Path(store.uri, f"{BACKGROUND_TABLE}.lance", "data").iterdir():
        if damage == "gone":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:100] if damage == "cut short" else b"")
    found = Store.open(store.uri)
    assert found.background("us") is None
    assert found.background_bank("us") is None
    found.keep_background(made, bank)
    _assert_same(Store.open(store.uri).background("us"), made)
    np.testing.assert_array_equal(Store.open(store.uri).background_bank("us"), bank)


def test_one_in_a_store_that_cannot_be_read_now_is_not_taken_for_damaged(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    bank = units(40)
    store.keep_background(store.measure_background(bank, "us"), bank)

    def fail(*_given: object) -> None:
        raise LibraryError("the store cannot be reached")

    monkeypatch.setattr(Table, "scan", fail)
    backgrounds = Backgrounds("s3://bucket/videos.lance", connect(store.uri))
    with pytest.raises(LibraryError, match="cannot be reached"):
        backgrounds.read("us")


def test_where_it_cannot_be_written_it_is_known_all_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **named: Any) -> None:
        raise OSError("read-only file system")

    bank = units(40)
    made = store.measure_background(bank, "us")
    monkeypatch.setattr(type(store._database), "create_table", refuse)
    with pytest.raises(LibraryError, match="read-only"):
        store.keep_background(made, bank)
    assert store.background("us") is made
    store.refresh()
    assert store.background("us") is made
    assert not (Path(store.uri) / f"{BACKGROUND_TABLE}.lance").exists()


def test_a_library_may_grow_and_shrink_a_little(store: Store) -> None:
    found = store.measure_background(units(5), "us")
    assert [found.is_near(number) for number in (400, 500, 600, 740, 800)] == [False, True, True, True, False]


def test_it_holds_for_a_model_and_queries(store: Store) -> None:
    keys = [Background.made_for_key(*each) for each in (({"a": 1, "b": 2}, "x"), ({"b": 2, "a": 1}, "x"), ({}, "x"))]
    assert keys[0] == keys[1] != keys[2]


def _assert_same(one: Background | None, other: Background) -> None:
    assert one is not None
    assert (one.made_for, one.num_segments, one.dimensions) == (other.made_for, other.num_segments, other.dimensions)
    for name in ("sample", "best", "mean", "spread"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_the_queries_that_a_model_brings_are_kept_with_it(store: Store) -> None:
    bank, own = units(40).astype(np.float16).astype(np.float32), units(7).astype(np.float16).astype(np.float32)
    made = replace(store.measure_background(bank, "us"), querybank=own)
    store.keep_background(made, bank)
    read = Store.open(store.uri).background("us")
    _assert_same(read, made)
    assert read is not None
    assert read.querybank is not None
    np.testing.assert_array_equal(read.querybank, own)
    store.keep_background(replace(made, querybank=None), bank)
    again = Store.open(store.uri).background("us")
    assert again is not None
    assert again.querybank is None
