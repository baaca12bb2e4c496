from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from framecue.datasets.moji_motion.film import write_film
from framecue.datasets.moji_motion.meaning import Act, Meaning
from framecue.errors import InputError
from framecue.video import FrameSampling, probe, read_frames

PANDA = Meaning(Act("panda", "right"))
CAT = Meaning(Act("cat", "grow"))


def test_events_are_where_the_film_says(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    panda, cat = write_film(path, [(None, 2), (PANDA, 3.5), (None, 1), (CAT, 1.25)], seed=0, cuts=False)
    assert (panda.start_seconds, panda.end_seconds, panda.meaning) == (2, 5.5, PANDA)
    assert (cat.start_seconds, cat.end_seconds, cat.meaning) == (6.5, 7.75, CAT)
    assert "panda" in panda.caption
    assert probe(path).duration_seconds == pytest.approx(7.75)
    stage = read_frames(path, FrameSampling(1), end_seconds=1.9).pixels[0].astype(int)

    def actors(start_seconds: float, end_seconds: float) -> float:
        """The share of pixels on which something stands, in the middle of a window."""
        window = read_frames(path, FrameSampling(1), start_seconds=start_seconds, end_seconds=end_seconds)
        return float((np.abs(window.pixels[0].astype(int) - stage).max(axis=-1) > 40).mean())

    assert actors(0.5, 1.9) == 0
    assert actors(2.1, 5.4) > 0.02
    assert actors(5.6, 6.4) == 0
    assert actors(6.6, 7.7) > 0.02


def test_cuts_change_the_background(tmp_path: Path) -> None:
    write_film(tmp_path / "film.mp4", [(None, 1)] * 8, seed=1)
    frames = read_frames(tmp_path / "film.mp4", FrameSampling(8)).pixels
    assert len({tuple(frame[100, 100] // 8) for frame in frames}) > 3


def test_a_seed_gives_the_same_film_twice(tmp_path: Path) -> None:
    script = [(PANDA, 1.0), (None, 0.5), (CAT, 1.0)]
    assert write_film(tmp_path / "a.mp4", script, seed=3) == write_film(tmp_path / "b.mp4", script, seed=3)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()
    write_film(tmp_path / "c.mp4", script, seed=4)
    assert (tmp_path / "a.mp4").read_bytes() != (tmp_path / "c.mp4").read_bytes()


@pytest.mark.parametrize("script", [[], [(PANDA, 0.01)]])
def test_empty_script_or_item_is_refused(tmp_path: Path, script: list) -> None:
    with pytest.raises(InputError, match="script"):
        write_film(tmp_path / "film.mp4", script, seed=0)
