"""How busy a GPU is kept: `python benchmarks/gpu.py`.

Models of ViT-B/32's and L/14's shape (random weights: speed does not depend on them) encode frames in bfloat16. What
they need in multiplications a second is set against what the same card reaches on large matrices in the same run, in
turns: the share of it is the figure, and a half is the goal. Then come

- the ways of calling a model (plain, a CUDA graph, compiled), of which an indexing run takes the fastest,
- frames from decoded pictures on: as bytes, resized on the card, against resized by the processor,
- the whole of indexing, videos a second, with the one and with the other,
- decoding by torchcodec on the card against PyAV, at three sizes, where torchcodec is installed.

It says which card. Without one everything runs on the processor, in its fastest type, to show that it runs: no goal is
set there.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import CLIPConfig, CLIPModel

import framecue
from framecue.backbone import Backbone, Preprocess, fast_dtype
from framecue.backbone.load import read_tokenizer
from framecue.backbone.source import find_source
from framecue.device.calls import Calls, cuda_ways
from framecue.device.lanes import lanes_of
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.video import FrameSampling, GpuDecoding, read_frames, write_video
from framecue.video.read.gpu import decoding_on_gpu
from indexing import make_clips
from measure import Measurement, Size, results_of, small_clip_config, times_in_turns

GOAL = 0.5
NUM_FRAMES = 12
# Of the pictures that a reader gives of wide-screen film: the short side twice what the model looks at.
ASPECT = 16 / 9
DECODED_SIZES = ((720, 1280), (1080, 1920), (2160, 3840))

VIT_B32: dict[str, Any] = {"projection_dim": 512}  # CLIPConfig's defaults are ViT-B/32's
VIT_L14: dict[str, Any] = {
    "projection_dim": 768,
    "vision_config": {
        **{"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16},
        **{"image_size": 224, "patch_size": 14},
    },
    "text_config": {"hidden_size": 768, "intermediate_size": 3072, "num_attention_heads": 12},
}


@dataclass(frozen=True)
class Encoding:
    """What was measured of one model; rates are frames a second.

    Attributes:
        flops_per_frame: multiplications and additions of matrices, two for each pair.
        share: of the card's rate on large matrices, by the fastest way of calling.
        way: that way.
        frames_a_second: of each way.
        from_pictures: frames a second from decoded pictures on, resized on the device and by the processor.
    """

    model: str
    flops_per_frame: float
    share: float
    way: str
    frames_a_second: dict[str, float]
    from_pictures: dict[str, float]


@dataclass(frozen=True)
class Results:
    """What was measured; ``decoding`` is how many times as fast torchcodec was as PyAV, by the pictures' height."""

    card: str
    dtype: str
    matmul_tflops: float
    models: list[Encoding]
    videos_a_second: dict[str, float]
    decoding: dict[str, float] = field(default_factory=dict)
    decoding_note: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--videos-at-once", type=int, default=21, help="of 12 frames each: 21 are 252 frames")
    parser.add_argument("--matrix", type=int, default=8192, help="rows of the matrices that are multiplied")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--clips", type=int, default=64, help="for the whole of indexing; 0 leaves it out")
    parser.add_argument("--seconds", type=int, default=15, help="how long a clip is")
    parser.add_argument("--config", type=Path, help="a JSON file of one CLIPConfig in place of the two models")
    parser.add_argument("--only-b32", action="store_true", help="leave L/14 out, which takes a processor minutes")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    device, dtype = torch.device(options.device), fast_dtype()
    shapes = {"ViT-B/32": VIT_B32} if options.only_b32 else {"ViT-B/32": VIT_B32, "ViT-L/14": VIT_L14}
    if options.config:
        shapes = {options.config.stem: json.loads(options.config.read_text(encoding="utf-8"))}
    print(f"{card_of(device)}, {name_of(dtype)}, torch {torch.__version__}", flush=True)
    rates, models = [], []
    for name, config in shapes.items():
        model = make_model(config, device, dtype)
        rate, encoding = measure_encoding(
            name, model, num_videos=options.videos_at_once, matrix=options.matrix, rounds=options.rounds
        )
        rates.append(rate)
        models.append(encoding)
        del model
    decoding, note = measure_decoding(options.rounds) if device.type == "cuda" else ({}, "no GPU")
    first = next(iter(shapes.values()))
    results = Results(
        card=card_of(device),
        dtype=name_of(dtype),
        matmul_tflops=max(rates) / 1e12,
        models=models,
        videos_a_second=measure_indexing(make_model(first, device, dtype), options.clips, options.seconds),
        decoding=decoding,
        decoding_note=note,
    )
    print("\n".join(lines(results)))
    if options.json:
        options.json.write_text(json.dumps(asdict(results), indent=1) + "\n", encoding="utf-8")


