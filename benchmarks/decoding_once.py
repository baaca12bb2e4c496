"""What a long film's two passes take, and what one pass would: `python benchmarks/decoding_once.py FILM...`.

framecue decodes a long film once for its shots and once for the frames that its moments show. Each of these does the
work of both, and they take turns in one process:

- *two passes*: today's code, whose decoders use a thread a core;
- *two passes, one thread*: the same with decoders of one thread;
- *one pass, all frames*: every frame is decoded, as none is known to be needless before its shot has ended, and as many
  are held as the longest shot has that is not cut into windows;
- *one pass, foreknown*: what no pass can go below that finds the same cuts and shows the same frames: which frames
  will be shown is known beforehand. Shots that are guessed from keyframes come to this where every guess is right.

With that, how many cuts lie at keyframes, and how much of the film lies between keyframes that differ: what is left to
look through where keyframes are compared first.

Prints processor seconds a minute of film, medians; fails where cuts or frames differ. Making frames smaller and ready,
the same on all sides, is left out. Without a film, one is drawn as `long_video.py` draws it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np
from av.video.frame import VideoFrame

from framecue.video import FrameSampling, PacketIndex, Segmentation, read_packet_index
from framecue.video.read import forward, moments, shots
from framecue.video.read.decode import set_threads
from framecue.video.read.packets import choose_places
from framecue.video.read.run import decoded_frames
from framecue.video.read.source import open_video, read_packets
from long_video import draw
from measure import Measurement, Size, results_of

NUM_FRAMES, SHORT_SIDE = 12, 448
ONE_THREAD, A_CORE = 1, 0
TODAY, TODAY_ONE = "two passes", "two passes, one thread"
EVERY, FOREKNOWN = "one pass, all frames", "one pass, foreknown"
DIFFERENT = 10.0  # grey levels, on the mean, from which on two keyframes' small pictures are taken for two shots


class Found(NamedTuple):
    """What a way came to: the cuts' places, and a checksum of each frame that is shown, by place."""

    cuts: list[int]
    shown: dict[int, int]


class Film:
    """A file, what today's code finds in it, and the ways to find it again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.index: PacketIndex = read_packet_index(path)
        self.minutes = self.index.duration_seconds / 60
        options = moments.ReadOptions(FrameSampling(NUM_FRAMES), Segmentation(shares_frames=True), SHORT_SIDE)
        _, windows = moments._plan_segments(str(path), self.index, options)
        chosen = [
            choose_places(self.index, options.sampling, rng=None, start_seconds=start, end_seconds=end, path=path)
            for start, end in windows
        ]
        self.places: list[int] = np.unique(np.concatenate(chosen)).tolist()
        self.most_held = round(options.segmentation.longest_seconds * self.index.num_frames / (60 * self.minutes)) + 1
        with open_video(path) as (container, stream):
            looked_at = decoded_frames(container, stream, self.index, [], skip=True)
            self.looked_at = {place for place, _ in looked_at}
            self.frame_bytes = stream.width * stream.height * 3 // 2

    def two_passes(self, threads: int) -> Found:
        """Today's code."""
        with with_threads(threads):
            cuts = shots.find_cuts(self.path, self.index)
            shown = {
                place: checksum(decoded.frame)
                for place, decoded in forward.decode_places(self.path, self.index, self.places, [])
            }
        return Found(np.searchsorted(self.index.times_seconds, np.array(cuts) - 1e-6).tolist(), shown)

    def every_frame(self) -> Found:
        """One pass in which every frame is decoded, and held until it must be known whether it is shown."""
        found, wanted = Found([], {}), set(self.places)
        looks = Looks(found.cuts)
        held: deque[tuple[int, VideoFrame]] = deque()
        for place, frame in self._decoded(None):
            if place in self.looked_at:
                looks(place, frame)
            held.append((place, frame))
            if len(held) > self.most_held:
                take(held.popleft(), wanted, found.shown)
        for each in held:
            take(each, wanted, found.shown)
        return found

    def foreknown(self) -> Found:
        """One pass that decodes what the cuts need and what is shown, and no frame beside."""
        found, wanted = Found([], {}), set(self.places)
        looks = Looks(found.cuts)
        for place, frame in self._decoded(set(self.index.ranks[self.places].tolist())):
            if place in self.looked_at:
                looks(place, frame)
            take((place, frame), wanted, found.shown)
        return found

    def between_keyframes(self) -> dict[str, float]:
        """How far keyframes tell of cuts, and what comparing them takes."""
        began = time.process_time()
        small = shots._SmallFrames()
        pictures = [(frame.pts, small(frame)) for frame in self._keyframes()]
        seconds = time.process_time() - began
        differing = 0.0
        end = float(self.index.times_seconds[-1])
        for (time_before, before), (time_after, after) in pairwise(pictures):
            step = np.abs(before.astype(np.int16) - after).mean() if before is not None and after is not None else 255
            if step >= DIFFERENT:
                differing += float((time_after - time_before) * self.index.time_base)
        cuts = set(np.asarray(self.two_passes(ONE_THREAD).cuts))
        keys = set(np.searchsorted(self.index.times, self.index.key_times).tolist())
        return {
            "seconds_a_minute": seconds / self.minutes,
            "share_between_differing": differing / end,
            "num_keyframes": len(keys),
            "num_cuts": len(cuts),
            "num_cuts_at_keyframes": len(cuts & keys),
        }

    def _keyframes(self) -> Iterator[VideoFrame]:
        with open_video(self.path) as (container, stream):
            set_threads(stream, ONE_THREAD)
            stream.codec_context.skip_frame = "NONKEY"
            for packet in chain(read_packets(container, stream), [None]):
                yield from stream.codec_context.decode(packet)

    def _decoded(self, needed: set[int] | None) -> Iterator[tuple[int, VideoFrame]]:
        """Decode by one thread; of the frames that no other refers to, those of the packets needed, None for all."""
        times = self.index.times
        with open_video(self.path) as (container, stream):
            set_threads(stream, ONE_THREAD)
            context = stream.codec_context
            for rank, packet in enumerate(chain(read_packets(container, stream), [None])):
                is_needed = needed is None or packet is None or rank in needed or rank == self.index.ranks[-1]
                context.skip_frame = "DEFAULT" if is_needed else "NONREF"
                for frame in context.decode(packet):
                    yield int(np.searchsorted(times, frame.pts)), frame


