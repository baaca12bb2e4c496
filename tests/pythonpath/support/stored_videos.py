"""Small videos in which every frame is another one, and a reader of them for stores of frames."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from framecue.video import GridFrames, GridOptions, read_grid

__all__ = ["HereSource", "even", "picture", "psnr", "write_video"]


class HereSource:
    """Reads grids in this process, and notes of which files."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def read_grid(self, path: str | Path, options: GridOptions) -> GridFrames:
        self.asked.append(Path(path).name)
        return read_grid(path, options)


def picture(number: int, *, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    """A smooth picture that tells its number by its brightness, with a gradient in which a turn would show."""
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    red = 20 + 12 * (number % 18) + 0 * rows
    green = 20 + 180 * columns / width
    blue = 20 + 180 * rows / height
    return np.stack([red, green, blue], axis=-1).astype(np.uint8)


def write_video(
    path: Path,
    times_seconds: Iterable[float],
    *,
    size: tuple[int, int] = (48, 64),
    turned: int = 0,
    pixel: Fraction | None = None,
) -> Path:
    """Write frames that are shown at these times."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.height, stream.width = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        if pixel is not None:
            stream.codec_context.sample_aspect_ratio = pixel
        if turned:
            stream.set_display_rotation(turned)
        for number, seconds in enumerate(times_seconds):
            frame = av.VideoFrame.from_ndarray(picture(number, size=size), format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = round(seconds * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def even(seconds: float, rate: float = 10) -> list[float]:
    """The times of a constant frame rate."""
    return [number / rate for number in range(round(seconds * rate))]


def psnr(some: np.ndarray, others: np.ndarray) -> float:
    """The peak signal-to-noise ratio of two arrays of bytes, in decibels."""
    error = ((some.astype(np.float64) - others) ** 2).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-9)))
