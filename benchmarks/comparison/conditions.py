"""The tests: clips in which order matters, in which one scene of four is meant, and in which only appearance counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from framecue.datasets.moji_motion.clips import MojiClips
from framecue.datasets.moji_motion.stills import MojiStills
from framecue.model import VideoTextModel

__all__ = ["CONDITIONS", "TEST_SEED", "Batch", "Condition", "batches"]

TEST_SEED = 1_000  # another than any run's, the same for all
BATCH = 64
SCENES, GROUP = 4, 4


@dataclass(frozen=True)
class Condition:
    """A test.

    Attributes:
        about: what it asks, for the page.
        kind: "clips", "needle" or "stills".
        num_frames: frames of each video; None for as many as were trained with.
        twins: whether each clip is also compared with itself played backwards.
    """

    about: str
    kind: str
    num_frames: int | None = None
    twins: bool = False


CONDITIONS: dict[str, Condition] = {
    "order": Condition("order matters: groups of four clips show the same actors", "clips", twins=True),
    "needle": Condition("one of four scenes is meant, 12 frames", "needle", 12),
    "appearance": Condition("only appearance counts: stills, and captions of who is where", "stills"),
    "8 frames": Condition("order matters; twice as many frames as trained with", "clips", 8),
    "12 frames": Condition("order matters; three times as many frames as trained with", "clips", 12),
}


@dataclass(frozen=True, eq=False)
class Batch:
    """Some videos of a test.

    Attributes:
        frames: uint8 (B, F, 3, S, S).
        captions: B texts.
        backwards: the captions of the videos played backwards; None where that means the same.
    """

    frames: Tensor
    captions: list[str]
    backwards: list[str | None]


def batches(condition: Condition, model: VideoTextModel, *, num_clips: int, split: str) -> Iterator[Batch]:
    """Yield the videos of a test with the frames that a model takes; every model gets the same videos."""
    seed = TEST_SEED if split == "test" else TEST_SEED + 1
    size, sampling = model.backbone.vision.image_size, model.sampling
    if condition.kind == "stills":
        stills = MojiStills(seed=seed, num_examples=num_clips, image_size=size, group_size=GROUP)
        for indices in _indices(num_clips):
            made = stills.__getitems__(indices)
            frames = torch.stack([each.frames.expand(sampling.num_frames, -1, -1, -1) for each in made])
            yield Batch(frames, [each.caption for each in made], [None] * len(made))
        return
    length = MojiClips.CLIP_FRAMES
    if condition.kind == "needle":
        yield from _needles(model, sampling.test_indices(SCENES * length), num_clips, seed, split)
        return
    clips = MojiClips(
        seed=seed,
        num_examples=num_clips,
        image_size=size,
        sample=lambda length, rng: sampling.test_indices(length),
        split=split,
    )
    for indices in _indices(num_clips):
        made = clips.__getitems__(indices)
        backwards = [clips.backwards(index) for index in indices] if condition.twins else [None] * len(made)
        yield Batch(torch.stack([each.frames for each in made]), [each.caption for each in made], backwards)


def _needles(model: VideoTextModel, places: list[int], num_clips: int, seed: int, split: str) -> Iterator[Batch]:
    """Yield videos of four scenes, one of which is described; the others are clips that no caption describes."""
    length = MojiClips.CLIP_FRAMES
    scene_of, frame_of = np.array(places) // length, np.array(places) % length
    taken = [frame_of[scene_of == scene].tolist() for scene in range(SCENES)]
    assert all(each == taken[0] for each in taken), "every scene gives the same of its frames"

    def clips(some_seed: int, count: int) -> MojiClips:
        return MojiClips(
            seed=some_seed,
            num_examples=count,
            image_size=model.backbone.vision.image_size,
            sample=lambda length, rng: taken[0],
            split=split,
        )

    meant, others = clips(seed, num_clips), clips(seed + 500, num_clips * SCENES)
    for indices in _indices(num_clips):
        shown = meant.__getitems__(indices)
        # Far apart in the list, so that the other scenes show other actors.
        beside = [others.__getitems__([index + scene * num_clips for index in indices]) for scene in range(SCENES - 1)]
        frames = []
        for row, index in enumerate(indices):
            scenes = [each[row].frames for each in beside]
            scenes.insert(int(np.random.default_rng([seed, 3, index]).integers(SCENES)), shown[row].frames)
            given = [iter(scene) for scene in scenes]
            frames.append(torch.stack([next(given[scene]) for scene in scene_of]))
        yield Batch(torch.stack(frames), [each.caption for each in shown], [None] * len(shown))


def _indices(count: int) -> Iterator[range]:
    for start in range(0, count, BATCH):
        yield range(start, min(start + BATCH, count))
