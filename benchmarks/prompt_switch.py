"""Prompt Switch against mean pooling, encoding the same frames: `python benchmarks/prompt_switch.py`.

Both on one image encoder of ViT-B/32's shape with random weights (12 frames a video; Prompt Switch with its released
options, 6 prompts a frame), in turns. Prints the ratio of the median times, in float32 and in bfloat16.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from decoding import available_cores
from framecue.backbone import DTYPES
from framecue.model import load_model
from indexing import make_model, name_of
from measure import Measurement, Size, results_of, small_clip_config, times_in_turns

GOAL, NUM_FRAMES = 1.2, 12
METHODS = {"mean-pool": {"num_test_frames": NUM_FRAMES}, "prompt-switch": {"num_test_frames": NUM_FRAMES}}


@dataclass(frozen=True)
class Result:
    """What was measured with one dtype; times are medians of a batch, ``processor_ratio`` that of processor time."""

    dtype: str
    mean_pool_seconds: float
    prompt_switch_seconds: float
    ratio: float
    processor_ratio: float
    goal: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=2, help="videos that are encoded at once")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dtypes", nargs="+", choices=DTYPES, default=list(DTYPES))
    parser.add_argument("--config", type=Path, help="a JSON file of another CLIPConfig (default: ViT-B/32's shape)")
    parser.add_argument("--cores", type=int, help="use only so many processor cores, which also limits the threads")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    cores = available_cores(options.cores)
    capability = torch.backends.cpu.get_cpu_capability()
    print(f"{cores} cores ({capability}); torch {torch.__version__}; {options.rounds} rounds", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        make_model(Path(temporary), options.config)
        results = []
        for name in options.dtypes:
            results.append(compare(Path(temporary), DTYPES[name], options.videos, options.rounds))
            print(line(results[-1]), flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n", encoding="utf-8")


def compare(folder: Path, dtype: torch.dtype, num_videos: int, num_rounds: int) -> Result:
    """Encode the same frames with both methods in turns; the first round is for warming up."""
    models = {
        method: load_model(folder, method=method, options=options, dtype=dtype, device="cpu")
        for method, options in METHODS.items()
    }
    size = models["mean-pool"].backbone.vision.image_size
    frames = torch.randn(num_videos, NUM_FRAMES, 3, size, size, generator=torch.Generator().manual_seed(0))
    calls = {method: partial(model.encode_frames, frames) for method, model in models.items()}
    times = times_in_turns(calls, num_rounds)
    mean_pool, prompt_switch = (times[method] for method in METHODS)
    return Result(
        dtype=name_of(dtype),
        mean_pool_seconds=mean_pool.seconds,
        prompt_switch_seconds=prompt_switch.seconds,
        ratio=prompt_switch.seconds / mean_pool.seconds,
        processor_ratio=prompt_switch.processor_seconds / mean_pool.processor_seconds,
        goal=GOAL,
    )


def line(result: Result) -> str:
    reached = "reached" if result.ratio <= result.goal else "not reached"
    return (
        f"{result.dtype:<9} mean pooling {1000 * result.mean_pool_seconds:7.0f} ms  "
        f"Prompt Switch {1000 * result.prompt_switch_seconds:7.0f} ms  {result.ratio:.2f}x the time "
        f"(goal at most {result.goal}x: {reached}), {result.processor_ratio:.2f}x in processor time"
    )


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    with tempfile.TemporaryDirectory() as folder:
        few = ("--videos", 1, "--dtypes", "float32")
        sizes = {
            "tiny": (*few, "--rounds", 1, "--config", small_clip_config(Path(folder))),
            "short": (*few, "--rounds", 3),
            "full": (),
        }
        results = results_of(main, *sizes[size])
    return [
        Measurement(
            what=f"time of mean pooling's, {each['dtype']}", value=each["ratio"], goal=each["goal"], sense="at most"
        )
        for each in results
    ]


if __name__ == "__main__":
    main()
