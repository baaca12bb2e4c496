from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from framecue.library import InOrder, Library, Query
from framecue.library.store import Store
from framecue.video import write_video
from framecue.words.timed_text import TimedText

COLOURS = {"black": (10, 10, 10), "red": (220, 30, 30), "blue": (30, 30, 220)}


def of_colour(name: str) -> np.ndarray:
    vector = np.array([*(value / 255 - 0.5 for value in COLOURS[name]), 0.1])
    return vector / np.linalg.norm(vector)


@pytest.fixture
def library(tmp_path: Path, colour_model) -> Library:
    """One video, in which only the third of four seconds is red, and a still blue picture."""
    folder = tmp_path / "clips"
    folder.mkdir()
    frames = [np.full((200, 400, 3), COLOURS[name], dtype=np.uint8) for name in ("black", "blue", "red", "black")]
    write_video(folder / "film.mp4", [frame for frame in frames for _ in range(8)], frames_per_second=8)
    Image.new("RGB", (64, 48), COLOURS["blue"]).save(folder / "still.png")
    library = Library(tmp_path / "l.lance", model=colour_model)
    library.add(folder, images=True)
    return library


def test_the_frame_that_matched_best_is_found(library: Library) -> None:
    film, still = sorted(library.search("red", explain=True), key=lambda hit: hit.path)
    why = film.explanation
    assert why is not None
    assert why.frame is not None
    assert why.problem is None
    assert 2 <= why.frame.at_seconds < 3
    assert why.frame.score == pytest.approx(1, abs=0.01)
    assert why.frame.score > film.score
    assert why.frame.pixels.shape == (96, 192, 3)
    assert np.abs(why.frame.pixels.reshape(-1, 3).mean(axis=0) - COLOURS["red"]).max() < 12
    assert still.explanation is not None
    assert still.explanation.frame is not None
    assert still.explanation.frame.score == pytest.approx(still.score, abs=0.01)


def test_the_frame_lies_in_the_moment_that_words_have(library: Library, colour_model) -> None:
    store = Store.open(library.uri)
    (film,) = (held.video_id for path, held in store.held().items() if path.endswith("film.mp4"))
    lines = [TimedText(0.5, 1.75, "red", "said", "en"), TimedText(2.5, 3.5, "blue", "said", "en")]
    store.words.write(film, "speech", lines)
    red, blue = (Query.parse(f'said:"{colour}"') for colour in ("red", "blue"))
    for query in (red, InOrder([red, blue])):
        (hit,) = library.search(query, explain=True)
        part = hit.parts[0] if hit.parts else hit
        assert (part.start_seconds, part.end_seconds) == pytest.approx((0.5, 1.75))
        assert hit.explanation is not None
        assert hit.explanation.frame is not None
        # The red frame comes later.
        assert 0.25 <= hit.explanation.frame.at_seconds <= 1.75


def test_each_part_has_its_own_cosine(library: Library) -> None:
    hits = library.search(Query({"red": 1, "blue": -0.5}), explain=True)
    still = next(hit for hit in hits if hit.path.endswith("still.png"))
    assert still.explanation is not None
    red, blue = still.explanation.parts
    assert (red.part, red.weight, blue.part, blue.weight) == ("red", 1, "without blue^0.5", -0.5)
    assert red.score == pytest.approx(float(of_colour("red") @ of_colour("blue")), abs=0.01)
    assert blue.score == pytest.approx(1, abs=0.01)
    whole = of_colour("red") - 0.5 * of_colour("blue")
    assert still.score == pytest.approx(float(whole @ of_colour("blue") / np.linalg.norm(whole)), abs=0.01)


def test_a_file_that_is_gone_or_damaged_says_so(library: Library, tmp_path: Path) -> None:
    (tmp_path / "clips" / "film.mp4").unlink()
    (tmp_path / "clips" / "still.png").write_bytes(b"no picture")
    film, still = sorted(library.search("red", explain=True), key=lambda hit: hit.path)
    for hit, problem in ((film, "no such file"), (still, "can be decoded")):
        assert hit.explanation is not None
        assert hit.explanation.frame is None
        assert problem in (hit.explanation.problem or "")
        assert hit.explanation.parts[0].score == pytest.approx(hit.score, abs=1e-5)


def test_the_shipped_model_explains_too(tmp_path: Path) -> None:
    import framecue

    model = framecue.load_model("moji-clip", adapter="moji-prompt-switch")
    frames = [np.full((64, 64, 3), 40 * i, dtype=np.uint8) for i in range(6)]
    write_video(tmp_path / "grey.mp4", frames, frames_per_second=2)
    library = Library(tmp_path / "l.lance", model=model)
    library.add(tmp_path / "grey.mp4")
    (hit,) = library.search("the cat rises", explain=True)
    assert hit.explanation is not None
    assert hit.explanation.frame is not None
    assert 0 <= hit.explanation.frame.at_seconds < 3
    assert -1 <= hit.explanation.frame.score <= 1
