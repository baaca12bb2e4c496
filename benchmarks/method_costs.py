"""What each method costs: `python benchmarks/method_costs.py`.

Measures all methods in turns, untrained, on `moji-clip`: a training step of 32 clips, encoding a video, a query. Read
the times as ratios between rows.

--write FILE puts the table between the lines `<!-- method costs -->` and `<!-- /method costs -->` of a file.
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from framecue.datasets.moji_motion.clips import MojiClips
from framecue.methods import METHODS
from framecue.methods.counting import count_parameters
from framecue.model import VideoTextModel, load_model
from framecue.training.batches import collate
from framecue.training.step import TrainingStep
from measure import Measurement, Size, times_in_turns, write_between

BACKBONE = "moji-clip"
NUM_FRAMES = 4
OPTIONS: dict[str, dict[str, Any]] = {"prompt-switch": {"num_prompts": NUM_FRAMES}}
# All but the one whose training step runs its teachers, too.
COMPARED = [method for method in METHODS if method != "teachclip"]

ENCODED_VIDEOS, GALLERY, MILLION = 8, 1000, 1_000_000
QUERY = "a frog moves left after a chick shows up"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=COMPARED, choices=COMPARED, metavar="METHOD")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of timing, of which the median counts")
    parser.add_argument("--write", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    models = {method: load_model(BACKBONE, method=method, options=options(method)) for method in arguments.methods}
    text = table(measure(models, arguments))
    if arguments.write is not None:
        write_between(arguments.write, "method costs", text)
    print(text)


def options(method: str) -> dict[str, Any]:
    """A method's options: its defaults, but for the number of frames and what depends on it."""
    return {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES, **OPTIONS.get(method, {})}


def measure(models: dict[str, VideoTextModel], arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Time all methods in turns, so that what else the machine does meets them alike; medians over the rounds."""
    clips = MojiClips(
        seed=7,
        num_examples=arguments.batch_size,
        image_size=next(iter(models.values())).backbone.vision.image_size,
        sample=lambda length, rng: [length * frame // NUM_FRAMES for frame in range(NUM_FRAMES)],
    )
    examples = clips.__getitems__(range(len(clips)))
    batch = collate(examples)
    timers = {method: timed_parts(model, batch) for method, model in models.items()}
    calls = {(method, part): call for method, parts in timers.items() for part, call in parts.items()}
    times = times_in_turns(calls, arguments.rounds)
    measured = {}
    for method, model in models.items():
        median = {part: times[method, part].seconds for part in timers[method]}
        count = count_parameters(method, model.backbone, options(method))
        compared = median["compare"]
        measured[method] = {
            "offline": model.offline,
            "trainable_parameters": count.trainable,
            "train_step_seconds": median["train step"],
            "encode_video_ms": 1000 * median["encode"] / ENCODED_VIDEOS,
            "query_1000_ms": 1000 * (median["text"] + compared),
            "query_1000000_ms": 1000 * (median["text"] + compared * MILLION / GALLERY),
        }
    return measured


def timed_parts(model: VideoTextModel, batch: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """The calls to time. A query is a text's encoding, and its comparison with what is stored of 1 000 videos.

    A student's step includes that of one teacher, which pools by the mean.
    """
    some = model.backbone.preprocess.normalise(batch["frames"])[:ENCODED_VIDEOS]
    teachers = [load_model(BACKBONE, options=options("mean-pool"))] if model.method.takes_teachers else []
    step = TrainingStep(model, teachers=teachers)
    optimiser = None

    def train_step() -> None:
        nonlocal optimiser
        if optimiser is None:
            model.method.freeze(model.backbone)
            optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-6)
        model.train()
        step(**batch).backward()
        optimiser.step()
        optimiser.zero_grad()
        model.eval()

    with torch.inference_mode():
        stored = model.encode_frames(some) if model.offline else model.frame_features(some)
        stored = stored.repeat(-(-GALLERY // len(stored)), *[1] * (stored.ndim - 1))[:GALLERY].clone()
        text = model.encode_text([QUERY]) if model.offline else model.text_features(*model.tokenize([QUERY]))

    @torch.inference_mode()
    def encode() -> Tensor:
        return model.encode_frames(some) if model.offline else model.frame_features(some)

    @torch.inference_mode()
    def encode_text() -> Tensor:
        return model.text_features(*model.tokenize([QUERY]))

    @torch.inference_mode()
    def compare() -> Tensor:
        return text @ stored.T if model.offline else model.similarity(text, stored)

    return {"train step": train_step, "encode": encode, "text": encode_text, "compare": compare}


def table(methods: dict[str, dict[str, Any]]) -> str:
    """The measurements as Markdown."""
    heads = ["method", "trained", "step (s)", "video (ms)", "query: 1 000 (ms)", "query: 1 000 000 (ms)", "offline"]
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(['---'] * len(heads))} |"]
    for method, row in methods.items():
        cells = [f"`{method}`", f"{row['trainable_parameters']:,}".replace(",", " ")]
        cells += [f"{row['train_step_seconds']:.2f}", f"{row['encode_video_ms']:.1f}", f"{row['query_1000_ms']:.1f}"]
        cells += [f"{row['query_1000000_ms']:,.0f}".replace(",", " "), "yes" if row["offline"] else "no"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *ratios(methods)]) + "\n"


def ratios(methods: dict[str, dict[str, Any]]) -> list[str]:
    """What the papers say of costs, as measured here."""
    lines = []
    if {"mean-pool", "prompt-switch"} <= methods.keys():
        cost = {m: methods[m]["encode_video_ms"] / methods["mean-pool"]["encode_video_ms"] for m in methods}
        lines.append(f"- Encoding a video takes Prompt Switch {cost['prompt-switch']:.2f} times mean pooling's time.")
    for key, videos in (("query_1000_ms", "1 000"), ("query_1000000_ms", "1 000 000")):
        offline = [row[key] for row in methods.values() if row["offline"]]
        fusions = {method: row[key] for method, row in methods.items() if not row["offline"]}
        if offline and fusions:
            shown = ", ".join(f"`{m}` {value / statistics.median(offline):.1f}" for m, value in fusions.items())
            lines.append(f"- A query against {videos} videos, times the median of the offline methods': {shown}.")
    return lines


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`; ratios to mean pooling."""
    few = ["mean-pool", "prompt-switch", "x-pool"]
    sizes = {"tiny": (few, 4, 1), "short": ([*few, "vop-fc", "tempme"], 8, 3), "full": (COMPARED, 32, 7)}
    names, batch_size, rounds = sizes[size]
    models = {name: load_model(BACKBONE, method=name, options=options(name)) for name in names}
    found = measure(models, argparse.Namespace(batch_size=batch_size, rounds=rounds))
    base = found["mean-pool"]
    return [
        Measurement(what=f"{name}: {what} of mean pooling's", value=row[key] / base[key])
        for name, row in found.items()
        if name != "mean-pool"
        for what, key in (("a training step", "train_step_seconds"), ("a query of 1 000 videos", "query_1000_ms"))
    ]


if __name__ == "__main__":
    main()
