"""A library of films in which something is seen, said, written, named and captioned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from framecue.library import Library
from framecue.library.store import Store
from framecue.words.timed_text import Kind, TimedText, TimedWord
from support.colours import COLOURS, ColourEncoder

__all__ = ["films", "line", "talking"]

RED, GREEN, BLUE = (np.array([*COLOURS[name], 0]) for name in ("red", "green", "blue"))


class Talking(ColourEncoder):
    """Gives a text the vector of the first colour that it names, and of white if it names none."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return super().embed_texts([next((w for w in text.split() if w in COLOURS), "white") for text in texts])


@pytest.fixture
def line() -> Callable[..., TimedText]:
    """Makes a line whose words are half a second each, one after another."""

    def make(start: float, text: str, kind: Kind = "said", language: str | None = "en") -> TimedText:
        parts = text.split()
        words = tuple(TimedWord(start + i / 2, start + i / 2 + 0.5, f" {part}") for i, part in enumerate(parts))
        return TimedText(start, start + len(parts) / 2, text, kind, language, None, words if kind == "said" else ())

    return make


@pytest.fixture
def talking() -> ColourEncoder:
    return Talking()


@pytest.fixture
def films(make_store: Callable[..., Store], line: Callable[..., TimedText], talking: ColourEncoder) -> Library:
    """Films of three segments of 10 s: red, green and blue; only the first and second have words with times."""
    rows = [
        {"path": path, "start_seconds": start, "end_seconds": start + 10, "vector": colour + shade, **more}
        for path, shade, more in (
            ("/v/panda party.mp4", 0, {}),
            ("/v/lake.mp4", 20, {"caption": "a boat crosses the lake"}),
            ("/v/old news.mp4", 40, {"subtitles": "the minister resigned yesterday"}),
            ("/v/silent.mp4", 60, {}),
        )
        for start, colour in ((0.0, RED), (10.0, GREEN), (20.0, BLUE))
    ]
    store = make_store([{**row, "duration_seconds": 30.0} for row in rows])
    panda, lake = "id of /v/panda party.mp4", "id of /v/lake.mp4"
    store.words.write(
        panda,
        "speech",
        [
            line(1, "We signed the mortgage this morning"),
            line(12, "happy birthday to you, happy birthday"),
            line(23, "and that was our day"),
        ],
    )
    store.words.write(panda, "screen", [line(22, "GRAND OPENING", "written", None)])
    store.words.write(lake, "speech", [line(2, "the cake made everybody happy on her birthday")])
    store.ensure_text_index()
    return Library(store.uri, model=talking)
