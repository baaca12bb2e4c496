"""The formats that hits are exported to, by the suffixes of their files: a new one is one file, and a line here.

Nothing of a format is imported before it is used, as OpenTimelineIO may not be installed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from framecue.errors import InputError
from framecue.plugins import Registry

if TYPE_CHECKING:
    from framecue.timelines.assembly import Assembly

__all__ = ["EXTRA", "TIMELINE_FORMATS", "TimelineFormat", "format_for"]

EXTRA = "framecue[timelines]"


@dataclass(frozen=True)
class TimelineFormat:
    """A kind of file that hits can be exported to.

    Attributes:
        title: its name for people.
        media_type: of its files, for HTTP.
        write: returns the content of a file with an assembly.
        needs: the modules that it imports and that may not be installed; they come with `EXTRA`.
        reads_files: whether the videos' rates are needed.
        is_of_one_video: whether a file has the hits of one video, on that video's clock.
        has_pictures: whether hits in pictures can be in it.
    """

    title: str
    media_type: str
    write: Callable[[Assembly], bytes]
    needs: tuple[str, ...] = ()
    reads_files: bool = True
    is_of_one_video: bool = False
    has_pictures: bool = True

    def why_not(self) -> str | None:
        """Return why files of this kind cannot be written here; None if they can."""
        missing = [module for module in self.needs if find_spec(module) is None]
        if not missing:
            return None
        return f"{self.title} is written by {' and '.join(missing)}, which is not installed; pip install '{EXTRA}'"


def _otio(assembly: Assembly) -> bytes:
    from framecue.timelines.otio import write_otio

    return write_otio(assembly)


def _edl(assembly: Assembly) -> bytes:
    from framecue.timelines.edl import write_edl

    return write_edl(assembly)


def _csv(assembly: Assembly) -> bytes:
    from framecue.timelines.csv import write_csv

    return write_csv(assembly)


def _m3u(assembly: Assembly) -> bytes:
    from framecue.timelines.m3u import write_m3u

    return write_m3u(assembly)


def _vtt(assembly: Assembly) -> bytes:
    from framecue.timelines.subtitles import write_vtt

    return write_vtt(assembly)


def _srt(assembly: Assembly) -> bytes:
    from framecue.timelines.subtitles import write_srt

    return write_srt(assembly)


def _subtitles(title: str, media_type: str, write: Callable[[Assembly], bytes]) -> TimelineFormat:
    return TimelineFormat(title, media_type, write, reads_files=False, is_of_one_video=True, has_pictures=False)


def _no_format(name: str, found: Any) -> str | None:
    return None if isinstance(found, TimelineFormat) else f"it is no TimelineFormat, but a {type(found).__name__}"


_OTIO = "opentimelineio"
_PLAYLIST = TimelineFormat("a playlist", "audio/x-mpegurl", _m3u, reads_files=False)

TIMELINE_FORMATS: Registry[TimelineFormat] = Registry(
    "kind of file to export to",
    "framecue.timelines",
    {
        "otio": TimelineFormat("OpenTimelineIO", "application/vnd.otio+json", _otio, needs=(_OTIO,)),
        "edl": TimelineFormat("an EDL (CMX 3600)", "text/plain", _edl, needs=(_OTIO, "otio_cmx3600_adapter")),
        "csv": TimelineFormat("a table", "text/csv", _csv),
        "m3u": _PLAYLIST,
        "m3u8": _PLAYLIST,
        "vtt": _subtitles("WebVTT subtitles", "text/vtt", _vtt),
        "srt": _subtitles("SubRip subtitles", "application/x-subrip", _srt),
    },
    _no_format,
)
"""The formats by the suffixes of their files, without the dot."""


def format_for(name: str | Path) -> TimelineFormat:
    """Return the format of a file, by its suffix.

    Args:
        name: of the file, or its suffix alone without a dot.

    Raises:
        InputError: the suffix is none of a format, or its format cannot be written here; the message says what to do.
    """
    suffix = (Path(name).suffix or str(name)).lower().lstrip(".")
    if suffix not in TIMELINE_FORMATS.names():
        known = ", ".join(f".{known}" for known in TIMELINE_FORMATS.names())
        raise InputError(f"{name}: hits are not exported to a file of this kind; end its name in one of {known}")
    found = TIMELINE_FORMATS.get(suffix)
    reason = found.why_not()
    if reason is not None:
        raise InputError(f"{name}: {reason}")
    return found
