"""Training samples a second from a store of frames against the videos: `python benchmarks/frame_store.py`.

A sample is what training asks for: 12 frames at random of one clip (320 x 240, 15 s, H.264), cut to 224 x 224 pixels.
All sides take the same frames, in turns, in one process on one core; seconds are those of the processor, so other
programs do not count, and neither does waiting for a disk. How far the frames are apart is printed as a PSNR. Then
follows the arithmetic whether a GPU that trains a ViT-B/32 would wait for so many cores. Its rate is no measurement:
it is the floating-point operations of a step, by the published peak of the card and a share of it that is reached.

There are two stores: one with the usual short side, for any model up to it, and one with the model's own, whose frames
need no more scaling, which is most of the work that is left.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from decoding import Case, generate
from framecue.backbone.preprocess import Preprocess
from framecue.datasets import Clip
from framecue.datasets.clip_examples import ClipExamples
from framecue.frame_store import StoreFrameSource, StoreOptions, WantedVideo, prepare_store
from framecue.video import FrameSampling, FrameSource, PlainFrameSource
from measure import Measurement, Size, results_of

GOAL = 5.0
NUM_FRAMES, IMAGE_SIZE = 12, 224
CASE = Case("clip", 320, 240, 15, 250, GOAL)
# Decibels; another frame of the same clip has less than 20.
LEAST_PSNR = 30.0


@dataclass(frozen=True)
class Result:
    """What was measured; rates are of medians over the rounds, in seconds of one core's processor time.

    Attributes:
        raw_samples_per_second: frames decoded from the videos, and cut.
        store_samples_per_second: from the store.
        fitted_samples_per_second: from a store whose frames have the model's own size.
        ratio: of the store to the videos.
        fitted_ratio: of the fitted store to the videos.
        read_ratio: of reading alone, without the cutting, which both sides share.
        psnr: of the same frames from both sides, in decibels.
        video_bytes: of all videos.
        store_bytes: of the store.
        prepare_seconds: how long it took to make the store.
        goal: of `ratio`.
    """

    raw_samples_per_second: float
    store_samples_per_second: float
    fitted_samples_per_second: float
    ratio: float
    fitted_ratio: float
    read_ratio: float
    psnr: float
    num_videos: int
    video_bytes: int
    store_bytes: int
    prepare_seconds: float
    goal: float = GOAL


@dataclass(frozen=True)
class Gpu:
    """A card by its published figures.

    Attributes:
        name: what it is called.
        tflops: its published peak, 10^12 operations a second.
        utilisation: the share of the peak that training reaches.
        num_cores: how many cores feed it.
    """

    name: str
    tflops: float
    utilisation: float
    num_cores: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=6)
    parser.add_argument("--seconds", type=int, default=CASE.num_seconds, help="how long each is")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fps", type=float, default=3.0)
    parser.add_argument("--quality", type=int, default=StoreOptions().quality)
    parser.add_argument("--gpu", default="A100, bf16", help="its name, for the arithmetic")
    parser.add_argument("--tflops", type=float, default=312.0, help="its published peak")
    parser.add_argument("--utilisation", type=float, default=0.35, help="the share of the peak that training reaches")
    parser.add_argument("--gpu-cores", type=int, default=16, help="cores that feed it")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, one_core():
        videos = make_clips(Path(temporary) / "videos", options.clips, options.seconds)
        result = measure(videos, Path(temporary), options)
    gpu = Gpu(options.gpu, options.tflops, options.utilisation, options.gpu_cores)
    print(report(result))
    print(arithmetic(result, gpu))
    if options.json:
        options.json.write_text(json.dumps(asdict(result), indent=1) + "\n", encoding="utf-8")


@contextmanager
def one_core() -> Iterator[None]:
    """Keep this process to one core, so that decoding starts no threads; elsewhere than on Linux they count as well."""
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    if before is None:
        yield
        return
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def make_clips(folder: Path, number: int, num_seconds: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{seed}.mp4" for seed in range(number)]
    for seed, path in enumerate(paths):
        generate(path, CASE, num_seconds, seed=seed)
    return paths


def measure(videos: Sequence[Path], folder: Path, options: argparse.Namespace) -> Result:
    """Make the store, and read samples both ways in turns; exits where they are other frames."""
    wanted = [WantedVideo(path) for path in videos]
    kept = StoreOptions(frames_per_second=options.fps, quality=options.quality)
    begin = time.perf_counter()
    made = prepare_store(folder / "store", wanted, root=videos[0].parent, options=kept, num_workers=1)
    prepare_seconds = time.perf_counter() - begin
    fitted = replace(kept, short_side=IMAGE_SIZE)
    prepare_store(folder / "fitted", wanted, root=videos[0].parent, options=fitted, num_workers=1)
    sampling = FrameSampling(NUM_FRAMES, frames_per_second=options.fps)
    sources: dict[str, FrameSource] = {
        "raw": PlainFrameSource(),
        "store": StoreFrameSource(folder / "store"),
        "fitted": StoreFrameSource(folder / "fitted"),
    }
    examples = {side: _examples(videos, source, sampling) for side, source in sources.items()}
    sample_seconds: dict[str, list[float]] = {side: [] for side in sources}
    read_seconds: dict[str, list[float]] = {side: [] for side in sources}
    psnrs = []
    for epoch in range(options.rounds):
        for number, path in enumerate(videos):
            pixels = {}
            for side, source in sources.items():
                examples[side].set_epoch(epoch)
                begin = time.process_time()
                examples[side].__getitems__([number])
                sample_seconds[side].append(time.process_time() - begin)
                begin = time.process_time()
                pixels[side] = source.read_frames(path, sampling, rng=np.random.default_rng([epoch, number])).pixels
                read_seconds[side].append(time.process_time() - begin)
            psnrs.append(psnr(pixels["raw"], pixels["store"]))
    if min(psnrs) < LEAST_PSNR:
        sys.exit(f"the two sides read other frames: {min(psnrs):.1f} dB")
    raw, store, from_fitted = (1 / statistics.median(sample_seconds[side]) for side in sources)
    return Result(
        raw_samples_per_second=raw,
        store_samples_per_second=store,
        fitted_samples_per_second=from_fitted,
        ratio=store / raw,
        fitted_ratio=from_fitted / raw,
        read_ratio=statistics.median(read_seconds["raw"]) / statistics.median(read_seconds["store"]),
        psnr=statistics.median(psnrs),
        num_videos=len(videos),
        video_bytes=sum(path.stat().st_size for path in videos),
        store_bytes=made.size_bytes,
        prepare_seconds=prepare_seconds,
    )


def _examples(videos: Sequence[Path], source: FrameSource, sampling: FrameSampling) -> ClipExamples:
    preprocess = Preprocess.clip(IMAGE_SIZE)
    return ClipExamples(
        [Clip(path, ("a caption",), "train") for path in videos],
        sampling=sampling,
        preprocess=preprocess.resize_and_crop,
        frame_source=source,
        short_side=preprocess.short_side,
    )


def psnr(some: np.ndarray, others: np.ndarray) -> float:
    """The peak signal-to-noise ratio of two arrays of bytes, in decibels."""
    error = ((some.astype(np.float64) - others) ** 2).mean()
    return float(10 * np.log10(255**2 / max(error, 1e-12)))


def sample_flops(num_frames: int = NUM_FRAMES) -> float:
    """The operations of a training step for one sample by a ViT-B/32: forward and backward, thrice the forward pass.

    A layer of width d on n tokens takes 12 n d^2 multiplications for its weights and 2 n^2 d for attention; each is two
    operations, with its addition.
    """
    image = 12 * _layer(tokens=50, width=768) + 49 * (3 * 32 * 32) * 768
    text = 12 * _layer(tokens=77, width=512)
    return 3 * 2 * (num_frames * image + text)


def _layer(*, tokens: int, width: int) -> float:
    return 12 * tokens * width**2 + 2 * tokens**2 * width


def gpu_samples_per_second(gpu: Gpu) -> float:
    return gpu.tflops * 1e12 * gpu.utilisation / sample_flops()


def report(result: Result) -> str:
    reached = "reached" if result.ratio >= result.goal else "not reached"
    return (
        f"{result.num_videos} clips on one core: {result.raw_samples_per_second:.1f} samples a second from videos, "
        f"{result.store_samples_per_second:.1f} from the store: {result.ratio:.2f}x (goal {result.goal}x: {reached}); "
        f"reading alone {result.read_ratio:.1f}x; {result.psnr:.1f} dB\n"
        f"from a store with a short side of {IMAGE_SIZE}: {result.fitted_samples_per_second:.1f} samples a second, "
        f"{result.fitted_ratio:.2f}x\n"
        f"the videos have {result.video_bytes / 1e6:.1f} MB, the store {result.store_bytes / 1e6:.1f} MB, made in "
        f"{result.prepare_seconds:.1f} s"
    )


def arithmetic(result: Result, gpu: Gpu) -> str:
    """Whether a GPU would wait, in words and figures."""
    wanted = gpu_samples_per_second(gpu)
    lines = [
        f"{gpu.name}: {gpu.tflops:g} TFLOPS x {gpu.utilisation:g} / {sample_flops() / 1e9:.0f} GFLOP a sample "
        f"(ViT-B/32, {NUM_FRAMES} frames, all of it trained) = {wanted:.0f} samples a second"
    ]
    rates = {
        "videos": result.raw_samples_per_second,
        "store": result.store_samples_per_second,
        f"store of {IMAGE_SIZE}": result.fitted_samples_per_second,
    }
    for side, rate in rates.items():
        given = rate * gpu.num_cores
        verdict = "the GPU is fed" if given >= wanted else f"the GPU waits {1 - given / wanted:.0%} of the time"
        lines.append(f"  {side}: {rate:.1f} x {gpu.num_cores} cores = {given:.0f} samples a second: {verdict}")
    return "\n".join(lines)


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    sizes = {"tiny": ("--clips", 1, "--seconds", 2, "--rounds", 1), "short": ("--clips", 2, "--rounds", 3), "full": ()}
    result = results_of(main, *sizes[size])
    return [
        Measurement(what="samples a second, of the videos'", value=result["ratio"], goal=result["goal"]),
        Measurement(what="the same, frames of the model's size", value=result["fitted_ratio"]),
    ]


if __name__ == "__main__":
    main()
