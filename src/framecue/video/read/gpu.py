"""Decoding a video's frames on a GPU, by torchcodec, where PyAV would decode them on the processor.

A GPU's decoder takes long to start and then decodes large pictures quickly, so it is for those. Everything else stays
as it is: which frames are taken comes from the packet index, what a file may cost is counted, what is done to PyAV's
frames is done to these, and a file that torchcodec cannot decode as PyAV does is PyAV's after all.

Nothing is imported for it before the first file is large enough. It runs where files are decoded, in another process.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from framecue.errors import first_line
from framecue.video.limits import GPU_PIXELS
from framecue.video.read.access import elsewhere
from framecue.video.read.budget import begin_pixels, spend
from framecue.video.read.heartbeat import beat
from framecue.video.read.packets import PacketIndex
from framecue.video.read.pixels import RgbConverter, has_alpha, is_upright
from framecue.video.read.plan import plan_runs
from framecue.video.read.run import decode_run
from framecue.video.read.shape import Decoded
from framecue.video.read.source import open_video

__all__ = ["GpuDecoding", "GpuUse", "decode_on_gpu", "decoding_on_gpu"]

# Formats in one file that say when frames are shown. Those of other kinds could name further files, which PyAV refuses
# to open and torchcodec would not.
_FORMATS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
# So much is decoded at a time: frames lie on the GPU as RGB, and then here.
_BYTES_AT_ONCE = 256 << 20
# Grey levels, on the mean, by which a GPU's colours may differ from PyAV's before something is wrong.
_MOST_DIFFERENT = 8.0
_SMALL_SIDE = 36


@dataclass(frozen=True)
class GpuDecoding:
    """How videos are decoded on a GPU.

    Attributes:
        device: the GPU, as torch names it.
        min_pixels: of a picture, from which on a video is decoded there.
    """

    device: str = "cuda"
    min_pixels: int = GPU_PIXELS


@dataclass(frozen=True)
class GpuUse:
    """How one file was decoded.

    Attributes:
        num_frames: how many of its frames came from a GPU.
        fallback: why others, or all, came from PyAV though the file is large enough; None if none did.
    """

    num_frames: int = 0
    fallback: str | None = None


@dataclass
class _Session:
    """The decoding of one file."""

    options: GpuDecoding
    num_frames: int = 0
    fallback: str | None = None

    def use(self) -> GpuUse:
        return GpuUse(self.num_frames, self.fallback)


class _NotOnGpuError(Exception):
    """A file cannot be decoded on the GPU as PyAV decodes it; the message says why."""


@dataclass
class _Torchcodec:
    """What came of importing torchcodec, which is tried once."""

    decoder: Any = None
    error: str | None = None
    is_tried: bool = False

    def get(self) -> Any:
        if not self.is_tried:
            self.is_tried = True
            beat()
            try:
                self.decoder = import_module("torchcodec.decoders").VideoDecoder
            except Exception as error:  # also a RuntimeError, where it does not find ffmpeg's libraries
                self.error = f"torchcodec cannot be imported ({first_line(error)})"
            beat()
        if self.error is not None:
            raise _NotOnGpuError(self.error)
        return self.decoder


_session: _Session | None = None
_torchcodec = _Torchcodec()


@contextmanager
def decoding_on_gpu(options: GpuDecoding | None) -> Iterator[_Session | None]:
    """Decode a file's large pictures on a GPU while the block runs; with None nothing is decoded there.

    Yields:
        What tells afterwards how the file was decoded.
    """
    global _session
    before, _session = _session, None if options is None else _Session(options)
    try:
        yield _session
    finally:
        _session = before


def decode_on_gpu(path: str | Path, index: PacketIndex, places: Sequence[int]) -> Iterator[tuple[int, Decoded]]:
    """Decode some frames of a file on the GPU, as far as this can be done; what is missing then is for PyAV.

    Args:
        path: the file.
        index: its index.
        places: the frames to take, ascending.

    Yields:
        Places and frames in that order, none left out before the last one; nothing outside of ``decoding_on_gpu``.

    Raises:
        VideoError: more is decoded than the file may take.
    """
    # A file that could not be decoded there once is not tried again.
    session = _session
    if session is None or session.fallback is not None or not len(places):
        return
    with open_video(path) as (container, stream):
        context = stream.codec_context
        if context.width * context.height < session.options.min_pixels:
            return
        # What is decoded on the way counts, as if by PyAV: a file made to be decoded for hours is one here as well.
        num_pixels = _num_decoded(index, places) * context.width * context.height
        begin_pixels(num_pixels)
        try:
            decoder = _open(Path(path), container, stream, index, session.options)
            begin_pixels(num_pixels)  # the frame for comparison is not among them
            for chunk in _chunks(places, context.width * context.height * 3):
                for place, frame in _decoded(decoder, stream, index, chunk):
                    session.num_frames += 1
                    yield place, frame
        except _NotOnGpuError as error:
            session.fallback = str(error)


@dataclass
class _Decoder:
    """An open decoder of torchcodec, and how the frames of its file are shown."""

    frames: Any
    like: Decoded


def _open(
    path: Path, container: InputContainer, stream: VideoStream, index: PacketIndex, options: GpuDecoding
) -> _Decoder:
    """Open a file, and see that a frame in its middle is the one that PyAV decodes.

    Raises:
        _NotOnGpuError: it is not, or cannot be decoded there.
    """
    if elsewhere(path) is not None:
        raise _NotOnGpuError("what is read by ranges of an object store is decoded by PyAV")
    if container.format.name not in _FORMATS:
        raise _NotOnGpuError(f"files of the kind {container.format.name.split(',')[0]} are decoded by PyAV")
    if index.by_order or index.num_skipped or not len(index.key_times):
        raise _NotOnGpuError("its packets do not say when each frame is shown")
    place = int(np.searchsorted(index.times, index.key_times[len(index.key_times) // 2]))
    like = next((frame for _, frame in decode_run(container, stream, index, plan_runs(index, [place])[0], [])), None)
    if like is None:
        raise _NotOnGpuError("the frame by which both decoders are compared cannot be decoded by PyAV")
    if has_alpha(like.frame):
        raise _NotOnGpuError("its pictures are transparent")
    if not is_upright(like.frame):
        raise _NotOnGpuError("its pictures are turned")
    video_decoder = _torchcodec.get()
    try:
        # A file's address as torchcodec takes it has to be absolute, or a name with a colon would be a protocol.
        opened = video_decoder(
            str(path.absolute()), stream_index=stream.index, dimension_order="NHWC", device=options.device
        )
    except Exception as error:  # any of torch's and torchcodec's: there is no GPU, no driver, no such codec
        raise _NotOnGpuError(f"torchcodec cannot open it ({first_line(error)})") from error
    decoder = _Decoder(opened, like)
    ((_, found),) = _decoded(decoder, stream, index, [place])
    difference = np.abs(_small(found) - _small(like)).mean()
    if difference > _MOST_DIFFERENT:
        raise _NotOnGpuError(f"the GPU's pictures are others than PyAV's (by {difference:.0f} grey levels)")
    return decoder


def _chunks(places: Sequence[int], bytes_per_frame: int) -> Iterator[Sequence[int]]:
    size = max(1, _BYTES_AT_ONCE // bytes_per_frame)
    for start in range(0, len(places), size):
        yield places[start : start + size]


def _decoded(
    decoder: _Decoder, stream: VideoStream, index: PacketIndex, places: Sequence[int]
) -> Iterator[tuple[int, Decoded]]:
    """Decode frames, and see that they are those that were asked for.

    Raises:
        _NotOnGpuError: they are not, or they cannot be decoded there.
        VideoError: more is decoded than the file may take.
    """
    like = decoder.like
    spend(_num_decoded(index, places) * like.frame.width * like.frame.height)
    beat()
    shown = index.times[list(places)]
    middles = shown + _half_gaps(index)[list(places)]
    scale = float(index.time_base)
    try:
        batch = decoder.frames.get_frames_played_at(seconds=[float(time) * scale for time in middles])
        pixels = batch.data.cpu().numpy()
        found_seconds = np.asarray(batch.pts_seconds.cpu(), dtype=np.float64)
    except Exception as error:  # any of torch's and torchcodec's: out of memory, a damaged frame
        raise _NotOnGpuError(f"torchcodec cannot decode it ({first_line(error)})") from error
    beat()
    # Known once a frame was decoded; older versions do not tell.
    fallback = getattr(decoder.frames, "cpu_fallback", None)
    if fallback:
        raise _NotOnGpuError(f"torchcodec decodes it on the processor ({' '.join(str(fallback).split())})")
    expected = (len(places), like.frame.height, like.frame.width, 3)
    if pixels.shape != expected:
        raise _NotOnGpuError(f"the GPU's pictures are {pixels.shape}, PyAV's {expected}")
    if np.abs(found_seconds - shown * scale).max() > max(scale, 1e-3):
        raise _NotOnGpuError("torchcodec counts its frames' times otherwise")
    for place, picture in zip(places, pixels, strict=True):
        yield place, Decoded(VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24"), like.shape)


def _half_gaps(index: PacketIndex) -> np.ndarray:
    """Return half the time from each frame to the next; of the last one, whose end is uncertain, half the shortest."""
    gaps = np.diff(index.times)
    shortest = int(gaps.min()) if len(gaps) else 0
    return np.append(gaps, shortest) // 2


def _num_decoded(index: PacketIndex, places: Sequence[int]) -> int:
    return sum(run.num_decoded for run in plan_runs(index, places))


def _small(frame: Decoded) -> np.ndarray:
    # By way of the conversion that follows, so that colours are compared as they will be seen.
    return RgbConverter(short_side=_SMALL_SIDE)(*frame).astype(np.int16)
