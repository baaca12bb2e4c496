from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from framecue.library.search import sequence_search
from framecue.library.search.found import Found
from framecue.library.search.legs.leg import Asked, LegMatch
from framecue.library.search.sequence_search import find_in_order
from framecue.library.store import Match, Store

RED, GREEN, NEITHER = (1.0, 0.05, 0.05), (0.05, 1.0, 0.05), (0.05, 0.05, 1.0)


def chances(cosines: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    return np.clip(cosines, 0, 1)


def nothing_said(_: Asked) -> Iterable[LegMatch]:
    return ()


def asked(store: Store, colour: tuple[float, ...]) -> Asked:
    vector = np.array(colour, dtype=np.float32)
    return Asked(store, vector / np.linalg.norm(vector))


def film(path: str, *colours: tuple[float, ...]) -> list[dict[str, Any]]:
    """Return the rows of a film: a window of 5 s every 2.5 s."""
    return [
        {"path": path, "vector": colour, "start_seconds": 2.5 * number, "end_seconds": 2.5 * number + 5}
        for number, colour in enumerate(colours)
    ]


@pytest.fixture
def store(make_store: Callable[..., Store]) -> Store:
    return make_store(
        [
            *film("/right.mp4", NEITHER, RED, NEITHER, NEITHER, GREEN),
            *film("/swapped.mp4", NEITHER, GREEN, NEITHER, NEITHER, RED),
            *film("/red.mp4", RED, RED, NEITHER),
            *film("/far.mp4", RED, *[NEITHER] * 20, GREEN),
        ]
    )


def spans(store: Store, **options: Any) -> list[tuple[str, float, float]]:
    parts = [asked(store, RED), asked(store, GREEN)]
    found = find_in_order(
        parts, [chances] * 2, nothing_said, asks_seen=[True, True], **{"within_seconds": None, **options}
    )
    best = {one.path: one for one in reversed(found)}
    return [
        (path, one.start_seconds, one.end_seconds)
        for path, one in sorted(best.items(), key=lambda item: -item[1].value)
        if min(part.score for part in one.parts) > 0.9
    ]


def test_the_order_counts_and_of_two_the_nearer_comes_first(store: Store) -> None:
    assert spans(store) == [("/right.mp4", 2.5, 15.0), ("/far.mp4", 0.0, 57.5)]


@pytest.mark.parametrize(
    ("green", "between", "first"),
    [
        (0.95, 12, "/near.mp4"),
        (0.25, 12, "/late.mp4"),
        # Both are surely there, and of them the one that is like it is meant.
        (0.7, 3, "/late.mp4"),
    ],
)
def test_what_follows_soon_is_meant_unless_what_follows_late_fits_much_better(
    make_store: Callable[..., Store], green: float, between: int, first: str
) -> None:
    other = float(np.sqrt(1 - green**2))
    store = make_store(
        [
            *film("/near.mp4", RED, (0.0, green, other)),
            *film("/late.mp4", RED, *[NEITHER] * between, GREEN),
        ]
    )
    parts = [asked(store, RED), asked(store, GREEN)]

    found = find_in_order(parts, [chances] * 2, nothing_said, asks_seen=[True, True], within_seconds=None)

    assert found[0].path == first


def test_legs_count_as_in_one_box(store: Store) -> None:
    """A meaning that is a little surer than a picture does not turn it around, and two legs are surer than one."""
    at = {(one.path, one.start_seconds): one for one in store.search(np.array([0, 0, 1], np.float32), limit=99)}
    meant = LegMatch("meaning", at["/swapped.mp4", 10.0], 1, 0.4, 0.5, text="the same in other words")
    said = LegMatch("said", at["/right.mp4", 10.0], 1, 0.4, 0.3, text="it is green")

    def half_sure(cosines: np.ndarray, vectors: np.ndarray) -> np.ndarray:
        return np.where(cosines > 0.9, 0.45, 0.0)

    def best(*words: LegMatch) -> Found:
        second = Asked(store, asked(store, GREEN).vector, is_alone=True)
        found = find_in_order(
            [asked(store, RED), second],
            [half_sure] * 2,
            lambda of: words if of.is_alone else (),
            asks_seen=[True, True],
            within_seconds=None,
        )
        return found[0]

    assert best(meant).path == best(said).path == best().path == "/right.mp4"
    assert best(said).value > best().value


def test_within_leaves_out_what_comes_later(store: Store) -> None:
    # From the end of the red at 7.5 s to the beginning of the green at 10 s.
    assert spans(store, within_seconds=2.5) == [("/right.mp4", 2.5, 15.0)]
    assert spans(store, within_seconds=2.4) == []


def test_parts_have_their_own_moments_and_scores(store: Store) -> None:
    parts = [asked(store, RED), asked(store, GREEN)]

    best = find_in_order(parts, [chances] * 2, nothing_said, asks_seen=[True, True], within_seconds=None)[0]

    assert [(part.start_seconds, part.end_seconds) for part in best.parts] == [(2.5, 7.5), (10.0, 15.0)]
    assert [part.score for part in best.parts] == pytest.approx([1.0, 1.0], abs=1e-3)
    assert best.score == pytest.approx(1.0, abs=1e-3)


def test_parts_say_which_legs_have_found_their_moments(store: Store) -> None:
    green = next(one for one in store.search(np.array([0, 1, 0], np.float32), limit=99) if one.path == "/right.mp4")

    def written(of: Asked) -> list[LegMatch]:
        if not of.is_alone:
            return []
        return [
            LegMatch("written", green, rank, 3.0, strength, text=text)
            for rank, strength, text in ((1, 0.9, "green"), (2, 0.5, "a green leaf"))
        ] + [LegMatch("said", green, 1, 2.0, 0.25, text="it is green")]

    second = Asked(store, asked(store, GREEN).vector, is_alone=True)
    parts = [asked(store, RED), second]
    found = find_in_order(parts, [chances] * 2, written, asks_seen=[True, True], within_seconds=None)
    best = next(one for one in found if one.path == "/right.mp4")

    told = [[(leg.leg, leg.rank, leg.text) for leg in part.legs] for part in best.parts]
    reds = [(one.path, one.start_seconds) for one in store.search(parts[0].vector, limit=99)]
    greens = [(one.path, one.start_seconds) for one in store.search(second.vector, limit=99)]
    assert told == [
        [("seen", reds.index(("/right.mp4", 2.5)) + 1, None)],
        [("seen", greens.index(("/right.mp4", 10.0)) + 1, None), ("said", 1, "it is green"), ("written", 1, "green")],
    ]
    assert [part.legs[0].score for part in best.parts] == [part.score for part in best.parts]


def test_words_have_times_of_their_own_and_take_part(store: Store) -> None:
    match = next(one for one in store.search(np.array([1, 0, 0], np.float32), limit=99) if one.path == "/red.mp4")

    def said(of: Asked) -> list[LegMatch]:
        if of.is_alone:
            return [LegMatch("said", match, 1, 3.0, 0.97, start_seconds=6.1, end_seconds=6.9, is_exact=True)]
        return []

    words = Asked(store, np.array([0, 0, 1], np.float32), is_alone=True)
    found = find_in_order([asked(store, RED), words], [chances] * 2, said, asks_seen=[True, False], within_seconds=None)

    assert {one.path for one in found} == {"/red.mp4"}
    assert [(part.start_seconds, part.end_seconds) for part in found[0].parts] == [(2.5, 7.5), (6.1, 6.9)]
    assert [leg.leg for leg in found[0].parts[1].legs] == ["said"]
    assert (found[0].start_seconds, found[0].end_seconds) == (2.5, 7.5)


def test_two_things_in_one_line_are_in_its_order(store: Store) -> None:
    match = next(one for one in store.search(np.array([1, 0, 0], np.float32), limit=99) if one.path == "/red.mp4")
    nothing = np.array([0, 0, 1], np.float32)
    first, second = Asked(store, nothing, first=1), Asked(store, nothing, first=2)

    def said(of: Asked) -> list[LegMatch]:
        times = {1: (1.0, 1.5), 2: (3.0, 3.25)}[of.first]
        return [LegMatch("said", match, 1, 3.0, 0.5, start_seconds=0.5, end_seconds=4.5, words_seconds=times)]

    def found(*parts: Asked) -> list[list[tuple[float, float]]]:
        joined = find_in_order(parts, [chances] * 2, said, asks_seen=[False, False], within_seconds=None)
        return [[(part.start_seconds, part.end_seconds) for part in one.parts] for one in joined]

    assert found(first, second) == [[(1.0, 1.5), (3.0, 3.25)]]
    assert found(second, first) == []


Span = tuple[float, float]
SENTENCE, PASSAGE, NEXT = (6.0, 9.0), (1.0, 9.5), (7.0, 12.5)


@pytest.mark.parametrize(
    ("first", "then", "is_order"),
    [
        # The passage that a sentence is in, and the sentence of a passage.
        (("meaning", PASSAGE), ("meaning", SENTENCE), False),
        (("meaning", SENTENCE), ("meaning", (5.5, 12.0)), False),
        (("meaning", PASSAGE), ("said", SENTENCE), False),
        (("said", PASSAGE), ("meaning", SENTENCE), False),
        (("written", PASSAGE), ("meaning", SENTENCE), False),
        (("said", PASSAGE), ("said", SENTENCE), False),
        (("written", PASSAGE), ("written", SENTENCE), False),
        # Two passages that have one sentence in common.
        (("meaning", PASSAGE), ("meaning", NEXT), False),
        (("meaning", PASSAGE), ("meaning", (9.5, 12.0)), True),
        (("said", (1.0, 5.9)), ("meaning", SENTENCE), True),
        # What is said while a title stands is not the title, and a meaning may be that of either.
        (("written", PASSAGE), ("said", SENTENCE), True),
    ],
)
def test_the_same_words_are_not_both_one_thing_and_the_next(
    store: Store, first: tuple[str, Span], then: tuple[str, Span], is_order: bool
) -> None:
    match = next(one for one in store.search(np.array([0, 0, 1], np.float32), limit=99) if one.path == "/far.mp4")
    nothing = np.array([0, 0, 1], np.float32)

    def told(of: Asked) -> list[LegMatch]:
        leg, (start, end) = (first, then)[of.first]
        return [LegMatch(leg, match, 1, 3.0, 0.9, start_seconds=start, end_seconds=end, text="as it was")]

    parts = [Asked(store, nothing, first=number) for number in (0, 1)]
    found = find_in_order(parts, [chances] * 2, told, asks_seen=[False, False], within_seconds=None)

    expected = [[first[1], then[1]]] if is_order else []
    assert [[(part.start_seconds, part.end_seconds) for part in one.parts] for one in found] == expected


@pytest.mark.parametrize(
    ("lines", "found_at"),
    [
        # A line that reaches into two windows is in both, and is one.
        ({0: ("the sink is full",), 1: ("the sink is full",)}, None),
        ({0: ("the sink is full", "sinks"), 1: ("the sink is full",)}, None),
        # What touches the window before goes on from there.
        ({0: ("the sink is full",), 2: ("the sink is full",)}, None),
        # Said once more, it is another.
        ({0: ("the sink is full",), 3: ("the sink is full",)}, (0, 3)),
        ({0: ("the sink is full",), 1: ("the sink is full", "a sink again")}, (0, 1)),
        ({0: ("the sink is full",), 1: ("a sink again",)}, (0, 1)),
        # Where it is known when words are said, they are what they are.
        ({0: (), 1: ()}, (0, 1)),
    ],
)
def test_one_line_is_not_said_after_itself(
    store: Store, lines: dict[int, tuple[str, ...]], found_at: tuple[int, int] | None
) -> None:
    windows = sorted(
        (one for one in store.search(np.array([0, 0, 1], np.float32), limit=99) if one.path == "/far.mp4"),
        key=lambda one: one.start_seconds,
    )

    def said(_: Asked) -> list[LegMatch]:
        return [
            LegMatch("said", windows[number], 1, 3.0, 0.9, text=" ".join(told), lines=told)
            for number, told in lines.items()
        ]

    parts = [Asked(store, np.array([0, 0, 1], np.float32), is_alone=True)] * 2
    found = find_in_order(parts, [chances] * 2, said, asks_seen=[False, False], within_seconds=None)

    expected = [] if found_at is None else [[windows[number].start_seconds for number in found_at]]
    assert [[part.start_seconds for part in one.parts] for one in found] == expected


def test_what_is_seen_counts_where_a_line_has_told_the_part_before(store: Store) -> None:
    at = {(one.path, one.start_seconds): one for one in store.search(np.array([0, 0, 1], np.float32), limit=99)}
    line = ("red and green",)

    def said(_: Asked) -> list[LegMatch]:
        return [
            LegMatch("said", at["/right.mp4", start], 1, 3.0, 0.9, text=line[0], lines=line) for start in (7.5, 10.0)
        ]

    parts = [asked(store, RED), asked(store, GREEN)]
    found = find_in_order(parts, [chances] * 2, said, asks_seen=[False, True], within_seconds=None)
    best = next(one for one in found if one.path == "/right.mp4" and one.parts[0].start_seconds == 7.5)

    assert [[leg.leg for leg in part.legs] for part in best.parts] == [["said"], ["seen"]]
    assert best.parts[1].start_seconds == 10.0


def test_a_name_has_no_time_and_takes_no_part(store: Store) -> None:
    match = store.search(np.array([1, 0, 0], np.float32), limit=1)[0]
    named = [LegMatch("named", match, 1, 1.0, 1.0, is_of_file=True)]
    parts = [asked(store, RED), Asked(store, np.array([0, 0, 1], np.float32))]

    assert find_in_order(parts, [chances] * 2, lambda _: named, asks_seen=[True, False], within_seconds=None) == []


def test_a_large_library_is_joined_by_its_nearest_segments(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    limits: list[int] = []
    search = Store.search

    def counting(self: Store, vector: np.ndarray, **options: Any) -> list[Match]:
        limits.append(options["limit"])
        return search(self, vector, **options)

    monkeypatch.setattr(sequence_search, "NEAREST_SEGMENTS", 4)
    monkeypatch.setattr(Store, "search", counting)

    assert [path for path, _, _ in spans(store)] == ["/right.mp4", "/far.mp4"]
    assert max(limits) <= 512
