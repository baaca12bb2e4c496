"""``/api/names``: the names that a library was taught, and, where the server allows it, teaching and changing them.

Names stand behind ``?name=`` and not in the path: they may hold anything, and what stands there is in no log.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from hashlib import blake2b
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.datastructures import UploadFile
from starlette.responses import Response

from framecue.errors import AbsentError, FramecueError
from framecue.library.library import Library
from framecue.pictures import ImageLike
from framecue.service.documents import NamesDocument, TaughtNameDocument
from framecue.service.http.answers import AsciiJSONResponse
from framecue.service.http.dependencies import ALL_IN_BODY, DeskOf, LibraryName, TeachingsOf, UploadsOf
from framecue.service.http.description import teach_body
from framecue.service.http.file_response import is_known
from framecue.service.http.forms import FormFields, read_body
from framecue.service.http.leaving import unless_left
from framecue.service.http.metrics import Metrics
from framecue.service.http.options import ServeOptions
from framecue.service.http.problems import CLIENT_LEFT, problem, status_of
from framecue.service.naming import RenameRequest, TeachRequest, names_document, parse_request
from framecue.service.request_fields import LONGEST_NAME
from framecue.service.teaching import Teachings
from framecue.service.uploads import Uploads

__all__ = ["MOST_PICTURES", "refusing", "router", "teaching"]

router = APIRouter(prefix="/api/names", tags=["names"])
teaching = APIRouter(prefix="/api/names", tags=["names"])
"""What changes names, where that is allowed."""
refusing = APIRouter(prefix="/api/names", include_in_schema=False)
"""What says so where it is not."""

MOST_PICTURES = 10
"""How many pictures one request may teach from."""
_TYPE = "image/webp"
_FIELDS = FormFields(
    what="the lesson",
    document="lesson",
    files=("image",),
    most_files=MOST_PICTURES,
    advice="send a form with the fields lesson (JSON) and image, a picture of what the name means, as often as wanted "
    f"but not more than {MOST_PICTURES} times",
)
_PICTURES: dict[int | str, dict[str, Any]] = {
    200: {"content": {_TYPE: {}}, "description": "The picture."},
    304: {"description": "The client has it."},
    404: {"description": "The library was not taught the name, or has no picture for it."},
}
_CHANGES: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such name or library, or no such example."},
    409: {"description": "The name is an ordinary word; `allow_ordinary` says that it is meant."},
    429: {"description": "Others are being taught, or another run is writing to the library; ask again."},
}

NameGiven = Annotated[
    str, Query(alias="name", min_length=1, max_length=LONGEST_NAME, description="The name, in any case.")
]


@router.get("", response_model=NamesDocument)
async def names(request: Request, desk: DeskOf, teachings: TeachingsOf, library: LibraryName = None) -> Response:
    """Return the names that a library was taught, whether more may be, and how far the one is that is being learnt."""
    options = request.app.state.options
    assert isinstance(options, ServeOptions)
    at_work = teachings.at_work(library)
    is_awaited = desk.shelf(library).following is not None

    def listed(opened: Library) -> Response:
        asked = None if is_awaited and not opened.exists else opened
        return AsciiJSONResponse(names_document(asked, teaching=at_work, may_teach=options.allow_teach))

    return await desk.ask(library, listed)


@router.head("/picture", response_class=Response, include_in_schema=False)
@router.get("/picture", response_class=Response, responses=_PICTURES)
async def picture(request: Request, desk: DeskOf, name: NameGiven, library: LibraryName = None) -> Response:
    """Return the small picture of what a name means: of its first example."""
    found = await desk.ask(library, lambda opened: opened.name_picture(name))
    if found is None:
        raise AbsentError("there is no picture of what this name means, as its examples had none")
    validators = {"etag": f'"{blake2b(found, digest_size=16).hexdigest()}"'}
    # Asked for each time: the name may be taught anew.
    headers = {**validators, "cache-control": "private, no-cache", "x-content-type-options": "nosniff"}
    if is_known(request.headers, validators):
        return Response(status_code=304, headers=headers)
    return Response(found, media_type=_TYPE, headers=headers)


@teaching.post(
    "",
    response_model=TaughtNameDocument,
    status_code=201,
    responses=_CHANGES,
    openapi_extra={"requestBody": teach_body()},
    dependencies=ALL_IN_BODY,
)
async def teach(request: Request, desk: DeskOf, teachings: TeachingsOf, uploads: UploadsOf) -> Response:
    """Teach a library a name from moments that show what it means, and answer when it is learnt, which takes seconds.

    A name that is known is taught again, from its earlier examples and these. A form may bring pictures as examples
    beside the lesson itself. Whoever goes away before it is learnt ends the learning, and nothing is changed.
    """
    async with read_body(request, _FIELDS) as brought:
        asked = parse_request(TeachRequest, brought.document)
        shelf = desk.shelf(asked.library)
        answer = unless_left(request, _taught(asked, brought.files, teachings, uploads))
        return await _measured(request, shelf.name, answer)


@teaching.patch("", response_model=TaughtNameDocument, responses=_CHANGES, dependencies=ALL_IN_BODY)
async def rename(teachings: TeachingsOf, request: RenameRequest) -> Response:
    """Call what a name means by another name; nothing is learnt again."""
    renamed = await teachings.rename(
        request.library, request.name, request.new_name, allow_ordinary=request.allow_ordinary
    )
    return AsciiJSONResponse(renamed.to_dict())


@teaching.delete("", status_code=204, response_class=Response, responses=_CHANGES)
async def forget(teachings: TeachingsOf, name: NameGiven, library: LibraryName = None) -> Response:
    """Forget a name; searches take it for the word that it was before."""
    await teachings.forget(library, name)
    return Response(status_code=204)


@refusing.api_route("", methods=["POST", "PATCH", "DELETE"])
async def refuse() -> Response:
    """Say that nothing can be taught here."""
    return problem(403, "this server teaches no names; start it with --allow-teach, or use `framecue teach`")


async def _taught(
    asked: TeachRequest, files: Sequence[tuple[str, UploadFile]], teachings: Teachings, uploads: Uploads
) -> Response:
    pictures: list[ImageLike] = [await uploads.picture(file) for _, file in files]
    taught = await teachings.teach(asked.library, asked.name, asked.lesson(pictures=pictures))
    return AsciiJSONResponse(taught.to_dict(), status_code=201)


async def _measured(request: Request, library: str, answer: Coroutine[Any, Any, Response]) -> Response:
    """Return an answer, and count how the teaching has ended."""
    metrics = request.app.state.metrics
    assert isinstance(metrics, Metrics)
    began, result = monotonic(), "failed"
    try:
        response = await answer
        result = "left" if response.status_code == CLIENT_LEFT else "taught"
        return response
    except FramecueError as error:
        result = "refused" if status_of(error) < 500 else "failed"
        raise
    except asyncio.CancelledError:
        result = "left"
        raise
    finally:
        metrics.teachings.labels(library, result).inc()
        if result == "taught":
            metrics.teaching_seconds.labels(library).observe(monotonic() - began)