def make_model(config: dict[str, Any], device: torch.device, dtype: torch.dtype) -> VideoTextModel:
    """A CLIP of a configuration with random weights, under mean pooling of 12 frames."""
    torch.manual_seed(0)
    clip = CLIPModel(CLIPConfig(**config))
    backbone = Backbone(
        clip.to(dtype).eval(),
        name="random",
        revision="0",
        preprocess=Preprocess.clip(clip.config.vision_config.image_size),
        tokenizer=lambda: read_tokenizer(find_source("moji-clip")),
    )
    frames = {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES}
    return VideoTextModel(backbone, build_method("mean-pool", frames, backbone)).to(device).eval()


def flops_of(model: VideoTextModel) -> float:
    """Multiplications and additions of matrices for one frame: patches, layers, attention, projection."""
    vision = model.backbone.model.config.vision_config
    width, patches = vision.hidden_size, (vision.image_size // vision.patch_size) ** 2
    tokens = patches + 1
    layer = tokens * (4 * width * width + 2 * width * vision.intermediate_size) + 2 * tokens * tokens * width
    whole = patches * 3 * vision.patch_size**2 * width + vision.num_hidden_layers * layer + width * model.embedding_dim
    return 2.0 * whole


@torch.inference_mode()
def measure_encoding(
    name: str, model: VideoTextModel, *, num_videos: int, matrix: int, rounds: int
) -> tuple[float, Encoding]:
    """The device's rate on large matrices, in operations a second, and what the model makes of it."""
    device, dtype, size = model.device, model.dtype, model.backbone.vision.image_size
    lanes = lanes_of(device)
    values = torch.randn(num_videos, NUM_FRAMES, 3, size, size, device=device, dtype=dtype)
    one, other = (torch.randn(matrix, matrix, device=device, dtype=dtype) for _ in range(2))
    pictures = make_pictures(num_videos, 2 * size)
    calls: dict[str, Callable[[], object]] = {"matrices": lambda: one @ other}
    for way in ("plain", *(cuda_ways() if device.type == "cuda" else ())):
        called = Calls(
            model._embeddings, lanes, batch_size=num_videos, ways=cuda_ways() if way != "plain" else {}, wanted=way
        )
        called(values)
        if called.way == way:  # where it could be made
            calls[way] = lambda called=called: called(values)
    ways = [way for way in calls if way != "matrices"]
    calls["device"] = lambda: model.embed_raw(pictures)
    calls["processor"] = lambda: model.embed_videos(np.stack([model.prepare(frames) for frames in pictures]))

    def finished(call: Callable[[], object]) -> Callable[[], object]:
        def run() -> None:
            call()
            lanes.finish()

        return run

    times = times_in_turns({key: finished(call) for key, call in calls.items()}, rounds)
    rate = 2.0 * matrix**3 / times["matrices"].seconds
    num_frames = num_videos * NUM_FRAMES
    frames_a_second = {way: num_frames / times[way].seconds for way in ways}
    fastest = max(ways, key=lambda way: frames_a_second[way])
    return rate, Encoding(
        model=name,
        flops_per_frame=flops_of(model),
        share=frames_a_second[fastest] * flops_of(model) / rate,
        way=fastest,
        frames_a_second=frames_a_second,
        from_pictures={side: num_frames / times[side].seconds for side in ("device", "processor")},
    )


def make_pictures(num_videos: int, short_side: int) -> list[np.ndarray]:
    """Videos' frames as a reader gives them, uint8 (F, H, W, 3): noise."""
    shape = (NUM_FRAMES, short_side, round(short_side * ASPECT), 3)
    return [np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8) for seed in range(num_videos)]


class PreparedHere(VideoTextModel):
    """A model for which frames are made ready by the processor, as without a GPU."""

    takes_frames = False


class PreparedThere(VideoTextModel):
    """A model that makes frames ready on its device, whichever it is."""

    takes_frames = True


def measure_indexing(model: VideoTextModel, num_clips: int, num_seconds: int) -> dict[str, float]:
    """Videos a second of `Library.add`, with frames made ready on the device and by the processor."""
    if not num_clips:
        return {}
    with tempfile.TemporaryDirectory() as temporary:
        paths = make_clips(Path(temporary) / "clips", num_clips, num_seconds)
        sides = {"device": PreparedThere, "processor": PreparedHere}
        models = {side: made(model.backbone, model.method).eval() for side, made in sides.items()}
        number = 0

        def index(side: str) -> None:
            nonlocal number
            number += 1
            framecue.Library(Path(temporary) / f"{number}.lance", model=models[side]).add(paths)

        times = times_in_turns({side: lambda side=side: index(side) for side in sides}, 1)
    return {side: num_clips / found.seconds for side, found in times.items()}


