"""What is exported of a hit: a moment of a file, and why it was picked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from framecue.errors import InputError
from framecue.library.results import Hit, LegHit, SearchResult
from framecue.paths import is_url
from framecue.timelines.plain_text import plain

__all__ = ["Pick", "Remark", "picks_of"]

_LONGEST_TEXT = 500


@dataclass(frozen=True)
class Remark:
    """What there is to say of a moment: words that were found in it, or what one part of it is.

    Attributes:
        label: who says it, such as "said", "written" or "part"; empty for nobody.
        text: of any kind; it is kept in one line.
        start_seconds: when in the video; None for the moment's own start.
        end_seconds: until when; None likewise.
    """

    label: str
    text: str
    start_seconds: float | None = None
    end_seconds: float | None = None

    def __post_init__(self) -> None:
        # Whoever made it: what is written and read line by line is one line.
        object.__setattr__(self, "text", plain(self.text, longest=_LONGEST_TEXT))

    def __str__(self) -> str:
        return f"{self.label}: {self.text}" if self.label else self.text


@dataclass(frozen=True)
class Pick:
    """A moment of a file as it goes to another program.

    Attributes:
        path: absolute path of the file.
        start_seconds: where the moment starts in the video; 0 in a picture.
        end_seconds: where it ends.
        duration_seconds: the whole video's duration.
        kind: "video" or "image".
        query: what was searched for, kept in one line; empty if that is not known.
        rank: its place in the results, 1 for the best.
        score: as of the hit; None if it is not known.
        confidence: as of the hit; None if it is not known.
        words: what was found in it by words.
        parts: the moments of its parts, if one thing after another was asked for.
        video_id: hash of the file's content.

    Raises:
        InputError: a time makes no sense.
    """

    path: str
    start_seconds: float
    end_seconds: float
    duration_seconds: float
    kind: str = "video"
    query: str = ""
    rank: int = 1
    score: float | None = None
    confidence: float | None = None
    words: tuple[Remark, ...] = ()
    parts: tuple[Remark, ...] = ()
    video_id: str = field(default="")

    def __post_init__(self) -> None:
        if not 0 <= self.start_seconds <= self.end_seconds < float("inf"):
            raise InputError(
                f"a moment from {self.start_seconds} to {self.end_seconds} seconds is none; give times of 0 or later, "
                "the end not before the start"
            )
        object.__setattr__(self, "query", plain(self.query, longest=_LONGEST_TEXT))

    @property
    def is_picture(self) -> bool:
        """Whether the file is a picture, which has no times."""
        return self.kind == "image"

    @property
    def name(self) -> str:
        """The file's name, in one line."""
        return plain(PurePath(self.path).name)

    @property
    def url(self) -> str:
        """Where the file is, as a URL with percent signs for the letters that none may have."""
        return quote(self.path, safe=":/") if is_url(self.path) else PurePath(self.path).as_uri()

    @property
    def facts(self) -> str:
        """Its rank, and its confidence and score where they are known: "result 2, fit 80%, score 0.312"."""
        facts = [f"result {self.rank}"]
        if self.confidence is not None:
            facts.append(f"fit {self.confidence:.0%}")
        if self.score is not None:
            facts.append(f"score {self.score:.3f}")
        return ", ".join(facts)

    def to_dict(self) -> dict[str, Any]:
        """Return what a program may want to know of it, as plain values."""
        return {
            "query": self.query,
            "rank": self.rank,
            "score": self.score,
            "confidence": self.confidence,
            "start_seconds": self.start_seconds,
            "end_seconds": self.end_seconds,
            "video_id": self.video_id,
            "words": [vars(word) for word in self.words],
            "parts": [vars(part) for part in self.parts],
        }


def picks_of(results: Iterable[SearchResult]) -> list[Pick]:
    """Return the hits of searches as picks: the results one after the other, the best of each first."""
    return [_pick(result.query, hit) for result in results for hit in result.hits]


def _pick(query: str, hit: Hit) -> Pick:
    legs = [*hit.legs, *(leg for part in hit.parts for leg in part.legs)]
    return Pick(
        path=hit.path,
        start_seconds=hit.start_seconds,
        end_seconds=hit.end_seconds,
        duration_seconds=hit.duration_seconds,
        kind=hit.kind,
        query=query,
        rank=hit.rank,
        score=hit.score,
        confidence=hit.confidence,
        words=tuple(dict.fromkeys(_words(leg) for leg in legs if leg.text)),
        parts=tuple(Remark("part", part.part, part.start_seconds, part.end_seconds) for part in hit.parts),
        video_id=hit.video_id,
    )


def _words(leg: LegHit) -> Remark:
    return Remark(leg.leg, leg.text or "", leg.start_seconds, leg.end_seconds)
