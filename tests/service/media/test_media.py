"""What a server has for its videos."""

from __future__ import annotations

from pathlib import Path

import pytest

from framecue.errors import FramecueError
from framecue.service.media.media import Media


def test_converted_files_are_kept_in_the_users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAMECUE_CACHE", str(tmp_path))
    with Media() as media:
        made = media.workshop.order("it.jpg", lambda partial, making: partial.write_bytes(b"it") and None)
        assert made.done.result(30) == tmp_path / "media" / "it.jpg"  # type: ignore[union-attr]
    with pytest.raises(FramecueError, match="the server is stopping"):
        media.workshop.order("other.jpg", lambda partial, making: None)
