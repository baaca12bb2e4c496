"""Encoding what was read of a file: a unit of work in, an encoded video out.

Nothing here knows about a library or its store, and the result can be pickled: encoding can run in any process, on any
machine, that can load the encoder.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np

from framecue.counts import counted
from framecue.encoder import Encoder, SharesCores, TakesFrames, encodes_frames_alone
from framecue.errors import InputError, VideoError, VideoErrorCause
from framecue.library.indexing.pace import FRAMES_PER_ENCODE, Pace, usual_pace
from framecue.library.indexing.shared_frames import FramePreparer, embed_shared, num_distinct
from framecue.library.indexing.unit import Unit
from framecue.video import Content, Moment, ReadOptions, Segmentation
from framecue.workers import Workers

__all__ = ["EncodedSegment", "EncodedVideo", "End", "FailedUnit", "SegmentEncoder", "VideoAtWork", "encode_units"]

# Segments that share frames stay together up to this many times as many; their pixel values are all in memory.
_MOST_SHARING = 3
# Of the frames that were asked for: fewer that cannot be decoded, as at a recording's edges, are not worth a warning.
_MAX_REPLACED_PART = 1 / 4


@dataclass(frozen=True)
class End:
    """The last event of each unit; ``error`` is the reason why it could not be read to its end, or None."""

    error: VideoError | None = None


@dataclass(frozen=True, eq=False)
class PreparedMoment(Moment):
    """A moment with pixel values, float32 (F, 3, S, S), in place of pixels, uint8 (F, H, W, 3).

    Attributes:
        frame_ids: hashes of its frames where they are encoded apart, else none.
    """

    frame_ids: tuple[bytes, ...] = ()


@dataclass(frozen=True, eq=False)
class EncodedSegment:
    """One segment of a video with its vector.

    Attributes:
        start_seconds: where the segment starts in its video.
        end_seconds: where it ends.
        vector: float32 (E,), unit length.
        thumbnail: its middle frame as a small WebP picture.
        caption: a sentence about it, or None.
    """

    start_seconds: float
    end_seconds: float
    vector: np.ndarray
    thumbnail: bytes
    caption: str | None = None


@dataclass(frozen=True, eq=False)
class EncodedVideo:
    """The result of encoding a unit.

    Attributes:
        unit: the file.
        video_id: hash of its content.
        duration_seconds: of the video; 0 if it was not encoded.
        segments: in the order of their starts; none if the content was already known, and so not encoded.
        encoded_seconds: when it was encoded, seconds since 1970.
        kind: "video" or "image".
        recorded_seconds: when it was recorded, by its own metadata, seconds since 1970; None where they do not say.
        warning: what is wrong with a file that was read all the same, or None.
        is_marked: whether it is a clip or a sheet that framecue made.
    """

    unit: Unit
    video_id: str
    duration_seconds: float = 0.0
    segments: tuple[EncodedSegment, ...] = ()
    encoded_seconds: float = 0.0
    kind: str = "video"
    recorded_seconds: float | None = None
    warning: str | None = None
    is_marked: bool = False


@dataclass(frozen=True)
class FailedUnit:
    """A unit that could not be encoded.

    Attributes:
        unit: the file.
        reason: why, in words for a person.
        cause: what is in the file that makes it so, see :class:`framecue.errors.VideoError`; None where another try
            may go well.
    """

    unit: Unit
    reason: str
    cause: VideoErrorCause | None = None


def check_captioner(encoder: Encoder, *, captions: bool) -> None:
    """Refuse captions of an encoder that can write none.

    Raises:
        InputError: captions are wanted, and the encoder has no captioner.
    """
    if captions and not encoder.has_captioner:
        raise InputError(
            f"method {encoder.method_name} has no captioner, so it can write no captions; leave them out, "
            "or give an adapter of prompt-switch"
        )


class SegmentEncoder:
    """Encodes segments with one encoder.

    Args:
        encoder: encodes videos.
        segmentation: how videos are cut into segments.
        captions: whether to describe each segment with the encoder's captioner.

    Attributes:
        pace: how many threads encode, and how many frames each takes at once; at first, what is usual.
        segments_per_encode: how many segments are encoded at once, at most.

    Raises:
        InputError: captions are wanted, and the encoder has no captioner.
    """

    def __init__(self, encoder: Encoder, *, segmentation: Segmentation | None = None, captions: bool = False) -> None:
        check_captioner(encoder, captions=captions)
        self.encoder, self.captions = encoder, captions
        # A captioner takes pixel values, so there they are wanted in any case.
        self._raw: TakesFrames | None = None
        if isinstance(encoder, TakesFrames) and encoder.takes_frames and not captions:
            self._raw = encoder
        self._sharing = encoder if self._raw is None and encodes_frames_alone(encoder) else None
        self._prepare_shared = FramePreparer(encoder.prepare)
        self.take_pace(usual_pace(encoder))
        self.options = ReadOptions(encoder.sampling, segmentation or Segmentation(), short_side=encoder.short_side)

    def take_pace(self, pace: Pace) -> None:
        """Encode at another pace from now on."""
        self.pace = pace
        self.segments_per_encode = max(1, pace.frames_per_batch // self.encoder.sampling.num_frames)

    def prepare(self, moment: Moment) -> PreparedMoment:
        """Return the moment with what the encoder takes in place of its pixels.

        For an encoder that makes frames ready itself, these stay as they are.
        """
        ids: tuple[bytes, ...] = ()
        if self._raw is not None:
            values = moment.pixels
        elif self._sharing is not None:
            values, ids = self._prepare_shared(moment.pixels)
        else:
            values = self.encoder.prepare(moment.pixels)
        read = {each.name: getattr(moment, each.name) for each in fields(Moment)}
        return PreparedMoment(**{**read, "pixels": values}, frame_ids=ids)

    def is_due(self, waiting: Sequence[PreparedMoment], following: PreparedMoment | None = None) -> bool:
        """Whether waiting moments are to be encoded, now or before a following one is added to them."""
        if self._sharing is None:
            return len(waiting) >= self.segments_per_encode
        if not waiting or following is None:
            return len(waiting) >= _MOST_SHARING * max(1, FRAMES_PER_ENCODE // self.encoder.sampling.num_frames)
        # The windows of a shot share frames, so they stay together.
        is_shot = bool(set(waiting[-1].frame_ids) & set(following.frame_ids))
        ids = [moment.frame_ids for moment in (*waiting, following)]
        return not is_shot and num_distinct(ids) > self.pace.frames_per_batch

    @property
    def depth(self) -> int:
        """How many moments may wait to be encoded: enough for the next batch of every worker."""
        return max(
            FRAMES_PER_ENCODE // self.options.sampling.num_frames,
            self.segments_per_encode * max(1, self.pace.num_workers),
        )

    def workers(self) -> Workers[_Batch]:
        """Return the threads that encode, to be used in a ``with`` block; none where the caller's own has to."""
        around = self.encoder.one_core if isinstance(self.encoder, SharesCores) else nullcontext
        return Workers(self.pace.num_workers, around=around)

    def encode(self, moments: Sequence[PreparedMoment]) -> list[EncodedSegment]:
        """Encode prepared moments in one batch; several threads may call it where the encoder shares cores."""
        captions: Sequence[str | None] = [None] * len(moments)
        if self._raw is not None:
            vectors = self._raw.embed_raw([moment.pixels for moment in moments])
        elif self._sharing is not None:
            values, ids = [moment.pixels for moment in moments], [moment.frame_ids for moment in moments]
            vectors = embed_shared(self._sharing, values, ids, frames_at_once=self.pace.frames_per_batch)
        else:
            vectors = self.encoder.embed_videos(np.stack([moment.pixels for moment in moments]))
        if self.captions:
            captions = self.encoder.describe(np.stack([moment.pixels for moment in moments]))
        return [
            EncodedSegment(moment.start_seconds, moment.end_seconds, vector, moment.thumbnail, caption)
            for moment, vector, caption in zip(moments, vectors, captions, strict=True)
        ]


