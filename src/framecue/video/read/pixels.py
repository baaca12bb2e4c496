"""Turn a decoder's frame into RGB as a person would see it: colours, transparency, orientation, size."""

from __future__ import annotations

import gc
from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

__all__ = ["RgbConverter"]

# swscale's flags: bicubic (which averages when it shrinks), full chroma resolution, and the same bytes on every CPU.
_SCALING = 0x4 | 0x2000 | 0x40000 | 0x80000
_UNSPECIFIED, _BT709, _BT601 = 2, 1, 5
_WHITE = 255
_MAX_WAITING_PIXELS = 100_000_000
_PIXELS_AT_ONCE = 1_000_000
# How many times longer the long side may be than the short side that is asked for.
_LONGEST = 16


class RgbConverter:
    """Converts the frames of one video. All results have the size of the first one.

    Transparent pixels are laid on white. HDR is not tone-mapped, and a pixel shape other than square is not applied.

    Args:
        short_side: scale frames down so that their short side is this long, and the long one at most 16 times as long;
            ``None`` for full size.
    """

    def __init__(self, *, short_side: int | None = None) -> None:
        self._short_side = short_side
        self._size: tuple[int, int] | None = None
        self._reformatter = VideoReformatter()
        self._num_waiting = 0

    def __call__(self, frame: VideoFrame) -> np.ndarray:
        """Convert one frame.

        Args:
            frame: as the decoder gives it.

        Returns:
            uint8 (H, W, 3), RGB, in display orientation.
        """
        self._num_waiting += frame.width * frame.height
        if self._num_waiting > _MAX_WAITING_PIXELS:
            # PyAV's frames refer to themselves once their side data was looked at (below), and Python, which would
            # collect them, counts objects and not megabytes.
            gc.collect()
            self._num_waiting = 0
        a, b, c, d = _display_matrix(frame)
        is_turned = abs(a) + abs(d) < abs(b) + abs(c)
        if self._size is None:
            height, width = self._scaled(frame.height, frame.width)
            self._size = (width, height) if is_turned else (height, width)
        height, width = self._size[::-1] if is_turned else self._size
        if _has_alpha(frame):
            frame = VideoFrame.from_ndarray(_on_white(self._reformat(frame, frame.width, frame.height, "rgba")))
        pixels = self._reformat(frame, width, height, "rgb24").to_ndarray()
        # The matrix sends the stored point (x, y) to the shown point (a x + c y, b x + d y).
        if is_turned:
            pixels, flip_x, flip_y = pixels.transpose(1, 0, 2), c < 0, b < 0
        else:
            flip_x, flip_y = a < 0, d < 0
        return pixels[:: -1 if flip_y else 1, :: -1 if flip_x else 1]

    def _scaled(self, height: int, width: int) -> tuple[int, int]:
        short, long = sorted((height, width))
        if self._short_side is not None and long > _LONGEST * max(short, self._short_side):
            # A strip, which may be a million pixels long: its long side is what counts.
            factor = _LONGEST * self._short_side / long
            return max(1, round(height * factor)), max(1, round(width * factor))
        if self._short_side is None or short <= self._short_side:
            return height, width
        return round(height * self._short_side / short), round(width * self._short_side / short)

    def _reformat(self, frame: VideoFrame, width: int, height: int, pixel_format: str) -> VideoFrame:
        source = frame.colorspace
        if source == _UNSPECIFIED and not frame.format.is_rgb:
            source = _usual_colorspace(frame)
        # One thread: a few frames are converted, and starting threads for each takes longer than that.
        try:
            return self._reformatter.reformat(
                frame, width, height, pixel_format, src_colorspace=source, interpolation=_SCALING, threads=1
            )
        except (ValueError, OSError):
            # swscale lacks a few rare colour spaces; near colours are better than no frame.
            source = _usual_colorspace(frame)
            return self._reformatter.reformat(
                frame, width, height, pixel_format, src_colorspace=source, interpolation=_SCALING, threads=1
            )


def _usual_colorspace(frame: VideoFrame) -> int:
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


def _has_alpha(frame: VideoFrame) -> bool:
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
