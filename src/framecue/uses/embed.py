"""Embedding many videos or texts into a Parquet file, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
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
from framecue.progress import FilesDone, ProgressCallback
from framecue.uses.classification import NOT_FINITE, as_places
from framecue.uses.embedding_table import check_table_output, open_table, text_schema, video_schema
from framecue.uses.places import VideoPlace
from framecue.uses.reading import BATCH_VIDEOS, read_batches, read_frames_of
from framecue.uses.text_files import checked_text
from framecue.validation import shown
from framecue.video import VideoSource

__all__ = ["Embedded", "embed_texts", "embed_videos"]

BATCH_TEXTS = 256


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
            none of the videos can be read (nothing is written then).
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
    with open_table(output, video_schema(width, frames=frames), fingerprint, overwrite=overwrite, kept=never) as table:
        for place, row in _rows(model, places, frames, source, batch_size):
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
    with open_table(output, text_schema(width), fingerprint, overwrite=overwrite, kept=kept) as table:
        while batch := list(islice(left, BATCH_TEXTS)):
            for number, text in enumerate(batch, start=table.num_rows + 1):
                checked_text(text, f"text {number}")
            vectors = model.embed_texts(batch)
            for text, vector in zip(batch, vectors, strict=True):
                if not np.isfinite(vector).all():
                    raise InputError(f"the model gives no finite vector for the text {shown(text)}")
                table.add({"text": text, "vector": vector})
            if progress is not None:
                progress(table.num_rows)
        if not table.num_rows:
            raise InputError("no text to embed; give at least one")
    return Embedded(str(Path(output)), table.num_rows, width)


def _rows(
    model: Encoder, places: Sequence[VideoPlace], frames: bool, source: VideoSource | None, batch_size: int
) -> Iterator[tuple[VideoPlace, dict[str, Any] | VideoError]]:
    """Yield each video with its row, or why there is none, in the order in which they were given."""

    def read(place: VideoPlace, reader: VideoSource) -> _Read:
        found = read_frames_of(model, place, reader)
        return _Read(model.prepare(found.pixels), found.times_seconds, reader.probe(place.path).duration_seconds)

    for batch in read_batches(places, read, source=source, batch_size=batch_size):
        pixels = [one.pixel_values for _, one in batch if not isinstance(one, VideoError)]
        vectors = iter(model.embed_videos(np.stack(pixels)) if pixels else ())
        for place, one in batch:
            if isinstance(one, VideoError):
                yield place, one
                continue
            row = {"path": place.path, "duration_seconds": one.duration_seconds, "vector": next(vectors)}
            if frames:
                row |= {"frame_seconds": one.times_seconds, "frame_vectors": model.embed_frames(one.pixel_values)}
            is_finite = all(
                np.isfinite(value).all() for name, value in row.items() if name.endswith(("vector", "vectors"))
            )
            yield place, row if is_finite else VideoError(place.path, NOT_FINITE)
