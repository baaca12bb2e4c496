"""The sound of a file as one that hears speech wants it: one channel, 16 000 samples a second, piece by piece.

Hours of sound take no more memory than seconds of it. Its times are on the clock of the pictures
(:mod:`framecue.video.read.clock`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Discard

from framecue.errors import VideoError
from framecue.times import clock
from framecue.video.read.sound_line import SAMPLE_RATE, SoundChunk, SoundLine
from framecue.video.read.sound_times import timed_packets
from framecue.video.read.sound_tracks import SoundTrack, check_track, choose_track
from framecue.video.read.source import ffmpeg_reason, open_file, read_packets
from framecue.video.read.verdict import judged

__all__ = ["SoundOptions", "read_sound"]

# Times in files are rounded, and clocks of recorders are a little off; what misses its place by less goes on.
_TOLERANCE_SAMPLES = SAMPLE_RATE // 10
# What comes earlier than what was read before by more than this is on a clock that started again.
_RESTART_SAMPLES = SAMPLE_RATE
# Sound beyond these is none, or made to take all memory: a second at the lowest rate becomes 16 at ours.
_MIN_RATE, _MAX_RATE = 1_000, 1_000_000
_MAX_CHANNELS = 64
_MAX_FRAME_SECONDS = 120
# Packets that cannot be decoded and are not worth a word: so many, and this share of all.
_FEW_PACKETS = 3
_SMALL_SHARE = 0.02


@dataclass(frozen=True)
class SoundOptions:
    """What is listened to.

    Attributes:
        track: the number of a sound track, from 1, or a language (``choose_track``); None for the usual one.

    Raises:
        InputError: it names no track.
    """

    track: int | str | None = None

    def __post_init__(self) -> None:
        check_track(self.track)


def read_sound(path: str | Path, options: SoundOptions | None = None) -> Iterator[SoundTrack | SoundChunk]:
    """Decode one sound track of a file, which may have pictures or not.

    Silence stands for what cannot be decoded. What was yielded before an error stands; all that can be decoded comes
    before the word that a part of it cannot.

    Args:
        path: the file.
        options: which track; None for the usual one.

    Yields:
        The track that was chosen, then its sound in the order of time; nothing of a file without sound.

    Raises:
        VideoError: the file cannot be read, it has no such track, or the track is damaged: nothing in it can be
            decoded, more of it than a joint explains cannot, or reading it broke off.
    """
    path, options = Path(path), options or SoundOptions()
    with judged(str(path)), open_file(path) as container:
        track = choose_track(path, container, options.track)
        if track is None:
            return
        yield track
        stream = container.streams.audio[track.number - 1]
        for other in container.streams:
            if other.index != stream.index:
                other.discard = Discard.all  # formats that can jump over them do
        reading = _Reading(path, track, stream)
        yield from reading.chunks(container)
        reading.check()


class _Reading:
    """One pass over a sound track, and what went wrong in it.

    Args:
        path: the file.
        track: what it says of the track.
        stream: the track.
    """

    def __init__(self, path: Path, track: SoundTrack, stream: AudioStream) -> None:
        self._path, self._stream, self._name = path, stream, f"its sound track {track}"
        self._line = SoundLine()
        self._run: _Run | None = None
        # What is added to the file's times since its clock started again.
        self._offset = 0
        self._problems: list[str] = []
        self._num_before_last = 0
        self._num_packets = self._num_failed = 0
        self._failure = ""
        self._ends_well = False

    def chunks(self, container: InputContainer) -> Iterator[SoundChunk]:
        """Yield what can be decoded of the open file."""
        packets = read_packets(container, self._stream, problems=self._problems)
        for packet, seconds in timed_packets(self._path, packets):
            self._num_packets += 1
            self._num_before_last = len(self._problems)
            # Decoders count on times in the packet's unit.
            packet.pts = packet.dts = None if seconds is None else round(seconds / packet.time_base)
            try:
                frames = packet.decode()
            except (av.FFmpegError, ValueError) as error:
                self._fail(error)
                continue
            self._ends_well = True
            for frame in frames:
                yield from self._heard(frame)
        with suppress(av.FFmpegError, ValueError):
            for frame in self._stream.codec_context.decode(None):
                yield from self._heard(frame)
        if self._run is not None:
            yield from self._line.add(self._run.rest())
        yield from self._line.rest()

    def check(self) -> None:
        """Say what is wrong with the track, now that all of it has been read.

        Raises:
            VideoError: it is damaged.
        """
        until = clock(self._line.end_seconds)
        reason = ""
        if self._num_packets and self._num_failed >= self._num_packets:
            reason = f"nothing of {self._name} can be decoded ({self._failure}): it is damaged"
        elif self._num_failed > max(_FEW_PACKETS, _SMALL_SHARE * self._num_packets):
            where = "in parts" if self._ends_well else f"from {until} on"
            reason = f"{self._name} cannot be decoded {where} ({self._failure}): it is damaged"
        elif len(self._problems) > self._num_before_last:
            reason = f"reading {self._name} broke off at {until} ({self._problems[-1]}): it is damaged or was cut off"
        if reason:
            raise VideoError(self._path, reason)

    def _fail(self, error: Exception) -> None:
        self._num_failed += 1
        self._ends_well = False
        self._failure = self._failure or ffmpeg_reason(error)

    def _heard(self, frame: AudioFrame) -> Iterator[SoundChunk]:
        """Yield what is full now that a frame is decoded."""
        self._check_frame(frame)
        place = None
        if frame.pts is not None and frame.time_base is not None:
            place = round(frame.pts * frame.time_base * SAMPLE_RATE) + self._offset
        if self._run is None or not self._run.goes_on(frame, place):
            start = self._start_of_run(place)
            if self._run is not None:
                yield from self._line.add(self._run.rest())
            self._line.go_to(start)
            self._run = _Run(frame, start)
        try:
            samples = self._run.converted(frame)
        except (av.FFmpegError, ValueError) as error:
            self._fail(error)
        else:
            yield from self._line.add(samples)

    def _start_of_run(self, place: int | None) -> int:
        """Return where sound that does not go on begins, in samples of ours."""
        expected = None if self._run is None else self._run.end
        if expected is None or place is None:
            return expected or place or 0
        if abs(place - expected) <= _TOLERANCE_SAMPLES:
            return expected
        if place < expected - _RESTART_SAMPLES:
            self._offset += expected - place
            return expected
        return place

    def _check_frame(self, frame: AudioFrame) -> None:
        rate, channels = frame.sample_rate, frame.layout.nb_channels
        if not _MIN_RATE <= rate <= _MAX_RATE or not 0 < channels <= _MAX_CHANNELS:
            raise VideoError(
                self._path,
                f"{self._name} has {channels} channels of {rate} samples a second; what is read has 1 to "
                f"{_MAX_CHANNELS} channels of {_MIN_RATE} to {_MAX_RATE} samples",
            )
        if frame.samples > _MAX_FRAME_SECONDS * rate:
            raise VideoError(
                self._path,
                f"{self._name} comes in pieces of {frame.samples / rate:.0f} seconds; at most {_MAX_FRAME_SECONDS} "
                "seconds are decoded at a time",
            )


class _Run:
    """Sound without a break and of one kind, on its way to ours.

    Args:
        frame: the first of it.
        start: where it begins, in samples of ours.
    """

    def __init__(self, frame: AudioFrame, start: int) -> None:
        self._shape, self._rate = _shape(frame), frame.sample_rate
        self._start, self._num_samples = start, 0
        # Where nobody says which speaker a channel is for, they cannot be mixed by rule.
        layout = frame.layout if frame.layout.name.endswith("channels") else "mono"
        # Channels beside each other, as PyAV reads only the first eight of those that lie one after the other.
        self._resampler = AudioResampler(format="flt", layout=layout, rate=SAMPLE_RATE)

    @property
    def end(self) -> int:
        """Return where it ends so far, in samples of ours."""
        return self._start + self._num_samples * SAMPLE_RATE // self._rate

    def goes_on(self, frame: AudioFrame, place: int | None) -> bool:
        """Whether a frame that belongs at a place belongs to it."""
        return _shape(frame) == self._shape and (place is None or abs(place - self.end) <= _TOLERANCE_SAMPLES)

    def converted(self, frame: AudioFrame) -> np.ndarray:
        """Return float32 (N,), what is ready of the sound up to the end of a frame.

        Raises:
            av.FFmpegError, ValueError: its channels cannot be mixed.
        """
        self._num_samples += frame.samples
        frame.pts = None
        return _joined(self._resampler.resample(frame))

    def rest(self) -> np.ndarray:
        """Return float32 (N,), what is left of it."""
        try:
            return _joined(self._resampler.resample(None))
        except (av.FFmpegError, ValueError):
            return _joined([])


def _shape(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _joined(pieces: Iterable[AudioFrame | None]) -> np.ndarray:
    """Return float32 (N,): the means of frames' channels, finite and in [-1, 1]."""
    arrays = [
        piece.to_ndarray().reshape(piece.samples, -1).mean(axis=1, dtype=np.float32)
        for piece in pieces
        if piece is not None
    ]
    samples = np.concatenate(arrays) if arrays else np.zeros(0, np.float32)
    finite: np.ndarray = np.nan_to_num(samples, nan=0.0).clip(-1, 1)
    return finite
