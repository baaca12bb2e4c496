"""The documents that the service answers with, as types: for the description of its API, and for whoever makes one.

They are the library's own ``to_dict()``, which stays what makes them; a test holds the two together. What is left out
where there is none is not required here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import NotRequired, TypedDict

from framecue.service.media.document import MediaDocument

__all__ = [
    "BestFrameDocument",
    "DuplicateDocument",
    "ExplanationDocument",
    "FileDocument",
    "HeldFileDocument",
    "HitDocument",
    "InfoDocument",
    "LegDocument",
    "MeaningDocument",
    "MomentDocument",
    "NameScoreDocument",
    "NamesDocument",
    "PartDocument",
    "PartScoreDocument",
    "ProblemDocument",
    "SearchDocument",
    "SkippedDocument",
    "TaughtExampleDocument",
    "TaughtNameDocument",
    "TeachingDocument",
    "VideoDocument",
    "VideoSummaryDocument",
    "VideosDocument",
    "WordsCountDocument",
    "WordsFailureDocument",
    "WordsLineDocument",
]

Rank = Annotated[int, Field(description="1 for the best.")]
Start = Annotated[float, Field(description="Where it starts in the video.")]
End = Annotated[float, Field(description="Where it ends.")]
Cosine = Annotated[float, Field(description="Cosine similarity of query and moment, -1 to 1.")]
FileKind = Annotated[Literal["video", "image"], Field(description="Whether the file is a video or a picture.")]
Recorded = Annotated[str | None, Field(description="When it was recorded, as ISO 8601; null if nobody knows.")]
VideoId = Annotated[str, Field(description="Hash of the file's content, by which the API names it.")]
AbsolutePath = Annotated[str, Field(description="Where the file is, on the machine of the server.")]


class LegDocument(TypedDict):
    """What one leg of the search has found of a moment."""

    leg: Annotated[str, Field(description="seen, said, written, named, captions or meaning.")]
    rank: Annotated[int | None, Field(description="Its place in the leg's own order; null if that is far down.")]
    score: Annotated[float, Field(description="The leg's own: a cosine, or BM25.")]
    strength: Annotated[float, Field(description="How surely it is what was asked for, 0 to 1.")]
    text: Annotated[str | None, Field(description="What was found, such as a sentence that is said.")]
    words: Annotated[list[str], Field(description="The words of the query that are in it.")]
    spans: Annotated[list[list[int]], Field(description="Where in the text they are: [start, end] in characters.")]
    start_seconds: Annotated[float | None, Field(description="When it is said or shown, if that is known finely.")]
    end_seconds: Annotated[float | None, Field(description="When that ends.")]
    confidence: Annotated[
        float | None,
        Field(
            description="How likely the result is what was asked for by this leg alone, 0 to 1; null if that cannot be "
            "said, or if what it has found lies elsewhere in the video."
        ),
    ]


class PartDocument(TypedDict):
    """The moment of one of several things that happen one after another."""

    part: Annotated[str, Field(description="What was asked for.")]
    start_seconds: Start
    end_seconds: End
    score: Cosine
    legs: Annotated[list[LegDocument], Field(description="Which legs have found this moment, and by what.")]
    confidence: Annotated[float | None, Field(description="How likely it is what this part asks for, 0 to 1.")]


class PartScoreDocument(TypedDict):
    """How near one part of the query is to a moment."""

    part: str
    weight: float
    score: Cosine


class BestFrameDocument(TypedDict):
    """The frame of a moment that matches best."""

    at_seconds: float
    score: float


class NameScoreDocument(TypedDict):
    """How near the examples of a taught name are to a moment."""

    name: Annotated[str, Field(description="As it was taught.")]
    share: Annotated[float, Field(description="How much they counted in what is seen, beside the text, 0 to 1.")]
    score: Cosine


class ExplanationDocument(TypedDict):
    """Why a moment is a result."""

    parts: list[PartScoreDocument]
    frame: BestFrameDocument | None
    problem: Annotated[str | None, Field(description="Why the file cannot be read; null if it can.")]
    names: NotRequired[Annotated[list[NameScoreDocument], Field(description="Of the taught names in the query.")]]


class HitDocument(TypedDict):
    """A moment that a search has found."""

    rank: Rank
    path: AbsolutePath
    video_id: VideoId
    kind: FileKind
    start_seconds: Start
    end_seconds: End
    score: Cosine
    confidence: Annotated[float | None, Field(description="How likely it is what was asked for, 0 to 1, or null.")]
    fits: Annotated[bool | None, Field(description="Whether it is likely; null where that cannot be said.")]
    hit: Annotated[str, Field(description="The moment as `framecue clip` takes it.")]
    recorded: Recorded
    words: NotRequired[Annotated[list[str], Field(description="Hybrid: the words that were found.")]]
    vector_rank: NotRequired[Annotated[int | None, Field(description="Hybrid: its place by what is seen.")]]
    text_rank: NotRequired[Annotated[int | None, Field(description="Hybrid: its place by words.")]]
    text_score: NotRequired[Annotated[float | None, Field(description="Hybrid: its score by words, BM25.")]]
    segment_seconds: NotRequired[
        Annotated[list[float], Field(description="Start and end of its segment, where its own times are others.")]
    ]
    legs: NotRequired[Annotated[list[LegDocument], Field(description="Which legs have found it, and by what.")]]
    parts: NotRequired[Annotated[list[PartDocument], Field(description="The moments of its parts, in order.")]]
    text: NotRequired[Annotated[str, Field(description="The caption and the subtitles about it.")]]
    names: NotRequired[Annotated[list[str], Field(description="The taught names that were understood in the query.")]]
    metadata: NotRequired[Annotated[dict[str, Any], Field(description="The library's own columns of the video.")]]
    explanation: NotRequired[ExplanationDocument]


class SearchDocument(TypedDict):
    """A query and what it has found: what ``framecue search --json`` prints."""

    query: Annotated[str, Field(description="The query in words.")]
    fits: Annotated[bool | None, Field(description="Whether any result is likely to be what was asked for.")]
    results: list[HitDocument]
    names: NotRequired[
        Annotated[list[str], Field(description="The taught names that were understood in it, if there are any.")]
    ]


class VideoSummaryDocument(TypedDict):
    """A video, or a picture, in a list."""

    id: VideoId
    name: str
    path: AbsolutePath
    kind: FileKind
    duration_seconds: Annotated[float, Field(description="0 for a picture.")]
    recorded: Recorded
    num_segments: Annotated[int, Field(description="How many moments the library knows of it.")]


class VideosDocument(TypedDict):
    """A page of a library's videos, in the order of their paths."""

    total: Annotated[int, Field(description="How many there are in all.")]
    videos: list[VideoSummaryDocument]


