"""Read chosen frames of a video file: plan from the packets which to decode, then decode no more than needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream

from framecue.cores import num_cores
from framecue.errors import VideoError
from framecue.video.read.budget import begin_pass
from framecue.video.read.frames import Frames, gather, undecodable
from framecue.video.read.gpu import decode_on_gpu
from framecue.video.read.mark import is_marked
from framecue.video.read.packets import PacketIndex, choose_places, scan_packets
from framecue.video.read.pixels import RgbConverter
from framecue.video.read.plan import Run, plan_runs, share_runs, straight_run
from framecue.video.read.recorded import read_recorded_seconds
from framecue.video.read.run import decode_run, decoded_frames, rewind
from framecue.video.read.sampling import FrameSampling
from framecue.video.read.shape import Decoded
from framecue.video.read.source import open_video
from framecue.video.read.window import check_short_side

__all__ = ["Frames", "VideoInfo", "VideoReader", "probe", "read_frames", "set_threads"]


# Pixels to decode below which starting threads costs more than they save (some ten milliseconds of one core).
_SMALL_WORK_PIXELS = 5_000_000
# Runs are decoded at once, each by one thread: a decoder's own threads wait for each other, which costs a fifth more.
_MAX_DECODERS = 8


@dataclass(frozen=True)
class VideoInfo:
    """What a video is.

    Attributes:
        path: the file.
        duration_seconds: from the start of the file's sound and pictures to the end of its pictures, or of sound that
            goes on for longer; 0 for a still image.
        num_frames: frames shown.
        width: of its first frame as shown, in square pixels, in display orientation.
        height: of its first frame as shown, in square pixels, in display orientation.
        start_seconds: when the first frame is shown; later than 0 where sound comes first.
    """

    path: Path
    duration_seconds: float
    num_frames: int
    width: int
    height: int
    start_seconds: float = 0.0


class VideoReader:
    """An open video file, for reading several windows of it, or for its frames and its duration at once.

    Opening it reads its packets, which takes one pass over the file; nothing is decoded until frames are asked for.
    Use it in a ``with`` block, in one thread at a time.

    Args:
        path: the file.
        index: the file's index, if it was already read with ``read_packet_index``.

    Attributes:
        path: the file.
        index: when its frames are shown, and how long it lasts.

    Raises:
        VideoError: the file is missing or empty, or is no video.
    """

    def __init__(self, path: str | Path, *, index: PacketIndex | None = None) -> None:
        self.path = Path(path)
        self._stack = ExitStack()
        self._open()
        try:
            self.index = scan_packets(self.path, self._container, self._stream) if index is None else index
        except BaseException:
            self.close()
            raise
        self._is_fresh = index is not None

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        self._stack.close()

    @property
    def recorded_seconds(self) -> float | None:
        """When the file was recorded, by its metadata, in seconds since 1970; None if they do not say."""
        return read_recorded_seconds(self.path, self._container, self._stream)

    @property
    def is_marked(self) -> bool:
        """Whether the file is a clip or a sheet that framecue made."""
        return is_marked(self.path, self._container)

    def info(self) -> VideoInfo:
        """Return what the video is; one frame is decoded, to be sure of its size and that it can be.

        Raises:
            VideoError: it cannot be decoded.
        """
        problems: list[str] = []
        self._go_to_beginning()
        self._is_fresh = False
        frame = next(decoded_frames(self._container, self._stream, self.index, problems), None)
        if frame is None:
            raise VideoError(self.path, undecodable(problems))
        width, height = RgbConverter().size(*frame[1])
        index = self.index
        return VideoInfo(
            self.path, index.duration_seconds, index.num_frames, width, height, start_seconds=index.start_seconds
        )

    def read_frames(
        self,
        sampling: FrameSampling,
        *,
        rng: np.random.Generator | None = None,
        start_seconds: float | None = None,
        end_seconds: float | None = None,
        short_side: int | None = None,
    ) -> Frames:
        """Read the frames that a sampling takes of the video, or of a window of it.

        A frame that cannot be decoded is replaced by the nearest of the frames asked for that can, as long as these
        are at least half of them.

        Args:
            sampling: how many frames, and which.
            rng: draw frames at random, for training; ``None`` for the fixed ones.
            start_seconds: where the window starts, counted as players count; ``None`` for the beginning.
            end_seconds: where it ends; ``None`` for the end.
            short_side: scale larger frames down so that their short side has this many pixels; ``None`` for full size.

        Returns:
            F frames in the sampling's order, each with the time at which it is shown.

        Raises:
            InputError: the window or ``short_side`` makes no sense.
            VideoError: the video ends before the window, or shows nothing yet in it, or cannot be decoded.
        """
        check_short_side(short_side)
        chosen = choose_places(
            self.index, sampling, rng=rng, start_seconds=start_seconds, end_seconds=end_seconds, path=self.path
        )
        places = np.unique(chosen)
        convert = RgbConverter(short_side=short_side)
        pixels = {place: convert(*frame) for place, frame in decode_on_gpu(self.path, self.index, places.tolist())}
        problems: list[str] = []
        if left := places[len(pixels) :].tolist():
            more, problems = self._read_runs(plan_runs(self.index, left), short_side)
            pixels |= more
        if len(pixels) < len(places):
            # A jump may land where the decoder cannot recover, and what is left out may be missed in a damaged file;
            # opening it anew and decoding everything is the judge of what is there.
            self._open()
            pixels, problems = self._read_runs([straight_run(self.index, places.tolist())], short_side, skip=False)
        return gather(self.path, self.index, chosen, pixels, problems)

    def _open(self) -> None:
        self._stack.close()
        self._container, self._stream = self._stack.enter_context(open_video(self.path))
        self._is_fresh = True

    def _go_to_beginning(self) -> None:
        if not self._is_fresh and not rewind(self._container, self._stream, self.index):
            self._open()

    def _read_runs(
        self, runs: Sequence[Run], short_side: int | None, *, skip: bool = True
    ) -> tuple[dict[int, np.ndarray], list[str]]:
        """Decode runs.

        Returns:
            The pixels by place, without the places that could not be decoded, and what went wrong.
        """
        convert = RgbConverter(short_side=short_side)
        pixels: dict[int, np.ndarray] = {}
        problems: list[str] = []
        context = self._stream.codec_context
        num_decoded = sum(run.num_decoded for run in runs)
        begin_pass(self._stream, num_decoded)
        is_small = context.width * context.height * num_decoded < _SMALL_WORK_PIXELS
        shares = [runs] if is_small else share_runs(runs, min(_MAX_DECODERS, num_cores()))
        if runs[0].key is None:
            self._go_to_beginning()
        self._is_fresh = False
        if not self._stream.codec_context.is_open:
            set_threads(self._stream, 1 if is_small or len(shares) > 1 else 0)
        if len(shares) == 1:
            for place, frame in _decode(self._container, self._stream, self.index, runs, problems, skip):
                pixels[place] = convert(*frame)
            return pixels, problems
        with ThreadPoolExecutor(len(shares) - 1, thread_name_prefix="framecue-decode") as pool:
            others = [pool.submit(self._decode_elsewhere, share, skip) for share in shares[1:]]
            frames = list(_decode(self._container, self._stream, self.index, shares[0], problems, skip))
            for other in others:
                more, more_problems = other.result()
                frames += more
                problems += more_problems
        return {place: convert(*frame) for place, frame in frames}, problems

    def _decode_elsewhere(self, runs: Sequence[Run], skip: bool) -> tuple[list[tuple[int, Decoded]], list[str]]:
        """Decode runs that start at keyframes with a decoder of their own."""
        problems: list[str] = []
        with open_video(self.path) as (container, stream):
            set_threads(stream, 1)
            return list(_decode(container, stream, self.index, runs, problems, skip)), problems


def _decode(
    container: InputContainer,
    stream: VideoStream,
    index: PacketIndex,
    runs: Sequence[Run],
    problems: list[str],
    skip: bool,
) -> Iterator[tuple[int, Decoded]]:
    for run in runs:
        yield from decode_run(container, stream, index, run, problems, skip=skip)


def set_threads(stream: VideoStream, number: int) -> None:
    """Set how many threads a decoder that is not open yet may use; 0 for one a core."""
    stream.codec_context.thread_type = "AUTO"
    stream.codec_context.thread_count = number


def probe(path: str | Path) -> VideoInfo:
    """Return what a video is; one frame is decoded, to be sure of its size and that it can be.

    Args:
        path: the file.

    Returns:
        Its duration, number of frames and size.

    Raises:
        VideoError: the file is missing or empty, is no video, or cannot be decoded.
    """
    with VideoReader(path) as reader:
        return reader.info()


def read_frames(
    path: str | Path,
    sampling: FrameSampling,
    *,
    rng: np.random.Generator | None = None,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    short_side: int | None = None,
    index: PacketIndex | None = None,
) -> Frames:
    """Read the frames that a sampling takes of a video, or of a window of it. For several windows use a VideoReader.

    A frame that cannot be decoded is replaced by the nearest of the frames asked for that can, as long as these are
    at least half of them.

    Args:
        path: the file.
        sampling: how many frames, and which.
        rng: draw frames at random, for training; ``None`` for the fixed ones.
        start_seconds: where the window starts, counted as players count; ``None`` for the beginning.
        end_seconds: where it ends; ``None`` for the end.
        short_side: scale larger frames down so that their short side has this many pixels; ``None`` for full size.
        index: the file's index, if it was already read with ``read_packet_index``.

    Returns:
        F frames in the sampling's order, each with the time at which it is shown.

    Raises:
        InputError: the window or ``short_side`` makes no sense.
        VideoError: the file is missing or empty, is no video, ends before the window or shows nothing yet in it, or
            cannot be decoded.
    """
    check_short_side(short_side)
    with VideoReader(path, index=index) as reader:
        return reader.read_frames(
            sampling, rng=rng, start_seconds=start_seconds, end_seconds=end_seconds, short_side=short_side
        )
