"""The answers of a library: what was added or removed, what a search found, what the library holds.

Each answer has ``to_dict()``, which returns the document that ``--json`` prints: plain values for any JSON writer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

from framecue.dates import iso_time
from framecue.library.own_values import MetadataValue
from framecue.video import format_hit

if TYPE_CHECKING:
    import numpy as np

    from framecue.encoder import Computation, Fingerprint
    from framecue.video import FrameSource


__all__ = [
    "AddReport",
    "BestFrame",
    "CaptionedMoment",
    "Duplicate",
    "Explanation",
    "FileInfo",
    "Finding",
    "HeldFile",
    "HeldVideo",
    "Hit",
    "Kept",
    "LegHit",
    "LibraryInfo",
    "MeaningCount",
    "MetadataReport",
    "NameScore",
    "PartHit",
    "PartScore",
    "PassedOver",
    "Remark",
    "RemoveReport",
    "SearchResult",
    "Skipped",
    "TaughtExample",
    "TaughtName",
    "Upkeep",
    "WordsCount",
    "WordsFailure",
]

# The least confidence with which something is said to fit: chosen so that nearly all queries about what is there reach
# it; `python benchmarks/absent.py` says how many do.
FITS_FROM = 0.25
# A window that is shorter than any frame.
_INSTANT_SECONDS = 0.001


@dataclass(frozen=True)
class Finding:
    """Something that a check has found.

    Attributes:
        level: "ok", "note" for what works but might be better, "fault" for what does not work.
        what: in one line.
        way_out: what to do; empty if there is nothing to do.
    """

    level: Literal["ok", "note", "fault"]
    what: str
    way_out: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class Skipped:
    """A path that was not indexed, and why."""

    path: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class Remark:
    """A file that is in the library, and what there is to say of it."""

    path: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class Duplicate:
    """A file whose content the library already holds under another path, and does not store again.

    The library's note about it, with the hash of its content, is a :class:`framecue.library.store.records.Copy`.
    """

    path: str
    original: str

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class Kept:
    """A file that was removed from a library, and the duplicate under whose path its content stays."""

    path: str
    under: str

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class PassedOver:
    """How many files of the folders were left alone; a file that a person names never is.

    Attributes:
        images: pictures, where pictures were not asked for.
        sounds: files with a video's suffix that hold sound alone.
        others: files with a video's suffix that are something else, such as TypeScript.
        clips: clips and sheets that framecue made of videos.
    """

    images: int = 0
    sounds: int = 0
    others: int = 0
    clips: int = 0

    def __bool__(self) -> bool:
        return self != PassedOver()

    def plus(self, other: PassedOver) -> PassedOver:
        """Return both together."""
        return PassedOver(
            self.images + other.images,
            self.sounds + other.sounds,
            self.others + other.others,
            self.clips + other.clips,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class WordsCount:
    """What words one source has found, in a run or in a library.

    Attributes:
        source: "speech", "screen", "subtitles", "sidecars", or a package's own.
        kind: "said" or "written".
        model: that found them; None where there is none.
        language: that was asked for; None if each file's was found out.
        num_files: in how many contents words were looked for, and all could be.
        num_lines: how many lines there are.
        num_failed: in how many contents not all could be looked for.
    """

    source: str
    kind: str
    model: str | None = None
    language: str | None = None
    num_files: int = 0
    num_lines: int = 0
    num_failed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "source": self.source,
            "kind": self.kind,
            "model": self.model,
            "language": self.language,
            "files": self.num_files,
            "lines": self.num_lines,
            "failed": self.num_failed,
        }


@dataclass(frozen=True)
class WordsFailure:
    """A file in which a source could not find words, or not all of them."""

    path: str
    source: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class MeaningCount:
    """Of how many words the meaning has been made findable, in a run or in a library.

    Attributes:
        model: the sentence encoder's name or folder.
        num_files: how many contents have passages.
        num_passages: how many these are.
    """

    model: str
    num_files: int
    num_passages: int

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {"model": self.model, "files": self.num_files, "passages": self.num_passages}


@dataclass(frozen=True)
class AddReport:
    """What ``Library.add`` did. Each file that it found counts once: added, changed, moved, a duplicate, ...

    Attributes:
        uri: where the library is.
        added: how many files are new in the library.
        changed: how many files had new content and were indexed again.
        moved: how many files were held under a path at which they no longer are; they were not encoded again.
        unchanged: how many files the library already held as they are, or knew as duplicates.
        duplicates: files whose content the library holds under another path; they are not stored again.
        skipped: the paths that could not be indexed or pruned, with reasons.
        encoded: how many videos went through the model.
        removed: how many files were pruned.
        removed_paths: the paths of these.
        subtitles_updated: how many unchanged files have new texts, as the files beside them had changed.
        metadata_updated: how many unchanged files have new values in the library's own columns.
        still_unreadable: files that an earlier run could not read, and that have not changed since; they were not read
            again.
        passed_over: how many files of the folders are no videos.
        num_videos: how many videos the library holds now.
        num_images: how many pictures it holds now.
        num_segments: how many segments it holds now.
        reread: unchanged files that were encoded again because an older framecue read them otherwise, each with what is
            otherwise: "times" or "shape".
        warnings: files that the library holds although something is wrong with them, such as a large part that is
            missing, or subtitles that begin behind their video's end.
        encoded_seconds: how long the videos are that went through the model.
        gpu_decoded: how many files had frames that a GPU decoded, with ``gpu_decode``.
        gpu_fallbacks: files that were large enough for that and that PyAV decoded, or went on with, each with the
            reason.
        computation: what encoded videos; None if none were, or if the encoder does not say.
        words: what words were looked for, by source; nothing if the library has none.
        words_failed: the files in which not all words could be looked for, with reasons; the library holds them.
        words_taken_out: the sources whose words were taken out.
        words_left_out: the sources that the library has had and that cannot work here, with reasons.
        meaning: of how many words the meaning was made findable; None if none was due.
        meaning_taken_out: whether meanings were taken out.
        meaning_left_out: why new words have no meanings, if the library's sentence encoder does not work here.
        names_taught: the names that were taught again, as the library has another model than they were taught to.
        names_left: the names that are not understood, as they could not be taught again, with reasons.
    """

    uri: str
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
    still_unreadable: list[Skipped] = field(default_factory=list)
    passed_over: PassedOver = field(default_factory=PassedOver)
    num_images: int = 0
    reread: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    metadata_updated: int = 0
    removed_paths: list[str] = field(default_factory=list)
    encoded_seconds: float = 0.0
    gpu_decoded: int = 0
    gpu_fallbacks: list[Remark] = field(default_factory=list)
    computation: Computation | None = None
    words: list[WordsCount] = field(default_factory=list)
    words_failed: list[WordsFailure] = field(default_factory=list)
    words_taken_out: list[str] = field(default_factory=list)
    words_left_out: dict[str, str] = field(default_factory=dict)
    meaning: MeaningCount | None = None
    meaning_taken_out: bool = False
    meaning_left_out: str | None = None
    names_taught: list[str] = field(default_factory=list)
    names_left: dict[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue index --json`` prints."""
        return {
            "library": self.uri,
            "added": self.added,
            "changed": self.changed,
            "moved": self.moved,
            "unchanged": self.unchanged,
            "encoded": self.encoded,
            "encoded_by": None if self.computation is None else self.computation.to_dict(),
            "duplicates": [duplicate.to_dict() for duplicate in self.duplicates],
            "removed": self.removed,
            "removed_paths": self.removed_paths,
            "subtitles_updated": self.subtitles_updated,
            "metadata_updated": self.metadata_updated,
            "reread": [item.to_dict() for item in self.reread],
            "warnings": [item.to_dict() for item in self.warnings],
            "gpu_decoded": self.gpu_decoded,
            "gpu_fallbacks": [item.to_dict() for item in self.gpu_fallbacks],
            "skipped": [item.to_dict() for item in self.skipped],
            "still_unreadable": [item.to_dict() for item in self.still_unreadable],
            "passed_over": self.passed_over.to_dict(),
            "words": [each.to_dict() for each in self.words],
            "words_failed": [item.to_dict() for item in self.words_failed],
            "words_taken_out": self.words_taken_out,
            "words_left_out": self.words_left_out,
            "meaning": None if self.meaning is None else self.meaning.to_dict(),
            "meaning_taken_out": self.meaning_taken_out,
            "meaning_left_out": self.meaning_left_out,
            "names_taught": self.names_taught,
            "names_left": self.names_left,
            "videos": self.num_videos,
            "images": self.num_images,
            "segments": self.num_segments,
        }


