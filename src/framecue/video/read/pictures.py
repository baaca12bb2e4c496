"""Picture files that ffmpeg reads in part or not at all, put together by the libraries that know them whole.

A phone's HEIC is a grid of tiles, which ffmpeg gives one by one. It does not play animated WebP, and does not mirror a
photograph whose orientation says so. Pillow and pillow-heif do; what they give is handed to ffmpeg in memory, without
loss, so that all else is as with any file.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from PIL import ExifTags, Image, ImageOps, ImageSequence

from framecue.errors import VideoError
from framecue.video.read.access import open_bytes
from framecue.video.read.budget import begin_pixels, spend
from framecue.video.read.heartbeat import beat

__all__ = ["HEIF_BRANDS", "stand_in"]

HEIF_BRANDS = frozenset({"avif", "avis", "heic", "heim", "heis", "heix", "hevc", "hevx", "mif1", "msf1"})
"""What a picture file of the mp4 family calls itself."""

_PHOTO_DEMUXERS = frozenset({"image2", "jpeg_pipe", "png_pipe", "tiff_pipe", "webp_pipe"})
_PHOTO_FORMATS = ("JPEG", "PNG", "TIFF", "WEBP")
_MIRRORED = frozenset({2, 4, 5, 7})  # of Exif's eight orientations
# Where a HEIF file's description lies, with the word for a part of the picture that alone is shown.
_HEAD_BYTES, _APERTURE = 1 << 18, b"clap"
# Seconds for which a frame of an animation is shown that says 0, as browsers do.
_LEAST_SECONDS, _USUAL_SECONDS = 0.011, 0.1
_MILLISECOND = Fraction(1, 1000)
# What an animation may take in memory while it is read, as every frame of it is kept without loss.
_MAX_FILM_BYTES = 1 << 30
# What Pillow and pillow-heif raise on files that they cannot read.
_LIBRARY_ERRORS = (OSError, SyntaxError, ValueError, EOFError, RuntimeError, Image.DecompressionBombError, ImportError)


def stand_in(path: Path, container: InputContainer) -> io.BytesIO | None:
    """Return what to open in place of a picture file that ffmpeg does not read as a whole.

    Args:
        path: the file.
        container: the file as ffmpeg has opened it; nothing of it is read.

    Returns:
        A PNG picture or a film; ``None`` for a file that ffmpeg can be left with.

    Raises:
        VideoError: the file cannot be put together.
    """
    if container.metadata.get("major_brand") in HEIF_BRANDS:
        if _is_whole(path, container):
            return None
        with _refusing(path, f"a picture of {len(container.streams.video)} parts that cannot be put together"):
            return _png(_heif_picture(path))
    if container.format.name not in _PHOTO_DEMUXERS:
        return None
    try:
        with _quiet(), open_bytes(path) as file, Image.open(file, formats=_PHOTO_FORMATS) as picture:
            orientation = picture.getexif().get(ExifTags.Base.Orientation)
            is_animated = picture.format == "WEBP" and getattr(picture, "n_frames", 1) > 1
    except _LIBRARY_ERRORS:  # whatever it is, ffmpeg's answer counts
        return None
    if is_animated:
        with _opened(path, "an animated WebP picture that cannot be decoded") as picture:
            _begin(picture.size, num_frames=getattr(picture, "n_frames", 1))
            return _film(path, picture)
    if orientation in _MIRRORED:
        with _opened(path, "a picture that cannot be decoded") as picture:
            _begin(picture.size)
            return _png(ImageOps.exif_transpose(picture))
    return None


def _is_whole(path: Path, container: InputContainer) -> bool:
    """Whether one stream has the picture of a HEIF file, or it is a film, of which one stream is enough."""
    videos = container.streams.video
    if any(stream.frames > 1 for stream in videos):
        return True
    with open_bytes(path) as file:
        return len(videos) == 1 and _APERTURE not in file.read(_HEAD_BYTES)


def _heif_picture(path: Path) -> Image.Image:
    """Read the file's main picture, upright, with what makes it transparent."""
    with open_bytes(path) as file:
        is_avif = file.read(12)[8:] in (b"avif", b"avis")
    if is_avif:
        with open_bytes(path) as file, Image.open(file) as picture:
            _begin(picture.size)
            return ImageOps.exif_transpose(picture)
    # Imported here, as few files want it.
    import pillow_heif

    # It has applied the file's own turns, which stand beside Exif's and go before them.
    with open_bytes(path) as file:
        heif = pillow_heif.open_heif(file)
        _begin(heif.size)
        return heif.to_pillow()


def _begin(size: tuple[int, int], *, num_frames: int = 1) -> None:
    """Refuse a picture that is too large for its file before anything of it is decoded."""
    begin_pixels(size[0] * size[1] * num_frames)


def _png(picture: Image.Image) -> io.BytesIO:
    """Return a picture as a file that ffmpeg reads at once: not compressed."""
    buffer = io.BytesIO()
    mode = "RGBA" if picture.has_transparency_data else "RGB"
    beat()
    picture.convert(mode).save(buffer, "PNG", compress_level=0, exif=b"")
    return _rewound(buffer)


def _film(path: Path, picture: Image.Image) -> io.BytesIO:
    """Return an animation's frames, each as it is shown over those before, with their times.

    Raises:
        VideoError: they take more pixels than the file may, or more memory than an animation may.
    """
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mov") as container:
        stream = container.add_stream("png", rate=25, options={"compression_level": "1", "pred": "up"})
        stream.width, stream.height, stream.pix_fmt = *picture.size, "rgba"
        stream.codec_context.time_base, stream.codec_context.thread_count = _MILLISECOND, 1
        time = 0
        for frame in ImageSequence.Iterator(picture):
            beat()
            # Also here, as how many there are is the file's word.
            spend(picture.width * picture.height)
            out = av.VideoFrame.from_ndarray(np.asarray(frame.convert("RGBA")), format="rgba")
            seconds = frame.info.get("duration", 0) / 1000
            length = round((seconds if seconds >= _LEAST_SECONDS else _USUAL_SECONDS) / _MILLISECOND)
            out.pts, out.duration, out.time_base = time, length, _MILLISECOND
            for packet in stream.encode(out):
                packet.duration = length  # which the encoder takes from the rate
                container.mux(packet)
            time += length
            if buffer.tell() > _MAX_FILM_BYTES:
                raise VideoError(
                    path,
                    f"an animation that takes more than {_MAX_FILM_BYTES >> 20} MB of memory while it is read; convert "
                    "it to mp4 or webm",
                )
        container.mux(stream.encode(None))
    return _rewound(buffer)


def _rewound(buffer: io.BytesIO) -> io.BytesIO:
    buffer.seek(0)
    return buffer


@contextmanager
def _opened(path: Path, reason: str) -> Iterator[Image.Image]:
    """Open a picture, and name what could not be done with it."""
    with _refusing(path, reason), open_bytes(path) as file, Image.open(file) as picture:
        yield picture


@contextmanager
def _refusing(path: Path, reason: str) -> Iterator[None]:
    """Name what could not be done with a file, whatever the library raised."""
    try:
        with _quiet():
            yield
    except (
        ImportError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        RuntimeError,
        Image.DecompressionBombError,
    ) as error:
        raise VideoError(path, f"{reason} ({error}); convert it to JPEG or PNG") from error


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Pillow's warnings of damaged and of large pictures to itself: what is read is bounded elsewhere."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
