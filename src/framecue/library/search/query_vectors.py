"""Queries become vectors: their texts, pictures and videos are encoded, weighed and added up with those given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from framecue.encoder import Encoder
from framecue.errors import AbsentError, InputError, VideoError
from framecue.library.files.interface import Files
from framecue.library.files.mixed import ALL_FILES
from framecue.library.files.presence import holds
from framecue.library.search.given_vectors import QueryVector
from framecue.library.search.query import HeldMoment, Part, Query
from framecue.library.search.taught import NamedText, Understood, embed_named, names_of_texts
from framecue.library.search.usual import unit
from framecue.library.search.weights import WEIGHTS, LegWeights
from framecue.library.store import Store
from framecue.library.store.rows import Row
from framecue.library.store.vectors import HeldSegment
from framecue.object_store.urls import noted_path
from framecue.paths import is_utf8

if TYPE_CHECKING:
    from framecue.video import VideoSource

__all__ = ["EncodedQuery", "encode_file", "encode_queries", "nearest_segment", "stored_rows"]

TEXTS_PER_ENCODE = 256
# A sum of unit vectors as short as this is what rounding left of parts that cancel out.
_NOTHING = 1e-4


@dataclass(frozen=True, eq=False)
class EncodedQuery:
    """A query with its vectors, float32 (E,) of unit length.

    Attributes:
        query: the query.
        vector: by which it is searched for.
        parts: of each of its parts.
        by_text: its vector without the examples of taught names and without what was marked; None if it has neither.
        names: the taught names that were understood in it, each once.
        read: what the model has read of the texts that every leg of a search looks for, in one; None for all of it.
    """

    query: Query
    vector: np.ndarray = field(repr=False)
    parts: Sequence[np.ndarray] = field(repr=False)
    by_text: np.ndarray | None = field(default=None, repr=False)
    names: tuple[Understood, ...] = ()
    read: str | None = None

    @property
    def plain(self) -> np.ndarray:
        """The vector of the query as it was put, float32 (E,): two of these can be compared with each other."""
        return self.vector if self.by_text is None else self.by_text


def encode_queries(
    model: Encoder,
    store: Store,
    queries: Sequence[Query],
    source: VideoSource,
    *,
    files: Files = ALL_FILES,
    names: bool = True,
    weights: LegWeights = WEIGHTS,
    read_as: Callable[[str], str] = str,
) -> list[EncodedQuery]:
    """Encode queries; what several of them have in common is encoded once, and texts many at a time.

    The vectors of a video that the library holds unchanged are taken from there. Names that the library was taught are
    read as such in what is looked for in what is seen.

    Args:
        model: fits the library.
        store: the library.
        queries: at least one.
        source: reads pictures and videos, which may be anybody's.
        files: where the library's files lie.
        names: whether taught names are understood.
        weights: how much the examples of a taught name count.
        read_as: gives what the model is to read of a text that every leg of a search looks for and that has no taught
            name; all of it, if nothing else is said.

    Raises:
        VideoError: a file cannot be read.
        InputError: a file is not of its kind or has no such moment, a vector has another width than the library's, or
            the parts of a query cancel out.
        ModelError: the model cannot read the taught names in a text.
    """
    # The same thing with another weight is the same thing.
    parts = dict.fromkeys(replace(part, weight=1.0) for query in queries for part in query.parts)
    _check_widths(store, parts)
    texts = [part for part in parts if part.kind == "text"]
    named = _named(model, store, texts, weights) if names else {}
    vectors: dict[Part, np.ndarray] = {}
    read: dict[Part, str] = {}
    for start in range(0, len(texts), TEXTS_PER_ENCODE):
        some = texts[start : start + TEXTS_PER_ENCODE]
        # Those with names go along, as a text's vector may differ in its last bits with its company.
        if any(part not in named for part in some):
            values = [read_as(part.value) if _is_for_all(part) and part not in named else part.value for part in some]
            vectors |= zip(some, model.embed_texts(values), strict=True)
            read |= zip(some, values, strict=True)
    for part in parts:
        if part.kind != "text":
            vectors[part] = _encoded(model, store, source, files, part)
    return [replace(_with_names(query, vectors, named), read=_read(query, read)) for query in queries]


def _read(query: Query, read: Mapping[Part, str]) -> str | None:
    """Return what the model has read of the texts of a query that every leg looks for; None for all of it."""
    texts = [replace(part, weight=1.0) for part in query.parts if part.kind == "text" and part.weight > 0]
    values = {part: read.get(part, part.value) for part in texts if _is_for_all(part)}
    is_all = all(value == part.value for part, value in values.items())
    return None if is_all else " ".join(values.values())


def _is_for_all(part: Part) -> bool:
    """Whether every leg of a search looks for a text."""
    return part.term is None or part.term.leg is None


def _named(model: Encoder, store: Store, texts: Sequence[Part], weights: LegWeights) -> dict[Part, NamedText]:
    """Return the texts with taught names, encoded; others are left out."""
    seen = [part for part in texts if part.is_seen]
    names = names_of_texts(store, [part.value for part in seen])
    if not names:
        return {}
    encoded = embed_named(store, model, names, weights)
    return {part: encoded[part.value] for part in seen if part.value in encoded}


def _with_names(query: Query, vectors: Mapping[Part, np.ndarray], named: Mapping[Part, NamedText]) -> EncodedQuery:
    """Return a query encoded, by its own taught names if it has any."""
    keys = [replace(part, weight=1.0) for part in query.parts]
    own = [named[key] for key in keys if key in named]
    if not own:
        return _combined(query, [vectors[key] for key in keys])
    joined = _combined(
        query,
        [named[key].vector if key in named else vectors[key] for key in keys],
        [named[key].gain if key in named else 1.0 for key in keys],
    )
    by_text = _combined(query, [named[key].by_text if key in named else vectors[key] for key in keys]).vector
    names = {one.name: one for text in own for one in text.names}
    return replace(joined, by_text=by_text, names=tuple(names.values()))


def _check_widths(store: Store, parts: Iterable[Part]) -> None:
    """Refuse a vector that no vector of the library can be compared with.

    Raises:
        InputError: it has another width.
    """
    width = int(store.fingerprint["embedding_dim"])
    for part in parts:
        if isinstance(part.given, QueryVector) and part.given.width != width:
            raise InputError(
                f"a query vector has {part.given.width} numbers, and the library's have {width}; give one that the "
                "library's model made, such as model.encode_image(...)"
            )


def _encoded(model: Encoder, store: Store, source: VideoSource, files: Files, part: Part) -> np.ndarray:
    """Return the vector of a picture, a video, or a vector that was given, float32 (E,) of unit length."""
    if isinstance(part.given, QueryVector):
        return part.given.values
    if isinstance(part.given, HeldMoment):
        return _held_vector(store, part.given)
    if part.kind == "image":
        from framecue.video import picture_frames  # imports ffmpeg, which words need not wait for

        frames = picture_frames(part.given or part.value, model.sampling, source, short_side=model.short_side)
        return _encode_frames(model, frames)
    path = noted_path(part.value)
    stored = _stored_vector(store, files, path, part.at_seconds)
    return _encode_video(model, store, source, path, part.at_seconds) if stored is None else stored


def _combined(query: Query, vectors: Sequence[np.ndarray], gains: Sequence[float] = ()) -> EncodedQuery:
    """Return a query with the weighted sum of its parts' vectors, each of which may be given a gain besides."""
    for part, vector in zip(query.parts, vectors, strict=True):
        if not np.isfinite(vector).all():
            raise InputError(f"the model gives no finite vector for {_name(part)}; check the model's weights")
    # What is looked for in words alone says nothing of what is to be seen, unless there is nothing else to compare.
    parts = list(zip(query.parts, vectors, gains or [1.0] * len(vectors), strict=True))
    parts = [each for each in parts if each[0].is_seen] or parts
    if len(parts) == 1 and parts[0][0].weight > 0:
        return EncodedQuery(query, parts[0][1], vectors)
    weights = np.array([part.weight for part, _, _ in parts], dtype=np.float64)
    weights = weights / np.abs(weights).max() * np.array([gain for _, _, gain in parts])
    total = weights @ np.stack([vector for _, vector, _ in parts]).astype(np.float64)
    sum_of_parts = unit(total)
    if sum_of_parts is None:
        raise InputError(f"the parts of the query cancel out, so that nothing is left to search for: {query}")
    return EncodedQuery(query, sum_of_parts, vectors)


