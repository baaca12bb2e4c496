"""The planned reader against seeking frame by frame with OpenCV: `python benchmarks/decoding.py`.

Both read 12 evenly spaced frames of a file as RGB at full size, opening it included. The plain way of research codes
sets OpenCV's frame number and reads, for each of the frames. Prints, for three generated files, the ratio of the
median times, taken in turns, and how far the frames are apart. Each side has its own default of threads; `--cores 1`
lets both have one.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from framecue.video import FrameSampling, read_frames
from measure import Measurement, Size, results_of

NUM_FRAMES = 12
FRAMES_PER_SECOND = 25
# Grey levels, mean over a frame: the two sides turn YUV into RGB with other roundings. A frame to the side differs by
# several times this, as the generated picture moves by more than a pixel from each frame to the next.
TOLERANCE = 3.0
BT601, LIMITED_RANGE = 6, 1


@dataclass(frozen=True)
class Case:
    """One file: its name, picture, length, the distance of its keyframes, and the ratio to reach."""

    name: str
    width: int
    height: int
    num_seconds: int
    keyframe_frames: int
    goal: float


CASES = {
    case.name: case
    for case in (
        Case("one-gop", 320, 240, 15, 15 * FRAMES_PER_SECOND, 2.5),
        Case("short-gops", 1280, 720, 20, 2 * FRAMES_PER_SECOND, 1.3),
        Case("long-video", 640, 360, 120, 10 * FRAMES_PER_SECOND, 1.3),  # libx264's own distance, 250 frames
    )
}


@dataclass(frozen=True)
class Result:
    """What was measured of one case; times are medians, ``processor_ratio`` is that of all threads' processor time."""

    name: str
    opencv_seconds: float
    framecue_seconds: float
    ratio: float
    processor_ratio: float
    goal: float
    difference: float
    neighbour_difference: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=int, help="make every file this long instead")
    parser.add_argument("--folder", type=Path, help="where the files are made and kept (default: a temporary folder)")
    parser.add_argument("--cores", type=int, help="use only so many processor cores, which also limits the threads")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    cores = available_cores(options.cores)
    print(f"{cores} cores; OpenCV {cv2.__version__}, PyAV {av.__version__}; {options.rounds} rounds", flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        results = []
        for name in options.cases:
            path, case = folder / f"{name}-{options.seconds or CASES[name].num_seconds}s.mp4", CASES[name]
            if not path.exists():
                generate(path, case, options.seconds or case.num_seconds)
            results.append(compare(path, case, options.rounds))
            print(line(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n", encoding="utf-8")


def available_cores(wanted: int | None) -> int:
    """Limit this process to some cores, before either side starts threads; say how many it has."""
    if not hasattr(os, "sched_setaffinity"):
        if wanted:
            sys.exit("--cores: this system cannot limit a process to some cores")
        return os.cpu_count() or 1
    if wanted:
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:wanted])
    return len(os.sched_getaffinity(0))


def compare(path: Path, case: Case, num_rounds: int) -> Result:
    """Read the file both ways in turns; exits where they read other frames."""
    sides = {"opencv": read_by_seeking, "framecue": read_planned}
    times: dict[str, list[float]] = {side: [] for side in sides}
    processor_times: dict[str, list[float]] = {side: [] for side in sides}
    pixels: dict[str, np.ndarray] = {}
    for _ in range(num_rounds):
        for side, read in sides.items():
            begin, processor_begin = time.perf_counter(), time.process_time()
            pixels[side] = read(path)
            times[side].append(time.perf_counter() - begin)
            processor_times[side].append(time.process_time() - processor_begin)
    # The frame one further on, to show that the tolerance tells frames apart.
    neighbour = mean_difference(pixels["framecue"], read_by_seeking(path, offset=1)).min()
    difference = mean_difference(pixels["framecue"], pixels["opencv"]).max()
    if difference > TOLERANCE or neighbour < 2 * difference:
        sys.exit(f"{case.name}: the two sides read other frames ({difference:.1f} apart; the next: {neighbour:.1f})")
    opencv, framecue = (statistics.median(times[side]) for side in sides)
    processor_opencv, processor_framecue = (statistics.median(processor_times[side]) for side in sides)
    return Result(
        name=case.name,
        opencv_seconds=opencv,
        framecue_seconds=framecue,
        ratio=opencv / framecue,
        processor_ratio=processor_opencv / processor_framecue,
        goal=case.goal,
        difference=float(difference),
        neighbour_difference=float(neighbour),
    )


def line(result: Result) -> str:
    reached = "reached" if result.ratio >= result.goal else "not reached"
    return (
        f"{result.name:<10}  OpenCV {1000 * result.opencv_seconds:7.1f} ms  "
        f"framecue {1000 * result.framecue_seconds:7.1f} ms  {result.ratio:5.2f}x (goal {result.goal}x: {reached}), "
        f"{result.processor_ratio:.2f}x in processor time; "
        f"frames differ by {result.difference:.2f}, the next ones by {result.neighbour_difference:.2f}"
    )


def read_planned(path: Path) -> np.ndarray:
    """The frames as framecue reads them: uint8 (F, H, W, 3), RGB."""
    return read_frames(path, FrameSampling(NUM_FRAMES)).pixels


def read_by_seeking(path: Path, *, offset: int = 0) -> np.ndarray:
    """The same frames, by OpenCV's frame number: uint8 (F, H, W, 3), RGB."""
    capture = cv2.VideoCapture(str(path))
    num_frames = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
    frames = []
    for number in FrameSampling(NUM_FRAMES).test_indices(num_frames):
        capture.set(cv2.CAP_PROP_POS_FRAMES, number + offset)
        read, frame = capture.read()
        if not read:
            sys.exit(f"{path.name}: OpenCV reads no frame {number + offset} of {num_frames}")
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB))
    capture.release()
    return np.stack(frames)


