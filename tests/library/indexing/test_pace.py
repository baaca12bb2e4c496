from __future__ import annotations

import pytest

from framecue.library.indexing import pace
from framecue.library.indexing.pace import Pace, usual_pace
from support.colours import ColourEncoder, ThreadedColours


@pytest.mark.parametrize(("num_cores", "num_readers"), [(1, 1), (2, 1), (7, 1), (8, 2), (64, 4)])
def test_readers_leave_cores_for_each_decoder(
    monkeypatch: pytest.MonkeyPatch, num_cores: int, num_readers: int
) -> None:
    monkeypatch.setattr(pace, "num_cores", lambda: num_cores)
    assert usual_pace(ColourEncoder()).num_readers == num_readers


def test_an_encoder_says_what_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "num_cores", lambda: 2)
    assert usual_pace(ThreadedColours(max_threads=5)) == Pace(5, 16, 1)
    assert usual_pace(ColourEncoder()) == Pace(0, 64, 1)
