"""What the smallest weights cost: the benchmark runs, and what is found is the same with and without them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("rapidocr", reason="text on screen is read by the extra screen-text, which is not installed")


def test_what_is_found_is_the_same_without_the_smallest_weights(load_benchmark: Callable[[str], Any]) -> None:
    results = load_benchmark("measure").results_of(load_benchmark("denormals").main, "--rounds", 1, "--side", 96)
    assert results["ratio"] > 0
    assert results["difference"] < 1e-5
