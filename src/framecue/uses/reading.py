"""Reading videos ahead of a model, in batches, so that one that cannot be used costs itself alone."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar

from framecue.encode_files import NUM_READERS, opened_source
from framecue.encoder import Encoder
from framecue.errors import InputError, VideoError
from framecue.read_ahead import read_batches_ahead
from framecue.uses.places import VideoPlace
from framecue.video import Frames, FrameSource, VideoSource

__all__ = ["BATCH_VIDEOS", "read_batches", "read_frames_of"]

BATCH_VIDEOS = 8

Read = TypeVar("Read")


def read_frames_of(model: Encoder, place: VideoPlace, source: FrameSource) -> Frames:
    """Return the frames of a video that a model looks at.

    Raises:
        VideoError: the file cannot be used, or has no such window.
    """
    try:
        return source.read_frames(
            place.path,
            model.sampling,
            start_seconds=place.start_seconds,
            end_seconds=place.end_seconds,
            short_side=model.short_side,
        )
    except VideoError:
        raise
    except InputError as error:  # of this window alone: the others go on
        raise VideoError(place.path, str(error)) from error


def read_batches(
    places: Sequence[VideoPlace],
    read: Callable[[VideoPlace, VideoSource], Read],
    *,
    source: VideoSource | None,
    batch_size: int = BATCH_VIDEOS,
) -> Generator[list[tuple[VideoPlace, Read | VideoError]], None, None]:
    """Yield batches of videos with what was read of each, or why it cannot be used; the next are read meanwhile.

    Args:
        places: the videos.
        read: reads one, in a thread.
        source: what it reads with; None decodes in other processes, as the files may be anybody's.
        batch_size: how many videos a batch has.
    """
    # A source that was given need not stand several threads at once.
    num_threads = min(NUM_READERS, max(len(places), 1)) if source is None else 1
    with opened_source(source, num_processes=num_threads) as reader:
        yield from read_batches_ahead(
            places, lambda place: read(place, reader), num_threads=num_threads, batch_size=batch_size
        )
