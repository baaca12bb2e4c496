"""Copy a stretch of a video into another file, packet by packet, without decoding."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from heapq import merge
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from framecue.video.read.packets import PacketIndex
from framecue.video.read.run import Packets, jump
from framecue.video.read.source import open_video

__all__ = ["NotCopiableError", "copy_packets"]

# How far before its time a packet of sound may be in a file.
_SOUND_LEAD_SECONDS = 2


_Packet: TypeAlias = "Packet[VideoStream] | Packet[AudioStream]"


class NotCopiableError(Exception):
    """A stretch cannot be copied as it is; it has to be encoded."""


def copy_packets(
    source: Path, index: PacketIndex, target: OutputContainer, places: tuple[int, int], *, hides_lead: bool
) -> tuple[int, int]:
    """Copy a video's packets, and its sound's, from the keyframe at or before a place to another place.

    Args:
        source: the file.
        index: its index.
        target: the open output container.
        places: the first and the last frame that are wanted.
        hides_lead: whether the target hides what comes before time 0; then the first place is at 0 and the frames from
            the keyframe to it are hidden, else the keyframe is at 0.

    Returns:
        The first and the last place that the copy shows. The last is some frames later than asked for where frames
        that come after it are needed to show those before it.

    Raises:
        NotCopiableError: there is no keyframe to start from, or the target cannot hold the streams.
        VideoError: the source cannot be read.
    """
    first, last = places
    key = int(np.searchsorted(index.key_times, index.times[first], side="right")) - 1
    if index.by_order or key < 0:
        raise NotCopiableError
    last = _last_complete(index, last)
    last_rank = int(index.ranks[: last + 1].max())
    with open_video(source) as (container, stream), open_video(source) as (sound, _):
        key_time, rank, packets = jump(container, stream, index, key)
        head = next(packets, None)
        if head is None:
            raise NotCopiableError
        if not hides_lead:
            first = int(np.searchsorted(index.times, key_time))
        start, end = index.span(first, last)
        # PyAV's types leave out that there is no context for a codec that ffmpeg does not know.
        streams = [item for item in sound.streams.audio if cast(object, item.codec_context) is not None]
        outputs = _add_copies(target, [stream, *streams], hides_lead=hides_lead)
        pictures = _pictures(chain([head], packets), key_time, num_packets=last_rank - rank + 1)
        for packet in merge(pictures, _sounds(sound, streams, start, end), key=_decode_time):
            assert packet.pts is not None
            assert packet.dts is not None
            offset = round(start / packet.time_base)
            packet.pts -= offset
            packet.dts -= offset
            packet.stream = outputs[packet.stream.type, packet.stream.index]
            target.mux(packet)
    return first, last


def _add_copies(
    target: OutputContainer, streams: list[VideoStream | AudioStream], *, hides_lead: bool
) -> dict[tuple[str, int], VideoStream | AudioStream]:
    """Add streams like others to an output; return them by the kind and number of those.

    Raises:
        NotCopiableError: the output cannot hold them.
    """
    outputs: dict[tuple[str, int], VideoStream | AudioStream] = {}
    try:
        for item in streams:
            output = target.add_stream_from_template(item, opaque=True)
            if item.codec_context.name == "hevc" and hides_lead:
                output.codec_context.codec_tag = "hvc1"  # the one of two names that all players know
            outputs[item.type, item.index] = output
        target.start_encoding()
    except (av.FFmpegError, ValueError) as error:
        raise NotCopiableError from error
    return outputs


def _decode_time(packet: _Packet) -> Fraction:
    assert packet.dts is not None
    return packet.dts * packet.time_base


def _last_complete(index: PacketIndex, last: int) -> int:
    """Return the first place from one on whose packet, and those of all before it, need no other place's packet."""
    while True:
        reached = int(np.flatnonzero(index.ranks <= index.ranks[: last + 1].max())[-1])
        if reached == last:
            return last
        last = reached


def _pictures(packets: Packets, key_time: int, num_packets: int) -> Iterator[_Packet]:
    """Yield the video's packets from a keyframe on, without those shown before it, which refer to what is not there."""
    early: list[Packet[VideoStream]] = []
    for packet in islice(packets, num_packets):
        if packet is None:  # the file breaks off here
            break
        if packet.pts is None:
            raise NotCopiableError
        if packet.pts < key_time:
            continue
        if packet.dts is None:  # Matroska does not say it of the first ones
            early.append(packet)
            continue
        for steps, waiting in enumerate(reversed(early), start=1):
            waiting.dts = packet.dts - steps * (packet.duration or 1)
        yield from early
        early = []
        yield packet
    if early:
        raise NotCopiableError


def _sounds(container: InputContainer, streams: list[AudioStream], start: Fraction, end: Fraction) -> Iterator[_Packet]:
    """Yield the packets of sound that are heard between two times, in seconds of the file's own clock."""
    unfinished = {stream.index for stream in streams}
    if not unfinished:
        return
    try:
        container.seek(int((start - _SOUND_LEAD_SECONDS) * av.time_base))
        for packet in container.demux(tuple(streams)):
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            if packet.pts * packet.time_base >= end:
                unfinished.discard(packet.stream.index)
                if not unfinished:
                    return
            elif (packet.pts + (packet.duration or 0)) * packet.time_base > start:
                yield packet
    except (av.FFmpegError, OSError):
        return  # the file breaks off here
