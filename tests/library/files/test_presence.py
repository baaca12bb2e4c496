"""Files that answer what the test says; what is asked of them, and what follows from it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from framecue.library.files.local import LocalFiles
from framecue.library.files.presence import holds
from framecue.library.state import FileState

NOTED = FileState(7, 1000.0)


class Watched(LocalFiles):
    """The file system; each file that is hashed is noted, and what cannot be looked at fails as it does on a disk."""

    def __init__(self, *, state: OSError | None = None, content_hash: OSError | None = None) -> None:
        self.hashed: list[str] = []
        self.errors = state, content_hash

    def state(self, path: str) -> FileState:
        if self.errors[0]:
            raise self.errors[0]
        return super().state(path)

    def content_hash(self, path: str) -> str:
        self.hashed.append(Path(path).name)
        if self.errors[1]:
            raise self.errors[1]
        return super().content_hash(path)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A file in the state that was noted."""
    return write(tmp_path / "a.mp4", b"content", NOTED.modified_seconds)


def write(path: Path, content: bytes, seconds: float) -> str:
    path.write_bytes(content)
    os.utime(path, (seconds, seconds))
    return str(path)


def test_the_same_state_is_believed(path: str) -> None:
    files = Watched()
    assert holds(files, path, "whatever was noted", NOTED)
    assert files.hashed == []


@pytest.mark.parametrize(("content", "expected"), [(b"content", True), (b"CONTENT", False)])
def test_at_another_time_the_content_decides(path: str, content: bytes, expected: bool) -> None:
    files = Watched()
    noted = LocalFiles().content_hash(path)
    write(Path(path), content, 2000.0)
    assert holds(files, path, noted, NOTED) is expected
    assert files.hashed == ["a.mp4"]


def test_a_file_of_another_size_has_another_content_and_is_not_read(path: str) -> None:
    files = Watched()
    noted = LocalFiles().content_hash(path)
    write(Path(path), b"content and more", 2000.0)
    assert not holds(files, path, noted, NOTED)
    write(Path(path), b"content and more", NOTED.modified_seconds)
    assert not holds(files, path, noted, NOTED)
    assert files.hashed == []


def test_what_is_gone_holds_nothing(path: str) -> None:
    Path(path).unlink()
    assert not holds(Watched(), path, "any", NOTED)
    assert not holds(Watched(), f"{path}/below", "any", NOTED)
    Path(path).write_bytes(b"content")
    assert not holds(Watched(), f"{path}/below a file", "any", NOTED)


@pytest.mark.parametrize("error", [PermissionError(errno.EACCES, "denied"), OSError(errno.EIO, "the disk fails")])
def test_what_cannot_be_looked_at_or_read_is_taken_to_be_as_it_was(path: str, error: OSError) -> None:
    assert holds(Watched(state=error), path, "any", NOTED)
    write(Path(path), b"CONTENT", 2000.0)
    assert holds(Watched(content_hash=error), path, "any", NOTED)


def test_what_goes_while_it_is_looked_at_is_gone(path: str) -> None:
    write(Path(path), b"CONTENT", 2000.0)

    class Going(Watched):
        def content_hash(self, path: str) -> str:
            Path(path).unlink()
            return super().content_hash(path)

    assert not holds(Going(), path, "any", NOTED)
