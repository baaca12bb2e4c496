"""TempMe against mean pooling and LoRA, encoding the same frames: `python benchmarks/token_merging.py`.

All on one image encoder of ViT-B/32's shape with random weights (12 frames a video, each method with its own options),
in turns. Prints, as ratios to mean pooling and to LoRA: the median times of a batch, in float32 and in bfloat16; the
floating-point operations, counted by PyTorch; and the tokens, those that leave the last layer and those of all layers'
MLPs together. Updates are not folded into the weights, neither TempMe's nor LoRA's.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from decoding import available_cores
from framecue.backbone import DTYPES
from framecue.model import VideoTextModel, load_model
from indexing import make_model, name_of
from measure import Measurement, Size, results_of, small_clip_config, times_in_turns

NUM_FRAMES = 12
METHODS = ("mean-pool", "lora", "tempme")


@dataclass(frozen=True)
class Work:
    """What encoding one video takes, whatever the type and the machine.

    Attributes:
        flops: floating-point operations, a multiplication and an addition as two.
        output_tokens: tokens behind the last layer.
        tokens: tokens that layers' MLPs see, all layers together.
    """

    flops: int
    output_tokens: int
    tokens: int


@dataclass(frozen=True)
class Result:
    """What was measured with one dtype: TempMe's time as a ratio to the others'.

    Attributes:
        dtype: its name.
        seconds: of each method, the median of a batch.
        processor_seconds: the same in processor time, which what else the machine does touches less.
        ratio_to_mean_pool: of seconds.
        ratio_to_lora: of seconds.
        processor_ratio_to_mean_pool: of processor seconds.
        processor_ratio_to_lora: of processor seconds.
    """

    dtype: str
    seconds: dict[str, float]
    processor_seconds: dict[str, float]
    ratio_to_mean_pool: float
    ratio_to_lora: float
    processor_ratio_to_mean_pool: float
    processor_ratio_to_lora: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=4, help="videos that are encoded at once")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(DTYPES))
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--merged-per-layer", type=int, default=2, help="TempMe's option (default: %(default)s)")
    parser.add_argument("--cores", type=int, help="use only so many processor cores, which also limits the threads")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    cores = available_cores(options.cores)
    threads = torch.get_num_threads()
    torch.set_num_threads(min(threads, cores))  # PyTorch was loaded before, and counted them all
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"{cores} cores ({capability}); torch {torch.__version__}; {options.rounds} rounds", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_model(folder, options.config)
        work = {method: work_of(load(folder, method, options)) for method in METHODS}
        print(work_line(work), flush=True)
        results = []
        for name in options.dtypes:
            models = {method: load(folder, method, options, dtype=DTYPES[name]) for method in METHODS}
            results.append(compare(models, DTYPES[name], options.videos, options.rounds))
            print(time_line(results[-1]), flush=True)
    torch.set_num_threads(threads)
    if options.json:
        found = {
            "work": {method: asdict(each) for method, each in work.items()},
            "times": [asdict(result) for result in results],
        }
        options.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def load(
    folder: Path, method: str, arguments: argparse.Namespace, *, dtype: torch.dtype = torch.float32
) -> VideoTextModel:
    """One method on the model, untrained."""
    options: dict[str, Any] = {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES}
    if method == "tempme":
        options["merged_per_layer"] = arguments.merged_per_layer
    return load_model(folder, method=method, options=options, dtype=dtype, device="cpu")


def frames_for(model: VideoTextModel, num_videos: int) -> Tensor:
    size = model.backbone.vision.image_size
    return torch.randn(num_videos, NUM_FRAMES, 3, size, size, generator=torch.Generator().manual_seed(0))


def work_of(model: VideoTextModel) -> Work:
    """Count operations and tokens of one video."""
    tokens: list[int] = []
    hooks = [
        layer.layer_norm2.register_forward_hook(
            lambda _module, inputs, _output: tokens.append(inputs[0][..., 0].numel())
        )
        for layer in model.backbone.vision.layers
    ]
    frames = frames_for(model, 1)
    # Attention as plain products, which are the ones that are counted.
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        model.frame_features(frames)
    for hook in hooks:
        hook.remove()
    return Work(flops=counter.get_total_flops(), output_tokens=tokens[-1], tokens=sum(tokens))


def compare(models: dict[str, VideoTextModel], dtype: torch.dtype, num_videos: int, num_rounds: int) -> Result:
    """Encode the same frames with all methods in turns; the first round is for warming up."""
    frames = frames_for(models["mean-pool"], num_videos)
    calls = {method: partial(model.encode_frames, frames) for method, model in models.items()}
    times = times_in_turns(calls, num_rounds)
    seconds = {method: each.seconds for method, each in times.items()}
    processor = {method: each.processor_seconds for method, each in times.items()}
    return Result(
        dtype=name_of(dtype),
        seconds=seconds,
        processor_seconds=processor,
        ratio_to_mean_pool=seconds["tempme"] / seconds["mean-pool"],
        ratio_to_lora=seconds["tempme"] / seconds["lora"],
        processor_ratio_to_mean_pool=processor["tempme"] / processor["mean-pool"],
        processor_ratio_to_lora=processor["tempme"] / processor["lora"],
    )


def work_line(work: dict[str, Work]) -> str:
    merged, plain, lora = work["tempme"], work["mean-pool"], work["lora"]
    return (
        f"a video   GFLOPs: mean pooling {plain.flops / 1e9:.2f}, LoRA {lora.flops / 1e9:.2f}, TempMe "
        f"{merged.flops / 1e9:.2f} ({merged.flops / plain.flops:.2f}x mean pooling's, "
        f"{merged.flops / lora.flops:.2f}x LoRA's); "
        f"tokens of all layers {merged.tokens / plain.tokens:.2f}x, "
        f"behind the last {merged.output_tokens} of {plain.output_tokens}"
    )


def time_line(result: Result) -> str:
    took = ", ".join(f"{method} {1000 * seconds:.0f} ms" for method, seconds in result.seconds.items())
    return (
        f"{result.dtype:<9} {took}: TempMe takes {result.ratio_to_mean_pool:.2f}x mean pooling's time, "
        f"{result.ratio_to_lora:.2f}x LoRA's; {result.processor_ratio_to_mean_pool:.2f}x and "
        f"{result.processor_ratio_to_lora:.2f}x in processor time"
    )


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        few = ("--videos", 1, "--dtypes", "float32")
        sizes = {
            "tiny": (*few, "--rounds", 1, "--merged-per-layer", 1, "--config", small_clip_config(Path(folder))),
            "short": (*few, "--rounds", 3),
            "full": (),
        }
        results = results_of(main, *sizes[size])
    work = results["work"]
    found = [
        Measurement(what="operations of mean pooling's", value=work["tempme"]["flops"] / work["mean-pool"]["flops"])
    ]
    return found + [
        Measurement(what=f"time of mean pooling's, {each['dtype']}", value=each["ratio_to_mean_pool"])
        for each in results["times"]
    ]


if __name__ == "__main__":
    main()
