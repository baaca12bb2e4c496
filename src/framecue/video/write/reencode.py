"""Encode a stretch of a video anew, to the frame, with its sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from framecue.errors import VideoError
from framecue.video.read.forward import decode_places
from framecue.video.read.frames import undecodable
from framecue.video.read.heartbeat import beat
from framecue.video.read.packets import PacketIndex
from framecue.video.read.source import open_video
from framecue.video.write.containers import Codecs
from framecue.video.write.paint import ExactPainter, Painter
from framecue.video.write.sound import plan_stretch
from framecue.video.write.sound_encode import SoundPiece, encoded_sound
from framecue.video.write.sound_tracks import HeardSound, describe, find_heard
from framecue.video.write.span import shown_span

__all__ = ["encode_frames"]

_TIME_BASE = Fraction(1, 90_000)
_USUAL_RATE = 25
_STILL_SECONDS = 1


def encode_frames(
    source: Path,
    index: PacketIndex,
    target: OutputContainer,
    places: tuple[int, int],
    wanted_end: Fraction,
    codecs: Codecs,
    *,
    wanted_start: Fraction | None = None,
    painter: Painter | None = None,
    one_sound: bool = False,
    zero_at: Fraction | None = None,
    reached: Callable[[Fraction], None] | None = None,
) -> HeardSound:
    """Encode a video's frames from one place to another, each at its time, and the sound that goes with them.

    Frames are turned upright, their pixels made square, laid on white where they are transparent, and lose a last odd
    row and column. Where the size changes midway, those of another size than the first are fitted into it with black
    bars.

    Args:
        source: the file.
        index: its index.
        target: the open output container.
        places: the first and the last frame.
        wanted_end: where to end, in seconds of the file's own clock, if the last frame is shown for longer.
        codecs: what to encode with.
        wanted_start: where to start, likewise, if the first frame has been shown for long then.
        painter: makes the frames that are encoded; None for one that does as above, exactly.
        one_sound: take the sound track that players play alone, not all of them.
        zero_at: what becomes the time 0, in seconds of the file's own clock, if the first frame is shown later; None
            for that frame's time.
        reached: is told how far it has come, in seconds of the file's own clock.

    Returns:
        Which of its sound tracks are in the output.

    Raises:
        VideoError: no frame can be decoded, or the file cannot be opened.
    """
    start, end = shown_span(index, places, wanted_end, wanted_start=wanted_start)
    start = start if zero_at is None else min(start, zero_at)
    painter = painter or ExactPainter(source)
    problems: list[str] = []
    for is_careful in (False, True):  # a jump may land where the decoder cannot recover
        pictures = _pictures(source, index, places, (start, end), problems, painter, is_careful=is_careful)
        first = next(pictures, None)
        if first is not None and first.seconds == index.span(*places)[0]:
            break
    if first is None:
        raise VideoError(source, undecodable(problems))
    stretch = plan_stretch(source, index, start, end)
    heard = find_heard(stretch, is_decoded=True, one=one_sound)
    with open_video(source) as (_, stream), stretch.open() as sound:
        has_stills = bool((np.diff(index.times[places[0] : places[1] + 1]) * index.time_base > _STILL_SECONDS).any())
        pictures_out = _add_pictures(target, stream, first.frame, codecs, painter, has_stills=has_stills)
        troubles: list[str] = []
        pieces = encoded_sound(target, sound, heard.numbers, stretch, codecs.sound, troubles)
        timed: list[Iterator[_Picture | SoundPiece]] = [chain([first], pictures), pieces]
        for item in merge(*timed, key=lambda item: item.seconds):
            beat()
            if reached is not None:
                reached(item.seconds)
            if isinstance(item, SoundPiece):
                target.mux(item.stream.encode(item.frame))
            else:
                target.mux(pictures_out.encode(item.frame))
        target.mux(pictures_out.encode(None))
        for output in target.streams.audio:
            target.mux(output.encode(None))
    return replace(heard, left_out=(*heard.left_out, *troubles))


class _Picture(NamedTuple):
    """A frame with its time in the source's own clock."""

    seconds: Fraction
    frame: VideoFrame


def _add_pictures(
    target: OutputContainer,
    source: VideoStream,
    first: VideoFrame,
    codecs: Codecs,
    painter: Painter,
    *,
    has_stills: bool,
) -> VideoStream:
    """Add a stream for frames like a first one to an output."""
    rate = source.guessed_rate or source.average_rate or _USUAL_RATE
    output = cast(VideoStream, target.add_stream(codecs.picture, rate=rate, options=codecs.options))
    context = output.codec_context
    context.width, context.height, context.pix_fmt = first.width, first.height, "yuv420p"
    context.time_base = _TIME_BASE
    if has_stills:
        # mp4 stores lengths in the order of decoding: the last picture shown would get that of another one.
        context.max_b_frames = 0
    context.flags |= Flags.frame_duration  # else the last one's is guessed
    painter.set_colours(context)
    describe(output, source)
    return output


def _pictures(
    source: Path,
    index: PacketIndex,
    places: tuple[int, int],
    span: tuple[Fraction, Fraction],
    problems: list[str],
    painter: Painter,
    *,
    is_careful: bool,
) -> Iterator[_Picture]:
    start, last_end = span
    time_before = -1
    wanted = range(places[0], places[1] + 1)
    for place, decoded in decode_places(source, index, wanted, problems, is_careful=is_careful):
        seconds, end = index.span(place, place)
        shown = max(seconds, start)
        time = round((shown - start) / _TIME_BASE)
        if time <= time_before:  # a damaged file may show two frames at once
            continue
        time_before = time
        frame = painter(decoded)
        frame.time_base = _TIME_BASE
        frame.pts, frame.duration = time, round((min(end, last_end) - shown) / _TIME_BASE)
        yield _Picture(seconds, frame)
