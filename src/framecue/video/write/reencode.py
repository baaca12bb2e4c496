"""Encode a stretch of a video anew, to the frame, with its sound."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from framecue.errors import VideoError
from framecue.video.read.forward import decode_places
from framecue.video.read.frames import undecodable
from framecue.video.read.packets import PacketIndex
from framecue.video.read.pixels import RgbConverter
from framecue.video.read.shape import fitted
from framecue.video.read.source import open_video
from framecue.video.write.containers import Codecs
from framecue.video.write.write import encodable, set_colours

__all__ = ["encode_frames"]

_TIME_BASE = Fraction(1, 90_000)
_USUAL_RATE = 25
_USUAL_SOUND_RATE = 48_000
# A decoder of sound needs some of what comes before to be right.
_SOUND_LEAD_SECONDS = 2


def encode_frames(
    source: Path, index: PacketIndex, target: OutputContainer, places: tuple[int, int], codecs: Codecs
) -> None:
    """Encode a video's frames from one place to another, each at its time, and the sound that goes with them.

    Of several sound tracks one is taken. Frames are turned upright, their pixels made square, laid on white where they
    are transparent, and lose a last odd row and column. Where the size changes midway, those of another size than the
    first are fitted into it with black bars.

    Args:
        source: the file.
        index: its index.
        target: the open output container.
        places: the first and the last frame.
        codecs: what to encode with.

    Raises:
        VideoError: no frame can be decoded, or the file cannot be opened.
    """
    start, end = index.span(*places)
    problems: list[str] = []
    for is_careful in (False, True):  # a jump may land where the decoder cannot recover
        pictures = _pictures(source, index, places, problems, is_careful=is_careful)
        first = next(pictures, None)
        if first is not None and first.seconds == start:
            break
    if first is None:
        raise VideoError(source, undecodable(problems))
    with open_video(source) as (container, stream):
        pictures_out = _add_pictures(target, stream, first.frame, codecs)
        timed: list[Iterator[_Picture | _Sound]] = [chain([first], pictures)]
        sound_out: AudioStream | None = None
        sound = container.streams.best("audio")
        # PyAV's types leave out that there is no context for a codec that ffmpeg does not know.
        if isinstance(sound, AudioStream) and cast(object, sound.codec_context) is not None:
            rate, layout = _sound_shape(codecs.sound, sound)
            sound_out = cast(AudioStream, target.add_stream(codecs.sound, rate=rate, layout=layout))
            resampler = AudioResampler(format="fltp", rate=rate, layout=layout)
            timed.append(_sounds(container, sound, resampler, rate, start, end))
        for item in merge(*timed, key=lambda item: item.seconds):
            if isinstance(item, _Picture):
                target.mux(pictures_out.encode(item.frame))
            elif sound_out is not None:
                target.mux(sound_out.encode(item.frame))
        target.mux(pictures_out.encode(None))
        if sound_out is not None:
            target.mux(sound_out.encode(None))


class _Picture(NamedTuple):
    """A frame with its time in the source's own clock."""

    seconds: Fraction
    frame: VideoFrame


class _Sound(NamedTuple):
    """A piece of sound with its time in the source's own clock."""

    seconds: Fraction
    frame: AudioFrame


def _add_pictures(target: OutputContainer, source: VideoStream, first: VideoFrame, codecs: Codecs) -> VideoStream:
    """Add a stream for frames like a first one to an output."""
    rate = source.guessed_rate or source.average_rate or _USUAL_RATE
    output = cast(VideoStream, target.add_stream(codecs.picture, rate=rate, options=codecs.options))
    context = output.codec_context
    context.width, context.height, context.pix_fmt = first.width, first.height, "yuv420p"
    context.time_base = _TIME_BASE
    set_colours(context)
    return output


def _pictures(
    source: Path, index: PacketIndex, places: tuple[int, int], problems: list[str], *, is_careful: bool
) -> Iterator[_Picture]:
    convert, reformatter = RgbConverter(), VideoReformatter()
    size: tuple[int, ...] = ()
    start, _ = index.span(*places)
    time_before = -1
    wanted = range(places[0], places[1] + 1)
    for place, decoded in decode_places(source, index, wanted, problems, is_careful=is_careful):
        seconds, end = index.span(place, place)
        time = round((seconds - start) / _TIME_BASE)
        if time <= time_before:  # a damaged file may show two frames at once
            continue
        time_before = time
        pixels = convert(*decoded)
        size = size or pixels.shape[:2]
        pixels = fitted(pixels, size)
        height, width, _ = pixels.shape
        if min(height, width) < 2:
            raise VideoError(source, f"is {width} x {height} pixels; an encoder needs 2 x 2")
        frame = encodable(pixels[: height // 2 * 2, : width // 2 * 2], reformatter)
        frame.time_base = _TIME_BASE
        frame.pts, frame.duration = time, round((end - seconds) / _TIME_BASE)
        yield _Picture(seconds, frame)


def _sound_shape(encoder: str, stream: AudioStream) -> tuple[int, str]:
    """Return the stream's own sampling rate and channels, or usual ones where the encoder does not know them."""
    known, context = av.Codec(encoder, "w").audio_rates, stream.codec_context
    rate = context.sample_rate if known is None or context.sample_rate in known else _USUAL_SOUND_RATE
    layout = context.layout.name
    if layout.endswith("channels"):  # so many, and nothing said of where they are
        layout = "mono" if context.layout.nb_channels == 1 else "stereo"
    return rate, layout


def _sounds(
    container: InputContainer,
    stream: AudioStream,
    resampler: AudioResampler,
    rate: int,
    start: Fraction,
    end: Fraction,
) -> Iterator[_Sound]:
    """Yield the sound between two times, resampled and cut to the sample; what cannot be decoded is silent."""
    try:
        container.seek(int((start - _SOUND_LEAD_SECONDS) * av.time_base))
        for packet in container.demux(stream):
            for seconds, piece in _resampled(packet, resampler):
                if seconds >= end:
                    return
                skip, stop = max(0, round((start - seconds) * rate)), round((end - seconds) * rate)
                samples: np.ndarray = np.ascontiguousarray(piece.to_ndarray()[:, skip:stop])
                if samples.shape[1]:
                    frame = AudioFrame.from_ndarray(samples, format="fltp", layout=piece.layout.name)
                    frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
                    frame.pts = round((seconds - start) * rate) + skip
                    yield _Sound(max(seconds, start), frame)
    except (av.FFmpegError, OSError):
        return  # the file breaks off here


def _resampled(packet: Packet[AudioStream], resampler: AudioResampler) -> list[_Sound]:
    try:
        pieces = [piece for frame in packet.decode() for piece in resampler.resample(frame)]
    except (av.FFmpegError, ValueError):
        return []
    return [
        _Sound(piece.pts * piece.time_base, piece)
        for piece in pieces
        if piece.pts is not None and piece.time_base is not None
    ]
