"""Serving under load: its parts; test_all_benchmark.py runs the whole of it."""

from __future__ import annotations

import asyncio
import os
from itertools import islice
from types import ModuleType
from typing import Any

import pytest

pytest.importorskip("fastapi", reason='the service needs the extra: pip install "framecue[serve]"')


@pytest.fixture
def serving(load_benchmark) -> ModuleType:
    return load_benchmark("serving")


def test_so_many_ask_at_once_and_all_is_asked(serving: ModuleType) -> None:
    asked: list[object] = []
    at_work = most = 0

    class Searches:
        async def search(self, library: object, query: object, options: object) -> list[Any]:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            await asyncio.sleep(0)
            at_work -= 1
            asked.append(query)
            return []

    asyncio.run(serving.ask_all(Searches(), list(range(10)), 4))
    assert (sorted(asked), most) == (list(range(10)), 4)  # type: ignore[type-var]


def test_no_text_comes_twice(serving: ModuleType) -> None:
    texts = list(islice(serving.texts(), 2_000))
    assert len(set(texts)) == len(texts)


def test_what_is_told(serving: ModuleType) -> None:
    load = serving.Load(90, 1, "429: busy", 3.0, 20.0, 900.0, 200.0, 210.0)
    results = serving.Results(1000, 50, serving.Together(40.0, 20.0, 2.0, 1.8), 12.5, load)
    assert load.memory_ratio == pytest.approx(1.05)
    told = "\n".join(serving.lines(results))
    for words in ("2.00x", "12.5 ms, the median", "1 errors", "1.05x", "the first error: 429: busy"):
        assert words in told


def test_memory_is_this_processes_own(serving: ModuleType) -> None:
    assert 20 < serving.memory_mb(os.getpid()) < 10_000
