"""Decode one run of a plan from an open file: no packet after the last that it takes, and no frame nobody needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.video.stream import VideoStream

from framecue.video.read.budget import spend
from framecue.video.read.packets import PacketIndex
from framecue.video.read.plan import Run
from framecue.video.read.shape import Decoded, ShapeReader
from framecue.video.read.source import ffmpeg_reason, read_packets

__all__ = ["decode_run", "decoded_frames", "jump", "rewind"]

# Packets, then None, which makes the decoder give what it still holds.
Packets: TypeAlias = "Iterator[Packet[VideoStream] | None]"

# Codecs that mark the frames which no other frame refers to, and decode the others the same without them. HEVC's mark
# means less (frames of a higher temporal layer may still refer to them), and VP8's frames pass on more than pixels.
_SKIPPING_CODECS = frozenset({"h264"})
# Packets on each side of a wanted one that belong to it: interlaced video may have one for each of a frame's fields.
_FIELD_PACKETS = 1
# Demuxers that go back to a file's beginning as if it had been opened anew.
_REWINDING_FORMATS = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})


def decode_run(
    container: InputContainer,
    stream: VideoStream,
    index: PacketIndex,
    run: Run,
    problems: list[str],
    *,
    skip: bool = True,
) -> Iterator[tuple[int, Decoded]]:
    """Decode what a run takes.

    Args:
        container: the file, newly opened or rewound, or with other runs decoded if this one starts at a keyframe.
        stream: its video stream.
        index: its index.
        run: where to start, and which frames to take.
        problems: what goes wrong is added here.
        skip: leave frames out that are neither wanted nor needed for others, where the codec tells them.

    Yields:
        Places and frames as the decoder gives them, without the places that could not be decoded.

    Raises:
        VideoError: more is decoded than the file may take (:mod:`framecue.video.read.budget`).
    """
    return _taken(_decoded(container, stream, index, run, problems, skip=skip), run.places)


def decoded_frames(
    container: InputContainer, stream: VideoStream, index: PacketIndex, problems: list[str], *, skip: bool = False
) -> Iterator[tuple[int, Decoded]]:
    """Decode all of a newly opened file's frames.

    Args:
        container: the file.
        stream: its video stream.
        index: its index.
        problems: what goes wrong is added here.
        skip: leave out the frames that no other refers to, where the codec tells them; the last one is always given.

    Yields:
        Places and frames as the decoder gives them, without the places that could not be decoded.
    """
    everything = Run(None, (index.num_frames - 1,), index.num_frames)
    return _decoded(container, stream, index, everything, problems, skip=skip)


def rewind(container: InputContainer, stream: VideoStream, index: PacketIndex) -> bool:
    """Go back to the first packet of a file that has been read; ``False`` where only opening it again is safe."""
    if container.format.name not in _REWINDING_FORMATS or index.by_order or index.num_skipped:
        return False
    # The frame shown first has to be the first in the file as well, a keyframe.
    if not len(index.key_times) or index.key_ranks[0] != 0 or index.key_times[0] != index.times[0]:
        return False
    try:
        container.seek(int(index.key_times[0]), stream=stream)
        first = next(_packets(container, stream))
    except (av.FFmpegError, OSError):
        return False
    if first is None or (first.pts, first.size) != (index.key_times[0], index.key_sizes[0]):
        return False
    container.seek(int(index.key_times[0]), stream=stream)
    return True


def _taken(decoded: Iterable[tuple[int, Decoded]], places: Sequence[int]) -> Iterator[tuple[int, Decoded]]:
    """Pick the wanted places out of decoded frames, and stop at the last one.

    A packet may give no frame of its own (VP8's hidden reference frames); what is shown then is the frame before it.
    """
    wanted = list(reversed(places))
    before: tuple[int, Decoded] | None = None
    for place, frame in decoded:
        while wanted and wanted[-1] <= place:
            target = wanted.pop()
            if target == place:
                yield target, frame
            elif before is not None and target == before[0] + 1:
                yield target, before[1]
        if not wanted:
            return
        before = place, frame
    if before is not None and wanted[-1] == before[0] + 1:
        yield wanted[-1], before[1]


def _decoded(
    container: InputContainer, stream: VideoStream, index: PacketIndex, run: Run, problems: list[str], *, skip: bool
) -> Iterator[tuple[int, Decoded]]:
    """Decode from a keyframe, or from the beginning; yield places and frames."""
    key, context = run.key, stream.codec_context
    if key is None:
        start_time, rank, packets = None, 0, _packets(container, stream)
    else:
        start_time, rank, packets = jump(container, stream, index, key)
    ranks = index.ranks[list(run.places)].tolist()
    needed = {other + step for other in ranks for step in range(-_FIELD_PACKETS, _FIELD_PACKETS + 1)}
    skip = skip and not index.by_order and context.name in _SKIPPING_CODECS
    shape = ShapeReader(stream, index.shape)
    num_given = 0
    for number, packet in enumerate(packets if index.by_order else _until(max(needed), packets, rank), start=rank):
        if number < index.num_skipped:
            continue
        # Also for a frame that the decoder leaves out, as which these are is the file's word.
        spend(context.width * context.height)
        context.skip_frame = "NONREF" if skip and packet is not None and number not in needed else "DEFAULT"
        try:
            frames = context.decode(packet)
        except (av.FFmpegError, OSError) as error:
            problems.append(ffmpeg_reason(error))
            continue
        for frame in frames:
            if index.by_order:
                place = num_given
                num_given += 1
                if place < index.num_frames:
                    yield place, Decoded(frame, shape(frame))
            # After a jump, frames shown before the keyframe may lack what they refer to.
            elif frame.pts is not None and (start_time is None or frame.pts >= start_time):
                place = int(np.searchsorted(index.times, frame.pts))
                if place < index.num_frames and index.times[place] == frame.pts:
                    yield place, Decoded(frame, shape(frame))


def _packets(container: InputContainer, stream: VideoStream) -> Packets:
    """Yield a stream's packets, then ``None``, which makes the decoder give what it still holds."""
    yield from read_packets(container, stream)
    yield None


def _until(last: int, packets: Packets, rank: int) -> Packets:
    """Yield the packets up to one rank, then ``None``: what the decoder still holds need not be pushed out by more."""
    for number, packet in enumerate(packets, start=rank):
        yield packet
        if packet is None:
            return
        if number >= last:
            yield None
            return


def jump(container: InputContainer, stream: VideoStream, index: PacketIndex, key: int) -> tuple[int, int, Packets]:
    """Go to a keyframe, or to one before it.

    Some formats seek by presentation time and some by decoding time, and MPEG program streams count times anew after
    a jump, sometimes wrongly; so the keyframe reached has to be one that the index knows.

    Args:
        container: the file.
        stream: its video stream.
        index: its index.
        key: the keyframe's number in the index.

    Returns:
        When the keyframe reached is shown, its number in decoding order, and the packets from there on, then ``None``;
        no packets if it fails.
    """
    facts = zip(index.key_sizes.tolist(), index.key_ranks.tolist(), strict=True)
    known = dict(zip(index.key_times[: key + 1].tolist(), facts, strict=False))
    for time in (int(index.key_times[key]), int(index.key_decode_times[key])):
        try:
            container.seek(time, stream=stream)
        except (av.FFmpegError, OSError):
            continue
        packets = _packets(container, stream)
        first = next((packet for packet in packets if packet is None or packet.is_keyframe), None)
        if first is None or first.pts is None:
            continue
        size, rank = known.get(first.pts, (None, 0))
        if size == first.size:
            return first.pts, rank, chain([first], packets)
    return 0, 0, iter(())
