"""What is no file of its own, content in memory or in a tar archive, as a file for as long as it is read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from framecue.errors import VideoError
from framecue.video.read.archived import archived, copy_member

__all__ = ["NAME_OF_BYTES", "as_file"]

# The path of a file that was given as bytes.
NAME_OF_BYTES = "the given bytes"


@contextmanager
def as_file(video: str | Path | bytes) -> Iterator[str]:
    """Put bytes, or a member of a tar archive, into a file while the block runs; a path stays as it is.

    The file is this process's, as one that decodes may die. It has no ending, so that ffmpeg goes by what is in it.

    Args:
        video: a path, a path that leads into a tar archive (``shard.tar/a.mp4``), or a file's content.

    Yields:
        The file's path.

    Raises:
        VideoError: the archive is damaged, or has no such member.
    """
    member = None if isinstance(video, bytes) else archived(video)
    if not isinstance(video, bytes) and member is None:
        yield str(video)
        return
    name = NAME_OF_BYTES if isinstance(video, bytes) else video
    with TemporaryDirectory(prefix="framecue-") as folder:
        path = Path(folder, "video")
        if isinstance(video, bytes):
            path.write_bytes(video)
        else:
            assert member is not None
            copy_member(*member, path)
        try:
            yield str(path)
        except VideoError as error:
            raise VideoError(name, error.reason, cause=error.cause) from None
