"""Find where shots begin: hard cuts, by PySceneDetect's adaptive detector on small frames.

The detector compares each frame with the one before and asks whether they differ far more than their neighbours do,
which tells a cut from a moving camera. In H.264 half the frames or more are referred to by no other; they are left out
of the first look, and where a cut lies among some of them, these are looked at as well. So the time of a cut is always
that of its shot's very first frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from framecue.video.read.budget import begin_pass
from framecue.video.read.decode import set_threads
from framecue.video.read.forward import decode_places
from framecue.video.read.packets import PacketIndex
from framecue.video.read.run import decoded_frames
from framecue.video.read.shape import Shape
from framecue.video.read.source import open_video

if TYPE_CHECKING:
    from scenedetect.detectors import AdaptiveDetector

__all__ = ["find_cuts"]

# Frames are compared at this width and height, whatever their shape and orientation: all that counts is what changes.
_SIZE = (128, 72)
_AREA = 0x20  # swscale: each small pixel is the mean of those it covers; a fifth of the time of exact conversion
# How far a frame's difference to the one before stands out of those of its neighbours: the detector's own default.
_MIN_RATIO = 3.0
# How large the difference is at least (mean over hue, saturation and value, of 255). The detector's default is 15; at
# 10 cuts between plain pictures are found as well, and a keyframe, sharper than the frame before, still is none.
_MIN_DIFFERENCE = 10.0
_ANY_RATE = Fraction(25)  # the detector wants one, and with lengths in frames makes no use of it


def find_cuts(path: str | Path, index: PacketIndex) -> list[float]:
    """Find the cuts of a video, in one pass over it.

    Args:
        path: the file.
        index: its index.

    Returns:
        When the first frame of each shot but the first is shown, in seconds, ascending. What cannot be decoded of a
        damaged video is left out.

    Raises:
        VideoError: the file cannot be opened, or has more frames than reading it may take.
    """
    detector = _make_detector()
    small = _SmallFrames()
    seen: list[int] = []  # places
    cuts: set[int] = set()  # numbers in seen
    shown: tuple[int, int, Shape] | None = None
    with open_video(path) as (container, stream):
        set_threads(stream, 0)
        begin_pass(stream, index.num_frames)
        for place, frame in decoded_frames(container, stream, index, [], skip=True):
            picture = small(frame.frame)
            if picture is not None:
                cuts.update(_process(detector, len(seen), picture))
                before, shown = shown, (frame.frame.width, frame.frame.height, frame.shape)
                # Another shape is another shot, even where the small pictures hardly differ.
                if before not in (None, shown):
                    cuts.add(len(seen))
                seen.append(place)
    gaps = [(seen[number - 1], seen[number]) for number in sorted(cuts)]
    exact = _first_frames(path, index, [gap for gap in gaps if gap[1] - gap[0] > 1])
    return [float(index.times_seconds[exact.get(gap, gap[1])]) for gap in gaps]


def _first_frames(path: str | Path, index: PacketIndex, gaps: list[tuple[int, int]]) -> dict[tuple[int, int], int]:
    """Find each cut's first frame among those from one place to another: the one that differs most from its last.

    Args:
        path: the file.
        index: its index.
        gaps: from the last frame that was looked at to the one that the detector took for the first; ascending.
    """
    places = sorted({place for before, after in gaps for place in range(before, after + 1)})
    largest: dict[tuple[int, int], tuple[float, int]] = {}
    waiting = deque(gaps)
    small = _SmallFrames()
    last: tuple[int, np.ndarray] | None = None
    for place, frame in decode_places(path, index, places, []) if places else ():
        picture = small(frame.frame)
        if picture is None:
            continue
        while waiting and waiting[0][1] < place:
            waiting.popleft()
        if last is not None and waiting and waiting[0][0] <= last[0]:
            step = float(np.abs(picture.astype(np.int16) - last[1]).mean())
            largest[waiting[0]] = max(largest.get(waiting[0], (-1.0, 0)), (step, place))
        last = place, picture
    return {gap: place for gap, (_, place) in largest.items()}


class _SmallFrames:
    """Makes the small BGR frames that are compared, None for a frame that cannot be converted."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame) -> np.ndarray | None:
        try:
            return self._reformatter.reformat(frame, *_SIZE, "bgr24", interpolation=_AREA, threads=1).to_ndarray()
        except (av.FFmpegError, ValueError, OSError):
            return None


def _make_detector() -> AdaptiveDetector:
    # Imported here, as these take half a second and only long videos want them.
    from scenedetect.detectors import AdaptiveDetector

    return AdaptiveDetector(adaptive_threshold=_MIN_RATIO, min_scene_len=1, min_content_val=_MIN_DIFFERENCE)


def _process(detector: AdaptiveDetector, number: int, picture: np.ndarray) -> Iterator[int]:
    """Show the detector a frame; yield the frames that it takes for the first of a shot."""
    from scenedetect import FrameTimecode

    return (cut.frame_num for cut in detector.process_frame(FrameTimecode(number, _ANY_RATE), picture))
