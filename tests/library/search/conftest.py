"""A library of films in which something is seen, said, written, named and captioned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest

from framecue.library import Library
from framecue.library.store import Store
from framecue.library.store.taught_name_rows import KeptName
from framecue.names.find import find_names
from framecue.names.taught import Lesson, TaughtTokens
from framecue.words.timed_text import Kind, TimedText, TimedWord
from support.colours import COLOURS, ColourEncoder

__all__ = ["films", "keep_name", "learning", "line", "made_films", "talking"]

RED, GREEN, BLUE = (np.array([*COLOURS[name], 0]) for name in ("red", "green", "blue"))


class Talking(ColourEncoder):
    """Gives a text the vector of the first colour that it names, and of white if it names none."""

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return super().embed_texts([next((w for w in text.split() if w in COLOURS), "white") for text in texts])


@pytest.fixture(scope="session")
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
def films(made_films: Path, tmp_path: Path, talking: ColourEncoder) -> Library:
    """A copy of the library of films, for one test."""
    return Library(copytree(made_films, tmp_path / "made.lance"), model=talking)


@pytest.fixture(scope="session")
def made_films(
    tmp_path_factory: pytest.TempPathFactory, make_store_at: Callable[..., Store], line: Callable[..., TimedText]
) -> Path:
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
    place = tmp_path_factory.mktemp("films") / "made.lance"
    store = make_store_at(place, [{**row, "duration_seconds": 30.0} for row in rows])
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
    return place


class Learning(Talking):
    """Reads a taught name as the first of its vectors; a colour beside it counts as much."""

    def learn_name(self, lesson: Lesson, *, on_step: Callable[[int, int], None] | None = None) -> TaughtTokens:
        return TaughtTokens(lesson.name, lesson.examples.mean(axis=0, keepdims=True), ())

    def embed_named_texts(self, texts: Sequence[str], names: Sequence[TaughtTokens]) -> np.ndarray:
        vectors = self.embed_texts(texts)
        learnt = {name.name: name.vectors[0] for name in names}
        for row, text in enumerate(texts):
            if found := find_names(text, learnt):
                own = [learnt[each.name] for each in found]
                own += [vectors[row]] if any(word in COLOURS for word in text.split()) else []
                vectors[row] = np.mean(own, axis=0) / np.linalg.norm(np.mean(own, axis=0))
        return vectors


@pytest.fixture
def learning() -> ColourEncoder:
    return Learning()


@pytest.fixture
def keep_name() -> Callable[..., KeptName]:
    """Has a library taught a name: what its text is for the model, and the mean of its examples."""

    def keep(store: Store, name: str, text: np.ndarray, mean: np.ndarray, **changes: object) -> KeptName:
        vectors = np.atleast_2d(np.asarray(text, dtype=np.float32))
        kept = KeptName(
            tokens=TaughtTokens(name, vectors, ()),
            mean=np.asarray(mean, dtype=np.float32) / np.linalg.norm(mean),
            coarse=None,
            examples=(),
            unlike=(),
            thumbnail=None,
            made_for=store.names.made_for,
            taught_at=1_700_000_000.0,
        )
        store.names.write(replace(kept, **changes))  # type: ignore[arg-type]
        return kept

    return keep
