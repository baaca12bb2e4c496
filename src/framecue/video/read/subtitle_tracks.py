"""The subtitle tracks inside a video file that hold text: their lines with times, on the clock of its segments.

ffmpeg's decoders turn each kind of them into lines of SubStation (ASS), whose markup is left to whoever reads them.
Tracks of pictures (Blu-ray's and DVDs' subtitles) hold no text and are passed over. Whatever a file holds, no more is
kept of it than fits into the bounds below.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import cast

import av
from av.container import InputContainer
from av.packet import Packet
from av.stream import Disposition, Stream
from av.subtitles.stream import SubtitleStream

from framecue.video.read.packets import scan_packets
from framecue.video.read.source import open_video, read_packets
from framecue.video.read.verdict import judged

__all__ = ["SubtitleLine", "SubtitleTrack", "read_subtitle_tracks"]

# By ffmpeg's names. Closed captions (eia_608) are text too, but their packets' times are not those of the text.
_TEXT_CODECS = frozenset({"ass", "mov_text", "srt", "ssa", "subrip", "text", "webvtt"})
# Enough packets of pictures to know when the first one is shown, whose order may differ from that of the file.
_FIRST_PACKETS = 64
# A film in many languages has 40 tracks, of 2000 lines and 0.1 MB each.
_MAX_TRACKS = 100
_MAX_LINES = 50_000
_MAX_TRACK_CHARS = 5 << 20
_MAX_FILE_CHARS = 64 << 20
_MAX_PACKET_BYTES = 1 << 16
_MAX_LINE_CHARS = 10_000
_LATEST_SECONDS = 1e7
# How long a line is taken to be shown that says no end, unless the next one comes sooner.
_USUAL_SECONDS = 5.0
# In an ASS line as ffmpeg gives it, the text comes after so many commas.
_NUM_FIELDS_BEFORE_TEXT = 8


@dataclass(frozen=True)
class SubtitleLine:
    """What is shown at a time.

    Attributes:
        start_seconds: when it is shown, counted as segments are.
        end_seconds: until when; not before the start.
        dialogue: the last field of a line of SubStation, with its markup.
    """

    start_seconds: float
    end_seconds: float
    dialogue: str


@dataclass(frozen=True)
class SubtitleTrack:
    """One track of text.

    Attributes:
        lines: in the order of their starts.
        language: as the file says it, mostly a code of three letters; None if it does not.
        title: as the file says it; None if it does not.
        is_forced: whether it has only what has to be translated for everybody.
        is_commentary: whether it is about another sound track, on which the film is talked about.
        is_for_deaf: whether it also says what is to be heard besides speech.
    """

    lines: tuple[SubtitleLine, ...]
    language: str | None = None
    title: str | None = None
    is_forced: bool = False
    is_commentary: bool = False
    is_for_deaf: bool = False


def read_subtitle_tracks(path: str | Path) -> tuple[SubtitleTrack, ...]:
    """Return the subtitle tracks of text in a file, in the file's order; none where it has none.

    A damaged track has the lines that can be read.

    Args:
        path: the file, a video.

    Raises:
        VideoError: the file cannot be opened, or has no video.
    """
    path = Path(path)
    with judged(str(path)):
        with open_video(path) as (container, stream):
            if not _text_streams(container):
                return ()
            zero = scan_packets(path, container, stream, max_packets=_FIRST_PACKETS).zero
        # Opened anew, as not every kind of file can be read from its beginning once more.
        with open_video(path) as (container, _):
            streams = _text_streams(container)
            _read_only(container, streams)
            found = _Found(zero, streams)
            for packet in read_packets(container, *streams):
                if not found.has_room:
                    break
                found.note(packet)
            return tuple(_track(stream, found.lines[stream.index]) for stream in streams)


def _text_streams(container: InputContainer) -> list[SubtitleStream]:
    streams = []
    for stream in container.streams.subtitles:
        context = cast("object | None", stream.codec_context)  # None for a codec that ffmpeg does not know
        if context is not None and stream.codec_context.name in _TEXT_CODECS:
            streams.append(stream)
    return streams[:_MAX_TRACKS]


def _read_only(container: InputContainer, streams: list[SubtitleStream]) -> None:
    """Spare ffmpeg the packets of other streams, where PyAV lets that be said."""
    numbers = {stream.index for stream in streams}
    for stream in container.streams:
        level = getattr(stream, "discard", None)
        if level is not None and stream.index not in numbers:
            stream.discard = type(level).all


class _Found:
    """The lines of a file's tracks, as they are read.

    Args:
        zero: where the segments' clock begins, in seconds of the file's own.
        streams: the tracks.
    """

    def __init__(self, zero: Fraction, streams: list[SubtitleStream]) -> None:
        self._zero = zero
        self._num_chars = dict.fromkeys((stream.index for stream in streams), 0)
        # With None for an end that the file does not say.
        self.lines: dict[int, list[tuple[float, float | None, str]]] = {stream.index: [] for stream in streams}

    @property
    def has_room(self) -> bool:
        return sum(self._num_chars.values()) < _MAX_FILE_CHARS

    def note(self, packet: Packet[SubtitleStream]) -> None:
        """Note the lines of one packet; one that cannot be decoded has none."""
        number, unit = packet.stream_index, packet.time_base
        lines = self.lines[number]
        is_full = len(lines) >= _MAX_LINES or self._num_chars[number] >= _MAX_TRACK_CHARS
        if packet.pts is None or is_full or packet.size > _MAX_PACKET_BYTES:
            return
        start = float(packet.pts * unit - self._zero)
        if not start < _LATEST_SECONDS:
            return
        end = float((packet.pts + packet.duration) * unit - self._zero) if packet.duration else None
        if end is not None and end <= 0:  # over before the file begins
            return
        for dialogue in _dialogues(packet):
            lines.append((max(0.0, start), end, dialogue))
            self._num_chars[number] += len(dialogue)


def _dialogues(packet: Packet[SubtitleStream]) -> list[str]:
    try:
        found = packet.stream.decode2(packet)
    except (av.FFmpegError, ValueError):
        return []
    texts = []
    for part in found or ():
        line = getattr(part, "ass", None)
        if isinstance(line, bytes):
            fields = line.decode("utf-8", "replace").split(",", _NUM_FIELDS_BEFORE_TEXT)
            texts.append(fields[-1][:_MAX_LINE_CHARS])
    return [text for text in texts if text]


def _track(stream: Stream, found: list[tuple[float, float | None, str]]) -> SubtitleTrack:
    found = sorted(found, key=lambda line: line[0])
    lines = []
    for (start, end, dialogue), (next_start, *_) in pairwise([*found, (math.inf, None, "")]):
        if end is None:
            end = min(start + _USUAL_SECONDS, next_start)
        lines.append(SubtitleLine(start, min(max(start, end), _LATEST_SECONDS), dialogue))
    marks = stream.disposition
    told = {name.lower(): text for name, text in stream.metadata.items()}
    return SubtitleTrack(
        tuple(lines),
        language=told.get("language") or None,
        title=told.get("title") or None,
        is_forced=bool(marks & Disposition.forced),
        is_commentary=bool(marks & Disposition.comment),
        is_for_deaf=bool(marks & Disposition.hearing_impaired),
    )