class HeldFileDocument(TypedDict):
    """A file with a content that the library holds."""

    path: AbsolutePath
    name: str
    is_there: Annotated[bool, Field(description="Whether something of its size is at this path now.")]


class MomentDocument(TypedDict):
    """A segment of a video."""

    start_seconds: Start
    end_seconds: End
    caption: Annotated[str | None, Field(description="A sentence about it; null without one.")]


class WordsLineDocument(TypedDict):
    """A line that is said or written in a video."""

    start_seconds: Start
    end_seconds: End
    text: str
    kind: Annotated[Literal["said", "written"], Field(description="Whether it is heard or read.")]
    source: Annotated[str, Field(description="What has found it: speech, screen, subtitles, sidecars.")]
    language: Annotated[str | None, Field(description="ISO 639-1; null if nobody knows.")]
    confidence: Annotated[float | None, Field(description="0 to 1; null if a person wrote it.")]


class VideoDocument(TypedDict):
    """What a library has of a video: its files, moments and words, and how it is played."""

    id: VideoId
    kind: FileKind
    duration_seconds: float
    recorded: Recorded
    files: list[HeldFileDocument]
    moments: list[MomentDocument]
    words: Annotated[list[WordsLineDocument], Field(description="In the order of start and end.")]
    caption: Annotated[str | None, Field(description="A sentence about all of it; null if its moments differ.")]
    media: NotRequired[Annotated[MediaDocument, Field(description="How a browser plays it.")]]


class SkippedDocument(TypedDict):
    """A path that was not indexed, and why."""

    path: str
    reason: str


class DuplicateDocument(TypedDict):
    """A file whose content is held under another path."""

    path: str
    original: str


class FileDocument(TypedDict):
    """One file of a library."""

    path: str
    duration_seconds: float
    kind: FileKind


class WordsCountDocument(TypedDict):
    """What words one source has found."""

    source: str
    kind: Literal["said", "written"]
    model: str | None
    language: str | None
    files: int
    lines: int
    failed: int