@dataclass(frozen=True)
class RemoveReport:
    """What ``Library.remove`` did.

    Attributes:
        uri: where the library is.
        removed: how many files the library no longer knows.
        skipped: the paths that it did not know.
        kept: the removed files whose content stays, each with the duplicate that took its place.
        num_videos: how many videos the library holds now.
        num_images: how many pictures it holds now.
        num_segments: how many segments it holds now.
    """

    uri: str
    removed: int
    skipped: list[Skipped]
    num_videos: int
    num_segments: int
    kept: list[Kept] = field(default_factory=list)
    num_images: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue remove --json`` prints."""
        return {
            "library": self.uri,
            "removed": self.removed,
            "skipped": [item.to_dict() for item in self.skipped],
            "kept": [item.to_dict() for item in self.kept],
            "videos": self.num_videos,
            "images": self.num_images,
            "segments": self.num_segments,
        }


@dataclass(frozen=True)
class MetadataReport:
    """What ``Library.set_metadata`` did.

    Attributes:
        uri: where the library is.
        updated: how many videos have new values.
        skipped: the paths that the library does not hold.
    """

    uri: str
    updated: int
    skipped: list[Skipped]

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "library": self.uri,
            "updated": self.updated,
            "skipped": [item.to_dict() for item in self.skipped],
        }


@dataclass(frozen=True)
class PartScore:
    """How near one part of a query is to a moment: the cosine of their vectors."""

    part: str
    weight: float
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class NameScore:
    """How near the examples of a taught name are to a moment.

    Attributes:
        name: as it was taught.
        share: how much they counted in what is seen, beside the text, in [0, 1].
        score: cosine similarity of their mean and the moment.
    """

    name: str
    share: float
    score: float

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


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

    def to_dict(self) -> dict[str, Any]:
        """Return the document; the picture is not in it."""
        return {"at_seconds": self.at_seconds, "score": self.score}


@dataclass(frozen=True)
class Explanation:
    """Why a result is there.

    Attributes:
        parts: of the query, in its order.
        frame: the frame that matches best; None if the file can no longer be read.
        problem: why it cannot be read; None if it can.
        names: of the taught names that were understood in the query; none without any.
    """

    parts: list[PartScore]
    frame: BestFrame | None
    problem: str | None = None
    names: list[NameScore] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """Return the document; ``names`` is in it if there are any."""
        document: dict[str, Any] = {
            "parts": [part.to_dict() for part in self.parts],
            "frame": None if self.frame is None else self.frame.to_dict(),
            "problem": self.problem,
        }
        return document | ({"names": [name.to_dict() for name in self.names]} if self.names else {})


@dataclass(frozen=True)
class LegHit:
    """What one leg of a search has found of a moment.

    Attributes:
        leg: "seen", "said", "written", "named", "captions" or "meaning".
        rank: its place in the leg's own order, 1 for the best; None if that is far down.
        score: the leg's own, more is better: a cosine of what is seen, BM25 of words; comparable within one leg.
        strength: how surely it is what was asked for, in [0, 1]: of words, how much of the query they are; of what is
            seen, the cosine.
        text: what was found, in one line, such as the sentence that is said; None for what is seen.
        words: the words of the query that are in it.
        spans: where in ``text`` they are: (start, end) in characters, in order.
        start_seconds: when it is said or shown, if that is known more finely than the segment; else None.
        end_seconds: likewise, its end.
        confidence: how likely the result is what was asked for by this leg alone, in [0, 1], as a ``Hit``'s; None if
            that cannot be said, or if what it has found lies elsewhere in the video.
    """

    leg: str
    rank: int | None
    score: float
    strength: float = 0.0
    text: str | None = None
    words: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    start_seconds: float | None = None
    end_seconds: float | None = None
    confidence: float | None = field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        document = asdict(self)
        return {**document, "words": list(self.words), "spans": [list(span) for span in self.spans]}


def _are_seen(legs: Sequence[LegHit], confidence: float | None) -> bool:
    """Whether what is seen has a say in a moment: words alone have one where they fit and the picture does not."""
    if not legs:
        return True
    seen = next((leg for leg in legs if leg.leg == "seen"), None)
    if seen is None:
        return False
    if (confidence or 0.0) < FITS_FROM:
        return True
    # Of what cannot be judged, at least what is not alike at all has no say.
    return seen.score > 0 if seen.confidence is None else seen.confidence >= FITS_FROM


@dataclass(frozen=True)
class PartHit:
    """The moment of one of several things that happen one after another.

    Attributes:
        part: what was asked for.
        start_seconds: where its moment starts in the video.
        end_seconds: where it ends.
        score: cosine similarity of the part and its moment.
        legs: which legs of the search have found it, in the order of a ``Hit``'s.
        confidence: how likely it is what this part asks for, as a ``Hit``'s.
    """

    part: str
    start_seconds: float
    end_seconds: float
    score: float
    legs: tuple[LegHit, ...] = ()
    confidence: float | None = field(default=None, kw_only=True)

    @property
    def is_seen(self) -> bool:
        """Whether its score says anything, as a ``Hit``'s."""
        return _are_seen(self.legs, self.confidence)

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {**asdict(self), "legs": [leg.to_dict() for leg in self.legs]}


