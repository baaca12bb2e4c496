"""Read chosen frames of a video file: plan from the packets which to decode, then decode no more than needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import av
import numpy as np

from framecue.errors import InputError, VideoError
from framecue.video.packets import PacketIndex, choose_places, read_packet_index
from framecue.video.pixels import RgbConverter
from framecue.video.plan import Run, plan_runs, straight_run
from framecue.video.sampling import FrameSampling
from framecue.video.source import ffmpeg_reason, open_video

__all__ = ["Frames", "VideoInfo", "probe", "read_frames"]


# Pixels to decode below which starting threads costs more than they save (some ten milliseconds of one core).
_SMALL_WORK_PIXELS = 5_000_000


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
    chosen = choose_places(index, sampling, rng=rng, start_seconds=start_seconds, end_seconds=end_seconds, path=path)
    places, slots = np.unique(chosen, return_inverse=True)
    runs = plan_runs(index, places.tolist())
    pixels, problems = _read_runs(path, index, runs, short_side)
    if len(pixels) < len(places) and any(run.key is not None for run in runs):
        # A jump may land where the decoder cannot recover; going straight through is the judge of what is there.
        pixels, problems = _read_runs(path, index, [straight_run(index, places.tolist())], short_side)
    if not pixels:
        raise VideoError(path, _undecodable(problems))
    num_good = sum(int(place) in pixels for place in chosen)
    if 2 * num_good < len(chosen):
        raise VideoError(path, f"only {num_good} of {len(chosen)} sampled frames can be decoded: the file is damaged")
    times = index.times_seconds
    good = np.array(sorted(pixels))
    used = [int(good[np.argmin(np.abs(times[good] - times[place]))]) for place in places]
    return Frames(np.stack([pixels[used[slot]] for slot in slots]), times[used][slots])


def _read_runs(
    path: Path, index: PacketIndex, runs: Sequence[Run], short_side: int | None
) -> tuple[dict[int, np.ndarray], list[str]]:
    """Decode runs; give the pixels by place, without the places that could not be decoded, and what went wrong."""
    convert = RgbConverter(short_side=short_side)
    pixels: dict[int, np.ndarray] = {}
    problems: list[str] = []
    with open_video(path) as (container, stream):
        context = stream.codec_context
        if context.width * context.height * sum(run.num_decoded for run in runs) < _SMALL_WORK_PIXELS:
            context.thread_count = 1
        else:
            # Frame threads speed up long stretches, but start each jump with a pipeline to fill.
            context.thread_type = "AUTO" if len(runs) == 1 else "SLICE"
        for run in runs:
            for place, frame in _taken(_decoded(container, stream, index, run.key, problems), run.places):
                pixels[place] = convert(frame)
    return pixels, problems


def _taken(decoded: Iterable[tuple[int, Any]], places: Sequence[int]) -> Iterator[tuple[int, Any]]:
    """Pick the wanted places out of decoded frames, and stop at the last one.

    A packet may give no frame of its own (VP8's hidden reference frames); what is shown then is the frame before it.
    """
    wanted = list(reversed(places))
    before: tuple[int, Any] = (-2, None)
    for place, frame in decoded:
        while wanted and wanted[-1] <= place:
            target = wanted.pop()
            if target == place:
                yield target, frame
            elif target == before[0] + 1:
                yield target, before[1]
        if not wanted:
            return
        before = place, frame
    if wanted[-1] == before[0] + 1:
        yield wanted[-1], before[1]


def _decoded(
    container: Any, stream: Any, index: PacketIndex, key: int | None, problems: list[str]
) -> Iterator[tuple[int, Any]]:
    """Decode from a keyframe, or from the beginning, and say each frame's place."""
    start_time, packets = (None, _packets(container, stream)) if key is None else _jump(container, stream, index, key)
    num_given = 0
    for number, packet in enumerate(packets):
        if key is None and number < index.num_skipped:
            continue
        try:
            frames = stream.codec_context.decode(packet)
        except (av.FFmpegError, OSError) as error:
            problems.append(ffmpeg_reason(error))
            continue
        for frame in frames:
            if index.by_order:
                place = num_given
                num_given += 1
                if place < index.num_frames:
                    yield place, frame
            # After a jump, frames shown before the keyframe may lack what they refer to.
            elif frame.pts is not None and (start_time is None or frame.pts >= start_time):
                place = int(np.searchsorted(index.times, frame.pts))
                if place < index.num_frames and index.times[place] == frame.pts:
                    yield place, frame


def _packets(container: Any, stream: Any) -> Iterator[Any]:
    """A stream's packets, then ``None``, which makes the decoder give what it still holds."""
    try:
        for packet in container.demux(stream):
            if packet.size:
                yield packet
    except (av.FFmpegError, OSError):
        pass  # the file breaks off here
    yield None


def _jump(container: Any, stream: Any, index: PacketIndex, key: int) -> tuple[int, Iterator[Any]]:
    """Go to a keyframe, or to one before it; give its time and the packets from there on, none if that fails.

    Some formats seek by presentation time and some by decoding time, and MPEG program streams count times anew after
    a jump, sometimes wrongly; so the keyframe reached has to be one that the index knows.
    """
    known = dict(zip(index.key_times[: key + 1].tolist(), index.key_sizes.tolist(), strict=False))
    for time in (int(index.key_times[key]), int(index.key_decode_times[key])):
        try:
            container.seek(time, stream=stream)
        except (av.FFmpegError, OSError):
            continue
        packets = _packets(container, stream)
        first = next((packet for packet in packets if packet is None or packet.is_keyframe), None)
        if first is not None and known.get(first.pts) == first.size:
            return first.pts, chain([first], packets)
    return 0, iter(())


def _undecodable(problems: Sequence[str]) -> str:
    return "none of its frames can be decoded" + (f" ({problems[-1]})" if problems else "")
