"""Examples become vectors: of what the library holds those that it has, of files and pictures by way of the model."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from framecue.encoder import Encoder
from framecue.errors import AbsentError, InputError, VideoError
from framecue.library.files.interface import Files
from framecue.library.search.query_vectors import stored_rows
from framecue.library.store import Store
from framecue.library.store.rows import Row, kind_of
from framecue.library.store.taught_names import KeptExample
from framecue.library.teaching.examples import WantedExample
from framecue.pictures import EncodedPicture, Picture
from framecue.video import FrameSampling, VideoInfo, VideoSource, make_thumbnail, picture_frames

__all__ = ["EncodedExample", "ExampleEncoder"]

# The longest stretch of a video that is one example: so many segments, or so many seconds if that is longer.
_MOST_SEGMENTS, _MOST_SECONDS = 4.0, 60.0
# Times that are as near are the same.
_SAME_SECONDS = 1e-3
# A sum of unit vectors as short as this is what rounding left of vectors that cancel out.
_NOTHING = 1e-4
# The long side of a picture that is kept, in pixels, for models of later days.
_KEPT_SIDE, _KEPT_QUALITY = 1024, 90


@dataclass(frozen=True, eq=False)
class EncodedExample:
    """An example with what a name is learnt from.

    Attributes:
        kept: as it will be kept.
        thumbnail: a small WebP picture of it; None if there is none.
        texts: its captions, and what is said and shown then, as far as the library knows.
        said: what whoever gave it says of it.
    """

    kept: KeptExample
    thumbnail: bytes | None = None
    texts: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


class ExampleEncoder:
    """Encodes examples for one library.

    Args:
        store: the library.
        model: fits it.
        source: reads files, which may be anybody's.
        files: where files lie.
    """

    def __init__(self, store: Store, model: Encoder, source: VideoSource, files: Files) -> None:
        self._store, self._model, self._source, self._files = store, model, source, files

    def encode(self, wanted: WantedExample) -> EncodedExample:
        """Return an example's vector: of a moment that the library holds the nearest segment's.

        Raises:
            AbsentError: what it shows is not there any more, or the video has no such moment.
            InputError: it is a whole film, or the model gives no finite vector.
            VideoError: a file cannot be read.
        """
        found = self._encoded(wanted)
        said = () if wanted.text is None else (wanted.text,)
        return replace(found, said=said, kept=replace(found.kept, texts=wanted.texts))

    def texts_of(self, wanted: WantedExample) -> tuple[str, ...]:
        """Return the captions of an example, and what is said and shown then, if the library holds it; else nothing."""
        rows = self._store.rows_of(wanted.video_id) if wanted.video_id is not None else []
        if not rows:
            return ()
        with suppress(AbsentError, InputError):  # it is cut otherwise now
            return self._of_rows(wanted, sorted(rows, key=lambda row: (row.start_seconds, row.end_seconds))).texts
        return ()

    def _encoded(self, wanted: WantedExample) -> EncodedExample:
        rows = self._rows(wanted)
        if rows:
            return self._of_rows(wanted, rows)
        if wanted.picture is not None:
            return self._of_picture(wanted, wanted.picture)
        if wanted.path is not None and self._is_there(wanted):
            return self._of_path(wanted) if wanted.is_picture else self._of_file(wanted, wanted.path)
        raise AbsentError(
            f"the example {wanted} is gone: the library holds it no more, and its file is not there as it was; give "
            "another example"
        )

    def _rows(self, wanted: WantedExample) -> list[Row]:
        if wanted.video_id is not None:
            rows = self._store.rows_of(wanted.video_id)
        elif wanted.path is not None:
            rows = stored_rows(self._store, self._files, wanted.path)
        else:
            return []
        return sorted(rows, key=lambda row: (row.start_seconds, row.end_seconds))

    def _is_there(self, wanted: WantedExample) -> bool:
        """Whether a file can be read, with the content that the example had if that is known."""
        if wanted.video_id is None:
            return True  # what is wrong with it, its reader says
        try:
            return self._files.content_hash(str(wanted.path)) == wanted.video_id
        except OSError:
            return False

    # --- what the library holds

    def _of_rows(self, wanted: WantedExample, rows: Sequence[Row]) -> EncodedExample:
        first = rows[0]
        kind = kind_of(first.kind, first.path)
        chosen = [first] if kind == "image" else self._chosen(wanted, rows)
        start, end = wanted.span or (chosen[0].start_seconds, chosen[-1].end_seconds)
        vectors = [row.vector.astype(np.float32) for row in chosen]
        kept = KeptExample(
            path=wanted.path or first.path,
            video_id=first.video_id,
            start_seconds=0.0 if kind == "image" else start,
            end_seconds=0.0 if kind == "image" else end,
            kind=kind,
            vector=self._unit(wanted, np.mean(vectors, axis=0)),
        )
        said = [] if kind == "image" else self._store.timed_texts(first.video_id, between=(start, end))
        # What lies in files beside the video comes first: a person wrote it.
        beside = [line for row in chosen for line in (row.subtitles or "").splitlines()]
        texts = [*beside, *(row.caption for row in chosen if row.caption), *(held.text.text for held in said)]
        return EncodedExample(kept, chosen[len(chosen) // 2].thumbnail, tuple(texts))

    def _chosen(self, wanted: WantedExample, rows: Sequence[Row]) -> Sequence[Row]:
        """Return the segments of which a moment consists: itself, those whose middle lies in it, or the nearest."""
        first, last = rows[0].start_seconds, max(row.end_seconds for row in rows)
        self._check_time(wanted, first, max(last, rows[0].duration_seconds))
        if wanted.span is None and wanted.at_seconds is None:
            if len(rows) > 1:
                self._check_length(wanted, last - first)
            return rows
        if wanted.span is None:
            at = wanted.at_seconds or 0.0
            return [min(rows, key=lambda row: (_outside(row, at), abs(_middle(row) - at)))]
        start, end = wanted.span
        self._check_length(wanted, end - start)
        for row in rows:
            if abs(row.start_seconds - start) < _SAME_SECONDS and abs(row.end_seconds - end) < _SAME_SECONDS:
                return [row]
        within = [row for row in rows if start < _middle(row) < end]
        centre = (start + end) / 2
        return within or [min(rows, key=lambda row: (_outside(row, centre), abs(_middle(row) - centre)))]

    # --- files and pictures

    def _of_file(self, wanted: WantedExample, path: str) -> EncodedExample:
        info = self._source.probe(path)
        start, end = self._window(wanted, info)
        is_whole = start <= info.start_seconds and end >= info.duration_seconds
        frames = self._source.read_frames(
            path,
            self._model.sampling,
            start_seconds=None if is_whole else start,
            end_seconds=None if is_whole else end,
            short_side=self._model.short_side,
        ).pixels
        kept = KeptExample(
            path=path,
            video_id=self._hash(wanted, path),
            start_seconds=start,
            end_seconds=end,
            kind="image" if info.num_frames <= 1 else "video",
            vector=self._embedded(wanted, frames),
        )
        return EncodedExample(kept, make_thumbnail(frames[len(frames) // 2]))

    def _window(self, wanted: WantedExample, info: VideoInfo) -> tuple[float, float]:
        """Return from when to when a moment of a file lasts, in seconds; 0 for a picture."""
        if info.num_frames <= 1:
            return 0.0, 0.0
        first, last = info.start_seconds, info.duration_seconds
        self._check_time(wanted, first, last)
        if wanted.span is not None and wanted.span[1] - wanted.span[0] > _SAME_SECONDS:
            self._check_length(wanted, wanted.span[1] - wanted.span[0])
            return wanted.span[0], min(wanted.span[1], last)
        at = wanted.at_seconds if wanted.span is None else wanted.span[0]
        length = self._store.segmentation.segment_seconds
        if at is None:
            self._check_length(wanted, last - first)
            return first, last
        if length >= last - first:
            return first, last
        start = min(max(first, at - length / 2), last - length)
        return start, start + length

    def _of_path(self, wanted: WantedExample) -> EncodedExample:
        path = str(wanted.path)
        frames = picture_frames(path, self._model.sampling, self._source, short_side=self._model.short_side)
        kept = KeptExample(
            path=path,
            video_id=self._hash(wanted, path),
            start_seconds=0.0,
            end_seconds=0.0,
            kind="image",
            vector=self._embedded(wanted, frames),
            picture=self._picture_to_keep(path),
        )
        return EncodedExample(kept, make_thumbnail(frames[0]))

    def _of_picture(self, wanted: WantedExample, picture: Picture | EncodedPicture) -> EncodedExample:
        frames = picture_frames(picture, self._model.sampling, self._source, short_side=self._model.short_side)
        # What is kept already would lose by being packed again.
        data = (
            picture.data if wanted.is_kept and isinstance(picture, EncodedPicture) else self._picture_to_keep(picture)
        )
        kept = KeptExample(
            path=wanted.path,
            video_id=wanted.video_id,
            start_seconds=0.0,
            end_seconds=0.0,
            kind="image",
            vector=self._embedded(wanted, frames),
            picture=data,
        )
        return EncodedExample(kept, make_thumbnail(frames[0]))

    def _picture_to_keep(self, picture: str | Picture | EncodedPicture) -> bytes:
        pixels = picture_frames(picture, FrameSampling(1), self._source, short_side=_KEPT_SIDE)[0]
        image = Image.fromarray(np.ascontiguousarray(pixels))
        image.thumbnail((_KEPT_SIDE, _KEPT_SIDE))
        buffer = io.BytesIO()
        image.save(buffer, format="WEBP", quality=_KEPT_QUALITY)
        return buffer.getvalue()

    def _hash(self, wanted: WantedExample, path: str) -> str:
        if wanted.video_id is not None:
            return wanted.video_id
        try:
            return self._files.content_hash(path)
        except OSError as error:
            raise VideoError(path, f"cannot be read ({error.strerror or error})") from error

    def _embedded(self, wanted: WantedExample, frames: np.ndarray) -> np.ndarray:
        return self._unit(wanted, self._model.embed_videos(self._model.prepare(frames)[None])[0])

    # --- checks

    def _unit(self, wanted: WantedExample, vector: np.ndarray) -> np.ndarray:
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or length < _NOTHING:
            raise InputError(f"the model gives no vector for the example {wanted} that could be compared; leave it out")
        unit: np.ndarray = (vector / length).astype(np.float32)
        return unit

    def _check_time(self, wanted: WantedExample, first_seconds: float, last_seconds: float) -> None:
        at = wanted.at_seconds if wanted.span is None else wanted.span[0]
        # A segment's end may be a little behind what its file says.
        if at is not None and at > last_seconds + _SAME_SECONDS:
            raise AbsentError(
                f"the example {wanted} is not there: the video lasts {last_seconds:.1f} s; give a time in it"
            )
        end = at if wanted.span is None else wanted.span[1]
        if end is not None and end < first_seconds - _SAME_SECONDS:
            raise AbsentError(
                f"the example {wanted} is not there: the first picture is shown at {first_seconds:.1f} s; give a later "
                "time"
            )

    def _check_length(self, wanted: WantedExample, seconds: float) -> None:
        most = max(_MOST_SECONDS, _MOST_SEGMENTS * self._store.segmentation.segment_seconds)
        if seconds > most + _SAME_SECONDS:
            raise InputError(
                f"the example {wanted} lasts {seconds:.0f} s, and shows much that is not meant; give the moment of it "
                f"that shows what is meant (PATH@START-END), {most:.0f} s at most"
            )


def _middle(row: Row) -> float:
    return (row.start_seconds + row.end_seconds) / 2


def _outside(row: Row, at_seconds: float) -> float:
    """Return how far a time is from a segment."""
    return max(row.start_seconds - at_seconds, at_seconds - row.end_seconds, 0.0)