def measure_decoding(rounds: int) -> tuple[dict[str, float], str]:
    """How many times as fast torchcodec decodes on the GPU as PyAV does, by the pictures' height; and why not."""
    if find_spec("torchcodec") is None:
        return {}, "torchcodec is not installed"
    found, notes = {}, []
    with tempfile.TemporaryDirectory() as temporary:
        for height, width in DECODED_SIZES:
            path = Path(temporary) / f"{height}.mp4"
            write_video(path, film(height, width), frames_per_second=25)
            faster, note = decoding_ratio(path, rounds=rounds)
            found |= {str(height): faster} if note is None else {}
            notes += [] if note is None else [f"{height}: {note}"]
    return found, "; ".join(notes)


def film(height: int, width: int, num_frames: int = 250) -> Iterator[np.ndarray]:
    """Ten seconds of a picture that is moving, with the grain of film: uint8 (H, W, 3)."""
    rng = np.random.default_rng(0)
    still = np.repeat(np.repeat(rng.integers(0, 200, (height // 8, width // 8, 3), dtype=np.uint8), 8, 0), 8, 1)
    grain = rng.integers(0, 30, still.shape, dtype=np.uint8)
    for number in range(num_frames):
        yield np.roll(still, 2 * number, 1) + np.roll(grain, 37 * number, 0)


def decoding_ratio(path: Path, *, rounds: int) -> tuple[float, str | None]:
    """How many times as fast 12 frames of a file are decoded on the GPU; and why not."""
    sampling, fallbacks = FrameSampling(NUM_FRAMES), []

    def on_gpu() -> None:
        with decoding_on_gpu(GpuDecoding(min_pixels=1)) as session:
            read_frames(path, sampling, short_side=448)
        assert session is not None
        fallbacks.append(session.use().fallback)

    sides = {"gpu": on_gpu, "pyav": lambda: read_frames(path, sampling, short_side=448)}
    times = times_in_turns(sides, min(rounds, 5))
    return times["pyav"].seconds / times["gpu"].seconds, fallbacks[-1]


def lines(results: Results) -> list[str]:
    found = [f"matrices: {results.matmul_tflops:.3g} TFLOPS in {results.dtype} on {results.card}"]
    for each in results.models:
        rates = ", ".join(f"{way} {rate:.0f}" for way, rate in each.frames_a_second.items())
        found += [
            f"{each.model} ({each.flops_per_frame / 1e9:.1f} GFLOP a frame): {each.share:.0%} of that, {each.way}; "
            f"frames a second: {rates}",
            f"  from pictures on: {each.from_pictures['device']:.0f} frames a second resized on the device, "
            f"{each.from_pictures['processor']:.0f} by the processor",
        ]
    if results.videos_a_second:
        device, processor = results.videos_a_second["device"], results.videos_a_second["processor"]
        found.append(f"indexing: {device:.1f} videos a second, {processor:.1f} with frames resized by the processor")
    found += [f"decoding {height} lines on the GPU: {ratio:.2f}x PyAV's" for height, ratio in results.decoding.items()]
    if results.decoding_note:
        found.append(f"decoding on a GPU not measured: {results.decoding_note}")
    return found


def card_of(device: torch.device) -> str:
    """The card's name, or the processor's kind."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else f"processor ({platform.machine()})"


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`. Goals are a GPU's."""
    is_gpu = torch.cuda.is_available()
    with tempfile.TemporaryDirectory() as folder:
        few: Sequence[object] = ("--videos-at-once", 2, "--matrix", 64, "--rounds", 1, "--clips", 1, "--seconds", 1)
        short: Sequence[object] = ("--videos-at-once", 2, "--matrix", 1024, "--rounds", 3, "--clips", 4, "--only-b32")
        sizes = {
            "tiny": (*few, "--device", "cpu", "--config", small_clip_config(Path(folder))),
            "short": ("--rounds", 5, "--clips", 16) if is_gpu else short,
            "full": () if is_gpu else (*short, "--rounds", 10),
        }
        results = results_of(main, *sizes[size])
    on = results["card"]
    goal = GOAL if is_gpu and size != "tiny" else None
    found = [
        Measurement(what=f"{each['model']}'s share of {on}'s rate on matrices", value=each["share"], goal=goal)
        for each in results["models"]
    ]
    videos = results["videos_a_second"]
    found.append(
        Measurement(
            what=f"videos a second indexed on {on}, of those with frames resized by the processor",
            value=videos["device"] / videos["processor"],
        )
    )
    return found


if __name__ == "__main__":
    main()
