"""Cold starts: what is made for them, and how they are compared; test_all_benchmark.py runs the whole of it."""

from __future__ import annotations

import pytest
from transformers import AutoTokenizer


def test_the_tokenizer_has_as_many_byte_pairs_as_clips(load_benchmark, tmp_path) -> None:
    cold = load_benchmark("cold")
    cold.write_tokenizer(tmp_path, 40_000)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    assert len(tokenizer) == 40_000 + 52 + 2
    ids = tokenizer(cold.QUERY)["input_ids"]
    assert (ids[0], ids[-1]) == (49_406, 49_407)


def test_calls_are_compared_with_importing_torch(load_benchmark) -> None:
    cold = load_benchmark("cold")
    times = {cold.TORCH: (2.0, 1.0), cold.SEARCH: (1.0, 0.8), "a --help": (0.1, 0.1), "b --help": (0.2, 0.1)}
    results = cold.Results(10, {name: cold.Called(*both) for name, both in times.items()}, 0.0, 0.0)
    assert results.ratio(cold.SEARCH) == pytest.approx(0.5)
    assert results.processor_ratio(cold.SEARCH) == pytest.approx(0.8)
    assert results.slowest_help == "b --help"


def test_graphs_are_kept_elsewhere_for_a_while(load_benchmark, tmp_path, monkeypatch) -> None:
    cold = load_benchmark("cold")
    monkeypatch.setenv(cold.CACHE_VARIABLE, "before")
    with cold.own_cache(tmp_path):
        assert cold.os.environ[cold.CACHE_VARIABLE] == str(tmp_path)
        assert cold.GRAPHS_VARIABLE not in cold.os.environ
    assert cold.os.environ[cold.CACHE_VARIABLE] == "before"
    assert cold.os.environ[cold.GRAPHS_VARIABLE] == "off"
