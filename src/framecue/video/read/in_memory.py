"""A file's content that is in memory, as a file for as long as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from framecue.errors import VideoError

__all__ = ["NAME_OF_BYTES", "as_file"]

# The path of a file that was given as bytes.
NAME_OF_BYTES = "the given bytes"


@contextmanager
def as_file(video: str | Path | bytes) -> Iterator[str]:
    """Put bytes into a file while the block runs; a path stays as it is.

    The file is this process's, as one that decodes may die. It has no ending, so that ffmpeg goes by what is in it.

    Args:
        video: a path, or a file's content.

    Yields:
        The file's path.
    """
    if not isinstance(video, bytes):
        yield str(video)
        return
    with TemporaryDirectory(prefix="framecue-") as folder:
        path = Path(folder, "video")
        path.write_bytes(video)
        try:
            yield str(path)
        except VideoError as error:
            raise VideoError(NAME_OF_BYTES, error.reason) from None
