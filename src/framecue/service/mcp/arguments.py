"""What each tool takes. The descriptions are for the assistant, which reads them as part of the tool."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from framecue.service.mcp.pictures import MAX_SIDE
from framecue.validation import Strict, told

__all__ = [
    "ForgetArguments",
    "FramesArguments",
    "InfoArguments",
    "MomentsArguments",
    "NamesArguments",
    "SearchArguments",
    "TeachArguments",
    "WordsArguments",
]

MAX_HITS, MAX_MOMENTS, MAX_LINES, MAX_FRAMES, MAX_VIDEOS = 20, 100, 200, 8, 100
MAX_EXAMPLES, MAX_MARKS = 20, 20
LONGEST_TEXT = 2_000

Text = Annotated[str, Field(min_length=1, max_length=LONGEST_TEXT)]
Seconds = Annotated[float, Field(ge=0)]
VideoId = Annotated[
    str, Field(min_length=1, max_length=200, description="The id of a video, as search and info give it.")
]
LibraryName = Annotated[
    str | None,
    Field(max_length=200, description="Which library, by the name that info gives; the first one if left out."),
]
_OFFSET = "How many to leave out: a page's next_offset goes here."
Offset = Annotated[int, Field(ge=0, le=100_000, description=_OFFSET)]


class Like(Strict):
    """A video, or a moment of one, to find more like it."""

    id: VideoId
    at: Annotated[Seconds | None, Field(description="The moment, in seconds; the whole video if left out.")] = None


class Example(Strict):
    """A moment of a video."""

    id: Annotated[str, Field(min_length=1, max_length=200, description="The id of the video, as search gives it.")]
    at: Annotated[
        Seconds | None,
        Field(description="A time in the moment, in seconds; only a picture, or a video of one moment, needs none."),
    ] = None


class ToldExample(Example):
    """A moment of a video, and what is seen in it."""

    text: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=200,
            description="What is seen in it, in a sentence with the name: Rex catches a frisbee. It teaches much.",
        ),
    ] = None


class SearchArguments(Strict):
    """What `search` takes."""

    text: Annotated[
        Text | None,
        Field(
            description="What to find, in a few words or a sentence, in what is seen, said, written and named. Words "
            "in double quotes are found as they stand; seen:, said:, written: and named: before words ask for one kind."
        ),
    ] = None
    k: Annotated[int, Field(ge=1, le=MAX_HITS, description="How many moments at most.")] = 5
    offset: Annotated[int, Field(ge=0, le=10_000, description=_OFFSET)] = 0
    like: Annotated[
        tuple[Like, ...],
        Field(max_length=4, description="Find what looks like these videos or moments, alone or besides the text."),
    ] = ()
    without: Annotated[
        tuple[Text, ...], Field(max_length=8, description="What should not be seen; the search leads away from it.")
    ] = ()
    then: Annotated[
        tuple[Text, ...],
        Field(max_length=8, description="What happens after the text in the same video, one thing after another."),
    ] = ()
    right: Annotated[
        tuple[Example, ...],
        Field(
            max_length=MAX_MARKS, description="Hits of this search that were what was meant: look for more like them."
        ),
    ] = ()
    wrong: Annotated[
        tuple[Example, ...],
        Field(
            max_length=MAX_MARKS,
            description="Hits of this search that were not: they are left out, and what is like them.",
        ),
    ] = ()
    within: Annotated[Seconds | None, Field(description="How many seconds later at most each of `then` starts.")] = None
    only: Annotated[
        tuple[Literal["seen", "said", "written", "named", "captions", "meaning"], ...],
        Field(description="Look only in these; everywhere if left out."),
    ] = ()
    all_moments: Annotated[
        bool, Field(description="Whether a video may come with several moments, and not with its best one alone.")
    ] = False
    min_confidence: Annotated[
        float | None, Field(ge=0, le=1, description="Leave out moments whose confidence is less.")
    ] = None
    kind: Annotated[Literal["video", "image"] | None, Field(description="Videos alone, or pictures alone.")] = None
    longer_than_seconds: Annotated[Seconds | None, Field(description="Videos that last longer.")] = None
    shorter_than_seconds: Annotated[Seconds | None, Field(description="Videos that last less long.")] = None
    after: Annotated[str | None, Field(max_length=40, description="Recorded on this day or later: 2024-05-31.")] = None
    before: Annotated[str | None, Field(max_length=40, description="Recorded before this day.")] = None
    path: Annotated[
        Text | None, Field(description="Files or folders of this name: a glob such as *.mov or 2024/**.")
    ] = None
    library: LibraryName = None


class MomentsArguments(Strict):
    """What `moments_of` takes."""

    video: VideoId
    text: Annotated[
        Text | None,
        Field(description="Rank the moments by how well they match this, as in search; in the order of time without."),
    ] = None
    limit: Annotated[int, Field(ge=1, le=MAX_MOMENTS, description="How many moments at most.")] = 20
    offset: Offset = 0
    library: LibraryName = None


class FramesArguments(Strict):
    """What `frames` takes: moments, or a span and how many of it."""

    video: VideoId
    at_seconds: Annotated[
        tuple[Seconds, ...], Field(max_length=MAX_FRAMES, description="These moments. Leave out for frames of a span.")
    ] = ()
    start_seconds: Annotated[
        Seconds | None, Field(description="Where the span starts; the video's start if left out.")
    ] = None
    end_seconds: Annotated[Seconds | None, Field(description="Where the span ends; the video's end if left out.")] = (
        None
    )
    count: Annotated[
        int, Field(ge=1, le=MAX_FRAMES, description="How many frames of the span, evenly spread over it.")
    ] = 4
    long_side: Annotated[int, Field(ge=64, le=MAX_SIDE, description="Pixels of the longer side of each.")] = 512
    library: LibraryName = None

    @model_validator(mode="after")
    def _one_way(self) -> FramesArguments:
        start, end = self.start_seconds, self.end_seconds
        if self.at_seconds and (start is not None or end is not None):
            raise told("at_seconds and a span are given together; leave out one of them")
        if start is not None and end is not None and end < start:
            raise told(f"the span ends at {end:g} s, before it starts at {start:g} s; swap them")
        return self


class WordsArguments(Strict):
    """What `words_of` takes."""

    video: VideoId
    start_seconds: Annotated[Seconds | None, Field(description="Lines that end after this.")] = None
    end_seconds: Annotated[Seconds | None, Field(description="Lines that begin before this.")] = None
    kind: Annotated[Literal["said", "written"] | None, Field(description="What is said alone, or written.")] = None
    limit: Annotated[int, Field(ge=1, le=MAX_LINES, description="How many lines at most.")] = 100
    offset: Offset = 0
    library: LibraryName = None


class InfoArguments(Strict):
    """What `info` takes."""

    library: Annotated[
        str | None, Field(max_length=200, description="List the videos of this library; of the first one if left out.")
    ] = None
    limit: Annotated[int, Field(ge=0, le=MAX_VIDEOS, description="How many videos to list at most.")] = 10
    offset: Offset = 0


Name = Annotated[str, Field(min_length=1, max_length=100)]


class NamesArguments(Strict):
    """What `taught_names` takes."""

    library: LibraryName = None


class TeachArguments(Strict):
    """What `teach` takes."""

    name: Annotated[
        Name, Field(description="The name, as it will stand in searches; case does not matter there. No ordinary word.")
    ]
    like: Annotated[
        tuple[ToldExample, ...],
        Field(
            min_length=1,
            max_length=MAX_EXAMPLES,
            description="Moments that show what it means, best three or more, of several videos. Look at them first.",
        ),
    ]
    unlike: Annotated[
        tuple[Example, ...],
        Field(max_length=MAX_EXAMPLES, description="Moments that look alike, and do not show it."),
    ] = ()
    kind: Annotated[
        Name | None,
        Field(description="An ordinary word for the kind of thing, such as dog; learning starts from it."),
    ] = None
    library: LibraryName = None


class ForgetArguments(Strict):
    """What `forget_name` takes."""

    name: Annotated[Name, Field(description="The name, without the marks around it.")]
    library: LibraryName = None
