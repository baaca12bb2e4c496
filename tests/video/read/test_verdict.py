from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from framecue.errors import VideoError
from framecue.video.read.verdict import judged


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"content" * 99)
    return path


def fail(file: Path, action: Callable[[], object], cause: Any, behind: BaseException | None) -> None:
    with judged(str(file)):
        action()
        raise VideoError(file, "bad", cause=cause) from behind


def cause_of(
    file: Path, action: Callable[[], object] = int, *, cause: Any = None, behind: BaseException | None = None
) -> str | None:
    """Return what is blamed for an error in a block in which something happens to the file first."""
    with pytest.raises(VideoError) as caught:
        fail(file, action, cause, behind)
    return caught.value.cause


def test_what_nothing_else_explains_is_the_content(file: Path) -> None:
    assert cause_of(file) == "content"
    assert cause_of(file, cause="sound") == "sound"
    assert cause_of(file, behind=ValueError()) == "content"


def test_what_the_system_says_is_not(file: Path) -> None:
    assert cause_of(file, behind=OSError(5, "Input/output error")) is None
    assert cause_of(file, behind=MemoryError()) is None
    assert cause_of(file, action=lambda: file.write_bytes(b"other content")) is None
    assert cause_of(file, action=lambda: os.utime(file, (1, 1))) is None
    assert cause_of(file, action=file.unlink, cause="content") is None
    assert cause_of(file) is None  # it was gone before


def test_a_disk_that_gives_no_bytes_is_to_blame(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_bytes(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", no_bytes)
    assert cause_of(file) is None


def test_other_errors_pass_and_causes_travel(file: Path) -> None:
    with pytest.raises(KeyError), judged(str(file)):
        raise KeyError
    error = pickle.loads(pickle.dumps(VideoError(file, "bad", cause="sound")))
    assert (error.path, error.reason, error.cause) == (file, "bad", "sound")
