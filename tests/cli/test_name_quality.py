from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from framecue.cli.name_quality import name_findings, place_of, quality_sentence, quality_word
from framecue.library import TaughtExample, TaughtName


def name(*ranks: int | None, of: int = 434, agree: Sequence[int] = ()) -> TaughtName:
    examples = tuple(
        TaughtExample(
            f"/{number}.mp4", "x", 0, 2, rank=rank, num_compared=0 if rank is None else of, agrees=number in agree
        )
        for number, rank in enumerate(ranks)
    )
    return TaughtName("Rex", None, 1, examples, (), fits=True, taught_at=0.0)


@pytest.mark.parametrize(
    ("taught", "word", "says"),
    [
        (name(1, 4, 2), "good", "each example is found by the others, among the first 4 of 434 moments"),
        (
            name(1, 87, 2),
            "fair",
            "the others find 2 of 3 examples near the top, and the last one at place 87 of 434 moments",
        ),
        (
            name(200, 87, 2),
            "poor",
            "the others find 1 of 3 examples near the top, and the last one at place 200 of 434",
        ),
        (name(None), "unknown", "cannot be told from one example"),
        # Place 8 is the first page anywhere, and the end of a library of ten.
        (name(1, 8, of=100), "good", "among the first 8 of 100 moments"),
        (name(1, 8, of=10), "fair", "place 8 of 10 moments; more examples"),
        # Many moments of the library show the same.
        (
            name(200, 87, 2, agree=[0, 1, 2]),
            "good",
            "the examples go together; many moments look the same, so the last one comes at place 200 of 434 moments",
        ),
        (
            name(200, 87, 2, agree=[1]),
            "fair",
            "the others find 2 of 3 examples near the top or behind moments that look the same, and the last one at",
        ),
        (name(1, 1, of=1), "good", "found by the others, first of 1 moment"),
    ],
)
def test_the_quality_in_words(taught: TaughtName, word: str, says: str) -> None:
    assert quality_word(taught) == word
    assert says in quality_sentence(taught)


def test_the_place_of_an_example() -> None:
    assert [place_of(example) for example in name(3, None).examples] == ["3 of 434", ""]


def test_what_a_check_says() -> None:
    assert name_findings([]) == []
    unfit = replace(name(90, 80), name="Leo", fits=False)
    assert name_findings([name(1, 2), name(None), unfit]) == []
    (note,) = name_findings([name(1, 2), replace(name(90, 80), name="Max")])
    assert note.level == "note"
    assert note.what == "the examples of the taught name Max hardly find each other"
    assert "framecue teach" in note.way_out
    many = [replace(name(90, 80), name=str(number)) for number in range(7)]
    assert "taught names 0, 1, 2, 3, 4 and 2 more hardly" in name_findings(many)[0].what
