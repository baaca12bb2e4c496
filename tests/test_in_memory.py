"""Where the folders of tests are."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from support.in_memory import folder_in_memory


def test_it_is_taken_where_there_is_room_and_nobody_has_chosen(tmp_path: Path) -> None:
    free = shutil.disk_usage(tmp_path).free
    assert folder_in_memory({}, tmp_path, room=free // 2) == tmp_path
    assert folder_in_memory({}, tmp_path, room=free * 2) is None
    assert folder_in_memory({}, tmp_path / "none", room=0) is None
    for name in ("TMPDIR", "PYTEST_DEBUG_TEMPROOT"):
        assert folder_in_memory({name: "/mine"}, tmp_path, room=0) is None


def test_where_no_program_runs_it_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs(tmp_path)
    no_programs = os.statvfs_result([*status[:8], status.f_flag | os.ST_NOEXEC, *status[9:]])
    monkeypatch.setattr(os, "statvfs", lambda place: no_programs)
    assert folder_in_memory({}, tmp_path, room=0) is None
