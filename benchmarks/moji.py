"""What adapters score on held-out MojiMotion: `python benchmarks/moji.py --adapter moji-prompt-switch`.

Writes a test split with a seed not used in training (or takes the one that is there). Prints for the bare model (mean
pooling, nothing trained on clips) and for each adapter text-to-video and video-to-text recall, twin accuracy, and,
where it has a captioner, in how many of the first 200 clips the caption names an actor of the clip, and all of them.
Then the same recalls among 384 clips in groups of four with the same actors, drawn at the model's own size, bare and
with a title over each.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from framecue.datasets.captions import CAPTIONS_FILE, Clip, read_captions
from framecue.datasets.moji_motion.clips import MojiClips
from framecue.evaluation.report import evaluate_clips
from framecue.evaluation.validation import score_examples
from framecue.model import VideoTextModel, load_model
from measure import Measurement, Size, printed_by

CAPTIONED, GROUPED, GROUPED_SEED = 200, 384, 777
# What the shipped adapter had when it was made: text to video, 1 000 clips.
ADAPTER, GOAL_RECALL = "moji-prompt-switch", 93.7


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="moji-clip")
    parser.add_argument("--adapter", action="append", default=[], help="a bundled name or a folder; repeat it")
    parser.add_argument("--data-dir", type=Path, default=Path("runs/moji-test"))
    parser.add_argument("--clips", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    if not (arguments.data_dir / CAPTIONS_FILE).exists():
        command = ["-m", "framecue", "moji-motion", str(arguments.data_dir), "--split", "test"]
        counts = ["--clips", str(arguments.clips), "--seed", str(arguments.seed)]
        subprocess.run([sys.executable, *command, *counts], check=True)
    clips = read_captions(arguments.data_dir, "test")
    for adapter in [None, *arguments.adapter]:
        model = load_model(arguments.model, adapter=adapter)
        report = evaluate_clips(model, clips).to_dict()
        if getattr(model.method, "captioner", None) is not None:
            report["captions"] = named_actors(model, clips[:CAPTIONED])
        count = min(GROUPED, 4 * (len(clips) // 4) or 4)
        report["in groups of four"] = {
            name: grouped(model, count, title_share=share) for name, share in (("bare", 0.0), ("titled", 1.0))
        }
        print(json.dumps({"adapter": adapter, "clips": len(clips), **report}, indent=2))


def grouped(model: VideoTextModel, count: int, *, title_share: float) -> dict[str, float]:
    """Per cent of drawn test clips that are found, each among others with the same actors, and of twins."""
    clips = MojiClips(
        seed=GROUPED_SEED,
        num_examples=count,
        image_size=model.backbone.vision.image_size,
        sample=lambda length, rng: model.sampling.test_indices(length),
        split="test",
        title_share=title_share,
    )
    return score_examples(model, clips)


def named_actors(model: VideoTextModel, clips: list[Clip]) -> dict[str, float]:
    """Per cent of the captions that name an actor of their clip, and all of its actors."""
    some = every = 0
    for clip in clips:
        words = set(model.caption_frames(model.read_video(clip.video)[None])[0].split())
        acts = clip.metadata["meaning"].replace(" while ", " then ").split(" then ")
        named = [act.split(":")[0] in words for act in acts]
        some, every = some + any(named), every + all(named)
    return {
        "clips": len(clips),
        "names an actor": 100 * some / len(clips),
        "names every actor": 100 * every / len(clips),
    }


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`; of the shipped adapter, whose recall must not fall."""
    clips = {"tiny": 4, "short": 100, "full": 1000}[size]
    with tempfile.TemporaryDirectory() as folder:
        places = ("--data-dir", Path(folder) / "moji", "--clips", clips)
        printed = printed_by(main, *places, "--adapter", ADAPTER)
    decoder = json.JSONDecoder()
    bare, end = decoder.raw_decode(printed)
    worn, _ = decoder.raw_decode(printed[end:].lstrip())
    found = []
    for name, report, goal in (("mean pooling", bare, None), (ADAPTER, worn, GOAL_RECALL if size == "full" else None)):
        recall = report["text_to_video"]["R@1"]
        found.append(Measurement(what=f"{name}: R@1 of {clips} clips", value=recall, unit=" %", goal=goal))
    return found


if __name__ == "__main__":
    main()
