"""A cache of a test's own, in which graphs are made and found."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.exported.cache import CACHE_VARIABLE, GRAPHS_VARIABLE


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.delenv(GRAPHS_VARIABLE, raising=False)
    return tmp_path / "cache"
