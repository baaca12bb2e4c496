"""When a file was recorded, by what its container or its EXIF block says."""

from __future__ import annotations

import warnings
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from framecue.dates import date_in_metadata
from framecue.video.read.access import open_bytes
from framecue.video.read.pictures import HEIF_BRANDS

__all__ = ["is_picture", "read_exif", "read_recorded_seconds"]

# Demuxers of still pictures; HEIC and AVIF come by the one of mp4, of which most files are films without EXIF.
_PICTURES = ("_pipe", "image2")


def read_recorded_seconds(path: Path, container: InputContainer, stream: VideoStream) -> float | None:
    """Return when a file was recorded, in seconds since 1970; None if its metadata do not say.

    Args:
        path: the file.
        container: it, open.
        stream: its video stream.
    """
    seconds = date_in_metadata({**stream.metadata, **container.metadata})
    if seconds is None and is_picture(container):
        return date_in_metadata(read_exif(path))
    return seconds


def is_picture(container: InputContainer) -> bool:
    """Whether a file may be a still picture, by its demuxer or by what it calls itself."""
    return container.format.name.endswith(_PICTURES) or container.metadata.get("major_brand") in HEIF_BRANDS


def read_exif(path: Path) -> dict[str, str]:
    """Return the date in a picture's EXIF block, and the software that made it, by their names; nothing is raised."""
    from PIL import ExifTags, Image

    try:
        with warnings.catch_warnings(), open_bytes(path) as file, Image.open(file) as picture:
            warnings.simplefilter("ignore")
            exif = picture.getexif()
            zone = str(exif.get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.OffsetTimeOriginal, ""))
            taken = exif.get_ifd(ExifTags.IFD.Exif).get(
                ExifTags.Base.DateTimeOriginal, exif.get(ExifTags.Base.DateTime)
            )
    except Exception:  # Pillow's parsers raise whatever they meet in a damaged block; no date is worth a picture
        return {}
    found = {"Software": exif.get(ExifTags.Base.Software), "DateTimeOriginal": taken and f"{taken}{zone}"}
    return {name: str(value) for name, value in found.items() if value}
