"""Embedding many videos or texts into a Parquet file, in bounded memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from framecue.checks import check_flags, is_whole
from framecue.encoder import Encoder
from framecue.errors import InputError, NotOfflineError, VideoError
from framecue.library.results import Skipped
from framecue.log import log_skipped
from framecue.paths import is_url
from framecue.progress import FilesDone, ProgressCallback
from framecue.uses.classification import NOT_FINITE, as_places
from framecue.uses.embedding_table import check_table_output, open_table, text_schema, video_schema
from framecue.uses.kept_rows import KeptRows, kept_rows
from framecue.uses.places import VideoPlace
from framecue.uses.reading import BATCH_VIDEOS, read_batches, read_frames_of
from framecue.uses.text_files import checked_text
from framecue.validation import shown
from framecue.video import VideoSource
from framecue.video.read.archived import size_and_time
from framecue.video.read.stored_object import find_object

__all__ = ["Embedded", "embed_texts", "embed_videos"]

BATCH_TEXTS = 256
_NO_FILE = (0, 0)  # the state of a text, which never changes


@dataclass(frozen=True)
class Embedded:
    """What was written.

    Attributes:
        output: the file.
        num_rows: its rows, one a video or text.
        embedding_dim: the width E of the vectors.
        skipped: the videos that could not be read, with reasons.
    """

    output: str
    num_rows: int
    embedding_dim: int
    skipped: tuple[Skipped, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return {
            "output": self.output,
            "rows": self.num_rows,
            "embedding_dim": self.embedding_dim,
            "skipped": [one.to_dict() for one in self.skipped],
        }


class _Read(NamedTuple):
    """What was read of a video."""

    pixel_values: np.ndarray
    times_seconds: np.ndarray
    duration_seconds: float


def embed_videos(
    model: Encoder,
    videos: Sequence[VideoPlace | str],
    output: str | PathLike[str],
    *,
    frames: bool = False,
    overwrite: bool = False,
    kept: Callable[[], Iterable[str | Path]] | None = None,
    source: VideoSource | None = None,
    batch_size: int = BATCH_VIDEOS,
    progress: ProgressCallback | None = None,
) -> Embedded:
    """Write the embeddings of video files into a Parquet file, a row a file, in the order in which they were given.

    A run that was stopped or killed goes on when it is called again: rows that are done are kept in a folder beside the
    output, ``OUTPUT.parts``, and those of files that have not changed since are taken from there.

    The columns are ``path``, ``duration_seconds`` and ``vector``, float32 (E,), unit length. With `frames` there are
    ``frame_seconds`` (F,), when each frame that the model looked at is shown, and ``frame_vectors``, float32 (F, E),
    unit length. The model's fingerprint stands in the file's metadata, under ``framecue.fingerprint``, as JSON.

    Args:
        model: encodes a video alone.
        videos: the files, whole; each is written once.
        output: the file, which ends with ``.parquet``; it takes its place when it is complete.
        frames: whether to write the frames' vectors, too.
        overwrite: whether a file that exists may be replaced.
        kept: files that are never replaced; the videos themselves never are, anyway.
        source: reads the files; None decodes them in other processes, as they may be anybody's.
        batch_size: how many videos go through the model at once.
        progress: called with (files done, files in all).

    Raises:
        InputError: there is no video, a window is given, an option makes no sense, the output must not be written, or
            none of the videos can be read (nothing is written then); or the run that was stopped had another model,
            precision or other columns.
        OutputError: the output cannot be written.
        NotOfflineError: the method has no embedding of a video alone.
    """
    places = as_places(videos)
    check_flags(frames=frames, overwrite=overwrite)
    if not is_whole(batch_size) or batch_size < 1:
        raise InputError(f"batch_size is {batch_size!r}; it must be a whole number, 1 or more")
    if not model.offline:
        raise NotOfflineError(
            f"method {model.method_name} looks at the text while it pools a video's frames, so a video has no "
            "embedding of its own; name a model or an adapter of another method (`framecue methods` lists them)"
        )
    for place in places:
        if place != VideoPlace(place.path):
            raise InputError(f"{place.name}: a row is a whole file; cut the moment out first (framecue clip)")
    paths = [place.path for place in places]
    never = lambda: [*paths, *(kept() if kept is not None else ())]  # noqa: E731
    check_table_output(output, overwrite=overwrite, kept=never)
    fingerprint = model.fingerprint()
    width = fingerprint.embedding_dim
    skipped: list[Skipped] = []
    schema = video_schema(width, frames=frames)
    with (
        kept_rows(output, schema, model) as done,
        open_table(output, schema, fingerprint, overwrite=overwrite, kept=never) as table,
    ):
        for place, row in _done_and_new(model, places, done, frames, source, batch_size):
            if isinstance(row, VideoError):
                log_skipped(row.path, row.reason)
                skipped.append(Skipped(place.path, row.reason))
            else:
                table.add(row)
            if progress is not None:
                progress(FilesDone(table.num_rows + len(skipped), place.path), len(places))
        if not table.num_rows:  # within the block, so that nothing is written
            first = f"{skipped[0].path}: {skipped[0].reason}"
            raise InputError(
                f"nothing could be embedded: {first}"
                if len(skipped) == 1
                else f"nothing could be embedded: none of the {len(skipped)} files can be used; the first is {first}"
            )
    return Embedded(str(Path(output)), table.num_rows, width, tuple(skipped))


def embed_texts(
    model: Encoder,
    texts: Iterable[str],
    output: str | PathLike[str],
    *,
    overwrite: bool = False,
    kept: Callable[[], Iterable[str | Path]] | None = None,
    progress: Callable[[int], object] | None = None,
) -> Embedded:
    """Write the embeddings of texts into a Parquet file, a row a text, with the columns ``text`` and ``vector``.

    A run that was stopped goes on, as one of `embed_videos` does.

    Args:
        model: encodes texts.
        texts: any number; they are taken as they are wanted.
        output: as for `embed_videos`.
        overwrite: as for `embed_videos`.
        kept: as for `embed_videos`.
        progress: called with how many texts are done.

    Raises:
        InputError: there is no text, one cannot be used, or the output must not be written.
        OutputError: the output cannot be written.
    """
    if isinstance(texts, str):
        raise InputError(f"the texts are {shown(texts)}; give a list of texts")
    check_flags(overwrite=overwrite)
    check_table_output(output, overwrite=overwrite, kept=kept)
    fingerprint = model.fingerprint()
    width = fingerprint.embedding_dim
    left = iter(texts)
    schema = text_schema(width)
    with (
        kept_rows(output, schema, model) as done,
        open_table(output, schema, fingerprint, overwrite=overwrite, kept=kept) as table,
    ):
        while batch := list(islice(left, BATCH_TEXTS)):
            for number, text in enumerate(batch, start=table.num_rows + 1):
                checked_text(text, f"text {number}")
            for row in _text_rows(model, batch, done):
                table.add(row)
            if progress is not None:
                progress(table.num_rows)
        if not table.num_rows:
            raise InputError("no text to embed; give at least one")
    return Embedded(str(Path(output)), table.num_rows, width)


def _text_rows(model: Encoder, texts: Sequence[str], done: KeptRows) -> list[Mapping[str, Any]]:
    """Return the rows of a batch of texts: those that were done before, or new ones, which are kept."""
    if all(done.has(text, _NO_FILE) for text in texts):
        held = [done.row(text) for text in texts]
        return [row for row in held if not isinstance(row, VideoError)]  # of texts there are none
    rows: list[Mapping[str, Any]] = []
    for text, vector in zip(texts, model.embed_texts(texts), strict=True):
        if not np.isfinite(vector).all():
            raise InputError(f"the model gives no finite vector for the text {shown(text)}")
        rows.append({"text": text, "vector": vector})
        done.add(text, _NO_FILE, rows[-1])
    done.write_if_due()
    return rows


def _done_and_new(
    model: Encoder,
    places: Sequence[VideoPlace],
    done: KeptRows,
    frames: bool,
    source: VideoSource | None,
    batch_size: int,
) -> Iterator[tuple[VideoPlace, Mapping[str, Any] | VideoError]]:
    """Yield each video with its row, or why there is none, in the order in which they were given.

    What was done before is not done again; what is new is kept, whole batches at a time. So a run that goes on makes
    the batches, and with them the very vectors, that it would have made without the break.
    """
    states = {place: _state(place) for place in places}
    todo = [place for place in places if not done.has(place.path, states[place])]
    coming = _batches(model, todo, frames, source, batch_size)
    new: deque[tuple[VideoPlace, Mapping[str, Any] | VideoError]] = deque()
    is_todo = set(todo)
    with closing(coming):
        for place in places:
            if place not in is_todo:
                yield place, done.row(place.path)
                continue
            if not new:
                new.extend(next(coming))
                for one, row in new:
                    done.add(one.path, states[one], row)
                done.write_if_due()
            yield new.popleft()


def _state(place: VideoPlace) -> tuple[int, int]:
    """Return a file's size and time, an object's size and its tag's number; zeros of what is not there.

    Reading that has the words.
    """
    try:
        if is_url(place.path):
            found = find_object(place.path)
            return found.size_bytes, int.from_bytes(blake2b(str(found.tag).encode(), digest_size=6).digest(), "big")
        return size_and_time(place.path)
    except (OSError, ValueError, VideoError):
        return 0, 0


def _batches(
    model: Encoder, places: Sequence[VideoPlace], frames: bool, source: VideoSource | None, batch_size: int
) -> Generator[list[tuple[VideoPlace, Mapping[str, Any] | VideoError]], None, None]:
    """Yield batches of videos with their rows, or why there is none, in the order in which they were given."""

    def read(place: VideoPlace, reader: VideoSource) -> _Read:
        found = read_frames_of(model, place, reader)
        return _Read(model.prepare(found.pixels), found.times_seconds, reader.probe(place.path).duration_seconds)

    for batch in read_batches(places, read, source=source, batch_size=batch_size):
        pixels = [one.pixel_values for _, one in batch if not isinstance(one, VideoError)]
        vectors = iter(model.embed_videos(np.stack(pixels)) if pixels else ())
        yield [
            (place, one if isinstance(one, VideoError) else _row(model, place, one, next(vectors), frames))
            for place, one in batch
        ]


def _row(
    model: Encoder, place: VideoPlace, read: _Read, vector: np.ndarray, frames: bool
) -> Mapping[str, Any] | VideoError:
    """Return the row of a video, or why there is none."""
    row: dict[str, Any] = {"path": place.path, "duration_seconds": read.duration_seconds, "vector": vector}
    if frames:
        row |= {"frame_seconds": read.times_seconds, "frame_vectors": model.embed_frames(read.pixel_values)}
    is_finite = all(np.isfinite(value).all() for name, value in row.items() if name.endswith(("vector", "vectors")))
    return row if is_finite else VideoError(place.path, NOT_FINITE)
