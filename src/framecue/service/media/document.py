"""What a page is told of a video's file: how it is called, whether browsers play it, and what to play otherwise."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlencode

from typing_extensions import TypedDict

from framecue.errors import GoneError, VideoError
from framecue.library.library import Library
from framecue.service.media.kinds import PICTURES_SHOWN
from framecue.service.media.library_files import open_library_file, type_by_head
from framecue.service.media.media import Media
from framecue.service.media.plan import Conversion, plan_conversion
from framecue.service.media.playing import playability

__all__ = ["ConvertedDocument", "MediaDocument", "media_document"]

_PLAYS: dict[str, bool | Literal["perhaps"]] = {"yes": True, "perhaps": "perhaps", "no": False}
_SOME_SHOW = "image/avif"


class ConvertedDocument(TypedDict):
    """What to play where the file itself is not played.

    Attributes:
        url: of the file as browsers play it. It is made when it is first asked for: until it is there, the answer is
            202, with a document of how far it has come, and ``Retry-After``.
        type: the media type, with codecs.
        reason: why the file itself is not played everywhere, a sentence; None if it is.
        span_seconds: None if the whole file is converted. Else so much of it is converted at a time: add
            ``&start=SECONDS&end=SECONDS`` to the URL, at most so far apart; the start is the time 0 of what is played.
    """

    url: str
    type: str
    reason: str | None
    span_seconds: float | None


class MediaDocument(TypedDict):
    """What a page is told of a video's file.

    Attributes:
        type: the media type, with codecs where browsers have names for them, for ``canPlayType``; None if no file is
            there.
        plays: whether browsers play the file; "perhaps" if some do.
        url: of the file; None if none is there.
        converted: what to play otherwise; None if there is nothing.
        problem: why there is nothing to play, a sentence; None if there is something.
    """

    type: str | None
    plays: bool | Literal["perhaps"]
    url: str | None
    converted: ConvertedDocument | None
    problem: str | None


def media_document(media: Media, library: Library, video_id: str, *, library_name: str | None = None) -> MediaDocument:
    """Return what a page is told of a video's file; it may take part of a second where a file is looked at first.

    Args:
        media: of the server.
        library: that holds the video.
        video_id: the hash of its content.
        library_name: by which URLs name the library; None for the one that is meant without a name.

    Raises:
        AbsentError: the library holds no content with this hash. That its file is gone is told in the document.
        LibraryError: the library cannot be read.
    """
    try:
        file, opened = open_library_file(library, video_id)
        with opened:
            head_type = type_by_head(file, opened)
    except GoneError as error:
        return MediaDocument(type=None, plays=False, url=None, converted=None, problem=str(error))
    url = _url(video_id, library_name)
    if file.content.kind == "image":
        return _of_picture(head_type, url, _url(video_id, library_name, converted=1))
    try:
        streams = media.streams(file)
    except VideoError as error:
        # Nothing is known of it, and browsers may do better.
        problem = f"{file.name}: {error.reason}"
        return MediaDocument(type=head_type, plays="perhaps", url=url, converted=None, problem=problem)
    found = playability(streams)
    plan = plan_conversion(file.content, streams, found, size_bytes=file.state.size_bytes)
    return MediaDocument(
        type=found.type,
        plays=_PLAYS[found.plays],
        url=url,
        converted=_converted(_url(video_id, library_name, converted=1), plan),
        problem=None,
    )


def _converted(url: str, plan: Conversion) -> ConvertedDocument:
    return ConvertedDocument(url=url, type=plan.type, reason=plan.reason, span_seconds=plan.span_seconds)


def _of_picture(media_type: str, url: str, converted_url: str) -> MediaDocument:
    plays: bool | Literal["perhaps"] = media_type in PICTURES_SHOWN
    reason = None if plays else f"Browsers do not show {media_type.removeprefix('image/').upper()} pictures."
    if media_type == _SOME_SHOW:
        plays, reason = "perhaps", "Not every browser shows AVIF pictures."
    converted = ConvertedDocument(url=converted_url, type="image/jpeg", reason=reason, span_seconds=None)
    return MediaDocument(type=media_type, plays=plays, url=url, converted=converted, problem=None)


def _url(video_id: str, library_name: str | None, *, converted: int | None = None) -> str:
    asked: dict[str, str] = {}
    if converted is not None:
        asked["converted"] = str(converted)
    if library_name is not None:
        asked["library"] = library_name
    return f"/media/{video_id}" + (f"?{urlencode(asked)}" if asked else "")
