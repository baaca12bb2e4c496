"""Recordings whose sound and pictures begin and end at different times, and transport streams that were damaged."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

__all__ = ["NUM_LEVELS", "SOUND_RATE", "flagged", "record"]

RATE = 10  # pictures a second
SOUND_RATE = 16_000
NUM_LEVELS = 50  # picture n is grey 5 x (n mod NUM_LEVELS)
_SAMPLES = 1_000
_TS_PACKET_BYTES = 188
_TICKS = 90_000


def record(
    path: Path,
    *,
    pictures: tuple[float, float],
    sound: tuple[float, float] | None = None,
    size: tuple[int, int] = (48, 64),
    options: dict[str, str] | None = None,
    b_frames: int = 2,
    data_at: float | None = None,
    gop: int = RATE,
) -> Path:
    """Write H.264 and AAC.

    Args:
        path: the file; its ending says which container.
        pictures: when they begin and end, in seconds.
        sound: when it begins and ends.
        size: height and width.
        options: of the muxer.
        b_frames: how many pictures in a row are shown before one that is decoded first.
        data_at: when a stream of data has its one packet (transport streams only).
        gop: pictures from one keyframe to the next.
    """
    # Many tests want the same few.
    made = _made(path.suffix, pictures, sound, size, tuple((options or {}).items()), b_frames, data_at, gop)
    path.write_bytes(made)
    return path


@cache
def _made(
    suffix: str,
    pictures: tuple[float, float],
    sound: tuple[float, float] | None,
    size: tuple[int, int],
    options: tuple[tuple[str, str], ...],
    b_frames: int,
    data_at: float | None,
    gop: int,
) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"made{suffix}"
        _write(path, pictures, sound, size, dict(options), b_frames, data_at, gop)
        return path.read_bytes()


def _write(
    path: Path,
    pictures: tuple[float, float],
    sound: tuple[float, float] | None,
    size: tuple[int, int],
    options: dict[str, str],
    b_frames: int,
    data_at: float | None,
    gop: int,
) -> None:
    with av.open(str(path), "w", options=options) as container:
        # One thread and short groups, as tests seek.
        coder = {"preset": "ultrafast", "bf": str(b_frames), "threads": "1", "x264-params": "scenecut=0"}
        stream = container.add_stream("libx264", rate=RATE, options=coder)
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        stream.codec_context.gop_size = gop
        tone = container.add_stream("aac", rate=SOUND_RATE, layout="mono") if sound else None
        if data_at is not None:
            packet = av.Packet(b"a remark")
            packet.stream, packet.time_base = container.add_data_stream("bin_data"), Fraction(1, 1000)
            packet.pts = packet.dts = round(data_at * 1000)
        times = [(pictures[0] + n / RATE, n, True) for n in range(round((pictures[1] - pictures[0]) * RATE))]
        if sound:
            step = _SAMPLES / SOUND_RATE
            times += [(sound[0] + n * step, n, False) for n in range(round((sound[1] - sound[0]) / step))]
        if data_at is not None:
            container.mux(packet)
        for seconds, number, is_picture in sorted(times):
            if is_picture:
                level = np.full((*size, 3), number % NUM_LEVELS * 5, np.uint8)
                picture = av.VideoFrame.from_ndarray(level, format="rgb24").reformat(format="yuv420p")
                picture.pts, picture.time_base = round(seconds * RATE), Fraction(1, RATE)
                container.mux(stream.encode(picture))
            elif tone:
                piece = av.AudioFrame.from_ndarray(np.zeros((1, _SAMPLES), np.float32), format="fltp", layout="mono")
                piece.sample_rate, piece.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
                piece.pts = round(seconds * SOUND_RATE)
                container.mux(tone.encode(piece))
        container.mux(stream.encode(None))
        if tone:
            container.mux(tone.encode(None))


def flagged(data: bytes, *, first: int = 0) -> bytes:
    """Return a transport stream whose packets have no continuity from a packet on: ffmpeg flags what they hold."""
    packets = bytearray(data)
    for start in range(first * _TS_PACKET_BYTES, len(packets) - _TS_PACKET_BYTES + 1, _TS_PACKET_BYTES):
        packets[start + 3] &= 0xF0
    return bytes(packets)
