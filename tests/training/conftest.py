"""A CLIP small enough to be trained in a second, and examples that it can learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from framecue.backbone import Backbone, load_backbone
from framecue.datasets.examples import Example
from framecue.methods import build_method
from framecue.model import VideoTextModel
from framecue.training.recipe import Recipe
from support.backbones import copy_of
from support.tiny_clip import IMAGE_SIZE, tiny_clip

__all__ = ["tiny_clip"]

WORDS = ("apple", "banana", "cat", "dog", "fox", "frog", "moon", "star", "train", "tree", "whale", "bell")


class Colours:
    """Twelve things, each of its own colour; `per_video` captions a video. A source of examples."""

    def __init__(self, num_examples: int = 12, *, per_video: int = 1, caption: str | None = None) -> None:
        self.num_examples, self.per_video, self.caption = num_examples, per_video, caption
        self.epochs: list[int] = []
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return self.num_examples

    def video_of(self, index: int) -> str:
        return str(index // self.per_video)

    def set_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)

    def backwards(self, index: int) -> str | None:
        return None

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        self.asked.append(list(indices))
        return [self._example(index) for index in indices]

    def _example(self, index: int) -> Example:
        video = index // self.per_video
        colour = np.random.default_rng([7, video % len(WORDS)]).integers(0, 256, 3)
        frames = torch.tensor(colour, dtype=torch.uint8)[None, :, None, None]
        return Example(
            frames.expand(2, 3, IMAGE_SIZE, IMAGE_SIZE).contiguous(),
            self.caption
            or f"the {WORDS[video % len(WORDS)]} {('moves', 'slides', 'falls')[index % self.per_video % 3]}",
            self.video_of(index),
        )


@pytest.fixture
def colours() -> type[Colours]:
    """The source's class."""
    return Colours


@pytest.fixture(scope="session")
def tiny_backbone(tiny_clip: Path) -> Backbone:
    """The tiny CLIP, which is not to be changed."""
    return load_backbone(tiny_clip)


@pytest.fixture
def make_model(tiny_backbone: Backbone) -> Callable[..., VideoTextModel]:
    """Make a model with a method of the tiny CLIP."""

    def make(method: str = "mean-pool", **options: object) -> VideoTextModel:
        options = {"num_frames": 2, "num_test_frames": 2, **options}
        if method == "prompt-switch":
            options = {"num_prompts": 2, "captioner_layers": 1, **options}
        backbone = copy_of(tiny_backbone)
        torch.manual_seed(1)
        return VideoTextModel(backbone, build_method(method, options, backbone), method_name=method)

    return make


@pytest.fixture
def make_recipe(tiny_clip: Path, tmp_path: Path) -> Callable[..., Recipe]:
    """Return a recipe of one short step on stills, with some keys of its own."""

    def make(**changes: Any) -> Recipe:
        content: dict[str, Any] = {
            "output_dir": str(tmp_path / "run"),
            "backbone": str(tiny_clip),
            "method": "mean-pool",
            "options": {"num_frames": 1, "num_test_frames": 1},
            "dataset": {"name": "moji-stills", "num_examples": 8, "num_val": 4, "seed": 3},
            "schedule": {"batch_size": 4, "max_steps": 1, "eval_steps": 1, "num_workers": 0, "validation": "last"},
        }
        return Recipe.model_validate({**content, **changes})

    return make
