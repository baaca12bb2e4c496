"""Reading videos ahead of a model, in batches, so that one that cannot be used costs itself alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

from framecue.encoder import Encoder
from framecue.errors import InputError, VideoError
from framecue.read_ahead import read_ahead
from framecue.uses.places import VideoPlace
from framecue.video import Frames, FrameSource, IsolatedFrameSource, VideoSource

__all__ = ["BATCH_VIDEOS", "read_batches", "read_frames_of"]

BATCH_VIDEOS = 8
# A decoder has threads of its own, so more help only where there are cores for them.
_NUM_READERS = max(1, min(4, (os.cpu_count() or 1) // 4))

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
    num_threads = min(_NUM_READERS, max(len(places), 1)) if source is None else 1
    with _opened(source, num_threads) as reader:
        ahead = read_ahead(
            places,
            lambda place: read(place, reader),
            num_threads=num_threads,
            num_waiting=num_threads + batch_size,
        )
        with closing(ahead) as found:
            batch: list[tuple[VideoPlace, Read | VideoError]] = []
            for item in found:
                batch.append(item)
                if len(batch) == batch_size:
                    yield batch
                    batch = []
            if batch:
                yield batch


@contextmanager
def _opened(source: VideoSource | None, num_processes: int) -> Iterator[VideoSource]:
    if source is not None:
        yield source
        return
    with IsolatedFrameSource(num_processes=num_processes) as own:
        yield own
