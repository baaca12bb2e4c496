"""A method's videos by PyTorch and by exported graphs, on one core: `python benchmarks/exported.py`.

Prompt Switch at 12 frames on an image encoder of ViT-B/32's shape, with random weights; its aggregation and its cube do
something. In turns, one video at a time: PyTorch in float32 and in bfloat16, ONNX Runtime in float32 and in int8.
Prints frames a second of processor time, the ratios to PyTorch in float32, and the smallest cosine to its vectors. With
--outlier, channels that are so many times as large as the others are planted in all norms, as real CLIPs have them; how
the graph was quantised then is said too. What exporting and quantising take is said as well.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from framecue.exported.choose import quantised_graph
from framecue.exported.export_video import export_video_graph
from framecue.exported.video_graph import VideoGraph
from framecue.model import VideoTextModel, load_model
from indexing import make_model
from measure import Measurement, Size, results_of, small_clip_config, times_in_turns

NUM_FRAMES = 12
BASE = "torch float32"


@dataclass(frozen=True)
class Result:
    """What was measured of one way to encode.

    Attributes:
        frames_a_second: of processor time.
        ratio: of that to PyTorch's in float32.
        cosine: of its vectors to PyTorch's in float32, the smallest of the videos.
    """

    frames_a_second: float
    ratio: float
    cosine: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9, help="of timing, of which the median counts")
    parser.add_argument("--videos", type=int, default=8, help="on which the vectors are compared")
    parser.add_argument("--outlier", type=float, default=1.0, help="how large some channels are; 1 plants none")
    parser.add_argument("--config", type=Path, help="a CLIP's config.json, if it is to be another than ViT-B/32")
    parser.add_argument("--json", type=Path, help="write the results there as well")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        found, times = measure(Path(folder), arguments)
    print("| encoded by | frames a processor-second | ratio | least cosine |\n| --- | ---: | ---: | ---: |")
    for name, each in found.items():
        print(f"| {name} | {each.frames_a_second:.1f} | {each.ratio:.2f} | {each.cosine:.6f} |")
    print(f"\nexported in {times['export']:.1f} s, quantised and checked in {times['quantise']:.1f} s: {times['how']}")
    if arguments.json is not None:
        arguments.json.write_text(json.dumps({name: asdict(each) for name, each in found.items()}), encoding="utf-8")


def measure(folder: Path, arguments: argparse.Namespace) -> tuple[dict[str, Result], dict[str, object]]:
    """Export, quantise, and time all ways in turns."""
    make_model(folder / "model", arguments.config)
    model = prompted(folder / "model", outlier=arguments.outlier)
    size = model.backbone.vision.image_size
    shape = (arguments.videos, NUM_FRAMES, 3, size, size)
    pixels = np.random.default_rng(0).standard_normal(shape, dtype=np.float32)
    plain, small = folder / "float32.onnx", folder / "int8.onnx"
    began = time.perf_counter()
    export_video_graph(model.backbone, model.method, plain, num_frames=NUM_FRAMES)
    exported = time.perf_counter()
    # Of random weights, directions are as good as texts.
    queries = np.random.default_rng(1).standard_normal((200, model.embedding_dim), dtype=np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    plan, checks = quantised_graph(plain, small, pixels, lambda: queries)
    took = {"export": exported - began, "quantise": time.perf_counter() - exported}
    kept = f"{len(plan.ranges)} smoothed, {len(plan.in_float)} in float" if plan else "not good enough"
    half = prompted(folder / "model", outlier=arguments.outlier).to(torch.bfloat16)
    ways: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        BASE: model.embed_videos,
        "torch bfloat16": half.embed_videos,
        "onnx float32": VideoGraph(plain, num_workers=1).embed_videos,
        "onnx int8": VideoGraph(small, num_workers=1).embed_videos,
    }
    one = pixels[:1]
    times = times_in_turns({name: lambda way=way: way(one) for name, way in ways.items()}, arguments.rounds)
    wanted = model.embed_videos(pixels)
    base = times[BASE].processor_seconds
    found = {
        name: Result(
            NUM_FRAMES / times[name].processor_seconds,
            base / times[name].processor_seconds,
            float((way(pixels) * wanted).sum(axis=1).min()),
        )
        for name, way in ways.items()
    }
    return found, {**took, "how": f"{kept}, {checks[-1].cosine:.5f} and {checks[-1].rank_correlation:.4f}"}


def prompted(folder: Path, *, outlier: float) -> VideoTextModel:
    """Prompt Switch whose cube and aggregation do something, the same each time; outliers if wanted."""
    options = {"num_test_frames": NUM_FRAMES, "captioner": False}
    model = load_model(folder, method="prompt-switch", options=options, device="cpu")
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in sorted(model.method.named_parameters()):
            std = 0.5 if name == "prompt_cube" else 0.03
            parameter.copy_(std * torch.randn(parameter.shape, generator=generator))
        for layer in model.backbone.vision.layers if outlier != 1 else ():
            for norm in (layer.layer_norm1, layer.layer_norm2):
                norm.weight[[7, 21]] *= outlier
            attention = layer.self_attn
            for linear in (attention.q_proj, attention.k_proj, attention.v_proj, layer.mlp.fc1):
                linear.weight[:, [7, 21]] /= outlier
    return model


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        small = ["--config", small_clip_config(Path(folder)), "--videos", 2] if size == "tiny" else []
        rounds = {"tiny": 1, "short": 3, "full": 9}[size]
        found = results_of(main, *small, "--rounds", rounds)
    return [
        Measurement(what=f"frames a processor-second, {name} to {BASE}", value=each["ratio"])
        for name, each in found.items()
        if name != BASE
    ] + [Measurement(what="least cosine of onnx int8", value=found["onnx int8"]["cosine"], unit="", goal=0.999)]


if __name__ == "__main__":
    main()
