"""Two passes over a film against one: all ways find the same cuts and show the same frames, or the script fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest


@pytest.fixture
def benchmark(load_benchmark: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    pytest.importorskip("cv2")
    found = load_benchmark("decoding_once")
    import long_video

    monkeypatch.setattr(long_video, "LONGEST_SECONDS", 8.0)
    return found


@pytest.fixture
def film(benchmark: ModuleType, tmp_path: Path) -> Any:
    path = tmp_path / "film.mp4"
    benchmark.draw(path, 25 * 18, 90)
    return benchmark.Film(path)


def test_one_pass_comes_to_what_two_come_to(benchmark: ModuleType, film: Any, capsys: pytest.CaptureFixture) -> None:
    result = benchmark.measured(film, 1)
    assert set(result["seconds_a_minute"]) == {
        "two passes",
        "two passes, one thread",
        "one pass, all frames",
        "one pass, foreknown",
    }
    keys = result["keyframes"]
    assert 1 <= keys["num_cuts_at_keyframes"] <= keys["num_cuts"]
    assert 0 < keys["share_between_differing"] <= 1
    assert "one pass, foreknown" in capsys.readouterr().out


def test_a_way_that_shows_other_frames_fails(benchmark: ModuleType, film: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    found = film.foreknown()
    monkeypatch.setattr(film, "foreknown", lambda: found._replace(cuts=[*found.cuts, 440]))
    with pytest.raises(SystemExit, match="foreknown finds other cuts"):
        benchmark.measured(film, 1)
