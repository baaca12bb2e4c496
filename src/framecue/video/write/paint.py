"""From decoded frames to frames for an encoder: upright, with square pixels, all of one size, with even sides."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from framecue.errors import VideoError
from framecue.video.read.pixels import RgbConverter, has_alpha, is_upright, usual_colorspace
from framecue.video.read.shape import Decoded, fitted, shown_size
from framecue.video.write.write import encodable, set_colours

__all__ = ["ExactPainter", "Painter", "QuickPainter"]

_UNSPECIFIED, _LIMITED_RANGE = 2, 1
# swscale: bicubic, which averages when it shrinks.
_SCALING = 0x4


class Painter(Protocol):
    """Makes frames for an encoder."""

    def __call__(self, decoded: Decoded) -> VideoFrame:
        """Return a frame for an encoder, without a time.

        Raises:
            VideoError: it is too small for an encoder.
        """

    def set_colours(self, context: VideoCodecContext) -> None:
        """Mark an encoder's stream with the colours of what the first call has returned."""


class ExactPainter:
    """Makes frames by way of RGB, which everything can be turned into.

    Transparent pixels are laid on white. Frames of another size than the first are fitted into it, with black bars.

    Args:
        source: the file, for messages.
        short_side: scale larger frames down so that their short side is this long; None for full size.

    Attributes:
        size: height and width of what is made; None before the first frame.
    """

    def __init__(self, source: Path, *, short_side: int | None = None) -> None:
        self._source = source
        self._convert, self._reformatter = RgbConverter(short_side=short_side), VideoReformatter()
        self.size: tuple[int, ...] | None = None

    def __call__(self, decoded: Decoded) -> VideoFrame:
        """Return a frame for an encoder."""
        pixels = self._convert(*decoded)
        self.size = self.size or pixels.shape[:2]
        pixels = fitted(pixels, self.size)
        height, width, _ = pixels.shape
        _check_size(self._source, width, height)
        return encodable(pixels[: height // 2 * 2, : width // 2 * 2], self._reformatter)

    def set_colours(self, context: VideoCodecContext) -> None:
        """Mark an encoder's stream with the colours of these frames."""
        set_colours(context)


class QuickPainter:
    """Makes frames in one step where they are ordinary: upright, opaque, in the colours of video; others as exactly.

    The file's colours stay what they are, and are only told to whoever plays it: so nothing is lost in them, HDR
    included, and a large frame takes a third of the time.

    Args:
        source: the file, for messages.
        short_side: scale larger frames down so that their short side is this long.
    """

    def __init__(self, source: Path, *, short_side: int) -> None:
        self._source, self._short_side = source, short_side
        self._exact = ExactPainter(source, short_side=short_side)
        self._reformatter = VideoReformatter()
        self._first: VideoFrame | None = None
        self._begin: tuple[object, ...] | None = None

    def __call__(self, decoded: Decoded) -> VideoFrame:
        """Return a frame for an encoder."""
        frame, shape = decoded
        looks = (frame.width, frame.height, frame.format.name, shape)
        if self._begin is None:
            self._begin = looks
            if _is_ordinary(decoded):
                self._first = frame
        # A frame that differs from the first in the middle of a film is rare: that its colours are near will do.
        if self._first is None or looks != self._begin or not is_upright(frame):
            return self._exact(decoded)
        width, height = shown_size(frame.width, frame.height, shape.pixel, short_side=self._short_side)
        _check_size(self._source, width, height)
        # To the nearest even size below, which draws a picture in by less than a pixel.
        width, height = width // 2 * 2, height // 2 * 2
        self._exact.size = height, width
        return self._reformatter.reformat(
            frame, width, height, "yuv420p", dst_color_range=_LIMITED_RANGE, interpolation=_SCALING, threads=1
        )

    def set_colours(self, context: VideoCodecContext) -> None:
        """Mark an encoder's stream with the colours of these frames."""
        first = self._first
        if first is None:
            set_colours(context)
            return
        is_said = first.colorspace != _UNSPECIFIED
        context.colorspace = first.colorspace if is_said else usual_colorspace(first)
        # What the frames are made to, whatever the source's are.
        context.color_range = _LIMITED_RANGE
        context.color_primaries, context.color_trc = first.color_primaries, first.color_trc


def _is_ordinary(decoded: Decoded) -> bool:
    frame, shape = decoded
    return (
        is_upright(frame)
        and shape.margins is None
        and not has_alpha(frame)
        and not frame.format.is_rgb
        and frame.format.name.startswith(("yuv4", "yuvj4", "nv12", "p010"))
    )


def _check_size(source: Path, width: int, height: int) -> None:
    if min(height, width) < 2:
        raise VideoError(source, f"is {width} x {height} pixels; an encoder needs 2 x 2")
