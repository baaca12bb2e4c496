"""Small pictures of clips for a page: a few frames side by side, as a data URI."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from framecue.datasets.clips import Clip
from framecue.errors import VideoError
from framecue.read_ahead import read_ahead
from framecue.video import FrameSampling, FrameSource, IsolatedFrameSource

__all__ = ["Strip", "read_strips"]

FRAMES_SHOWN = 4
# A frame is fitted into this: 4 of 16:9 are 656 pixels wide.
FRAME_WIDTH, FRAME_HEIGHT, GAP = 160, 112, 4
QUALITY = 60
# Files that are read at once.
READERS = 2


@dataclass(frozen=True)
class Strip:
    """The frames of a clip side by side.

    Attributes:
        uri: the picture as a data URI; None if the file cannot be read.
        width: in pixels.
        height: in pixels.
        problem: why there is no picture.
    """

    uri: str | None
    width: int = 0
    height: int = 0
    problem: str = ""


def read_strips(
    clips: Sequence[Clip], videos: Sequence[int], *, frame_source: FrameSource | None = None
) -> dict[int, Strip]:
    """Return pictures of some clips, by their index; a file that cannot be read any more has none.

    Args:
        clips: the gallery.
        videos: the indices of those to show, each once.
        frame_source: reads the files; None decodes them in processes of their own.
    """
    if frame_source is None:
        with IsolatedFrameSource(num_processes=READERS) as opened:
            return read_strips(clips, videos, frame_source=opened)
    source = frame_source

    def read(video: int) -> Strip:
        clip = clips[video]
        frames = source.read_frames(
            clip.video,
            FrameSampling(FRAMES_SHOWN),
            start_seconds=clip.start_seconds,
            end_seconds=clip.end_seconds,
            short_side=FRAME_HEIGHT,
        )
        return _strip(frames.pixels)

    found = read_ahead(videos, read, num_threads=READERS, num_waiting=4 * READERS)
    return {video: Strip(None, problem=made.reason) if isinstance(made, VideoError) else made for video, made in found}


def _strip(pixels: np.ndarray) -> Strip:
    """Put frames uint8 (F, H, W, 3) side by side."""
    pictures = [Image.fromarray(np.ascontiguousarray(frame)) for frame in pixels]
    for picture in pictures:
        picture.thumbnail((FRAME_WIDTH, FRAME_HEIGHT))
    width, height = pictures[0].size
    sheet = Image.new("RGB", (len(pictures) * (width + GAP) - GAP, height), (128, 128, 128))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place * (width + GAP), 0))
    content = io.BytesIO()
    sheet.save(content, format="WEBP", quality=QUALITY)
    return Strip(f"data:image/webp;base64,{b64encode(content.getvalue()).decode('ascii')}", *sheet.size)
