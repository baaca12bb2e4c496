"""``POST /api/search``: moments of videos, by words, by videos of the library, or by what is uploaded."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from framecue.errors import InputError
from framecue.library.results import Hit, SearchResult
from framecue.library.search.given_vectors import QueryVector
from framecue.log import printable
from framecue.service.batching import Searches
from framecue.service.desk import Desk
from framecue.service.documents import SearchDocument
from framecue.service.http.answers import AsciiJSONResponse
from framecue.service.http.dependencies import ALL_IN_BODY, DeskOf, SearchesOf, UploadsOf
from framecue.service.http.description import search_body
from framecue.service.http.forms import LONGEST_FILE_NAME, FormFields, read_body
from framecue.service.http.leaving import unless_left
from framecue.service.http.logs import note_query
from framecue.service.requests import SearchRequest
from framecue.service.uploads import Uploads

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["search"])

MOST_FILES = 4
_OF_LIBRARY = 'of one of the library: "videos": [{"id", "at"}]'
# A longer answer is written in a thread.
_FEW_HITS = 50
_FIELDS = FormFields(
    what="the search",
    document="query",
    files=("image", "video"),
    most_files=MOST_FILES,
    advice="send a form with the fields query (JSON), image and video, the last two files, each as often as wanted but "
    f"not more than {MOST_FILES} in all",
)


@router.post(
    "/search", response_model=SearchDocument, openapi_extra={"requestBody": search_body()}, dependencies=ALL_IN_BODY
)
async def search(request: Request, desk: DeskOf, searches: SearchesOf, uploads: UploadsOf) -> Response:
    """Find the moments that show, say or have written what is asked for, best first.

    The answer is the document that `framecue search --json` prints. A form may bring pictures and videos to search with
    beside the search itself.
    """
    async with read_body(request, _FIELDS) as brought:
        asked = SearchRequest.parse(brought.document)
        if asked.at is not None and not any(name == "video" for name, _ in brought.files):
            told = "name a video of the library by videos" if brought.is_form else _OF_LIBRARY
            raise InputError(f"at is the moment of a video that is uploaded; {told}")
        return await unless_left(request, _answer(request, asked, brought.files, desk, searches, uploads))


async def _answer(
    request: Request,
    asked: SearchRequest,
    files: Sequence[tuple[str, UploadFile]],
    desk: Desk,
    searches: Searches,
    uploads: Uploads,
) -> Response:
    # What can be told without a model is told before an upload is read.
    if not files or asked.text is not None:
        asked.query()
    vectors = [await _vector(uploads, asked, name, file) for name, file in files]
    told = asked.query(vectors=vectors)
    note_query(request, told.label)
    hits = await searches.search(
        asked.library, told.query, asked.options(), marks=asked.marks, takes_long=asked.takes_long
    )
    if asked.in_video is not None and not hits:
        video_id = asked.in_video
        await desk.ask(asked.library, lambda library: library.video(video_id))
    # Each hit says so; where there is none, the library does.
    names = hits[0].names if hits else await desk.ask(asked.library, lambda library: library.names_in(told.query))
    if len(hits) <= _FEW_HITS:
        return _document(told.label, hits, names)
    return await desk.work(lambda: _document(told.label, hits, names))


def _document(label: str, hits: list[Hit], names: Sequence[str]) -> Response:
    document = SearchResult(label, hits).to_dict()
    return AsciiJSONResponse(document | ({"names": list(names)} if names else {}))


async def _vector(uploads: Uploads, asked: SearchRequest, name: str, file: UploadFile) -> QueryVector:
    is_picture = name == "image"
    at_seconds = None if is_picture else asked.at
    vector = await uploads.encode(asked.library, file, is_picture=is_picture, at_seconds=at_seconds)
    called = printable(file.filename or "")[:LONGEST_FILE_NAME]
    return QueryVector(vector.tobytes(), f"of the {'picture' if is_picture else 'video'} {called}".rstrip())
