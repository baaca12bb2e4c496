"""Documents about the videos of a library: the list of them, and all that it has of one."""

from __future__ import annotations

from typing import cast

from framecue.dates import iso_time
from framecue.library.library import Library
from framecue.library.results import CaptionedMoment
from framecue.service.documents import (
    HeldFileDocument,
    MomentDocument,
    VideoDocument,
    VideosDocument,
    VideoSummaryDocument,
    WordsLineDocument,
)

__all__ = ["list_videos", "video_document", "words_lines"]


def list_videos(library: Library, *, offset: int = 0, limit: int = 100) -> VideosDocument:
    """Return a page of a library's videos; one past the end has none.

    Args:
        library: is read.
        offset: how many to leave out.
        limit: how many at most.

    Raises:
        LibraryError: the library cannot be read.
    """
    page = library.videos(offset=offset, limit=limit)
    videos = [cast(VideoSummaryDocument, video.to_dict()) for video in page]
    return {"total": library.count_contents(), "videos": videos}


def video_document(library: Library, video_id: str) -> VideoDocument:
    """Return what a library has of a video, without how it is played.

    Raises:
        AbsentError: it holds nothing under this id.
        LibraryError: it cannot be read.
    """
    video = library.video(video_id)
    moments = library.moments_of(video_id)
    return {
        "id": video.video_id,
        "kind": "image" if video.kind == "image" else "video",
        "duration_seconds": video.duration_seconds,
        "recorded": None if video.recorded_seconds is None else iso_time(video.recorded_seconds),
        "files": [cast(HeldFileDocument, file.to_dict()) for file in library.files_of(video_id)],
        "moments": [cast(MomentDocument, moment.to_dict()) for moment in moments],
        "words": words_lines(library, video_id),
        "caption": _caption(moments),
    }


def words_lines(library: Library, video_id: str) -> list[WordsLineDocument]:
    """Return what is said and written in a video, in the order of start and end.

    Raises:
        AbsentError: the library holds nothing under this id.
        LibraryError: it cannot be read.
    """
    lines: list[WordsLineDocument] = [
        {
            "start_seconds": line.start_seconds,
            "end_seconds": line.end_seconds,
            "text": line.text,
            "kind": line.kind,
            "source": source,
            "language": line.language,
            "confidence": line.confidence,
        }
        for source, several in library.words_of(video_id).items()
        for line in several
    ]
    return sorted(lines, key=lambda line: (line["start_seconds"], line["end_seconds"]))


def _caption(moments: list[CaptionedMoment]) -> str | None:
    """Return the caption of all moments, if they have the same."""
    captions = {moment.caption for moment in moments}
    return captions.pop() if len(captions) == 1 else None
