"""The mark that clips and sheets made by framecue carry in their metadata.

They are often put beside the videos that they were made of, where the next run would find them, and every later search
would then list an original and what was cut out of it.
"""

from __future__ import annotations

from pathlib import Path

from av.container import InputContainer

from framecue.log import printable
from framecue.times import time_span
from framecue.video.read.recorded import is_picture, read_exif

__all__ = ["SHEET_MARK", "clip_mark", "is_marked"]

COMMENT = "comment"
SHEET_MARK = "framecue sheet"
"""What a sheet's EXIF block names as its software."""

_CLIP_MARK = "framecue clip of "


def clip_mark(name: str, start_seconds: float, end_seconds: float) -> str:
    """Return what a clip's container has as its comment.

    Args:
        name: of the file that it is cut out of.
        start_seconds: where it starts there.
        end_seconds: where it ends.
    """
    return f"{_CLIP_MARK}{printable(name)}@{time_span(start_seconds, end_seconds)}"


def is_marked(path: Path, container: InputContainer) -> bool:
    """Whether a file is a clip or a sheet that framecue made.

    Args:
        path: the file.
        container: it, open.
    """
    # Matroska's names are in capitals.
    comments = [value for name, value in container.metadata.items() if name.lower() == COMMENT]
    if any(comment.startswith(_CLIP_MARK) for comment in comments):
        return True
    return is_picture(container) and read_exif(path).get("Software") == SHEET_MARK
