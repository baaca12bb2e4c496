"""Finding the best pace for a model on this machine, at the start of a long run, once."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Generator, Sequence
from contextlib import closing, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from framecue.cores import num_cores
from framecue.encoder import Encoder, SharesCores
from framecue.errors import VideoError
from framecue.library.indexing.pace import MAX_READERS, Pace, usual_pace
from framecue.library.indexing.pace_file import keep_pace, kept_pace, pace_key
from framecue.library.indexing.unit import Unit
from framecue.video import Moment, ReadOptions, ReadVideo
from framecue.workers import Workers

__all__ = ["find_pace"]

logger = logging.getLogger(__name__)

# Another pace than the usual one has to be so much faster: less may be chance.
_GAIN = 1.05
_ROUNDS = 2
# A run is long if what is measured is a small part of it. So many bytes of a file are one segment at least.
_RUN_PARTS = 30
_SEGMENT_BYTES = 10_000_000
# Of a run's files, by which it is seen how long reading takes.
_FILES_READ, _SECONDS_READ = 4, 5.0


def find_pace(encoder: Encoder, units: Sequence[Unit], read: ReadVideo, options: ReadOptions) -> Pace:
    """Return the pace for a run: the one kept for this model and machine, or for a long run one that is measured now.

    A short run takes what the encoder proposes, and so does an encoder whose threads cannot compute apart.

    Args:
        encoder: the model.
        units: the files of the run; the first few may be read, to see how long that takes.
        read: reads a file.
        options: what is read of each.
    """
    usual = usual_pace(encoder)
    if usual.num_workers < 2:
        return usual
    key = pace_key(encoder)
    kept = kept_pace(key)
    if kept is not None and _is_possible(kept, usual):
        return kept
    candidates = _candidates(usual, options.sampling.num_frames)
    num_measured = _ROUNDS * sum(_num_segments(pace, options) * pace.num_workers for pace in candidates)
    if sum(max(1, unit.state.size_bytes // _SEGMENT_BYTES) for unit in units) < _RUN_PARTS * num_measured:
        return usual
    sample = _sample(units, read, options)
    if sample is None:
        return usual
    best = _fastest(encoder, candidates, encoder.prepare(sample.pixels))
    seconds_to_encode = options.sampling.num_frames / (best.frames_per_second or 1.0)
    num_readers = math.ceil(sample.seconds_to_read / seconds_to_encode)
    found = replace(best, num_readers=min(_most_readers(), max(1, num_readers)))
    logger.info("measured on this machine: %s", found)
    keep_pace(key, found)
    return found


def _candidates(usual: Pace, num_frames: int) -> list[Pace]:
    """Return the usual pace, and behind it others: half and twice as many frames at once, and half as many workers.

    Fewer workers are faster where two of the system's cores are one of the processor.
    """
    others = [
        replace(usual, frames_per_batch=max(1, usual.frames_per_batch // 2)),
        replace(usual, frames_per_batch=2 * usual.frames_per_batch),
        replace(usual, num_workers=usual.num_workers // 2),
    ]
    # Several numbers of frames may mean the same number of videos.
    found: dict[tuple[int, int], Pace] = {}
    for pace in (usual, *others):
        found.setdefault((pace.num_workers, max(1, pace.frames_per_batch // num_frames)), pace)
    return list(found.values())


def _fastest(encoder: Encoder, candidates: Sequence[Pace], video: np.ndarray) -> Pace:
    """Return the candidate that encodes most frames a second, and how many; the first unless another gains enough.

    Args:
        encoder: the model.
        candidates: the paces.
        video: pixel values of the run's own first segment, float32 (F, 3, S, S).
    """
    encoder.embed_videos(video[None])  # the first call takes longer
    rates = dict.fromkeys(candidates, 0.0)
    for _ in range(_ROUNDS):
        for pace in candidates:
            rates[pace] = max(
                rates[pace], _rate(encoder, pace, np.stack([video] * max(1, pace.frames_per_batch // len(video))))
            )
    usual = candidates[0]
    best = max(candidates, key=lambda pace: rates[pace])
    if rates[best] < _GAIN * rates[usual]:
        best = usual
    return replace(best, frames_per_second=round(rates[best], 3))


def _rate(encoder: Encoder, pace: Pace, batch: np.ndarray) -> float:
    """Return how many frames a second all workers encode, each one batch, float32 (B, F, 3, S, S)."""
    around = encoder.one_core if isinstance(encoder, SharesCores) else nullcontext
    began = time.perf_counter()
    with Workers[np.ndarray](pace.num_workers, around=around) as workers:
        for _ in range(pace.num_workers):
            workers.give(partial(encoder.embed_videos, batch))
        num_videos = sum(len(vectors) for vectors in workers.rest())
    rate: float = num_videos * batch.shape[1] / (time.perf_counter() - began)
    return rate


@dataclass(frozen=True, eq=False)
class _Sample:
    """What the first files of a run gave: the pixels of a segment, uint8 (F, H, W, 3), and what reading one takes."""

    pixels: np.ndarray
    seconds_to_read: float


def _sample(units: Sequence[Unit], read: ReadVideo, options: ReadOptions) -> _Sample | None:
    """Read the first files, for a few seconds; None if nothing can be read of them."""
    first: Moment | None = None
    num_read = 0
    began = time.perf_counter()
    with closing(_events(units[:_FILES_READ], read, options)) as events:
        for event in events:
            if isinstance(event, Moment):
                first = first or event
                num_read += 1
            if first is not None and time.perf_counter() - began > _SECONDS_READ:
                break
    return None if first is None else _Sample(first.pixels, (time.perf_counter() - began) / num_read)


def _events(units: Sequence[Unit], read: ReadVideo, options: ReadOptions) -> Generator[object, None, None]:
    for unit in units:
        with suppress(VideoError):
            yield from read(unit.path, options, lambda _: True)


def _is_possible(pace: Pace, usual: Pace) -> bool:
    """Whether a pace may have been found here: no more of anything than what is tried."""
    return (
        pace.num_workers <= usual.num_workers
        and pace.frames_per_batch <= 2 * usual.frames_per_batch
        and pace.num_readers <= _most_readers()
    )


def _most_readers() -> int:
    return min(MAX_READERS, num_cores())


def _num_segments(pace: Pace, options: ReadOptions) -> int:
    return max(1, pace.frames_per_batch // options.sampling.num_frames)