class WordsFailureDocument(TypedDict):
    """A file in which a source could not find words, or not all."""

    path: str
    source: str
    reason: str


class MeaningDocument(TypedDict):
    """Of how many words the meaning can be found."""

    model: str
    files: int
    passages: int


class InfoDocument(TypedDict):
    """What a library holds: what ``framecue info --json`` prints."""

    library: str
    videos: int
    images: int
    segments: int
    duration_seconds: float
    size_bytes: Annotated[int | None, Field(description="On disk, or in the object store.")]
    first_indexed_seconds: Annotated[float | None, Field(description="Seconds since 1970.")]
    last_indexed_seconds: Annotated[float | None, Field(description="Seconds since 1970.")]
    num_indexed_segments: Annotated[int | None, Field(description="Of its approximate index; null without one.")]
    has_text_index: bool
    text_kinds: Annotated[list[str], Field(description="Which texts there are: names, captions, subtitles.")]
    fingerprint: Annotated[dict[str, Any], Field(description="The model that made its vectors.")]
    encoded_by: Annotated[list[dict[str, Any]], Field(description="What has encoded its videos.")]
    words: list[WordsCountDocument]
    words_failed: list[WordsFailureDocument]
    meaning: MeaningDocument | None
    is_meaning_unfinished: Annotated[bool, Field(description="Whether meanings were asked for and are not all made.")]
    files_without_meaning: Annotated[int, Field(description="Whose words came after their meanings were made.")]
    names: Annotated[list[str], Field(description="That it was taught.")]
    files: list[FileDocument]
    duplicates: list[DuplicateDocument]
    unreadable: list[SkippedDocument]


class TaughtExampleDocument(TypedDict):
    """A moment or a picture that a name was taught from."""

    path: Annotated[str | None, Field(description="Where the file was; null for a picture that came with a request.")]
    video_id: Annotated[str | None, Field(description="Hash of the file's content; null for such a picture.")]
    start_seconds: Start
    end_seconds: End
    kind: FileKind
    rank: Annotated[
        int | None,
        Field(description="Its place among moments of the library if the other examples look for it; null without."),
    ]
    num_compared: Annotated[int, Field(description="Of how many moments this is the place.")]
    agrees: Annotated[
        bool | None,
        Field(description="Whether it goes together with the others, whatever comes before it; null if not told."),
    ]
    is_held: Annotated[bool, Field(description="Whether the library still holds it.")]
    hit: Annotated[str | None, Field(description="The moment as `framecue clip` takes it; null for a picture.")]


class TaughtNameDocument(TypedDict):
    """A name that a library was taught: what ``framecue names --json`` prints of each."""

    name: Annotated[str, Field(description="As it was written; searches understand it in any case.")]
    coarse: Annotated[str | None, Field(description="The ordinary word from which it was learnt; null without one.")]
    num_tokens: Annotated[int, Field(description="How many token embeddings stand for it.")]
    examples: Annotated[list[TaughtExampleDocument], Field(description="What it means.")]
    unlike: Annotated[list[TaughtExampleDocument], Field(description="What it does not mean, though it looks alike.")]
    fits: Annotated[
        bool, Field(description="Whether it was taught to the library's model; only then it is understood.")
    ]
    taught: Annotated[str, Field(description="When it was taught, as ISO 8601.")]
    notices: Annotated[list[str], Field(description="What there is to say of its examples.")]


class TeachingDocument(TypedDict):
    """A name that is being learnt now."""

    name: str
    done: Annotated[int, Field(description="How many steps are done.")]
    total: Annotated[int, Field(description="How many there are; 0 before it has begun.")]


class NamesDocument(TypedDict):
    """The names that a library was taught."""

    may_teach: Annotated[bool, Field(description="Whether the server was started with `--allow-teach`.")]
    teaching: Annotated[TeachingDocument | None, Field(description="What is being learnt; null for nothing.")]
    names: Annotated[list[TaughtNameDocument], Field(description="In their alphabetical order.")]


class ProblemDocument(TypedDict):
    """What went wrong (RFC 9457)."""

    type: Annotated[str, Field(description="about:blank, as the status says what kind of problem it is.")]
    title: Annotated[str, Field(description="What the status is called.")]
    status: int
    detail: Annotated[str, Field(description="What is wrong and what to do, in one sentence.")]
    ordinary: NotRequired[
        Annotated[bool, Field(description="True where a name is an ordinary word; `allow_ordinary` takes it.")]
    ]
