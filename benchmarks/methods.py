"""Every method on equal terms: `python benchmarks/methods.py`.

Trains each method from the same backbone (`moji-clip`) on the same MojiMotion clips with the same budget, with each
seed, tests it on held-out combinations, then measures all of them in turns: a training step, encoding a video, a
query. Writes `results.json` and the table (`table.md`) to --output-dir. A method and seed that is done is not run
again, so the command goes on where it was killed.

--write FILE puts the table between the lines `<!-- methods -->` and `<!-- /methods -->` of a file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from framecue.datasets.moji_motion.clips import MojiClips
from framecue.evaluation.validation import score_examples
from framecue.methods import METHODS
from framecue.methods.counting import count_parameters
from framecue.model import VideoTextModel, load_model
from framecue.training.losses import training_loss
from framecue.training.recipe import Recipe
from framecue.training.run import run_recipe

BACKBONE = "moji-clip"
NUM_FRAMES = 4
OPTIONS: dict[str, dict[str, Any]] = {"prompt-switch": {"num_prompts": NUM_FRAMES}}

# Rates for new parameters and for the backbone's. Where all of the backbone is trained it is trained at one rate; what
# starts from nothing, and what is trained beside a frozen backbone, takes larger ones. No rate was searched for.
FROZEN, TUNED, PART = (5e-3, 5e-3), (2e-3, 5e-4), (2e-3, 2e-3)
RATES = {
    **dict.fromkeys(
        ("vop", "vop-p", "vop-c", "vop-f", "vop-fp", "vop-fc", "adapter-attn", "adapter-ffn", "lora"), FROZEN
    ),
    **dict.fromkeys(("bias", "proj", "partial"), PART),
}
START, END = "<!-- methods -->", "<!-- /methods -->"
ENCODED_VIDEOS, GALLERY, MILLION = 8, 1000, 1_000_000
QUERY = "a frog moves left after a chick shows up"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=list(METHODS), metavar="METHOD")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    parser.add_argument("--steps", type=int, default=100, help="optimiser steps of each run")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--test-clips", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=7, help="rounds of timing, of which the median counts")
    parser.add_argument("--output-dir", type=Path, default=Path("runs/methods"))
    parser.add_argument("--write", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    arguments.output_dir.mkdir(parents=True, exist_ok=True)
    scores = {
        method: [train_and_test(method, seed, arguments) for seed in arguments.seeds] for method in arguments.methods
    }
    adapters = {method: arguments.output_dir / f"{method}-{arguments.seeds[0]}" for method in arguments.methods}
    times = measure({method: load_model(BACKBONE, adapter=path) for method, path in adapters.items()}, arguments)
    results = {
        "steps": arguments.steps,
        "batch_size": arguments.batch_size,
        "seeds": arguments.seeds,
        "methods": {method: {"scores": scores[method], **times[method]} for method in arguments.methods},
    }
    (arguments.output_dir / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    text = table(results)
    (arguments.output_dir / "table.md").write_text(text, encoding="utf-8")
    if arguments.write is not None:
        page = arguments.write.read_text(encoding="utf-8")
        before, after = page.split(START)[0], page.split(END)[1]
        arguments.write.write_text(f"{before}{START}\n{text}{END}{after}", encoding="utf-8")
    print(text)


def train_and_test(method: str, seed: int, arguments: argparse.Namespace) -> dict[str, float]:
    """One run's scores on the test split; taken from its file where it has been made with this budget."""
    folder = arguments.output_dir / f"{method}-{seed}"
    budget = {"steps": arguments.steps, "batch_size": arguments.batch_size, "test_clips": arguments.test_clips}
    done = folder / "test.json"
    if done.exists():
        stored = json.loads(done.read_text(encoding="utf-8"))
        if stored["budget"] != budget:
            raise SystemExit(f"{folder} was made with {stored['budget']}, not {budget}; give another --output-dir")
        return stored["scores"]
    print(f"{method}, seed {seed} ...", flush=True)
    run_recipe(recipe(method, seed, folder, arguments))
    model = load_model(BACKBONE, adapter=folder)
    clips = MojiClips(
        seed=1_000,  # another than any run's, the same for all
        num_examples=arguments.test_clips,
        image_size=model.backbone.vision.image_size,
        sample=lambda length, rng: model.sampling.test_indices(length),
        split="test",
    )
    with torch.inference_mode():
        scores = score_examples(model, clips)
    done.write_text(json.dumps({"budget": budget, "scores": scores}, indent=2) + "\n", encoding="utf-8")
    return scores


def options(method: str) -> dict[str, Any]:
    """A method's options: its defaults, but for the number of frames and what depends on it."""
    return {"num_frames": NUM_FRAMES, "num_test_frames": NUM_FRAMES, **OPTIONS.get(method, {})}


