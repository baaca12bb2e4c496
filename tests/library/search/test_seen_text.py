"""What of a text a model is asked to see."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from framecue.library import Library, Query
from framecue.library.search.seen_text import seen_text
from support.words import WordEncoder, word_library


class Knows(WordEncoder):
    """Knows words that consist of small Latin letters; `read` is what it was given to encode."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def known_share(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([np.mean([word.isascii() and word.islower() for word in text.split()]) for text in texts])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        self.read += texts
        return super().embed_texts(texts)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("a bee moves right", "a bee moves right"),
        ("a bee moves right THE MORTGAGE", "a bee moves right"),
        ("Wedding a bee moves right", "a bee moves right"),
        # What is left of a sentence of other words says nothing by itself.
        ("a bee moves right in THE to WE of SIGNED the", "a bee moves right in"),
        ("a dog ЖИЗНЬ ЖУК with a ball", "a dog with a ball"),
        # Nothing is left, so all of it is read.
        ("Wedding in the Ardennes", "Wedding in the Ardennes"),
        ("Wedding", "Wedding"),
        ("  a   bee\tmoves ", "  a   bee\tmoves "),
    ],
)
def test_the_words_that_it_was_made_for_are_read(text: str, read: str) -> None:
    assert seen_text(Knows(), text) == read


def test_a_model_that_cannot_tell_its_words_reads_all_of_them() -> None:
    assert seen_text(WordEncoder(), "a bee Wedding") == "a bee Wedding"


def test_the_box_reads_so_and_who_chooses_legs_or_names_one_has_all_read(tmp_path: Path) -> None:
    texts = [f"scene {'abcdefghij'[n % 10] * (1 + n // 10)}" for n in range(30)]
    model = Knows()
    library = Library(word_library(tmp_path, texts, model=model).uri, model=model)
    text = f"{texts[3]} WEDDING"

    def read(query: str | Query, **options: object) -> str:
        library.search(query, k=1, **options)  # type: ignore[call-overload]
        return model.read[-1]

    library.search(texts[0], k=1)
    assert read(text) == read(Query(text)) == texts[3]
    assert library.search(text, k=1)[0].path == f"/made/{texts[3]}.mp4"
    assert read(text, only="seen") == text
    assert read(Query.parse(f'seen:"{text}"')) == text
    assert read(text, hybrid=True) == text
    # It is no surer for that.
    sure, less = (library.search(one, k=1)[0].confidence for one in (texts[3], text))
    assert sure is not None
    assert less is not None
    assert less < sure