class Looks:
    """The detector of shots, shown frames as `find_cuts` shows them; cuts are added as it finds them."""

    def __init__(self, cuts: list[int]) -> None:
        self._detector, self._small = shots._make_detector(), shots._SmallFrames()
        self._seen: list[int] = []
        self._cuts = cuts

    def __call__(self, place: int, frame: VideoFrame) -> None:
        """Show it the next frame."""
        picture = self._small(frame)
        assert picture is not None
        numbers = shots._process(self._detector, len(self._seen), picture)
        self._seen.append(place)
        self._cuts += [self._seen[number] for number in numbers]


@contextmanager
def with_threads(number: int) -> Iterator[None]:
    """Have the decoders of both passes use so many threads while the block runs."""
    with ExitStack() as stack:
        for module in (shots, forward):
            stack.enter_context(patch.object(module, "set_threads", lambda stream, _: set_threads(stream, number)))
        yield


def take(each: tuple[int, VideoFrame], wanted: set[int], shown: dict[int, int]) -> None:
    if each[0] in wanted:
        shown[each[0]] = checksum(each[1])


def checksum(frame: VideoFrame) -> int:
    return zlib.crc32(memoryview(frame.planes[0]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", nargs="*", type=Path, help="files longer than 15 s; none: draw one")
    parser.add_argument("--drawn-minutes", type=float, default=6)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        films: Sequence[Path] = options.films
        if not films:
            films = [Path(folder) / "film.mp4"]
            draw(films[0], round(options.drawn_minutes * 60 * 25), options.height)
        results = [measured(Film(path), options.rounds) for path in films]
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


def measured(film: Film, num_rounds: int) -> dict[str, Any]:
    """Let the ways take turns; print and return what they took."""
    ways: dict[str, Callable[[], Found]] = {
        TODAY: lambda: film.two_passes(A_CORE),
        TODAY_ONE: lambda: film.two_passes(ONE_THREAD),
        EVERY: film.every_frame,
        FOREKNOWN: film.foreknown,
    }
    took: dict[str, list[float]] = {way: [] for way in ways}
    expected: Found | None = None
    print(f"{film.path.name}: {film.minutes:.1f} minutes, {film.index.num_frames} frames, {len(film.places)} shown")
    for _ in range(num_rounds):
        for way, find in ways.items():
            began = time.process_time()
            found = find()
            took[way].append((time.process_time() - began) / film.minutes)
            expected = expected or found
            if found != expected:
                sys.exit(f"{film.path.name}: {way} finds other cuts or other pixels than {TODAY}")
    seconds = {way: statistics.median(found) for way, found in took.items()}
    held = film.most_held * film.frame_bytes / 1e6
    keys = film.between_keyframes()
    for way, each in seconds.items():
        held_too = f", holding {held:.0f} MB of frames" if way == EVERY else ""
        print(f"  {way:<24}{each:6.2f} s a minute, {seconds[TODAY] - each:+.2f} saved{held_too}", flush=True)
    print(
        f"  keyframes alone         {keys['seconds_a_minute']:6.2f} s a minute; {keys['num_cuts_at_keyframes']} of "
        f"{keys['num_cuts']} cuts lie at one of the {keys['num_keyframes']}; {keys['share_between_differing']:.0%} of "
        "the film lies between two that differ",
        flush=True,
    )
    return {"film": film.path.name, "seconds_a_minute": seconds, "held_megabytes": held, "keyframes": keys}


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    sizes = {
        "tiny": ("--drawn-minutes", 0.5, "--height", 90, "--rounds", 1),
        "short": ("--drawn-minutes", 2),
        "full": (),
    }
    (result,) = results_of(main, *sizes[size])
    seconds = result["seconds_a_minute"]
    return [
        Measurement(what=f"{way}: processor time, of two passes'", value=seconds[way] / seconds[TODAY])
        for way in (TODAY_ONE, EVERY, FOREKNOWN)
    ]


if __name__ == "__main__":
    main()
