from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from framecue.library.search.legs.seen import SLACK
from framecue.library.store import Store


def test_a_condition_is_heeded_before_the_best_are_chosen(make_store) -> None:
    rows = [{"path": f"/{i:03}.mp4", "vector": (1, i / 1000, 0, 0), "start_seconds": float(i)} for i in range(300)]
    store = make_store(rows)
    query = np.array([1, 0, 0, 0], dtype=np.float32)
    assert [match.path for match in store.search(query, limit=2)] == ["/000.mp4", "/001.mp4"]
    last = store.search(query, limit=2, where="start_seconds >= 250")
    assert [match.path for match in last] == ["/250.mp4", "/251.mp4"]
    assert store.search(query, limit=2, where="path = 'none'") == []


@pytest.mark.parametrize(("width", "num"), [(4, 400), (64, 400), (512, 200)])
def test_a_score_does_not_depend_on_what_else_was_found(make_store, width: int, num: int) -> None:
    rng = np.random.default_rng(width)
    centre = rng.standard_normal(width)
    rows = [{"path": f"/{i:03}.mp4", "vector": centre + 0.05 * rng.standard_normal(width)} for i in range(num)]
    store = make_store([*rows, {"path": "/twin.mp4", "vector": rows[0]["vector"]}])
    query = (centre / np.linalg.norm(centre)).astype(np.float32)
    everything = {match.path: match.score for match in store.search(query, limit=num + 1)}
    assert everything["/twin.mp4"] == everything["/000.mp4"]
    for limit in (1, 3, 37):
        for match in store.search(query, limit=limit):
            assert match.score == everything[match.path]
            assert match.score == np.float32(match.score)


@pytest.mark.parametrize("width", [3, 4, 64, 512])
def test_what_is_left_out_is_hardly_better_than_the_worst_that_is_given(make_store, width: int) -> None:
    """The engine of search relies on it; LanceDB compares in float16."""
    rng = np.random.default_rng(width)
    for spread, name in ((1.0, "far"), (0.02, "near")):
        vectors = np.ones(width) + spread * rng.standard_normal((1500, width))
        store: Store = make_store([{"path": f"/{i}", "vector": v} for i, v in enumerate(vectors)], name=f"{name}.lance")
        query = rng.standard_normal(width).astype(np.float32)
        query /= np.linalg.norm(query)
        scores = {match.path: match.score for match in store.search(query, limit=1500)}
        for limit in (10, 100, 700):
            given = {match.path for match in store.search(query, limit=limit)}
            best_left_out = max(score for path, score in scores.items() if path not in given)
            assert best_left_out <= min(scores[path] for path in given) + SLACK / 2


def test_details_are_those_of_the_segment_even_if_rows_have_other_numbers_now(make_store) -> None:
    rows = [{"path": f"/{name}.mp4", "caption": name, "vector": (1, n, 0, 0)} for n, name in enumerate("abc")]
    store = make_store(rows)
    found = store.search(np.array([1, 0, 0, 0], dtype=np.float32), limit=3)
    assert [details.caption for details in store.details(found)] == ["a", "b", "c"]
    numbers = (found[1].row_id, 99 << 32, 5_000)
    shifted = [replace(match, row_id=row_id) for match, row_id in zip(found, numbers, strict=True)]
    assert [details.text for details in store.details(shifted)] == ["a", "b", "c"]
    gone = replace(found[0], path="/gone.mp4")
    assert store.details([gone])[0].text is None
    assert store.details([]) == []
