"""Read chosen frames of a video file: plan from the packets which to decode, then decode no more than needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np

from framecue.errors import InputError, VideoError
from framecue.video.packets import PacketIndex, choose_places, read_packet_index, scan_packets
from framecue.video.pixels import RgbConverter
from framecue.video.sampling import FrameSampling
from framecue.video.source import ffmpeg_reason, open_video

__all__ = ["Frames", "Run", "VideoInfo", "plan_runs", "probe", "read_frames"]

# Frames that a jump must save before it pays: after it, the file is read anew and the decoder's pipeline is empty.
_MIN_SAVED_FRAMES = 8


@dataclass(frozen=True, eq=False)
class Frames:
    """Decoded frames with their times.

    Attributes:
        pixels: uint8 (F, H, W, 3), RGB, in display orientation.
        times_seconds: float64 (F,), when each frame is shown; the video's first frame is at 0.
    """

    pixels: np.ndarray
    times_seconds: np.ndarray


@dataclass(frozen=True)
class VideoInfo:
    """What a video is.

    Attributes:
        path: the file.
        duration_seconds: from the first frame's beginning to the last one's end; 0 for a still image.
        num_frames: frames shown.
        width: in pixels, in display orientation.
        height: in pixels, in display orientation.
    """

    path: Path
    duration_seconds: float
    num_frames: int
    width: int
    height: int


@dataclass(frozen=True)
class Run:
    """One stretch of decoding.

    Attributes:
        key: the keyframe (its number in the index) to jump to; ``None`` to start at the file's beginning.
        places: the frames to take, ascending.
        num_decoded: frames that will be decoded for them.
    """

    key: int | None
    places: tuple[int, ...]
    num_decoded: int


def probe(path: str | Path) -> VideoInfo:
    """Say what a video is; one frame is decoded, to be sure of its size and that it can be.

    Args:
        path: the file.

    Returns:
        Its duration, number of frames and size.

    Raises:
        VideoError: the file is missing or empty, is no video, or cannot be decoded.
    """
    path = Path(path)
    index = read_packet_index(path)
    problems: list[str] = []
    with open_video(path) as (container, stream):
        frame = next(_decoded(container, stream, index, None, problems), None)
        if frame is None:
            raise VideoError(path, _undecodable(problems))
        height, width, _ = RgbConverter()(frame[1]).shape
    return VideoInfo(path, index.duration_seconds, index.num_frames, width, height)


def read_frames(
    path: str | Path,
    sampling: FrameSampling,
    *,
    rng: np.random.Generator | None = None,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    short_side: int | None = None,
    index: PacketIndex | None = None,
) -> Frames:
    """Read the frames that a sampling takes of a video, or of a window of it.

    A frame that cannot be decoded is replaced by the nearest of the frames asked for that can, as long as these are
    at least half of them.

    Args:
        path: the file.
        sampling: how many frames, and which.
        rng: draw frames at random, for training; ``None`` for the fixed ones.
        start_seconds: where the window starts; ``None`` for the beginning.
        end_seconds: where it ends; ``None`` for the end.
        short_side: scale larger frames down so that their short side has this many pixels; ``None`` for full size.
        index: the file's index, if it was already read with ``read_packet_index``.

    Returns:
        F frames in the sampling's order, each with the time at which it is shown.

    Raises:
        InputError: the window or ``short_side`` makes no sense.
        VideoError: the file is missing or empty, is no video, ends before the window, or cannot be decoded.
    """
    path = Path(path)
    if short_side is not None and short_side < 1:
        raise InputError(f"short_side is {short_side}; it must be at least 1 pixel")
    if index is None:
        index = read_packet_index(path)
    chosen = choose_places(
        index, sampling, rng=rng, start_seconds=start_seconds, end_seconds=end_seconds, path=path
    )
    places, slots = np.unique(chosen, return_inverse=True)
    runs = plan_runs(index, places.tolist())
    pixels, problems = _read_runs(path, index, runs, short_side)
    if len(pixels) < len(places) and any(run.key is not None for run in runs):
        # A jump may land where the decoder cannot recover; going straight through is the judge of what is there.
        pixels, problems = _read_runs(path, index, [_straight(index, places.tolist())], short_side)
    if not pixels:
        raise VideoError(path, _undecodable(problems))
    num_good = sum(int(place) in pixels for place in chosen)
    if 2 * num_good < len(chosen):
        raise VideoError(path, f"only {num_good} of {len(chosen)} sampled frames can be decoded: the file is damaged")
    times = index.times_seconds
    good = np.array(sorted(pixels))
    used = [int(good[np.argmin(np.abs(times[good] - times[place]))]) for place in places]
    return Frames(np.stack([pixels[used[slot]] for slot in slots]), times[used][slots])


def plan_runs(index: PacketIndex, places: Sequence[int]) -> list[Run]:
    """Choose between decoding straight through and jumping to keyframes, whichever decodes fewer frames.

    Args:
        index: the video.
        places: the frames to take, ascending, at least one.

    Returns:
        Stretches of decoding, in order, that together take all the places.
    """
    straight = _straight(index, places)
    keys = np.searchsorted(index.key_times, index.times[list(places)], side="right") - 1
    if index.by_order or not len(keys) or keys.min() < 0:
        return [straight]
    groups: list[tuple[int, list[int]]] = []
    reached = -_MIN_SAVED_FRAMES
    for place, key in zip(places, keys.tolist(), strict=True):
        if not groups or (key != groups[-1][0] and index.key_ranks[key] - reached >= _MIN_SAVED_FRAMES):
            groups.append((key, []))
        groups[-1][1].append(place)
        reached = max(reached, int(index.ranks[place]))
    runs = [
        Run(key, tuple(group), int(index.ranks[group].max() - index.key_ranks[key]) + 1) for key, group in groups
    ]
    return runs if sum(run.num_decoded for run in runs) + _MIN_SAVED_FRAMES <= straight.num_decoded else [straight]


def _straight(index: PacketIndex, places: Sequence[int]) -> Run:
    return Run(None, tuple(places), int(index.ranks[list(places)].max()) + 1)


def _read_runs(
    path: Path, index: PacketIndex, runs: Sequence[Run], short_side: int | None
) -> tuple[dict[int, np.ndarray], list[str]]:
    """Decode runs; give the pixels by place, without the places that could not be decoded, and what went wrong."""
    convert = RgbConverter(short_side=short_side)
    pixels: dict[int, np.ndarray] = {}
    problems: list[str] = []
    with open_video(path) as (container, stream):
        # Frame threads speed up long stretches, but start each jump with a pipeline to fill.
        stream.thread_type = "AUTO" if len(runs) == 1 else "SLICE"
        for run in runs:
            for place, frame in _taken(_decoded(container, stream, index, run.key, problems), run.places):
                pixels[place] = convert(frame)
    return pixels, problems
