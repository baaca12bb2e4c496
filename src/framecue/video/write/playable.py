"""Make a video over so that browsers play it: what they know is copied, the rest is encoded."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av

from framecue.errors import OutputError, VideoError
from framecue.video.read.decode import VideoReader
from framecue.video.read.packets import PacketIndex
from framecue.video.read.source import ffmpeg_reason
from framecue.video.write.containers import CONTAINERS, Codecs, ContainerKind
from framecue.video.write.cut import moment_places, opened_output, shows_as_planned
from framecue.video.write.paint import QuickPainter
from framecue.video.write.reencode import encode_frames
from framecue.video.write.remux import NotCopiableError, copy_packets
from framecue.video.write.sound_tracks import HeardSound
from framecue.video.write.span import is_within_still, shown_span

__all__ = ["PLAYABLE_SHORT_SIDE", "Playable", "PlayableParts", "make_playable", "playable_suffix"]

PLAYABLE_SHORT_SIDE = 1080
"""Larger pictures are scaled down so that their short side has this many pixels."""

# Made while somebody waits, for a look: quick before small, and bounded. A keyframe every few seconds, to seek by.
_H264 = Codecs(
    "libx264",
    "aac",
    {"crf": "23", "preset": "veryfast", "maxrate": "12M", "bufsize": "24M", "g": "60", "profile": "high"},
)
_VP9 = Codecs(
    "libvpx-vp9",
    "libopus",
    {"crf": "34", "b": "8M", "deadline": "realtime", "cpu-used": "7", "row-mt": "1", "g": "60"},
)
_SECONDS_PER_WORD = 0.5


class PlayableParts(NamedTuple):
    """What of a video browsers know as it is."""

    picture: bool
    sound: bool


@dataclass(frozen=True)
class Playable:
    """A file for browsers that was written.

    Attributes:
        start_seconds: where in the source it starts to show.
        end_seconds: where it ends.
        is_copied: whether the source's own pictures were copied, or encoded anew.
        sounds_left_out: why sound is not in it, a line each.
    """

    start_seconds: float
    end_seconds: float
    is_copied: bool
    sounds_left_out: tuple[str, ...]


def playable_suffix() -> str:
    """Return the ending of the files that are made: ".mp4", or ".webm" where this build cannot encode H.264."""
    try:
        av.Codec(_H264.picture, "w")
    except ValueError:
        return ".webm"
    return ".mp4"


def make_playable(
    source: Path,
    partial: Path,
    suffix: str,
    start_seconds: float,
    end_seconds: float,
    *,
    parts: PlayableParts,
    go_on: Callable[[float], bool],
) -> Playable:
    """Write a moment of a video, or all of it, to a file that browsers play and can seek in.

    It has one sound track, that which players play. Pictures are at their times, also where the frame rate varies.

    Args:
        source: the video.
        partial: the file to write; what was there is lost.
        suffix: of its kind, what :func:`playable_suffix` returns.
        start_seconds: where the moment starts.
        end_seconds: where it ends; later than the video's end means that end.
        parts: what is copied. Where the pictures cannot be, they are encoded.
        go_on: is told now and then how far it has come, from 0 to 1; returns whether to go on.

    Returns:
        What was written.

    Raises:
        VideoError: the source cannot be read, is over before the moment starts, or it was to be given up.
        OutputError: the file cannot be written.
    """
    kind = CONTAINERS[suffix]
    with VideoReader(source) as video:
        index = video.index
    places = moment_places(source, index, start_seconds, end_seconds)
    zero = index.zero
    wanted_start, wanted_end = zero + Fraction(start_seconds), zero + Fraction(min(end_seconds, index.duration_seconds))
    reached = _Telling(source, wanted_start, wanted_end, go_on)
    copied = None
    try:
        if parts.picture and not is_within_still(index, places[0], wanted_start):
            span = wanted_start, wanted_end
            copied = _copy(source, index, partial, kind, places, span, copies_sound=parts.sound, reached=reached)
        if copied is None:
            with opened_output(partial, kind, comment=None) as target:
                heard = encode_frames(
                    source,
                    index,
                    target,
                    places,
                    wanted_end,
                    _H264 if suffix == ".mp4" else _VP9,
                    wanted_start=wanted_start,
                    painter=QuickPainter(source, short_side=PLAYABLE_SHORT_SIDE),
                    one_sound=True,
                    zero_at=wanted_start,
                    reached=reached,
                )
        else:
            places, heard = copied
    except (av.FFmpegError, OSError) as error:
        raise OutputError(partial, f"cannot be written ({ffmpeg_reason(error)})") from error
    start, end = shown_span(index, places, wanted_end, wanted_start=wanted_start if copied is None else None)
    return Playable(float(min(start, wanted_start) - zero), float(end - zero), copied is not None, heard.left_out)


def _copy(
    source: Path,
    index: PacketIndex,
    path: Path,
    kind: ContainerKind,
    places: tuple[int, int],
    span: tuple[Fraction, Fraction],
    *,
    copies_sound: bool,
    reached: _Telling,
) -> tuple[tuple[int, int], HeardSound] | None:
    """Copy the pictures; return the first and the last place that are shown and the sound, None if it cannot be."""
    wanted_start, wanted_end = span
    try:
        with opened_output(path, kind, comment=None) as target:
            shown, heard = copy_packets(
                source,
                index,
                target,
                places,
                wanted_end,
                hides_lead=kind.hides_lead,
                sound_encoder=None if copies_sound else kind.codecs.sound,
                one_sound=True,
                zero_at=wanted_start,
                reached=reached,
            )
        return (shown, heard) if shows_as_planned(path, index, shown, wanted_end) else None
    except (NotCopiableError, VideoError, av.FFmpegError, ValueError):
        if reached.is_given_up:
            raise
        return None


class _Telling:
    """Tells now and then how far it has come, and gives up if it is to."""

    def __init__(self, source: Path, start: Fraction, end: Fraction, go_on: Callable[[float], bool]) -> None:
        self._source, self._start, self._length = source, start, max(end - start, Fraction(1, 1000))
        self._go_on = go_on
        self._told_at = 0.0
        self.is_given_up = False

    def __call__(self, seconds: Fraction) -> None:
        now = time.monotonic()
        if now - self._told_at < _SECONDS_PER_WORD:
            return
        self._told_at = now
        if not self._go_on(min(1.0, max(0.0, float((seconds - self._start) / self._length)))):
            self.is_given_up = True
            raise VideoError(self._source, "converting it was given up, as nobody waits for it any more")
