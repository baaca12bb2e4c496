"""Moments that a program names by a video's id, as files that other programs open."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from framecue.errors import InputError
from framecue.library.library import Library
from framecue.service.request_fields import Identity, Name
from framecue.timelines.export import make_files, title_of
from framecue.timelines.formats import TIMELINE_FORMATS, format_for
from framecue.timelines.pick import Pick
from framecue.validation import Strict
from framecue.video import IsolatedReader

__all__ = ["MOST_HITS", "ExportFile", "ExportRequest", "MomentRequest", "export", "formats_document", "picks_for"]

MOST_HITS = 1000
"""How many moments one request may export: each other video's beginning is read for it."""

_LATEST_SECONDS = 1e7
# A person waits; a disk that gives nothing for so long has gone.
_STALL_SECONDS = 15.0
_LONGEST_SLUG = 40
# So that the same moments give the same bytes.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)

Seconds = Annotated[float, Field(strict=True, ge=0, le=_LATEST_SECONDS)]
Query = Annotated[str, Field(max_length=500)]


class MomentRequest(Strict):
    """A moment of a video of the library, and why it was picked, for titles and markers."""

    id: Identity
    start_seconds: Seconds
    end_seconds: Seconds
    query: Query = ""
    score: Annotated[float, Field(strict=True, ge=-1, le=1)] | None = None
    confidence: Annotated[float, Field(strict=True, ge=0, le=1)] | None = None


class ExportRequest(Strict):
    """Moments in the order in which they are to stand, and as what."""

    hits: Annotated[list[MomentRequest], Field(min_length=1, max_length=MOST_HITS)]
    # It becomes a part of a name.
    format: Annotated[str, Field(pattern="^[a-z0-9]{1,12}$")]
    library: Name | None = None


@dataclass(frozen=True)
class ExportFile:
    """A file to save.

    Attributes:
        name: of the file; letters, digits, hyphens and dots.
        media_type: what it is.
        content: its bytes.
    """

    name: str
    media_type: str
    content: bytes


def picks_for(library: Library, hits: Sequence[MomentRequest]) -> list[Pick]:
    """Return moments of a library's videos as picks; of several copies of a file, one that is there.

    Raises:
        AbsentError: the library holds no video with one of the ids.
        InputError: a moment is none of its video.
    """
    videos = {video_id: library.video(video_id) for video_id in dict.fromkeys(hit.id for hit in hits)}
    paths = {
        video_id: next((file.path for file in library.files_of(video_id) if file.is_there), video.path)
        for video_id, video in videos.items()
    }
    picks = []
    for rank, hit in enumerate(hits, start=1):
        video = videos[hit.id]
        if video.kind == "video" and hit.start_seconds >= video.duration_seconds:
            raise InputError(
                f"hits.{rank - 1}: its video ends at {video.duration_seconds:g} seconds, before the moment begins; "
                "give one of its moments, as a search does"
            )
        picks.append(
            Pick(
                path=paths[hit.id],
                start_seconds=hit.start_seconds,
                end_seconds=hit.end_seconds,
                duration_seconds=video.duration_seconds,
                kind=video.kind,
                query=hit.query,
                rank=rank,
                score=hit.score,
                confidence=hit.confidence,
                video_id=hit.id,
            )
        )
    return picks


def export(picks: Sequence[Pick], format_name: str) -> ExportFile:
    """Return picks as one file: several of a format, as subtitles of several videos are, come in an archive.

    Args:
        picks: at least one.
        format_name: the suffix of the format, without a dot.

    Raises:
        InputError: there is no such format, what writes it is not installed, or the picks cannot be in it.
    """
    chosen = format_for(format_name)
    title = title_of(picks)
    with IsolatedReader(stall_seconds=_STALL_SECONDS) as reader:
        made = make_files(picks, chosen, title=title, reader=reader)
    slug = re.sub("[^a-z0-9]+", "-", title.lower()).strip("-")[:_LONGEST_SLUG].strip("-") or "framecue"
    if "" in made.files:
        return ExportFile(f"{slug}.{format_name}", chosen.media_type, made.files[""])
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in made.files.items():
            out.writestr(zipfile.ZipInfo(f"{name}.{format_name}", _ZIP_DATE), content)
    return ExportFile(f"{slug}.{format_name}.zip", "application/zip", archive.getvalue())


def formats_document() -> dict[str, Any]:
    """Return which formats can be exported to here, and why others cannot."""
    formats, problems = [], []
    found, _ = TIMELINE_FORMATS.load_all()
    for name, chosen in found.items():
        reason = chosen.why_not()
        if reason is None:
            title = chosen.title.removeprefix("a ").removeprefix("an ")
            formats.append({"name": name, "suffix": f".{name}", "description": f"{title[0].upper()}{title[1:]}"})
        else:
            problems.append(f".{name}: {reason}")
    return {"formats": formats, "problem": "; ".join(problems) or None, "most_hits": MOST_HITS}
