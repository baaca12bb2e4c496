"""``POST /api/search``: moments of videos, by words, by videos of the library, or by what is uploaded."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from framecue.errors import InputError, UnsupportedError
from framecue.library.results import Hit, SearchResult
from framecue.library.search.given_vectors import QueryVector
from framecue.log import printable
from framecue.service.batching import Searches
from framecue.service.desk import Desk
from framecue.service.documents import SearchDocument
from framecue.service.http.answers import AsciiJSONResponse
from framecue.service.http.dependencies import DeskOf, SearchesOf, UploadsOf
from framecue.service.http.description import search_body
from framecue.service.http.leaving import unless_left
from framecue.service.http.logs import note_query
from framecue.service.requests import SearchRequest, parse_json
from framecue.service.uploads import Uploads

__all__ = ["router"]

router = APIRouter(prefix="/api", tags=["search"])

_FILES = ("image", "video")
MOST_FILES = 4
MOST_QUERY_BYTES = 128 * 1024
_LONGEST_NAME = 80
# A longer answer is written in a thread.
_FEW_HITS = 50
_FORM = (
    "send a form with the fields query (JSON), image and video, the last two files, each as often as wanted but not "
    f"more than {MOST_FILES} in all"
)


@router.post("/search", response_model=SearchDocument, openapi_extra={"requestBody": search_body()})
async def search(request: Request, desk: DeskOf, searches: SearchesOf, uploads: UploadsOf) -> Response:
    """Find the moments that show, say or have written what is asked for, best first.

    The answer is the document that `framecue search --json` prints. A form may bring pictures and videos to search with
    beside the search itself.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        async with _form(request) as form:
            asked = SearchRequest.parse(await _query_of(form))
            files = _files_of(form)
            if asked.at is not None and not any(name == "video" for name, _ in files):
                raise InputError("at is the moment of a video that is uploaded; name a video of the library by videos")
            return await unless_left(request, _answer(request, asked, files, desk, searches, uploads))
    if kind != "application/json":
        raise UnsupportedError("send the search as application/json, or as multipart/form-data with what is uploaded")
    asked = SearchRequest.parse(parse_json(await request.body()))
    if asked.at is not None:
        raise InputError(
            'at is the moment of a video that is uploaded; of one of the library: "videos": [{"id", "at"}]'
        )
    return await unless_left(request, _answer(request, asked, [], desk, searches, uploads))


async def _answer(
    request: Request,
    asked: SearchRequest,
    files: list[tuple[str, UploadFile]],
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
    hits = await searches.search(asked.library, told.query, asked.options(), takes_long=asked.takes_long)
    if asked.in_video is not None and not hits:
        video_id = asked.in_video
        await desk.ask(asked.library, lambda library: library.video(video_id))
    if len(hits) <= _FEW_HITS:
        return _document(told.label, hits)
    return await desk.work(lambda: _document(told.label, hits))


def _document(label: str, hits: list[Hit]) -> Response:
    return AsciiJSONResponse(SearchResult(label, hits).to_dict())


async def _vector(uploads: Uploads, asked: SearchRequest, name: str, file: UploadFile) -> QueryVector:
    is_picture = name == "image"
    at_seconds = None if is_picture else asked.at
    vector = await uploads.encode(asked.library, file, is_picture=is_picture, at_seconds=at_seconds)
    called = printable(file.filename or "")[:_LONGEST_NAME]
    return QueryVector(vector.tobytes(), f"of the {'picture' if is_picture else 'video'} {called}".rstrip())


@asynccontextmanager
async def _form(request: Request) -> AsyncIterator[FormData]:
    """Read the form of a request; its files go when the block ends."""
    try:
        form = await request.form(max_files=MOST_FILES, max_fields=MOST_FILES, max_part_size=MOST_QUERY_BYTES)
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise InputError(f"the form cannot be read ({error.detail.rstrip('.')}); {_FORM}") from error
    try:
        yield form
    finally:
        await form.close()


async def _query_of(form: FormData) -> object:
    """Return the search of a form as a document of JSON; an empty one if it has none."""
    if unknown := next((name for name in form if name not in ("query", *_FILES)), None):
        raise InputError(f"the form has a field {printable(unknown)[:_LONGEST_NAME]!r}; {_FORM}")
    given = form.getlist("query")
    if len(given) > 1:
        raise InputError(f"the form has the field query {len(given)} times; {_FORM}")
    if not given:
        return {}
    (query,) = given
    if isinstance(query, UploadFile):  # a browser's Blob
        if query.size is None or query.size > MOST_QUERY_BYTES:
            raise InputError(f"the field query has more than {MOST_QUERY_BYTES} bytes; send less")
        return parse_json(await query.read())
    return parse_json(query.encode("utf-8", "surrogatepass"))


def _files_of(form: FormData) -> list[tuple[str, UploadFile]]:
    files = []
    for name in _FILES:
        for value in form.getlist(name):
            if not isinstance(value, UploadFile):
                raise InputError(f"the field {name} is a text, and a server reads no file by its path; upload the file")
            files.append((name, value))
    return files