def encode_file(
    model: Encoder, store: Store, source: VideoSource, path: str, at_seconds: float | None = None
) -> np.ndarray:
    """Return the vector of a picture, a video or a moment of one, float32 (E,) of unit length; the file is read.

    Args:
        model: fits the library.
        store: the library, for how long a moment is.
        source: reads the file, which may be anybody's.
        path: the file.
        at_seconds: the moment; None for all of it.

    Raises:
        VideoError: it cannot be read.
        InputError: it has no such moment, or the model gives no finite vector.
    """
    vector = _encode_video(model, store, source, path, at_seconds)
    if not np.isfinite(vector).all():
        raise InputError(f"the model gives no finite vector for {path}; check the model's weights")
    return vector


def _encode_video(model: Encoder, store: Store, source: VideoSource, path: str, at_seconds: float | None) -> np.ndarray:
    start_seconds, end_seconds = None, None
    if at_seconds is not None:
        info = source.probe(path)
        first_seconds, duration_seconds = info.start_seconds, info.duration_seconds
        _check_moment(path, at_seconds, first_seconds, duration_seconds)
        if store.segmentation.segment_seconds < duration_seconds - first_seconds:
            half = store.segmentation.segment_seconds / 2
            start_seconds = min(max(first_seconds, at_seconds - half), duration_seconds - 2 * half)
            end_seconds = start_seconds + 2 * half
    frames = source.read_frames(
        path,
        model.sampling,
        start_seconds=start_seconds,
        end_seconds=end_seconds,
        short_side=model.short_side,  # as in indexing; and a huge picture stays in the process that decodes it
    )
    return _encode_frames(model, frames.pixels)


