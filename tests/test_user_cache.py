"""The folder of the user's cache, and the variable that names another one."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import InputError
from framecue.user_cache import CACHE_VARIABLE, user_cache


def test_the_variable_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(CACHE_VARIABLE, "~/cache")
    assert user_cache() == tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, "relative")
    with pytest.raises(InputError, match="FRAMECUE_CACHE is 'relative', which is no absolute path; name a folder"):
        user_cache()
    monkeypatch.delenv(CACHE_VARIABLE)
    assert user_cache().name == "framecue"
    assert not user_cache().exists()
