"""What marking results is worth: `python benchmarks/feedback.py`.

Makes a library of MojiMotion's clips with the shipped model and asks it as a person does who looks at the first ten
results and marks up to three that are right and up to three that are wrong: for an actor (*who*), for a motion
(*what*), for an actor's motion (*act*), and for an actor alone where one of its motions is meant (*vague*). Of the
relevant clips that were not marked, it prints the average precision and the median rank before and after, and the
difference with an interval: 95 % of 2000 samples of the queries, drawn with replacement. Marked clips count in neither.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from framecue import Library, load_model
from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.datasets.moji_motion.grammar import PHRASES
from framecue.datasets.moji_motion.meaning import Meaning
from framecue.datasets.moji_motion.render import draw
from framecue.datasets.moji_motion.scene import join, make_scene
from framecue.library.results import Hit
from framecue.model import VideoTextModel
from generated_library import library_of_vectors
from measure import Measurement, Size, results_of

KINDS = ("who", "what", "act", "vague")
LOOKED_AT, MOST_MARKS, LEAST_LEFT = 10, 3, 3
SEED, CLIPS_AT_ONCE, SAMPLES = 2026, 50, 2000


@dataclass(frozen=True)
class Task:
    """A query, and which clips are meant."""

    kind: str
    query: str
    relevant: frozenset[str]


@dataclass(frozen=True)
class Outcome:
    """How the unmarked relevant clips of a query stand before and after."""

    kind: str
    precision: tuple[float, float]
    rank: tuple[float, float]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=1500, help="in the library")
    parser.add_argument("--acts", type=int, default=200, help="that are asked for at most")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", type=Path, help="write the results here")
    arguments = parser.parse_args()
    model = load_model("moji-clip", device="cpu")
    rng = np.random.default_rng(arguments.seed)
    meanings = [draw_meaning(rng, split="test", single_share=0.4) for _ in range(arguments.clips)]
    with tempfile.TemporaryDirectory() as folder:
        library = library_of(model, meanings, folder, rng)
        outcomes = [one for task in tasks(meanings, arguments.acts, rng) if (one := outcome(library, task)) is not None]
    results = {
        kind: summary([one for one in outcomes if kind in (one.kind, "all")], arguments.seed)
        for kind in ("all", *KINDS)
    }
    print(json.dumps(results, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2), encoding="utf-8")


def library_of(model: VideoTextModel, meanings: Sequence[Meaning], folder: str, rng: np.random.Generator) -> Library:
    """A library of drawn clips; none is written as a file, as none is read."""
    vectors: list[np.ndarray] = []
    times = (np.arange(model.sampling.num_frames) + 0.5) / model.sampling.num_frames
    for start in range(0, len(meanings), CLIPS_AT_ONCE):
        scenes = [make_scene(meaning, rng).sprites(times) for meaning in meanings[start : start + CLIPS_AT_ONCE]]
        frames = draw(join(scenes), model.short_side or 96).permute(0, 2, 3, 1).numpy()
        clips = frames.reshape(len(scenes), -1, *frames.shape[1:])
        vectors += [*model.embed_videos(np.stack([model.prepare(clip) for clip in clips]))]
    paths = [name_of(number) for number in range(len(vectors))]
    store = library_of_vectors(f"{folder}/clips.lance", model.fingerprint().to_dict(), vectors, paths)
    return Library(store.uri, model=model)


def name_of(number: int) -> str:
    return f"/made/{number:05}.mp4"


def tasks(meanings: Sequence[Meaning], most_acts: int, rng: np.random.Generator) -> Iterator[Task]:
    acts = sorted({act for meaning in meanings for act in meaning.acts})

    def clips(actor: str | None, motion: str | None) -> frozenset[str]:
        return frozenset(
            name_of(number)
            for number, meaning in enumerate(meanings)
            if any(actor in (None, act.actor) and motion in (None, act.motion) for act in meaning.acts)
        )

    for actor in sorted({act.actor for act in acts}):
        yield Task("who", f"the {actor}", clips(actor, None))
    for motion in sorted({act.motion for act in acts}):
        yield Task("what", PHRASES[motion][0], clips(None, motion))
    for place in sorted(rng.permutation(len(acts))[:most_acts]):
        act = acts[place]
        yield Task("act", f"the {act.actor} {PHRASES[act.motion][0]}", clips(act.actor, act.motion))
        yield Task("vague", f"the {act.actor}", clips(act.actor, act.motion))


def outcome(library: Library, task: Task) -> Outcome | None:
    """Ask, mark and ask again; None where there is nothing to mark in both ways, or too little left to find."""
    before = library.search(task.query, k=library.count_videos(), only="seen")
    right = [hit.rank for hit in before[:LOOKED_AT] if hit.path in task.relevant][:MOST_MARKS]
    wrong = [hit.rank for hit in before[:LOOKED_AT] if hit.path not in task.relevant][:MOST_MARKS]
    if not right or not wrong or len(task.relevant) - len(right) < LEAST_LEFT:
        return None
    after = library.search(task.query, k=len(before), only="seen", right=right, wrong=wrong)
    marked = {before[rank - 1].path for rank in (*right, *wrong)}
    standings = [standing(hits, task.relevant, marked) for hits in (before, after)]
    (precision, rank), (precision_after, rank_after) = standings
    return Outcome(task.kind, (precision, precision_after), (rank, rank_after))


def standing(hits: Sequence[Hit], relevant: frozenset[str], marked: set[str]) -> tuple[float, float]:
    """The average precision and the median rank of the relevant ones that were not marked."""
    is_relevant = np.array([hit.path in relevant for hit in hits if hit.path not in marked])
    ranks = np.flatnonzero(is_relevant) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks)), float(np.median(ranks))


def summary(outcomes: Sequence[Outcome], seed: int) -> dict[str, object]:
    """The means over queries, and by how much the precision has changed."""
    if not outcomes:
        return {"queries": 0}
    precision = np.array([one.precision for one in outcomes])
    gains = precision[:, 1] - precision[:, 0]
    draws = np.random.default_rng(seed).integers(len(gains), size=(SAMPLES, len(gains)))
    low, high = np.quantile(gains[draws].mean(axis=1), [0.025, 0.975])
    return {
        "queries": len(outcomes),
        "average precision": [round(float(each), 4) for each in precision.mean(axis=0)],
        "gain": round(float(gains.mean()), 4),
        "interval": [round(float(low), 4), round(float(high), 4)],
        "median rank": [float(each) for each in np.median([one.rank for one in outcomes], axis=0)],
    }


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    arguments: dict[Size, tuple[object, ...]] = {
        "tiny": ("--clips", 60, "--acts", 3),
        "short": ("--clips", 400, "--acts", 60),
        "full": (),
    }
    found = results_of(main, *arguments[size])["all"]
    if not found["queries"]:
        return [Measurement(what="queries of which results can be marked", value=0, unit="")]
    before, after = found["average precision"]
    return [
        Measurement(what="average precision of what was not marked: after marks against before", value=after / before)
    ]


if __name__ == "__main__":
    main()
