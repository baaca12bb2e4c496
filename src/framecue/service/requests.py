"""What a program asks of a search: one model for HTTP and for assistants.

Its keys are those of a line of ``framecue search --queries``, the fields of ``SearchOptions`` and those of ``Filters``,
side by side. A video is one that the library holds, by its id; a path to read is refused, as whoever asks has no
business with this machine's files.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Annotated, Any, Literal, NoReturn, cast

from pydantic import ConfigDict, Field, ValidationError

from framecue.errors import InputError
from framecue.library.search.feedback import Marks as SearchMarks
from framecue.library.search.feedback import as_marks
from framecue.library.search.filters import Filters
from framecue.library.search.given_vectors import QueryVector
from framecue.library.search.query import HeldMoment, SearchOptions
from framecue.library.search.told_query import LabelledQuery, ToldQuery
from framecue.library.search.weights import LegWeights
from framecue.library.store.sql import quoted
from framecue.service.held_moments import Marks
from framecue.service.request_fields import (
    LONGEST_NAME,
    MOST_TEXTS,
    Condition,
    Flag,
    Following,
    Identity,
    LegNumbers,
    Legs,
    Name,
    Path,
    Score,
    Seconds,
    Share,
    Text,
    Texts,
    Time,
)
from framecue.validation import Strict, explain, model_types, shown, unknown_key

__all__ = ["MOST_EXPLAINED", "MOST_OFFSET", "MOST_RESULTS", "HeldVideoRequest", "SearchRequest", "parse_json"]

MOST_RESULTS = 500
"""How many results one request may ask for; more come page by page."""
MOST_EXPLAINED = 50
"""How many where each result's file has to be read, as explaining and refining do."""
MOST_OFFSET = 10_000
"""How many of the best a request may leave out: nobody reads on there, and each costs as if it were shown."""

_UPLOAD = (
    "a server reads no file by its path; upload it as the field {key} of multipart/form-data, or name a video of the "
    'library by "videos": [{{"id": VIDEO_ID, "at": SECONDS}}]'
)


class HeldVideoRequest(Strict):
    """A video that the library holds, or a moment of one, to search with."""

    id: Identity = Field(description="The `video_id` of a hit.")
    at: Time = Field(None, description="The moment: seconds, or a text such as 2:12.5; the whole video if left out.")


