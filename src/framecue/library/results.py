"""What a library answers: what was added and removed, what a search found, what is in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from framecue.encoder import Fingerprint

__all__ = [
    "AddReport",
    "BestFrame",
    "Duplicate",
    "Explanation",
    "FileInfo",
    "Hit",
    "LibraryInfo",
    "PartScore",
    "RemoveReport",
    "Skipped",
    "Upkeep",
]


@dataclass(frozen=True)
class Skipped:
    """A path that was not indexed, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class Duplicate:
    """A file whose content the library holds under another path, so that it is not stored again."""

    path: str
    original: str


@dataclass(frozen=True)
class AddReport:
    """What ``Library.add`` did. Each file that it found counts once: added, changed, moved, a duplicate, ...

    Attributes:
        added: how many files are new in the library.
        changed: how many files had other content than before and have been brought up to date.
        moved: how many files were known under another path, where they are no more; nothing of them was encoded.
        unchanged: how many files the library held already as they are, or knew as duplicates.
        duplicates: files whose content the library holds under another path; they are not stored again.
        skipped: the paths that could not be indexed or pruned, with reasons.
        encoded: how many videos went through the model.
        removed: how many files were pruned.
        subtitles_updated: of how many unchanged files the words have been read again, as the files beside them
            changed.
        num_videos: how many videos the library holds now.
        num_segments: how many segments it holds now.
    """

    added: int
    unchanged: int
    skipped: list[Skipped]
    encoded: int
    num_videos: int
    num_segments: int
    changed: int = 0
    moved: int = 0
    removed: int = 0
    subtitles_updated: int = 0
    duplicates: list[Duplicate] = field(default_factory=list)


@dataclass(frozen=True)
class RemoveReport:
    """What ``Library.remove`` did.

    Attributes:
        removed: how many files the library no longer knows.
        skipped: the paths of which it knew nothing.
        num_videos: how many videos the library holds now.
        num_segments: how many segments it holds now.
    """

    removed: int
    skipped: list[Skipped]
    num_videos: int
    num_segments: int


@dataclass(frozen=True)
class PartScore:
    """How near one part of a query is to a moment: the cosine of their own vectors."""

    part: str
    weight: float
    score: float


@dataclass(frozen=True)
class BestFrame:
    """The frame of a moment that is nearest to a query.

    Attributes:
        at_seconds: when it is shown in the video.
        score: cosine similarity of the query and the frame alone.
        pixels: uint8 (H, W, 3), RGB, small.
    """

    at_seconds: float
    score: float
    pixels: np.ndarray = field(repr=False, compare=False)


@dataclass(frozen=True)
class Explanation:
    """Why a result is there.

    Attributes:
        parts: of the query, in its order.
        frame: the frame that matched best; None where the file cannot be read any more.
        problem: why not, in words; None where it can.
    """

    parts: list[PartScore]
    frame: BestFrame | None
    problem: str | None = None


@dataclass(frozen=True)
class Hit:
    """A moment that a search found.

    Attributes:
        rank: 1 is the best.
        path: absolute path of the video.
        start_seconds: where the moment starts in the video.
        end_seconds: where it ends.
        score: cosine similarity of query and moment.
        video_id: hash of the file's content.
        duration_seconds: the whole video's duration.
        words: in hybrid search, the words of the query that its names, caption and subtitles have.
        vector_rank: in hybrid search, its place in the order by vector; None where that is far down.
        text_rank: in hybrid search, its place in the order by words; None where it has none of them.
        text_score: in hybrid search, its score by words (BM25), comparable within one query alone; None likewise.
        explanation: why it is a result, where that was asked for.
    """

    rank: int
    path: str
    start_seconds: float
    end_seconds: float
    score: float
    video_id: str
    duration_seconds: float
    words: tuple[str, ...] = ()
    vector_rank: int | None = None
    text_rank: int | None = None
    text_score: float | None = None
    explanation: Explanation | None = None


@dataclass(frozen=True)
class FileInfo:
    """One file of a library."""

    path: str
    duration_seconds: float


@dataclass(frozen=True)
class LibraryInfo:
    """What a library holds, its files and the duplicates of them in the order of their paths."""

    uri: str
    num_videos: int
    num_segments: int
    fingerprint: Fingerprint
    files: list[FileInfo]
    duplicates: list[Duplicate]


@dataclass(frozen=True)
class Upkeep:
    """What an upkeep did.

    Attributes:
        num_rows: segments in the library.
        num_files: files that hold the rows, before and after.
        num_versions_dropped: earlier versions of the table that are not on the disk any more.
        index: what became of the index: "made", "refreshed" (it took in new rows), "kept", or "none" where the library
            is too small to gain from one.
        num_indexed_rows: rows that the index knows.
    """

    num_rows: int
    num_files: tuple[int, int]
    num_versions_dropped: int
    index: str
    num_indexed_rows: int
