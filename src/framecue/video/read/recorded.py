"""When a file was recorded, by what its container or its EXIF block says."""

from __future__ import annotations

import warnings
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from framecue.dates import date_in_metadata

__all__ = ["read_recorded_seconds"]

# Demuxers of still pictures; HEIC and AVIF come by the one of mp4.
_PICTURES = ("_pipe", "image2", "mov,mp4,m4a,3gp,3g2,mj2")


def read_recorded_seconds(path: Path, container: InputContainer, stream: VideoStream) -> float | None:
    """Return when a file was recorded, in seconds since 1970; None if its metadata do not say.

    Args:
        path: the file.
        container: it, open.
        stream: its video stream.
    """
    seconds = date_in_metadata({**stream.metadata, **container.metadata})
    if seconds is None and container.format.name.endswith(_PICTURES):
        return date_in_metadata(_exif(path))
    return seconds


def _exif(path: Path) -> dict[str, str]:
    """Return the dates in a picture's EXIF block by their names; only its header is read."""
    from PIL import ExifTags, Image

    try:
        with warnings.catch_warnings(), Image.open(path) as picture:
            warnings.simplefilter("ignore")
            exif = picture.getexif()
            zone = str(exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.OffsetTimeOriginal, ""))
            taken = exif.get_ifd(ExifTags.IFD.Exif).get(
                ExifTags.Base.DateTimeOriginal, exif.get(ExifTags.Base.DateTime)
            )
    except Exception:  # Pillow's parsers raise whatever they meet in a damaged block; no date is worth a picture
        return {}
    return {} if taken is None else {"DateTimeOriginal": f"{taken}{zone}"}
