"""The search for one event of a film, in films of two minutes instead of two hours."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "moment.py"


@pytest.mark.slow
def test_the_event_is_found_to_two_seconds_in_each_film(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = importlib.util.spec_from_file_location("benchmark_of_moments", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(sys, "argv", ["moment.py", "--minutes", "2"])
    with pytest.raises(SystemExit) as ended:
        module.main()
    results = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [result["film"] for result in results] == ["quiet", "spliced", "busy"]
    for result in results:
        start, end = result["event_seconds"]
        assert 12 < end <= 110 + 2
        assert end - start == pytest.approx(5, abs=0.1)
        assert result["segments"] > 20
        assert max(map(abs, result["off_seconds"])) <= 2
        assert result["within_goal"]
    assert ended.value.code == 0
