"""Write frames to an mp4 file, the same bytes for the same frames."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.video.codeccontext import VideoCodecContext
from av.video.reformatter import VideoReformatter

from framecue.errors import InputError, OutputError
from framecue.outputs import check_output, written_beside
from framecue.video.read.source import ffmpeg_reason, quiet_ffmpeg

__all__ = ["encodable", "set_colours", "write_video"]

_BT709, _LIMITED_RANGE = 1, 1


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    *,
    frames_per_second: float,
    crf: int = 18,
    overwrite: bool = False,
) -> None:
    """Write an H.264 mp4 (yuv420p, BT.709) that any player opens and that starts before it is fully loaded.

    The same frames give the same bytes, as long as the version of the encoder is the same.

    Args:
        path: the file to write; it appears when it is complete.
        frames: uint8 (H, W, 3), RGB, all of one size; H and W even (each colour sample covers 2 x 2 pixels).
        frames_per_second: the constant frame rate.
        crf: the encoder's quality, 0 (lossless but for the colour conversion) to 51 (worst).
        overwrite: replace a file that exists.

    Raises:
        InputError: there are no frames, or they, the rate or the quality are not as described; or the file exists.
        OutputError: the file cannot be written.
    """
    path = Path(path)
    if not 0 < frames_per_second < float("inf"):
        raise InputError(f"frames_per_second is {frames_per_second}; it must be above 0")
    if not 0 <= crf <= 51:
        raise InputError(f"crf is {crf}; it must be from 0 to 51")
    check_output(path, overwrite=overwrite)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise InputError(f"{path}: a video needs at least one frame")
    shape = np.shape(first)
    _check(first, shape)
    try:
        with (
            written_beside(path, overwrite=overwrite) as partial,
            quiet_ffmpeg(),
            av.open(f"file:{partial.absolute()}", "w", format="mp4", options=_MUXER) as container,
        ):
            rate = Fraction(frames_per_second).limit_denominator(100_000)
            encoder = {"crf": str(crf), "preset": "medium", **_SAME_BYTES}
            stream = container.add_stream("libx264", rate=rate, options=encoder)
            stream.height, stream.width, stream.pix_fmt = shape[0], shape[1], "yuv420p"
            context = stream.codec_context
            context.thread_count = 1
            set_colours(context)
            reformatter = VideoReformatter()
            for number, pixels in enumerate(chain([first], remaining)):
                _check(pixels, shape)
                frame = encodable(pixels, reformatter)
                frame.pts = number
                frame.time_base = 1 / rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (av.FFmpegError, OSError) as error:
        raise OutputError(path, f"cannot be written ({ffmpeg_reason(error)})") from error


# One thread: with more, rate control depends on their number. And x264's code that is the same on every CPU: its
# AVX-512 code for weighing macroblocks by how much later frames lean on them reads what happens to lie in memory, and
# so gives other bytes now and then.
_SAME_BYTES = {"threads": "1", "x264-params": "cpu-independent=1"}
# The index goes to the front of the file, and neither a date nor a version number into it.
_MUXER = {"movflags": "+faststart", "fflags": "+bitexact"}
# swscale: average the colours of neighbouring pixels (area), at full resolution, the same on every CPU.
_SCALING = 0x20 | 0x4000 | 0x40000 | 0x80000


def set_colours(context: VideoCodecContext) -> None:
    """Mark an encoder's stream with the colours that :func:`encodable` makes."""
    context.color_range, context.colorspace = _LIMITED_RANGE, _BT709
    context.color_primaries = context.color_trc = _BT709


def encodable(pixels: np.ndarray, reformatter: VideoReformatter) -> av.VideoFrame:
    """Turn uint8 (H, W, 3), RGB, with even H and W, into a frame for an encoder: yuv420p, BT.709."""
    picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return reformatter.reformat(
        picture,
        format="yuv420p",
        dst_colorspace=_BT709,
        dst_color_range=_LIMITED_RANGE,
        interpolation=_SCALING,
        threads=1,
    )


def _check(pixels: np.ndarray, shape: tuple[int, ...]) -> None:
    is_picture = isinstance(pixels, np.ndarray) and pixels.dtype == np.uint8 and pixels.ndim == 3
    if not is_picture or pixels.shape[2] != 3 or pixels.shape[0] % 2 or pixels.shape[1] % 2 or 0 in pixels.shape:
        got = f"{getattr(pixels, 'dtype', type(pixels).__name__)} {np.shape(pixels)}"
        raise InputError(f"a frame is {got}; frames are uint8 (H, W, 3) with even H and W")
    if pixels.shape != shape:
        raise InputError(f"a frame is {pixels.shape} and the first one {shape}; all frames have one size")
