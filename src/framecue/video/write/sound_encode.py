"""Encode the sound of a moment anew: every track in step with the pictures, its holes filled with silence."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple, cast

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer

from framecue.video.write.sound import OpenSound, SoundPacket, Stretch, track_name
from framecue.video.write.sound_tracks import describe

__all__ = ["SoundPiece", "encoded_sound"]

_USUAL_RATE = 48_000
# Times in files are rounded, so sound that misses its place by so little is put right behind what came before.
_TOLERANCE_SECONDS = 0.02
_SILENCE_SECONDS = 1
# Packets that cannot be decoded and are not worth a word: so many, and this share of all.
_FEW_PACKETS = 3
_SMALL_SHARE = 0.02


class SoundPiece(NamedTuple):
    """A piece of sound for an encoder.

    Attributes:
        seconds: its time on the index's clock.
        stream: the output stream that encodes it.
        frame: the sound.
    """

    seconds: Fraction
    stream: AudioStream
    frame: AudioFrame


def encoded_sound(
    target: OutputContainer,
    sound: OpenSound,
    numbers: tuple[int, ...],
    stretch: Stretch,
    encoder: str,
    problems: list[str],
) -> Iterator[SoundPiece]:
    """Add tracks to an output, and yield what is to be encoded, piece by piece in the order of the file.

    What cannot be decoded is silent.

    Args:
        target: the open output container.
        sound: the open stretch.
        numbers: which of its tracks.
        stretch: from when to when.
        encoder: the audio encoder's name.
        problems: a line is added for each track of which a good part cannot be decoded.
    """
    streams = [sound.streams[number] for number in numbers]
    tracks = {stream.index: _Track(target, stream, stretch, encoder) for stream in streams}
    # The tracks are added now, the sound is read when it is asked for.
    return _pieces(sound, streams, tracks, problems)


def _pieces(
    sound: OpenSound, streams: list[AudioStream], tracks: dict[int, _Track], problems: list[str]
) -> Iterator[SoundPiece]:
    for packet in sound.packets(streams):
        yield from tracks[packet.stream.index].pieces(packet)
    for track in tracks.values():
        yield from track.rest()
    problems += [
        f"{track_name(stream)} is silent where it cannot be decoded"
        for stream in streams
        if tracks[stream.index].is_bad
    ]


class _Track:
    """One track on its way to the encoder."""

    def __init__(self, target: OutputContainer, source: AudioStream, stretch: Stretch, encoder: str) -> None:
        self._rate, self._layout = _shape(encoder, source)
        self._stream = cast(AudioStream, target.add_stream(encoder, rate=self._rate, layout=self._layout))
        describe(self._stream, source)
        self._start, self._source = stretch.start, source
        self._num_samples = round((stretch.end - stretch.start) * self._rate)
        self._num_written = 0
        self._resampler: AudioResampler | None = None
        self._resampled: tuple[str, str, int] | None = None
        self._num_packets = self._num_failed = 0

    @property
    def is_bad(self) -> bool:
        """Whether more of the moment's packets could not be decoded than a joint or a small damage explains."""
        return self._num_failed > max(_FEW_PACKETS, self._num_packets * _SMALL_SHARE)

    def pieces(self, packet: SoundPacket) -> Iterator[SoundPiece]:
        """Yield what a packet holds of the moment."""
        # What comes before the moment may begin anywhere in the sound.
        is_heard = packet.pts is not None and packet.pts * packet.time_base >= self._start
        self._num_packets += is_heard
        try:
            frames = packet.decode()
        except (av.FFmpegError, ValueError):
            self._num_failed += is_heard
            return
        for frame in frames:
            yield from self._placed(self._converted(frame))

    def rest(self) -> Iterator[SoundPiece]:
        """Yield what the decoder and the resampler still hold."""
        try:
            frames = self._source.codec_context.decode(None)
        except (av.FFmpegError, ValueError):
            frames = []
        for frame in frames:
            yield from self._placed(self._converted(frame))
        if self._resampler is not None:
            yield from self._placed(self._flushed(self._resampler))

    def _converted(self, frame: AudioFrame) -> list[AudioFrame]:
        """Turn sound into what the encoder takes; recordings that were put together may differ in it."""
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        before: list[AudioFrame] = []
        if self._resampler is not None and shape != self._resampled:
            before = self._flushed(self._resampler)
            self._resampler = None
        if self._resampler is None:
            self._resampler = AudioResampler(format="fltp", rate=self._rate, layout=self._layout)
            self._resampled = shape
        try:
            return before + self._resampler.resample(frame)
        except (av.FFmpegError, ValueError):
            return before

    @staticmethod
    def _flushed(resampler: AudioResampler) -> list[AudioFrame]:
        try:
            return [frame for frame in resampler.resample(None) if frame is not None]
        except (av.FFmpegError, ValueError):
            return []

    def _placed(self, pieces: list[AudioFrame]) -> Iterator[SoundPiece]:
        """Yield pieces, each at its time, with silence before one that leaves a hole."""
        for piece in pieces:
            if piece.pts is None or piece.time_base is None:
                continue
            place = round((piece.pts * piece.time_base - self._start) * self._rate)
            if abs(place - self._num_written) <= _TOLERANCE_SECONDS * self._rate:
                place = self._num_written
            samples = piece.to_ndarray()[:, max(0, self._num_written - place) : max(0, self._num_samples - place)]
            place = max(place, self._num_written)
            if not samples.shape[1]:
                continue
            while self._num_written < place:
                length = min(place - self._num_written, _SILENCE_SECONDS * self._rate)
                yield self._piece(np.zeros((len(samples), length), np.float32))
            yield self._piece(samples)

    def _piece(self, samples: np.ndarray) -> SoundPiece:
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=self._layout)
        frame.sample_rate, frame.time_base, frame.pts = self._rate, Fraction(1, self._rate), self._num_written
        seconds = self._start + Fraction(self._num_written, self._rate)
        self._num_written += samples.shape[1]
        return SoundPiece(seconds, self._stream, frame)


def _shape(encoder: str, stream: AudioStream) -> tuple[int, str]:
    """Return the stream's own sampling rate and channels, or usual ones where the encoder does not know them."""
    known, context = av.Codec(encoder, "w").audio_rates, stream.codec_context
    rate = context.sample_rate if known is None or context.sample_rate in known else _USUAL_RATE
    layout = context.layout.name
    if layout.endswith("channels"):  # so many, and nothing said of where they are
        layout = "mono" if context.layout.nb_channels == 1 else "stereo"
    return rate or _USUAL_RATE, layout
