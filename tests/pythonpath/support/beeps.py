"""Recordings in which a flash of the pictures is a beep of the sound, to see whether the two stay together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

__all__ = ["FRAME_SECONDS", "beeps_of", "flashes_of", "record"]

_RATE = 25
FRAME_SECONDS = 1 / _RATE
_BEEP_SECONDS = 0.2
# What the formats hold: the video's and the sound's encoder.
_CODECS = {"mpegts": ("libx264", "aac"), "vob": ("mpeg2video", "mp2"), "mpeg": ("mpeg2video", "mp2")}


def record(
    path: Path,
    beeps: Sequence[float],
    *,
    seconds: float = 4,
    file_format: str | None = None,
    begin_seconds: float = 0,
    sounds: Sequence[dict[str, str]] = ({},),
    sound_codec: str | None = None,
    sound_rate: int = 48000,
    options: dict[str, str] | None = None,
) -> Path:
    """Write one recording.

    Args:
        path: the file.
        beeps: when it flashes and beeps, in seconds from its beginning.
        seconds: how long it lasts.
        file_format: of ffmpeg; None for what the path's ending says.
        begin_seconds: what its clock says at its beginning.
        sounds: the metadata of each sound track; none for pictures alone.
        sound_codec: what the sound is encoded with; None for what the format usually has.
        sound_rate: samples a second.
        options: of the muxer.
    """
    video, sound = _CODECS.get(file_format or "", ("libx264", "aac"))
    with av.open(str(path), "w", format=file_format, options=options or {}) as container:
        pictures = cast(VideoStream, container.add_stream(video, rate=_RATE))
        pictures.width, pictures.height, pictures.pix_fmt = 64, 48, "yuv420p"
        pictures.codec_context.gop_size = _RATE
        if video == "mpeg2video":
            pictures.bit_rate = 1_000_000
        tracks = []
        for metadata in sounds:
            track = cast(AudioStream, container.add_stream(sound_codec or sound, rate=sound_rate, layout="stereo"))
            track.metadata.update(metadata)
            tracks.append(track)
        at = np.arange(round(seconds * sound_rate)) / sound_rate
        wave = 0.6 * np.sin(2 * np.pi * 1000 * at) * _is_on(at, beeps)
        for number in range(round(seconds * _RATE)):
            grey = 255 * _is_on(np.array([number / _RATE]), beeps)[0]
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), grey, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number + round(begin_seconds * _RATE), Fraction(1, _RATE)
            container.mux(pictures.encode(frame))
            start, stop = (place * sound_rate // _RATE for place in (number, number + 1))
            for track in tracks:
                samples = np.round(np.stack([wave[start:stop]] * 2, axis=1) * 32767).astype(np.int16).reshape(1, -1)
                piece = av.AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
                piece.sample_rate, piece.time_base = sound_rate, Fraction(1, sound_rate)
                piece.pts = start + round(begin_seconds * sound_rate)
                container.mux(track.encode(piece))
        container.mux(pictures.encode(None))
        for track in tracks:
            container.mux(track.encode(None))
    return path


def flashes_of(path: Path) -> list[float]:
    """Return when the pictures turn bright, in seconds of the file's own clock."""
    with av.open(str(path)) as container:
        frames = [
            (float(frame.time or 0), frame.to_ndarray(format="gray").mean()) for frame in container.decode(video=0)
        ]
    return list(_rises((seconds, grey > 128) for seconds, grey in sorted(frames)))


def beeps_of(path: Path, track: int = 0) -> list[float]:
    """Return when a sound track turns loud, in seconds of the file's own clock."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="fltp", layout="mono", rate=16000)
        pieces = [
            (float(piece.time or 0), np.abs(piece.to_ndarray()[0]))
            for frame in container.decode(container.streams.audio[track])
            for piece in resampler.resample(frame)
        ]
    loud = [seconds + np.flatnonzero(samples > 0.1) / 16000 for seconds, samples in pieces]
    times = np.concatenate(loud)
    return [float(time) for time, gap in zip(times, np.diff(times, prepend=-9), strict=True) if gap > 0.1]


def _is_on(at: np.ndarray, beeps: Sequence[float]) -> np.ndarray:
    on = np.zeros(len(at), bool)
    for beep in beeps:
        on |= (at >= beep - 1e-9) & (at < beep + _BEEP_SECONDS)
    return on


def _rises(signal: Iterator[tuple[float, bool]]) -> Iterator[float]:
    was_on = False
    for seconds, is_on in signal:
        if is_on and not was_on:
            yield seconds
        was_on = is_on
