"""Small videos with subtitle tracks inside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream
from av.subtitles.subtitle import SubtitleSet

_MILLISECOND = Fraction(1, 1000)
_HEADER = b"[Script Info]\nScriptType: v4.00+\n\n[V4+ Styles]\nFormat: Name\nStyle: Default\n\n[Events]\nFormat: Text\n"

# Start and length in milliseconds, and the text as a line of SubStation.
Line = tuple[int, int, str]


@dataclass(frozen=True)
class Track:
    """A subtitle track to write."""

    lines: Sequence[Line]
    codec: str = "subrip"
    language: str | None = None
    disposition: Disposition | None = None
    raw: bytes | None = None
    """What each packet holds in place of the text."""


def write_subtitled(path: Path, *tracks: Track, first_ms: int = 0, seconds: float = 6) -> Path:
    """Write a grey video with subtitle tracks.

    Args:
        path: the file, whose ending says which container.
        *tracks: what to write.
        first_ms: when the first picture is shown by the file's own clock.
        seconds: how long there are pictures.
    """
    with av.open(str(path), "w") as container:
        video = container.add_stream("libvpx" if path.suffix == ".webm" else "libx264", rate=10)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        video.codec_context.time_base = _MILLISECOND
        packets: list[Packet[SubtitleStream]] = []
        for track in tracks:
            stream = container.add_stream(track.codec)
            assert isinstance(stream, SubtitleStream)
            if track.language is not None:
                stream.metadata["language"] = track.language
            if track.disposition is not None:
                stream.disposition = track.disposition
            stream.time_base = stream.codec_context.time_base = _MILLISECOND
            stream.codec_context.subtitle_header = _HEADER
            packets += [_packet(stream, track, number, line) for number, line in enumerate(track.lines)]
        for number in range(round(10 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), number, np.uint8))
            frame.pts, frame.time_base = first_ms + 100 * number, _MILLISECOND
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for packet in sorted(packets, key=lambda packet: packet.pts or 0):
            container.mux(packet)
    return path


def _packet(stream: SubtitleStream, track: Track, number: int, line: Line) -> Packet[SubtitleStream]:
    start, length, text = line
    if track.raw is None:
        written = SubtitleSet.create(f"{number},0,Default,,0,0,0,,{text}".encode(), 0, length, start)
        packet = stream.codec_context.encode_subtitle(written)
    else:
        packet = Packet(track.raw)
    packet.stream = stream
    packet.pts = packet.dts = start
    packet.duration, packet.time_base = length, _MILLISECOND
    return packet