class SearchRequest(Strict):
    """What to search for, which results, and in which videos; at least one of text, with, videos, or an upload."""

    model_config = ConfigDict(title="Search", validate_by_name=False, validate_by_alias=True)

    text: Text | None = Field(
        None,
        description='What the video shows or says, as typed: `said:"happy birthday" a cake` asks legs of the search.',
        examples=["a dog catches a frisbee"],
    )
    with_texts: Texts = Field(
        (), alias="with", description="What to find besides, each perhaps with a weight: `people^0.5`."
    )
    without_texts: Texts = Field((), alias="without", description="What to search away from, likewise.")
    videos: tuple[HeldVideoRequest, ...] = Field(
        (), max_length=MOST_TEXTS, description="Videos of the library, or moments of some, like those to find."
    )
    at: Time = Field(None, description="The moment of an uploaded video to search with; all of it if left out.")
    then: Following = Field((), description="What comes after it in the same video.")
    right: Marks = Field(
        (),
        description="Results that were what was meant: their moments, or their ranks in the same search without marks. "
        "They move what is seen for this search alone.",
    )
    wrong: Marks = Field((), description="Results that were not, likewise; the search leaves them out.")
    within: Time = Field(None, description="How soon after it at most: seconds, or a text; at any time if left out.")

    k: Annotated[int, Field(strict=True, ge=1, le=MOST_RESULTS)] = Field(10, description="How many results at most.")
    offset: Annotated[int, Field(strict=True, ge=0, le=MOST_OFFSET)] = Field(
        0, description="How many of the best to leave out: k of them for the next page."
    )
    all_moments: Flag = Field(False, description="Whether a video may appear with several moments.")
    only: Legs = Field((), description="The legs of the search that are asked; all if left out.")
    weights: LegNumbers = Field(None, description="How much each leg counts, and what makes it count.")
    hybrid: Flag = Field(False, description="Whether words of names, captions and subtitles have a say in the order.")
    explain: Flag = Field(False, description="Whether to read each result's file, and say what in it matches.")
    refine: Flag = Field(False, description="Whether to move each result's edges to where its frames match.")
    min_score: Score = Field(None, description="Leave out what scores less.")
    min_confidence: Share = Field(None, description="Leave out what is less likely than this.")

    folder: Path | None = Field(None, description="Only videos below this folder.")
    path: Path | None = Field(None, description="Only files, or folders, of this name or path: a glob.")
    longer_than_seconds: Seconds = Field(None, description="Only videos that last longer.")
    shorter_than_seconds: Seconds = Field(None, description="Only videos that last less long.")
    after: Name | None = Field(None, description="Only what was recorded then or later.", examples=["2024-05-31"])
    before: Name | None = Field(None, description="Only what was recorded before then.", examples=["2024-06-01"])
    kind: Literal["video", "image"] | None = Field(None, description="Only videos, or only pictures.")
    where: Condition | None = Field(
        None, description="Only segments for which this SQL condition holds.", examples=["end_seconds < 60"]
    )
    in_video: Identity | None = Field(None, description="Only this video, by its `video_id`.")
    library: Name | None = Field(None, description="The library by its name; the first if left out.")

    @classmethod
    def parse(cls, document: object) -> SearchRequest:
        """Return the request that a document of JSON says.

        Raises:
            InputError: it makes no sense; the message says which key, and what is allowed.
        """
        if not isinstance(document, dict):
            raise InputError(f'the request is {shown(document)}; it must be a JSON object such as {{"text": "a dog"}}')
        try:
            request = cls.model_validate(document)
        except ValidationError as error:
            raise InputError(explain(error, _SECTIONS, unknown=_unknown, mapping="an object", most=1)) from error
        request.check()
        return request

    def check(self) -> None:
        """Refuse what can be told to make no sense without a library.

        Raises:
            InputError: something does not go together, or a filter cannot be used.
        """
        if self.within is not None and not self.then:
            raise InputError("within is how soon `then` comes: give what comes then, or leave it out")
        if any(not text.strip() for text in self.then):
            raise InputError("then is empty; say what comes after the first, such as: an octopus grows")
        if self.k > MOST_EXPLAINED and self.reads_results:
            raise InputError(
                f"k is {self.k}; with explain or refine it is at most {MOST_EXPLAINED}, as each result's file is read"
            )
        _ = self.marks
        self.options()

    @property
    def marks(self) -> SearchMarks:
        """The results that were right and wrong."""
        return as_marks(self.right, self.wrong)

    @property
    def takes_long(self) -> bool:
        """Whether an answer may take much longer than others: files are read, or somebody's own condition is."""
        return self.reads_results or self.where is not None

    @property
    def reads_results(self) -> bool:
        """Whether the files of the results have to be read, which takes a while."""
        return self.explain or self.refine

    def options(self) -> SearchOptions:
        """Return which results are wanted, and of which videos.

        Raises:
            InputError: a value makes no sense, or no video can pass the filters.
        """
        return SearchOptions(
            k=self.k,
            offset=self.offset,
            all_moments=self.all_moments,
            min_score=self.min_score,
            hybrid=self.hybrid,
            filters=self._filters(),
            explain=self.explain,
            refine=self.refine,
            only=self.only,
            weights=None if self.weights is None else LegWeights(**cast(Any, self.weights)),
            min_confidence=self.min_confidence,
        )

    def query(self, *, vectors: Sequence[QueryVector] = ()) -> LabelledQuery:
        """Return what to search for.

        Args:
            vectors: what the library's model has made of pictures and videos that came with the request.

        Raises:
            InputError: there is nothing to search for, or a weight makes no sense.
        """
        return ToldQuery(
            text=self.text,
            with_texts=self.with_texts,
            without_texts=self.without_texts,
            videos=[HeldMoment(video.id, video.at) for video in self.videos],
            vectors=vectors,
            then_texts=self.then,
            within_seconds=self.within,
        ).labelled()

    def _filters(self) -> Filters | None:
        names = [item.name for item in fields(Filters)]
        filters = Filters(**{name: getattr(self, name) for name in names})
        if self.in_video is None:
            return None if filters == Filters() else filters
        # What a person wrote has been checked above, by itself: no part of it can reach out of its parentheses.
        own = "" if self.where is None else f" AND ({self.where})"
        where = f"video_id = {quoted(self.in_video)}{own}"
        return Filters(**{name: getattr(self, name) for name in names if name != "where"}, where=where)


def _types() -> dict[str, Any]:
    aliases = {name: field.alias or name for name, field in SearchRequest.model_fields.items()}
    return {aliases[name]: hint for name, hint in model_types(SearchRequest).items()}


_SECTIONS: dict[tuple[str, ...], Mapping[str, Any]] = {
    (): _types(),
    **{("videos", str(place)): model_types(HeldVideoRequest) for place in range(MOST_TEXTS)},
}


def _unknown(key: str, allowed: Collection[str]) -> str:
    if key in ("image", "video"):
        return f"{key}: {_UPLOAD.format(key=key)}"
    return unknown_key(key if len(key) <= LONGEST_NAME else f"{key[:LONGEST_NAME]}...", allowed)


def parse_json(content: bytes) -> object:
    """Return what a document of JSON in UTF-8 says; numbers are finite, as JSON has no others.

    Raises:
        InputError: it is none.
    """

    def refuse(name: str) -> NoReturn:
        raise InputError(f"the request holds {name}, which JSON does not know; give a finite number, or leave it out")

    try:
        return json.loads(content.decode("utf-8"), parse_constant=refuse)
    except UnicodeDecodeError as error:
        raise InputError(f"the request is not text in UTF-8 (at byte {error.start}); send JSON") from error
    except RecursionError as error:
        raise InputError("the request is JSON within JSON, too deep to be read") from error
    except ValueError as error:  # among them numbers of thousands of digits
        place = f" (at character {error.pos + 1})" if isinstance(error, json.JSONDecodeError) else ""
        raise InputError(f'the request is not JSON{place}; send an object such as {{"text": "a dog"}}') from error