@dataclass(frozen=True)
class Hit:
    """A moment that a search found.

    Attributes:
        rank: 1 for the best.
        path: absolute path of the video.
        start_seconds: where the moment starts in the video.
        end_seconds: where it ends.
        score: cosine similarity of query and moment.
        video_id: hash of the file's content.
        duration_seconds: the whole video's duration.
        hybrid: whether the search was hybrid; if not, the next four attributes hold nothing.
        words: in hybrid search, the words of the query that are in its names, caption or subtitles.
        vector_rank: in hybrid search, its place in the order by vector; None if that is far down.
        text_rank: in hybrid search, its place in the order by words; None if it contains none of them.
        text_score: in hybrid search, its score by words (BM25), comparable within one query only; None likewise.
        explanation: why it is a result, if that was asked for.
        recorded_seconds: when the file was recorded, since 1970; None if an older framecue indexed it.
        kind: "video", or "image" if the file is a picture; its times are 0 then.
        text: the caption and the subtitles about the moment; None without either.
        metadata: the values of the library's own columns of the video; None where a column is empty.
        confidence: how likely it is what was asked for, in [0, 1]; it means the same in all libraries and for all
            queries, and depends neither on the page nor on filters. Of one thing after another it is that of the least
            likely part. None where it cannot be said: for queries with pictures, videos or vectors that no words have
            found, and in a library of fewer than 10 segments.
        legs: which legs of the search have found it, and by what; none where only what is seen was asked.
        segment_seconds: where its segment starts and ends, if its own times are others: those of a phrase that was
            found word for word, or of frames that match, if that was asked for; else None.
        parts: the moments of its parts, if one thing after another was asked for; its times are then those of all of
            them together, and its score is the mean of theirs.
        names: the taught names that were understood in the query, as they were taught; none without any.
    """

    rank: int
    path: str
    start_seconds: float
    end_seconds: float
    score: float
    video_id: str
    duration_seconds: float
    hybrid: bool = field(default=False, kw_only=True)
    words: tuple[str, ...] = ()
    vector_rank: int | None = None
    text_rank: int | None = None
    text_score: float | None = None
    explanation: Explanation | None = None
    recorded_seconds: float | None = None
    kind: str = field(default="video", kw_only=True)
    text: str | None = field(default=None, kw_only=True)
    # Equal hits have equal values, but a mapping has no hash.
    metadata: Mapping[str, MetadataValue | None] = field(default_factory=dict, kw_only=True, hash=False)
    confidence: float | None = field(default=None, kw_only=True)
    legs: tuple[LegHit, ...] = field(default=(), kw_only=True)
    segment_seconds: tuple[float, float] | None = field(default=None, kw_only=True)
    parts: tuple[PartHit, ...] = field(default=(), kw_only=True)
    names: tuple[str, ...] = field(default=(), kw_only=True)

    @property
    def fits(self) -> bool | None:
        """Whether it is likely to be what was asked for; None if that cannot be said."""
        return None if self.confidence is None else self.confidence >= FITS_FROM

    @property
    def is_seen(self) -> bool:
        """Whether its score says anything: it does not where words alone speak for it, or for one of its parts."""
        return all(part.is_seen for part in self.parts) if self.parts else _are_seen(self.legs, self.confidence)

    def frame(
        self,
        at_seconds: float | None = None,
        *,
        short_side: int | None = None,
        source: FrameSource | None = None,
    ) -> np.ndarray:
        """Return a frame of the moment, read from the video.

        Args:
            at_seconds: when it is shown in the video; None for the frame that matches best, if the hit is explained,
                and else for the middle of the moment.
            short_side: scale a larger frame down so that its short side is this long; None for full size.
            source: reads the file, which is quicker for several frames; None reads it in another process.

        Returns:
            uint8 (H, W, 3), RGB.

        Raises:
            VideoError: the file is gone or cannot be read, or ends before that time.
            InputError: ``at_seconds`` or ``short_side`` makes no sense.
        """
        from framecue.video import FrameSampling, IsolatedFrameSource

        if source is None:
            with IsolatedFrameSource() as own:
                return self.frame(at_seconds, short_side=short_side, source=own)
        if at_seconds is None:
            best = None if self.explanation is None else self.explanation.frame
            at_seconds = (self.start_seconds + self.end_seconds) / 2 if best is None else best.at_seconds
        # A picture lasts 0 seconds, and a window cannot: its frame is that of the whole file.
        start = at_seconds if self.duration_seconds > 0 else None
        end = None if start is None else start + _INSTANT_SECONDS
        frames = source.read_frames(
            self.path, FrameSampling(1), start_seconds=start, end_seconds=end, short_side=short_side
        )
        frame: np.ndarray = frames.pixels[0]
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return the document, with words and ranks after a hybrid search.

        The taught names, the text, the metadata and the explanation are in it if there are any.
        ``hit`` in it names the moment in the form that ``framecue clip`` takes, ``video_id`` the content, by which a
        service knows it.
        """
        document: dict[str, Any] = {
            "rank": self.rank,
            "path": self.path,
            "video_id": self.video_id,
            "kind": self.kind,
            "start_seconds": self.start_seconds,
            "end_seconds": self.end_seconds,
            "score": self.score,
            "confidence": self.confidence,
            "fits": self.fits,
            "hit": format_hit(self.path, self.start_seconds, self.end_seconds),
            "recorded": None if self.recorded_seconds is None else iso_time(self.recorded_seconds),
        }
        if self.hybrid:
            document |= {
                "words": list(self.words),
                "vector_rank": self.vector_rank,
                "text_rank": self.text_rank,
                "text_score": self.text_score,
            }
        if self.segment_seconds is not None:
            document["segment_seconds"] = list(self.segment_seconds)
        if self.legs:
            document["legs"] = [leg.to_dict() for leg in self.legs]
        if self.parts:
            document["parts"] = [part.to_dict() for part in self.parts]
        if self.names:
            document["names"] = list(self.names)
        if self.text is not None:
            document["text"] = self.text
        if self.metadata:
            document["metadata"] = {
                name: value.isoformat() if isinstance(value, datetime) else value
                for name, value in self.metadata.items()
            }
        if self.explanation is not None:
            document["explanation"] = self.explanation.to_dict()
        return document


@dataclass(frozen=True)
class SearchResult:
    """A query and what it found.

    Attributes:
        query: the query as a person wrote it.
        hits: best first.
    """

    query: str
    hits: Sequence[Hit]

    @property
    def fits(self) -> bool | None:
        """Whether any of the hits is likely to be what was asked for; None if that can be said of none.

        Where nothing was found, nothing fits.
        """
        known = [fits for hit in self.hits if (fits := hit.fits) is not None]
        return any(known) if known or not self.hits else None

    @property
    def names(self) -> tuple[str, ...]:
        """The taught names that were understood in the query, as its hits say; see ``Library.names_in``."""
        return self.hits[0].names if self.hits else ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue search --json`` prints."""
        return {"query": self.query, "fits": self.fits, "results": [hit.to_dict() for hit in self.hits]}


