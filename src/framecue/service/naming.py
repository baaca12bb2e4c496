"""What a program asks about taught names, and what it is answered: one model for HTTP and for assistants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

from pydantic import Field, ValidationError

from framecue.errors import InputError
from framecue.library.library import Library
from framecue.names.taught import MOST_TOKENS
from framecue.pictures import ImageLike
from framecue.service.documents import NamesDocument, TeachingDocument
from framecue.service.held_moments import Examples, Moments
from framecue.service.request_fields import Flag, Name
from framecue.service.teaching import Teaching
from framecue.validation import Strict, explain, model_types, shown

__all__ = ["RenameRequest", "TeachRequest", "names_document", "parse_request"]

Request = TypeVar("Request", bound=Strict)


class TeachRequest(Strict):
    """A name, and moments that show what it means."""

    name: Name = Field(description="One word or several, as it will stand in queries; case does not matter there.")
    like: Examples = Field(
        (),
        description="What it means: moments of videos of the library, best three or more, each perhaps with a text "
        "that says what is seen in it.",
    )
    unlike: Moments = Field((), description="What it does not mean, though it looks alike.")
    coarse: Name | None = Field(
        None, description="An ordinary word for the kind of thing, from which learning starts.", examples=["dog"]
    )
    num_tokens: Annotated[int, Field(strict=True, ge=1, le=MOST_TOKENS)] | None = Field(
        None, description="How many token embeddings stand for it; as many as the model thinks best if left out."
    )
    allow_ordinary: Flag = Field(False, description="Whether the name may be an ordinary word, such as dog.")
    library: Name | None = Field(None, description="The library by its name; the first if left out.")

    def lesson(self, *, pictures: Sequence[ImageLike] = ()) -> dict[str, Any]:
        """Return what ``Library.teach`` takes besides the name.

        Args:
            pictures: that came with the request: more examples of what it means.
        """
        return {
            "like": [*self.like, *pictures],
            "unlike": list(self.unlike),
            "coarse": self.coarse,
            "num_tokens": self.num_tokens,
            "allow_ordinary": self.allow_ordinary,
        }


class RenameRequest(Strict):
    """A name, and what it is called from now on."""

    name: Name = Field(description="The name, in any case.")
    new_name: Name = Field(description="What it is called from now on; nothing is learnt again.")
    allow_ordinary: Flag = Field(False, description="Whether the new name may be an ordinary word, such as dog.")
    library: Name | None = Field(None, description="The library by its name; the first if left out.")


def parse_request(kind: type[Request], document: object) -> Request:
    """Return the request that a document of JSON says.

    Raises:
        InputError: it makes no sense; the message says which key, and what is allowed.
    """
    if not isinstance(document, dict):
        raise InputError(f'the request is {shown(document)}; it must be a JSON object such as {{"name": "Rex"}}')
    sections: Mapping[tuple[str, ...], Mapping[str, Any]] = {(): model_types(kind)}
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        raise InputError(explain(error, sections, mapping="an object", most=1)) from error


def names_document(library: Library | None, *, teaching: Teaching | None, may_teach: bool) -> NamesDocument:
    """Return the names that a library was taught, and what goes on.

    Args:
        library: is read; None for one that is still to be made.
        teaching: which name is being learnt; None for none.
        may_teach: whether requests may teach names.

    Raises:
        LibraryError: the library cannot be read.
    """
    names: Any = [] if library is None else [name.to_dict() for name in library.taught_names()]
    at_work: TeachingDocument | None = None
    if teaching is not None:
        at_work = {"name": teaching.name, "done": teaching.done, "total": teaching.total}
    return {"may_teach": may_teach, "teaching": at_work, "names": names}