def mean_difference(some: np.ndarray, others: np.ndarray) -> np.ndarray:
    """(F,), the mean absolute difference of two rows of frames, in grey levels."""
    return np.array([np.abs(a.astype(np.int16) - b).mean() for a, b in zip(some, others, strict=True)])


def generate(path: Path, case: Case, num_seconds: int, *, seed: int = 0) -> None:
    """Write the file: libx264 with its usual options (B-frames), keyframes at a fixed distance alone, no sound."""
    x264 = f"keyint={case.keyframe_frames}:min-keyint={case.keyframe_frames}:scenecut=0"
    # One thread: the same bytes on every machine.
    encoder = {"preset": "medium", "crf": "23", "threads": "1", "x264-params": x264}
    unfinished = path.with_suffix(".part")
    with av.open(str(unfinished), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=FRAMES_PER_SECOND, options=encoder)
        stream.width, stream.height, stream.pix_fmt = case.width, case.height, "yuv420p"
        # OpenCV takes every file for BT.601; framecue reads the tag.
        stream.codec_context.colorspace, stream.codec_context.color_range = BT601, LIMITED_RANGE
        for number, pixels in enumerate(pictures(case, num_seconds * FRAMES_PER_SECOND, seed=seed)):
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FRAMES_PER_SECOND)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    unfinished.replace(path)


def pictures(case: Case, num_frames: int, *, seed: int = 0) -> Iterator[np.ndarray]:
    """A camera that pans over a textured landscape in which textured discs move: uint8 (H, W, 3)."""
    height, width = case.height, case.width
    rng = np.random.default_rng(seed)
    background = texture(rng, 2 * height, 2 * width)
    background = np.concatenate([background, background[:, :width]], axis=1)  # it wraps around to the right
    disc_size = height // 3
    discs = [texture(rng, disc_size, disc_size) for _ in range(4)]
    rows, columns = np.indices((disc_size, disc_size)) - disc_size / 2
    inside = (rows**2 + columns**2 < (disc_size / 2 - 1) ** 2)[..., None]
    # Radians a second and phases of the camera (first row) and the discs, downwards and to the right.
    speeds, phases = rng.uniform(0.3, 1.1, (5, 2)), rng.uniform(0, 2 * np.pi, (5, 2))
    for number in range(num_frames):
        places = 0.5 + 0.5 * np.sin(phases + speeds * number / FRAMES_PER_SECOND)
        # Besides the swing a steady pan, so that no moment has a standing camera.
        down, right = (places[0] * (height / 2, width / 2)).astype(int)
        right = (right + 3 * number) % (2 * width)
        picture = background[down : down + height, right : right + width].copy()
        for disc, place in zip(discs, places[1:], strict=True):
            top, left = (place * (height - disc_size, width - disc_size)).astype(int)
            patch = picture[top : top + disc_size, left : left + disc_size]
            patch[...] = np.where(inside, disc, patch)
        yield picture


def texture(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Colour noise with detail of every size, without a seam at its edges: uint8 (height, width, 3)."""
    y, x = np.meshgrid(np.fft.fftfreq(height), np.fft.rfftfreq(width), indexing="ij")
    strength = 1 / np.maximum(np.hypot(y, x), 1 / max(height, width)) ** 1.3
    # Mostly of brightness, as in the world: the three channels share most of their noise.
    noise = rng.standard_normal((1, height, width)) + 0.4 * rng.standard_normal((3, height, width))
    field = np.fft.irfft2(np.fft.rfft2(noise, axes=(1, 2)) * strength, s=(height, width), axes=(1, 2))
    field = (field - field.mean()) / field.std()
    return np.clip(128 + 48 * field, 0, 255).astype(np.uint8).transpose(1, 2, 0)


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    sizes = {
        "tiny": ("--cases", "one-gop", "--seconds", 2, "--rounds", 1),
        "short": ("--cases", "one-gop", "--rounds", 5),
        "full": (),
    }
    results = results_of(main, *sizes[size])
    return [
        Measurement(what=f"{each['name']}: times as fast as OpenCV", value=each["ratio"], goal=each["goal"])
        for each in results
    ]


if __name__ == "__main__":
    main()