@dataclass
class VideoAtWork:
    """A unit that is being read, with those of its segments that are already encoded, in order.

    Attributes:
        unit: the file.
        content: the first that was read of it; None until then.
        num_read: how many moments were read.
        num_frames: how many frames these have.
        num_replaced: how many of these stand in for others, which cannot be decoded.
        segments: what is encoded.
        end: how it ended; None until then.
    """

    unit: Unit
    content: Content | None = None
    num_read: int = 0
    num_frames: int = 0
    num_replaced: int = 0
    segments: list[EncodedSegment] = field(default_factory=list)
    end: End | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it was read to its end, and all that was read of it is encoded."""
        return self.end is not None and len(self.segments) == self.num_read

    def result(self) -> EncodedVideo | FailedUnit:
        """Return the result of the unit: an encoded video, or the reason why there is none."""
        assert self.end is not None
        if self.end.error is not None:
            return FailedUnit(self.unit, self.end.error.reason, self.end.error.cause)
        if self.content is None or (self.content.is_wanted and not self.segments):
            return FailedUnit(self.unit, "nothing could be read of it")
        if not all(np.isfinite(segment.vector).all() for segment in self.segments):
            return FailedUnit(self.unit, "the model gives no finite vector for it; check the model's weights")
        content = self.content
        return EncodedVideo(
            self.unit,
            content.video_id,
            content.duration_seconds,
            tuple(self.segments),
            time.time(),
            kind=content.kind,
            recorded_seconds=content.recorded_seconds,
            warning=content.warning or self._warning(content),
            is_marked=content.is_marked,
        )

    def _warning(self, content: Content) -> str | None:
        """Return in words that much of what was to be read cannot be decoded; None where it can."""
        num_lost = content.num_segments - self.num_read
        if content.is_wanted and num_lost > 0:
            return f"{num_lost} of its {counted(content.num_segments, 'segment')} cannot be decoded: it is damaged"
        if self.num_replaced > self.num_frames * _MAX_REPLACED_PART:
            return f"{self.num_replaced} of {counted(self.num_frames, 'frame')} cannot be decoded: it is damaged"
        return None


# Segments that were encoded together, each with the video that it belongs to.
_Batch = list[tuple[VideoAtWork, EncodedSegment]]


def encode_units(
    events: Iterable[tuple[Unit, Content | PreparedMoment | End]], encoder: SegmentEncoder
) -> Iterator[EncodedVideo | FailedUnit]:
    """Yield the result of each unit, in the order in which the units come.

    Segments are encoded in batches across videos: short clips share a batch. Which segments share one, and so each
    vector, does not depend on how many threads encode.

    Args:
        events: what is read of each unit, one unit after another: its content, its prepared moments, its end.
        encoder: encodes the moments.
    """
    videos: deque[VideoAtWork] = deque()
    owners: list[VideoAtWork] = []
    waiting: list[PreparedMoment] = []
    is_first = True

    def finished(batches: Iterable[_Batch]) -> Iterator[EncodedVideo | FailedUnit]:
        for batch in batches:
            for video, segment in batch:
                video.segments.append(segment)
            yield from complete()
        yield from complete()

    def complete() -> Iterator[EncodedVideo | FailedUnit]:
        while videos and videos[0].is_complete:
            yield videos.popleft().result()

    with encoder.workers() as workers:

        def encode_waiting() -> Iterator[EncodedVideo | FailedUnit]:
            nonlocal owners, waiting, is_first
            if not waiting:
                return
            workers.give(partial(_encoded, encoder, owners, waiting))
            owners, waiting = [], []
            if is_first:  # what an encoder decides by the first videos, it decides by the same ones
                is_first = False
                yield from finished(workers.rest())

        for unit, event in events:
            if not videos or videos[-1].end is not None:
                videos.append(VideoAtWork(unit))
            video = videos[-1]
            if isinstance(event, PreparedMoment):
                if encoder.is_due(waiting, event):
                    yield from encode_waiting()
                video.num_read += 1
                video.num_frames += len(event.pixels)
                video.num_replaced += event.num_replaced
                owners.append(video)
                waiting.append(event)
                if encoder.is_due(waiting):
                    yield from encode_waiting()
            elif isinstance(event, Content):
                video.content = event
            else:
                video.end = event
            yield from finished(workers.results())
        yield from encode_waiting()
        yield from finished(workers.rest())


def _encoded(encoder: SegmentEncoder, owners: Sequence[VideoAtWork], moments: Sequence[PreparedMoment]) -> _Batch:
    """Encode moments in one batch; this may run in a thread, which leaves the videos to the one that reads."""
    return list(zip(owners, encoder.encode(moments), strict=True))
