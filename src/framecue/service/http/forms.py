"""Requests that bring a document of JSON, by itself or in a form with files beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from framecue.errors import InputError, UnsupportedError
from framecue.log import printable
from framecue.service.requests import parse_json

__all__ = ["LONGEST_FILE_NAME", "MOST_DOCUMENT_BYTES", "Brought", "FormFields", "read_body"]

MOST_DOCUMENT_BYTES = 128 * 1024
"""How large the document of a form may be."""
LONGEST_FILE_NAME = 80
"""How many characters of a name are repeated."""


@dataclass(frozen=True)
class FormFields:
    """What a form may hold.

    Attributes:
        what: is asked, such as "the search".
        document: the field with the document of JSON.
        files: the fields with files.
        most_files: how many files there may be in all.
        advice: what to send, in words for a person.
    """

    what: str
    document: str
    files: tuple[str, ...]
    most_files: int
    advice: str


@dataclass(frozen=True)
class Brought:
    """What a request has brought.

    Attributes:
        document: of JSON; an empty one if a form has none.
        files: each with the name of its field, in the order of the fields.
        is_form: whether it came as a form.
    """

    document: object
    files: Sequence[tuple[str, UploadFile]] = ()
    is_form: bool = False


@asynccontextmanager
async def read_body(request: Request, fields: FormFields) -> AsyncIterator[Brought]:
    """Read the body of a request; the files of a form go when the block ends.

    Args:
        request: JSON, or a form.
        fields: what a form may hold.

    Raises:
        UnsupportedError: it is neither.
        InputError: it cannot be read, or the form holds something else.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        yield Brought(parse_json(await request.body()))
        return
    if kind != "multipart/form-data":
        raise UnsupportedError(
            f"send {fields.what} as application/json, or as multipart/form-data with what is uploaded"
        )
    try:
        form = await request.form(
            max_files=fields.most_files, max_fields=fields.most_files, max_part_size=MOST_DOCUMENT_BYTES
        )
    except HTTPException as error:
        if error.status_code != 400:
            raise
        raise InputError(f"the form cannot be read ({error.detail.rstrip('.')}); {fields.advice}") from error
    try:
        yield Brought(await _document_of(form, fields), _files_of(form, fields), is_form=True)
    finally:
        await form.close()


async def _document_of(form: FormData, fields: FormFields) -> object:
    name = fields.document
    if unknown := next((each for each in form if each not in (name, *fields.files)), None):
        raise InputError(f"the form has a field {printable(unknown)[:LONGEST_FILE_NAME]!r}; {fields.advice}")
    given = form.getlist(name)
    if len(given) > 1:
        raise InputError(f"the form has the field {name} {len(given)} times; {fields.advice}")
    if not given:
        return {}
    (document,) = given
    if isinstance(document, UploadFile):  # a browser's Blob
        if document.size is None or document.size > MOST_DOCUMENT_BYTES:
            raise InputError(f"the field {name} has more than {MOST_DOCUMENT_BYTES} bytes; send less")
        return parse_json(await document.read())
    return parse_json(document.encode("utf-8", "surrogatepass"))


def _files_of(form: FormData, fields: FormFields) -> list[tuple[str, UploadFile]]:
    files = []
    for name in fields.files:
        for value in form.getlist(name):
            if not isinstance(value, UploadFile):
                raise InputError(f"the field {name} is a text, and a server reads no file by its path; upload the file")
            files.append((name, value))
    return files
