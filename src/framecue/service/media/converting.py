"""Ordering what browsers play in place of a file: a film or a span of it as mp4, a picture as JPEG."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from framecue.errors import FramecueError, InputError, OutputError, UnsupportedError, VideoError
from framecue.service.media.cache import cache_key
from framecue.service.media.library_files import LibraryFile
from framecue.service.media.making import Make, Making
from framecue.service.media.media import Media
from framecue.service.media.plan import MAX_SPAN_SECONDS, Conversion, plan_conversion
from framecue.service.media.playing import playability
from framecue.times import exact_clock
from framecue.video.isolate.isolated import IsolatedReader
from framecue.video.isolate.questions.looks import LooksQuestion
from framecue.video.isolate.questions.playable import PlayableQuestion
from framecue.video.read.heartbeat import Progress
from framecue.video.read.jpeg import encode_jpeg

__all__ = ["Order", "order_converted"]

# Of a picture that is made: what screens show.
_PICTURE_SIDE = 4096


@dataclass(frozen=True)
class Order:
    """What was ordered.

    Attributes:
        found: the file, or its making.
        name: of the file in the cache, which is the same for the same content alone.
        media_type: of the file, without codecs.
        reason: why it is wanted, a sentence; None if the file itself is played everywhere.
    """

    found: Path | Making
    name: str
    media_type: str
    reason: str | None


def order_converted(
    media: Media, file: LibraryFile, *, start_seconds: float | None = None, end_seconds: float | None = None
) -> Order:
    """Order what browsers play in place of a file of a library.

    Args:
        media: of the server.
        file: of the library.
        start_seconds: where the span starts; None, as the end, for all of it.
        end_seconds: where it ends; later than the film's end means that end.

    Raises:
        InputError: the span makes no sense, or is too long.
        UnsupportedError: the file cannot be read.
        BusyError: too many are being made.
    """
    if file.content.kind == "image":
        name = f"{cache_key(file.content.video_id, 'picture')}.jpg"
        found = media.workshop.order(name, _picture(file))
        return Order(found, name, "image/jpeg", None)
    try:
        streams = media.streams(file)
    except VideoError as error:
        raise UnsupportedError(f"{file.name}: {error.reason}") from error
    plan = plan_conversion(file.content, streams, playability(streams), size_bytes=file.state.size_bytes)
    span = _span(plan, start_seconds, end_seconds)
    name = f"{cache_key(file.content.video_id, *plan.parts, *span)}{plan.suffix}"
    found = media.workshop.order(name, _film(file, plan, span))
    return Order(found, name, plan.type.partition(";")[0], plan.reason)


def _span(plan: Conversion, start_seconds: float | None, end_seconds: float | None) -> tuple[float, float]:
    duration = plan.duration_seconds
    if start_seconds is None and end_seconds is None:
        if plan.span_seconds is not None:
            raise InputError(
                f"it lasts {exact_clock(duration)} and has to be encoded, so ask for a part of it: add start and end, "
                f"in seconds, at most {MAX_SPAN_SECONDS:g} apart"
            )
        return 0.0, math.inf
    if start_seconds is None or end_seconds is None:
        raise InputError("give start and end, in seconds, or neither for the whole")
    if not 0 <= start_seconds < end_seconds < math.inf:
        raise InputError("no moment is from this start to this end: give 0 <= start < end, in seconds")
    if end_seconds - start_seconds > MAX_SPAN_SECONDS:
        raise InputError(f"the span is too long; ask for {MAX_SPAN_SECONDS:g} seconds at most")
    if start_seconds >= duration:
        raise InputError(f"it lasts {duration:.3f} seconds; start earlier")
    return start_seconds, min(end_seconds, duration)


def _film(file: LibraryFile, plan: Conversion, span: tuple[float, float]) -> Make:
    def make(partial: Path, making: Making) -> None:
        question = PlayableQuestion(str(file.place), str(partial.absolute()), plan.suffix, *span, plan.parts)
        file.check_unchanged()
        with _named(file), IsolatedReader() as reader:
            making.stopped_by(reader.close)
            answer = reader.ask(question, lambda told: making.tell(float(told.split()[0])))
            (made,) = (part for part in answer if not isinstance(part, Progress))
        if isinstance(made, OutputError):
            raise made
        # What was read might be another file's, which came there meanwhile.
        file.check_unchanged()

    return make


def _picture(file: LibraryFile) -> Make:
    def make(partial: Path, making: Making) -> None:
        file.check_unchanged()
        question = LooksQuestion(str(file.place), (0.0,), _PICTURE_SIDE)
        with _named(file), IsolatedReader() as reader:
            making.stopped_by(reader.close)
            (made,) = (part for part in reader.ask(question) if not isinstance(part, Progress))
        file.check_unchanged()
        partial.write_bytes(encode_jpeg(made.pixels))

    return make


@contextmanager
def _named(file: LibraryFile) -> Iterator[None]:
    """Name the file by its name alone where it cannot be read."""
    try:
        yield
    except VideoError as error:
        message = f"{file.name} cannot be converted: {error.reason}"
        # What is not to blame on the content may go better another time.
        raise (FramecueError(message) if error.cause is None else UnsupportedError(message)) from error