def recipe(method: str, seed: int, folder: Path, arguments: argparse.Namespace) -> Recipe:
    """The run of a method: only the method, its options and the rates of its group differ."""
    learning_rate, backbone_rate = RATES.get(method, TUNED)
    return Recipe.model_validate(
        {
            "output_dir": str(folder),
            "backbone": BACKBONE,
            "method": method,
            "options": options(method),
            "dataset": {
                "name": "moji-motion",
                "seed": seed,
                "num_examples": arguments.steps * arguments.batch_size,
                "num_val": 64,
                "single_share": 0.5,
                "early_share": 0.5,
            },
            "schedule": {
                "batch_size": arguments.batch_size,
                "num_epochs": 1,
                "learning_rate": learning_rate,
                "backbone_learning_rate": backbone_rate,
                "weight_decay": 0.02,
                "warmup_ratio": 0.1,
                "max_grad_norm": 1.0,
                "adam_beta2": 0.98,
                "eval_steps": arguments.steps,  # the last step's weights are tested: validation has nothing to choose
                "logging_steps": max(1, arguments.steps // 10),
                "num_workers": 0,  # the processor is busy with the training itself
                "seed": seed,
            },
        }
    )


def measure(models: dict[str, VideoTextModel], arguments: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Time all methods in turns, so that what else the machine does meets them alike; medians over the rounds."""
    clips = MojiClips(
        seed=7,
        num_examples=arguments.batch_size,
        image_size=next(iter(models.values())).backbone.vision.image_size,
        sample=lambda length, rng: [length * frame // NUM_FRAMES for frame in range(NUM_FRAMES)],
    )
    examples = clips.__getitems__(range(len(clips)))
    frames, captions = torch.stack([each.frames for each in examples]), [each.caption for each in examples]
    timers = {method: timed_parts(model, frames, captions) for method, model in models.items()}
    seconds: dict[str, dict[str, list[float]]] = {method: {part: [] for part in timers[method]} for method in models}
    for round_number in range(arguments.rounds + 1):
        for method, parts in timers.items():
            for part, run in parts.items():
                start = time.perf_counter()
                run()
                if round_number:  # the first is for warming up
                    seconds[method][part].append(time.perf_counter() - start)
    measured = {}
    for method, model in models.items():
        median = {part: statistics.median(values) for part, values in seconds[method].items()}
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


def timed_parts(model: VideoTextModel, frames: Tensor, captions: list[str]) -> dict[str, Callable[[], Any]]:
    """The calls to time. A query is a text's encoding, and its comparison with what is stored of 1 000 videos."""
    pixels = model.backbone.preprocess.normalise(frames)
    some = pixels[:ENCODED_VIDEOS]
    optimiser = None

    def train_step() -> None:
        nonlocal optimiser
        if optimiser is None:
            model.method.freeze(model.backbone)
            optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-6)
        model.train()
        outputs = model(pixels, *model.tokenize(captions))
        training_loss(model, outputs).backward()
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


def table(results: dict[str, Any]) -> str:
    """The results as Markdown: scores are means over the seeds, with half the range between them."""
    heads = ["method", "t2v R@1", "v2t R@1", "twins", "trained", "step (s)", "video (ms)", "query: 1 000 (ms)"]
    heads += ["query: 1 000 000 (ms)", "offline"]
    lines = [f"| {' | '.join(heads)} |", f"| {' | '.join(['---'] * len(heads))} |"]
    for method, row in results["methods"].items():
        cells = [f"`{method}`"]
        for name in ("R@1", "R@1 video to text", "twin accuracy"):
            values = [scores[name] for scores in row["scores"]]
            cells.append(f"{statistics.mean(values):.1f} ± {(max(values) - min(values)) / 2:.1f}")
        cells += [f"{row['trainable_parameters']:,}".replace(",", " "), f"{row['train_step_seconds']:.2f}"]
        cells += [f"{row['encode_video_ms']:.1f}", f"{row['query_1000_ms']:.1f}", f"{row['query_1000000_ms']:,.0f}"]
        cells[-1] = cells[-1].replace(",", " ")
        cells.append("yes" if row["offline"] else "no")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", *claims(results["methods"])]) + "\n"


def claims(methods: dict[str, dict[str, Any]]) -> list[str]:
    """What the papers say, as measured here."""
    lines = []
    if {"mean-pool", "prompt-switch"} <= methods.keys():
        twins = {m: statistics.mean(s["twin accuracy"] for s in methods[m]["scores"]) for m in methods}
        lines.append(
            f"- Order: Prompt Switch has {twins['prompt-switch']:.1f} % of the twins right, mean pooling "
            f"{twins['mean-pool']:.1f} %."
        )
        cost = {m: methods[m]["encode_video_ms"] / methods["mean-pool"]["encode_video_ms"] for m in methods}
        lines.append(f"- Encoding a video takes Prompt Switch {cost['prompt-switch']:.2f} times mean pooling's time.")
    for key, videos in (("query_1000_ms", "1 000"), ("query_1000000_ms", "1 000 000")):
        offline = [row[key] for row in methods.values() if row["offline"]]
        fusions = {method: row[key] for method, row in methods.items() if not row["offline"]}
        if offline and fusions:
            ratios = ", ".join(f"`{m}` {value / statistics.median(offline):.1f}" for m, value in fusions.items())
            lines.append(f"- A query against {videos} videos, times the median of the offline methods': {ratios}.")
    return lines


if __name__ == "__main__":
    main()
