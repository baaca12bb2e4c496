"""Turn a decoder's frame into RGB as a person would see it: colours, transparency, orientation, size."""

from __future__ import annotations

import gc
from fractions import Fraction
from typing import cast

import numpy as np
from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from framecue.video.read.shape import Margins, Shape, shown_size

__all__ = ["RgbConverter", "has_alpha", "is_upright", "usual_colorspace"]

# swscale's flags: bicubic (which averages when it shrinks), full chroma resolution, and the same bytes on every CPU.
_SCALING = 0x4 | 0x2000 | 0x40000 | 0x80000
_UNSPECIFIED, _BT709, _BT601 = 2, 1, 5
_WHITE = 255
_PLAIN = Shape()
_MAX_WAITING_PIXELS = 100_000_000
_PIXELS_AT_ONCE = 1_000_000


class RgbConverter:
    """Converts the frames of one video, each to the size at which it is shown.

    Transparent pixels are laid on white. HDR is not tone-mapped (docs/library.md says why).

    Args:
        short_side: scale frames down so that their short side is this long, and the long one at most 16 times as long;
            ``None`` for full size.
    """

    def __init__(self, *, short_side: int | None = None) -> None:
        self._short_side = short_side
        self._reformatter = VideoReformatter()
        self._crop: tuple[tuple[int, int, str, Margins], Graph] | None = None
        self._num_waiting = 0

    def size(self, frame: VideoFrame, shape: Shape = _PLAIN) -> tuple[int, int]:
        """Return the width and the height of what a frame is converted to."""
        width, height = self._stored_size(frame, shape)
        return (height, width) if _is_turned(_display_matrix(frame)) else (width, height)

    def __call__(self, frame: VideoFrame, shape: Shape = _PLAIN) -> np.ndarray:
        """Convert one frame.

        Args:
            frame: as the decoder gives it.
            shape: how it is shown.

        Returns:
            uint8 (H, W, 3), RGB, in display orientation, with square pixels.
        """
        self._num_waiting += frame.width * frame.height
        if self._num_waiting > _MAX_WAITING_PIXELS:
            # PyAV's frames refer to themselves once their side data was looked at (below), and Python, which would
            # collect them, counts objects and not megabytes.
            gc.collect()
            self._num_waiting = 0
        matrix = _display_matrix(frame)
        width, height = self._stored_size(frame, shape)
        if shape.margins is not None:
            frame = self._without_margins(frame, shape.margins)
        if has_alpha(frame):
            frame = VideoFrame.from_ndarray(_on_white(self._reformat(frame, frame.width, frame.height, "rgba")))
        # One step for the pixels' shape and the size wanted: each would blur a little.
        pixels = self._reformat(frame, width, height, "rgb24").to_ndarray()
        # The matrix sends the stored point (x, y) to the shown point (a x + c y, b x + d y).
        a, b, c, d = matrix
        if _is_turned(matrix):
            pixels, flip_x, flip_y = pixels.transpose(1, 0, 2), c < 0, b < 0
        else:
            flip_x, flip_y = a < 0, d < 0
        return pixels[:: -1 if flip_y else 1, :: -1 if flip_x else 1]

    def _stored_size(self, frame: VideoFrame, shape: Shape) -> tuple[int, int]:
        """Return the width and the height of the result before it is turned."""
        size = (frame.width, frame.height) if shape.margins is None else shape.margins.shown(frame.width, frame.height)
        return shown_size(*size, shape.pixel, short_side=self._short_side)

    def _without_margins(self, frame: VideoFrame, margins: Margins) -> VideoFrame:
        """Cut a frame before it is scaled, so that nothing of its margins gets into what is shown."""
        key = frame.width, frame.height, frame.format.name, margins
        if self._crop is None or self._crop[0] != key:
            width, height = margins.shown(frame.width, frame.height)
            graph = Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base or Fraction(1)
            )
            crop = graph.add("crop", f"{width}:{height}:{margins.left}:{margins.top}:exact=1")
            graph.link_nodes(source, crop, graph.add("buffersink")).configure()
            self._crop = key, graph
        graph = self._crop[1]
        graph.push(frame)
        return cast(VideoFrame, graph.pull())

    def _reformat(self, frame: VideoFrame, width: int, height: int, pixel_format: str) -> VideoFrame:
        source = frame.colorspace
        if source == _UNSPECIFIED and not frame.format.is_rgb:
            source = usual_colorspace(frame)
        # One thread: a few frames are converted, and starting threads for each takes longer than that.
        try:
            return self._reformatter.reformat(
                frame, width, height, pixel_format, src_colorspace=source, interpolation=_SCALING, threads=1
            )
        except (ValueError, OSError):
            # swscale lacks a few rare colour spaces; near colours are better than no frame.
            source = usual_colorspace(frame)
            return self._reformatter.reformat(
                frame, width, height, pixel_format, src_colorspace=source, interpolation=_SCALING, threads=1
            )


def is_upright(frame: VideoFrame) -> bool:
    """Whether a frame is shown as it is stored, neither turned nor mirrored."""
    a, b, c, d = _display_matrix(frame)
    return a > 0 and d > 0 and not b and not c


def _is_turned(matrix: tuple[int, int, int, int]) -> bool:
    a, b, c, d = matrix
    return abs(a) + abs(d) < abs(b) + abs(c)


def usual_colorspace(frame: VideoFrame) -> int:
    """Return what players assume of a file that does not say: BT.709 from HD sizes on, BT.601 below."""
    return _BT709 if frame.width >= 1280 or frame.height > 576 else _BT601


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int]:
    """Return the linear part ``a, b, c, d`` of the frame's display matrix."""
    try:
        matrix = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        # PyAV fails to list side data of a kind that it has no name for; the angle can still be had.
        turns = round(frame.rotation / 90) % 4  # quarter turns, counterclockwise
        return ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))[turns]
    if matrix is None:
        return 1, 0, 0, 1
    # It is a buffer, which PyAV's types do not say.
    a, b, _, c, d = np.frombuffer(cast(bytes, matrix), dtype=np.int32)[:5].tolist()
    return a, b, c, d


def has_alpha(frame: VideoFrame) -> bool:
    """Whether a frame may have transparent pixels."""
    # A palette's entries may be transparent, which the format alone does not tell.
    return frame.format.has_palette or any(component.is_alpha for component in frame.format.components)


def _on_white(frame: VideoFrame) -> np.ndarray:
    rgba = frame.to_ndarray()
    pixels = np.ascontiguousarray(rgba[..., :3])
    if rgba[..., 3].min() == 255:
        return pixels
    # By rows, as this takes eight times a picture's own memory.
    num_rows = max(1, _PIXELS_AT_ONCE // rgba.shape[1])
    for start in range(0, len(rgba), num_rows):
        rows = rgba[start : start + num_rows].astype(np.uint16)
        alpha = rows[..., 3:]
        pixels[start : start + num_rows] = (rows[..., :3] * alpha + _WHITE * (255 - alpha) + 127) // 255
    return pixels
