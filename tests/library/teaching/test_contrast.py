from __future__ import annotations

from collections.abc import Callable

import numpy as np

from framecue.library.store import Store
from framecue.library.store.taught_names import KeptExample
from framecue.library.teaching.contrast import draw_others, overlap_seconds, show_the_same


def example(video_id: str | None = "a", start: float = 0.0, end: float = 5.0, **changes: object) -> KeptExample:
    values = {"path": None, "kind": "video", "vector": np.float32([1, 0, 0, 0])} | changes
    return KeptExample(video_id=video_id, start_seconds=start, end_seconds=end, **values)  # type: ignore[arg-type]


def library(make_store: Callable[..., Store], others: int) -> Store:
    film = [
        {"path": "/a.mp4", "video_id": "a", "start_seconds": 5.0 * number, "end_seconds": 5.0 * number + 5}
        | {"vector": (1, 0.5 + number, 0, 0)}
        for number in range(4)
    ]
    rest = [{"path": f"/{number}.mp4", "vector": (0, 1, number, 0)} for number in range(others)]
    return make_store([*film, *rest])


def test_other_moments_of_the_same_video_are_left_out_where_there_are_enough_others(make_store):
    assert len(draw_others(library(make_store, 60), [example()])) == 60


def test_in_a_small_library_those_are_left_out_that_overlap(make_store):
    others = draw_others(library(make_store, 3), [example(start=4.0, end=8.0)])
    # The first two segments of the film have something of it.
    assert len(others) == 3 + 2
    np.testing.assert_allclose(np.linalg.norm(others, axis=1), 1, atol=1e-5)


def test_what_is_nearly_the_same_is_left_out(make_store):
    store = make_store([{"path": "/copy.mp4", "vector": (1, 0.05, 0, 0)}, {"path": "/b.mp4", "vector": (1, 0.5, 0, 0)}])
    assert len(draw_others(store, [example(video_id="elsewhere")])) == 1


def test_a_picture_is_left_out_and_an_empty_library_gives_nothing(make_store):
    store = make_store([{"path": "/a.jpg", "video_id": "a", "start_seconds": 0.0, "end_seconds": 0.0}])
    picture = example(kind="image", end=0.0, vector=np.float32([0, 0, 1, 0]))
    assert draw_others(store, [picture]).shape == (0, 4)
    assert draw_others(make_store([], name="empty.lance"), [picture]).shape == (0, 4)


def test_the_draw_is_the_same_each_time(make_store):
    store = library(make_store, 60)
    np.testing.assert_array_equal(
        draw_others(store, [example()], number=20), draw_others(store, [example()], number=20)
    )


def test_how_long_moments_have_in_common():
    assert overlap_seconds(example(), 3.0, 9.0) == 2.0
    assert overlap_seconds(example(), 5.0, 9.0) == 0.0
    assert overlap_seconds(example(), 2.0, 2.0) > 0  # an instant in it
    assert overlap_seconds(example(), 6.0, 6.0) == 0.0


def test_what_shows_the_same():
    assert show_the_same(example(), example(start=2.0, end=7.0), share=0.5)
    assert not show_the_same(example(), example(start=3.0, end=8.0), share=0.5)
    assert show_the_same(example(), example(start=4.0, end=4.0), share=0.5)
    assert not show_the_same(example(start=1.0, end=1.0), example(start=4.0, end=4.0), share=0.5)
    assert not show_the_same(example(), example(video_id="b"), share=0.5)
    picture = example(video_id=None, picture=b"one")
    assert show_the_same(picture, example(video_id=None, picture=b"one"), share=0.5)
    assert not show_the_same(picture, example(video_id=None, picture=b"two"), share=0.5)
    assert not show_the_same(picture, example(), share=0.5)
    image = example(kind="image", end=0.0)
    assert show_the_same(image, image, share=0.5)