@dataclass(frozen=True)
class HeldVideo:
    """A video, or a picture, that a library holds.

    Attributes:
        video_id: hash of the file's content, by which it is known wherever its files lie.
        path: absolute path of the file under which the library holds it.
        kind: "video" or "image".
        duration_seconds: how long it is; 0 for a picture.
        num_segments: how many moments the library knows of it.
        recorded_seconds: when it was recorded, since 1970; None if an older framecue indexed it.
    """

    video_id: str
    path: str
    kind: str
    duration_seconds: float
    num_segments: int
    recorded_seconds: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "id": self.video_id,
            "name": PurePath(self.path).name,
            "path": self.path,
            "kind": self.kind,
            "duration_seconds": self.duration_seconds,
            "recorded": None if self.recorded_seconds is None else iso_time(self.recorded_seconds),
            "num_segments": self.num_segments,
        }


@dataclass(frozen=True)
class TaughtExample:
    """A moment or a picture that a name was taught from.

    Attributes:
        path: absolute path of the file, as it was then; None for a picture that was given in memory.
        video_id: hash of the file's content; None for a picture that was given in memory.
        start_seconds: where the moment starts in the video; 0 for a picture.
        end_seconds: where it ends; 0 for a picture.
        kind: "video" or "image".
        rank: which place it takes among moments of the library if it is looked for by the other examples: 1 for the
            first; None where there are no others, or where it shows what the name does not mean.
        num_compared: of how many moments, itself among them, this is the place.
        agrees: whether it goes together with the other examples: if so, moments that come before it show the same as
            far as the model sees. None where that was not told.
        is_held: whether the library has what it shows: it holds the file's content, or keeps the picture.
    """

    path: str | None
    video_id: str | None
    start_seconds: float = 0.0
    end_seconds: float = 0.0
    kind: str = "video"
    rank: int | None = None
    num_compared: int = 0
    agrees: bool | None = None
    is_held: bool = True

    def to_dict(self) -> dict[str, Any]:
        """Return the document; ``hit`` in it names a moment of a video in the form that ``framecue clip`` takes."""
        is_moment = self.path is not None and self.kind == "video"
        hit = format_hit(self.path, self.start_seconds, self.end_seconds) if self.path and is_moment else None
        return {**asdict(self), "hit": hit}