def _encode_frames(model: Encoder, frames: np.ndarray) -> np.ndarray:
    vector: np.ndarray = model.embed_videos(model.prepare(frames)[None])[0]
    return vector


def _stored_vector(store: Store, files: Files, path: str, at_seconds: float | None) -> np.ndarray | None:
    """Return what the library holds of a video, float32 (E,) of unit length; None where it has to be encoded.

    For the whole video that is the vector of its only segment, for a moment that of the segment it is in.
    """
    rows = stored_rows(store, files, path)
    if at_seconds is None:
        wanted = rows if len(rows) == 1 else []
    else:
        if rows:
            _check_moment(path, at_seconds, min(row.start_seconds for row in rows), rows[0].duration_seconds)
        wanted = [row for row in rows if row.start_seconds <= at_seconds <= row.end_seconds]
    if not wanted:
        return None
    row = min(wanted, key=lambda row: abs((row.start_seconds + row.end_seconds) / 2 - (at_seconds or 0.0)))
    vector = row.vector.astype(np.float32)
    return vector / np.linalg.norm(vector)


def _held_vector(store: Store, moment: HeldMoment) -> np.ndarray:
    """Return the vector of the segment that is nearest to a moment, or the mean of all, float32 (E,) of unit length."""
    if moment.at_seconds is None:
        held = _held_segments(store, moment.video_id)
    else:
        held = [nearest_segment(store, moment.video_id, moment.at_seconds)]
    vector: np.ndarray = np.mean([each.vector.astype(np.float32) for each in held], axis=0)
    length = np.linalg.norm(vector)
    if length < _NOTHING:
        raise InputError("the moments of the video to search with cancel out; give the time of one of them (at)")
    direction: np.ndarray = vector / length
    return direction


def nearest_segment(store: Store, video_id: str, at_seconds: float) -> HeldSegment:
    """Return the segment of a video that is nearest to a moment of it.

    Args:
        store: the library.
        video_id: of the video.
        at_seconds: the moment.

    Raises:
        AbsentError: the library does not hold the video.
        InputError: the video has no such moment.
        LibraryError: the library cannot be read.
    """
    held = _held_segments(store, video_id)
    first = min(each.start_seconds for each in held)
    _check_moment(f"the video {video_id}", at_seconds, first, held[0].duration_seconds)
    return min(held, key=lambda each: _distance(each, at_seconds))


def _held_segments(store: Store, video_id: str) -> list[HeldSegment]:
    held = store.segment_vectors(video_id)
    if not held:
        raise AbsentError("the library holds no video with the id to search with; take the video_id of one of its hits")
    return held


def _distance(segment: HeldSegment, at_seconds: float) -> tuple[float, float]:
    """Return how far a moment is from a segment, and from its middle."""
    outside = max(segment.start_seconds - at_seconds, at_seconds - segment.end_seconds, 0.0)
    return outside, abs((segment.start_seconds + segment.end_seconds) / 2 - at_seconds)


def stored_rows(store: Store, files: Files, path: str) -> list[Row]:
    """Return the rows of a file, under whatever path the library holds its content; none where it holds it not."""
    # A name that is no text is in no library, though its content may be, under another name.
    rows = store.rows_at([path]).get(path) if is_utf8(path) else None
    try:
        if rows:
            return rows if holds(files, path, rows[0].video_id, rows[0].state) else []
        contents = store.contents_of_size(files.state(path).size_bytes)
        if contents and (video_id := files.content_hash(path)) in contents:
            return store.rows_of(video_id)
    except FileNotFoundError:
        raise VideoError(path, "no such file") from None
    except (OSError, ValueError) as error:
        raise VideoError(path, f"cannot be read ({getattr(error, 'strerror', None) or error})") from error
    return []


def _check_moment(path: str, at_seconds: float, first_seconds: float, duration_seconds: float) -> None:
    if at_seconds < first_seconds:
        raise InputError(
            f"{path}: there is no picture at {at_seconds:g} s; the first one is shown at {first_seconds:.1f} s"
        )
    if at_seconds > duration_seconds:
        raise InputError(f"{path}: there is no moment at {at_seconds:g} s; the video lasts {duration_seconds:.1f} s")


def _name(part: Part) -> str:
    if part.kind == "text":
        return repr(part.value)
    return part.value if part.given is None else f"the {part.kind} {part.value}"
