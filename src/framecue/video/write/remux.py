"""Copy a stretch of a video into another file, packet by packet, without decoding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from heapq import merge
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias, cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from framecue.video.read.packets import PacketIndex
from framecue.video.read.run import Packets, jump
from framecue.video.read.source import open_video
from framecue.video.write.sound import OpenSound, plan_stretch
from framecue.video.write.sound_encode import SoundPiece, encoded_sound
from framecue.video.write.sound_tracks import HeardSound, describe, find_heard
from framecue.video.write.span import shown_span

__all__ = ["NotCopiableError", "copy_packets"]

_Packet: TypeAlias = "Packet[VideoStream] | Packet[AudioStream]"


class NotCopiableError(Exception):
    """A stretch cannot be copied as it is; it has to be encoded."""


def copy_packets(
    source: Path,
    index: PacketIndex,
    target: OutputContainer,
    places: tuple[int, int],
    wanted_end: Fraction,
    *,
    hides_lead: bool,
    sound_encoder: str | None = None,
    one_sound: bool = False,
    zero_at: Fraction | None = None,
    reached: Callable[[Fraction], None] | None = None,
) -> tuple[tuple[int, int], HeardSound]:
    """Copy a video's packets, and its sound's, from the keyframe at or before a place to another place.

    Args:
        source: the file.
        index: its index.
        target: the open output container.
        places: the first and the last frame that are wanted.
        wanted_end: where to end, in seconds of the file's own clock, if the last frame is shown for longer.
        hides_lead: whether the target hides what comes before time 0; then the first place is at 0 and the frames from
            the keyframe to it are hidden, else the keyframe is at 0.
        sound_encoder: encode the sound with this encoder; None to copy it.
        one_sound: take the sound track that players play alone, not all of them.
        zero_at: what becomes the time 0, in seconds of the file's own clock, if the first frame is shown later; None
            for that frame's time.
        reached: is told how far it has come, in seconds of the file's own clock.

    Returns:
        The first and the last place that the copy shows. The last is some frames later than asked for where frames
        that come after it are needed to show those before it. And which of the sound tracks are in the target.

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
    with open_video(source) as (container, stream):
        key_time, rank, packets = jump(container, stream, index, key)
        head = next(packets, None)
        if head is None:
            raise NotCopiableError
        if not hides_lead:
            first = int(np.searchsorted(index.times, key_time))
        start, end = shown_span(index, (first, last), wanted_end)
        start = start if zero_at is None else min(start, zero_at)
        stretch = plan_stretch(source, index, start, end)
        heard = find_heard(stretch, is_decoded=sound_encoder is not None, one=one_sound)
        troubles: list[str] = []
        with stretch.open() as sound:
            streams = [sound.streams[number] for number in heard.numbers]
            outputs = _add_copies(target, stream, streams if sound_encoder is None else [], hides_lead=hides_lead)
            sounds: Iterator[_Packet | SoundPiece] = (
                _sounds(sound, streams, start, end)
                if sound_encoder is None
                else encoded_sound(target, sound, heard.numbers, stretch, sound_encoder, troubles)
            )
            _begin(target)
            pictures = _pictures(chain([head], packets), key_time, num_packets=last_rank - rank + 1)
            for item in merge(pictures, sounds, key=_decode_time):
                if reached is not None:
                    reached(_decode_time(item))
                if isinstance(item, SoundPiece):
                    target.mux(item.stream.encode(item.frame))
                    continue
                packet = item
                assert packet.pts is not None
                assert packet.dts is not None
                offset = round(start / packet.time_base)
                packet.pts -= offset
                packet.dts -= offset
                packet.stream = outputs[packet.stream.type, packet.stream.index]
                target.mux(packet)
            for output in target.streams.audio if sound_encoder is not None else ():
                target.mux(output.encode(None))
        heard = replace(heard, left_out=(*heard.left_out, *troubles))
    return (first, last), heard


def _add_copies(
    target: OutputContainer, video: VideoStream, sounds: Sequence[AudioStream], *, hides_lead: bool
) -> dict[tuple[str, int], VideoStream | AudioStream]:
    """Add streams like others to an output; return them by the kind and number of those.

    Raises:
        NotCopiableError: the output cannot hold them.
    """
    outputs: dict[tuple[str, int], VideoStream | AudioStream] = {}
    try:
        for item in (video, *sounds):
            output = cast(VideoStream | AudioStream, target.add_stream_from_template(item, opaque=True))
            describe(output, item)
            if item.codec_context.name == "hevc" and hides_lead:
                output.codec_context.codec_tag = "hvc1"  # the one of two names that all players know
            outputs[item.type, item.index] = output
    except (av.FFmpegError, ValueError) as error:
        raise NotCopiableError from error
    return outputs


def _begin(target: OutputContainer) -> None:
    """Write the beginning of an output.

    Raises:
        NotCopiableError: it cannot hold its streams.
    """
    try:
        target.start_encoding()
    except (av.FFmpegError, ValueError) as error:
        raise NotCopiableError from error


def _decode_time(packet: _Packet | SoundPiece) -> Fraction:
    if isinstance(packet, SoundPiece):
        return packet.seconds
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


def _sounds(sound: OpenSound, streams: Sequence[AudioStream], start: Fraction, end: Fraction) -> Iterator[_Packet]:
    """Yield the packets of sound that are heard between two times, in the order in which they are to be decoded."""
    reached: dict[int, int] = {}
    for packet in sound.packets(streams):
        assert packet.pts is not None
        assert packet.dts is not None
        is_heard = (
            packet.pts + (packet.duration or 0)
        ) * packet.time_base > start and packet.pts * packet.time_base < end
        number = packet.stream.index
        if is_heard and packet.dts > reached.get(number, packet.dts - 1):  # a damaged file may go back
            reached[number] = packet.dts
            yield packet