@dataclass(frozen=True)
class TaughtName:
    """A name that a library was taught.

    Attributes:
        name: as the person wrote it.
        coarse: the ordinary word for the kind of thing from which it was learnt; None without one.
        num_tokens: how many token embeddings stand for it.
        examples: what it means, in the order in which they were given.
        unlike: what it does not mean, though it looks alike.
        fits: whether it was taught to the library's model; if not, searches do not understand it until it is taught
            again, as ``add`` does by itself.
        taught_at: when it was taught, in seconds since 1970.
        notices: what there is to say of its examples, each a sentence for a person.
    """

    name: str
    coarse: str | None
    num_tokens: int
    examples: tuple[TaughtExample, ...]
    unlike: tuple[TaughtExample, ...]
    fits: bool
    taught_at: float
    notices: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue names --json`` prints of each."""
        return {
            "name": self.name,
            "coarse": self.coarse,
            "num_tokens": self.num_tokens,
            "examples": [example.to_dict() for example in self.examples],
            "unlike": [example.to_dict() for example in self.unlike],
            "fits": self.fits,
            "taught": iso_time(self.taught_at),
            "notices": list(self.notices),
        }


@dataclass(frozen=True)
class HeldFile:
    """A file with a content that a library holds.

    Attributes:
        path: absolute path.
        is_there: whether something of its size is at this path now.
    """

    path: str
    is_there: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {"path": self.path, "name": PurePath(self.path).name, "is_there": self.is_there}


@dataclass(frozen=True)
class CaptionedMoment:
    """A segment of a video, and the caption that the library has of it, if any."""

    start_seconds: float
    end_seconds: float
    caption: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class FileInfo:
    """One file of a library."""

    path: str
    duration_seconds: float
    kind: str = "video"

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return asdict(self)


@dataclass(frozen=True)
class LibraryInfo:
    """What a library holds.

    Attributes:
        uri: where the library is.
        num_videos: how many videos it holds.
        num_segments: how many segments its files have.
        fingerprint: of the model that made its vectors.
        files: in the order of the paths.
        duplicates: files whose content it holds under another path, in the order of the paths.
        unreadable: files that could not be read, with reasons, in the order of the paths.
        num_images: how many pictures it holds.
        size_bytes: how large it is, on disk or in an object store.
        indexed_seconds: when its first and its last segment were encoded, seconds since 1970; None if not noted.
        num_indexed_segments: how many segments its approximate index covers; None if it has none.
        has_text_index: whether it is ready for hybrid search.
        text_kinds: which texts its segments have, of "names", "captions" and "subtitles", in this order.
        computations: what has encoded its videos, in the order in which each did so first; none if not noted.
        words: what words it has, by source.
        words_failed: the files in which not all words could be looked for, with reasons.
        meaning: of how many words the meaning can be found; None if nobody has asked for it.
        names: that it was taught.
        is_meaning_unfinished: whether meanings were asked for, and no run has come to the end of making them.
        num_without_meaning: of how many files the words came, or changed, after their meanings were made.
    """

    uri: str
    num_videos: int
    num_segments: int
    fingerprint: Fingerprint
    files: list[FileInfo]
    duplicates: list[Duplicate]
    unreadable: list[Skipped] = field(default_factory=list)
    num_images: int = 0
    size_bytes: int | None = None
    indexed_seconds: tuple[float, float] | None = None
    num_indexed_segments: int | None = None
    has_text_index: bool = False
    text_kinds: list[str] = field(default_factory=list)
    computations: list[Computation] = field(default_factory=list)
    words: list[WordsCount] = field(default_factory=list)
    words_failed: list[WordsFailure] = field(default_factory=list)
    meaning: MeaningCount | None = None
    names: list[str] = field(default_factory=list)
    is_meaning_unfinished: bool = False
    num_without_meaning: int = 0

    @property
    def duration_seconds(self) -> float:
        """How long all its videos last together."""
        return sum(file.duration_seconds for file in self.files)

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue info --json`` prints of a library."""
        first, last = self.indexed_seconds or (None, None)
        return {
            "library": self.uri,
            "videos": self.num_videos,
            "images": self.num_images,
            "segments": self.num_segments,
            "duration_seconds": self.duration_seconds,
            "size_bytes": self.size_bytes,
            "first_indexed_seconds": first,
            "last_indexed_seconds": last,
            "num_indexed_segments": self.num_indexed_segments,
            "has_text_index": self.has_text_index,
            "text_kinds": self.text_kinds,
            "fingerprint": self.fingerprint.to_dict(),
            "encoded_by": [each.to_dict() for each in self.computations],
            "words": [each.to_dict() for each in self.words],
            "words_failed": [item.to_dict() for item in self.words_failed],
            "meaning": None if self.meaning is None else self.meaning.to_dict(),
            "is_meaning_unfinished": self.is_meaning_unfinished,
            "files_without_meaning": self.num_without_meaning,
            "names": self.names,
            "files": [file.to_dict() for file in self.files],
            "duplicates": [duplicate.to_dict() for duplicate in self.duplicates],
            "unreadable": [item.to_dict() for item in self.unreadable],
        }


@dataclass(frozen=True)
class Upkeep:
    """What ``Library.optimize`` did.

    Attributes:
        uri: where the library is.
        num_rows: how many segments are in the library.
        num_files: how many files on disk hold the rows, before and after.
        num_versions_dropped: how many earlier versions of the table were removed from the disk.
        index: what was done with the index: "made", "refreshed" (it took in new rows), "kept", or "none" if the library
            is too small to gain from one.
        num_indexed_rows: how many rows the index covers.
    """

    uri: str
    num_rows: int
    num_files: tuple[int, int]
    num_versions_dropped: int
    index: str
    num_indexed_rows: int

    def to_dict(self) -> dict[str, Any]:
        """Return the document that ``framecue optimize --json`` prints."""
        return {
            "library": self.uri,
            "num_rows": self.num_rows,
            "num_files": list(self.num_files),
            "num_versions_dropped": self.num_versions_dropped,
            "index": self.index,
            "num_indexed_rows": self.num_indexed_rows,
        }
