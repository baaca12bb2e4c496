"""Stills of actors at places, with captions that tell where they are; `moji-clip` is pre-trained on them.

Once patches know places, motion is quick to learn; a model that is trained on clips from scratch learns next to nothing
about order.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from framecue.datasets.examples import Example
from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.grammar import with_article
from framecue.datasets.moji_motion.places import place_name
from framecue.datasets.moji_motion.render import Sprites, draw
from framecue.datasets.moji_motion.scene import BACKGROUNDS
from framecue.datasets.moji_motion.titles import draw_shown, lay_titles

__all__ = ["EXTRA_WORDS", "MojiStills"]

_NAMES = tuple(ACTORS)
_NOW = np.array([0.5])
_SIZES = ("small", "", "big")
_POSES = ("", "upside down", "on its side")
EXTRA_WORDS = (
    *("at", "in", "on", "the", "top", "middle", "bottom", "left", "right", "of", "and", "nothing"),
    *("small", "big", "upside", "down", "its", "side"),
)
"""The words of the stills' captions that the clips' grammar may lack."""


class MojiStills:
    """An endless supply of stills, cut to a length; a source of examples (see `ExampleSource`).

    Args:
        seed: each index of each seed is another still.
        num_examples: the length of an epoch.
        image_size: S, in pixels.
        group_size: how many neighbouring examples show the same actors. In a batch without such groups, the actors
            alone distinguish nearly all stills, and places are not learnt: a linear probe finds none.
        title_share: the share of examples with a title over the picture.
    """

    def __init__(
        self, *, seed: int, num_examples: int, image_size: int, group_size: int = 1, title_share: float = 0.0
    ) -> None:
        self.seed, self.num_examples, self.image_size = seed, num_examples, image_size
        self.group_size, self.title_share = group_size, title_share

    def __len__(self) -> int:
        return self.num_examples

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: every epoch is the same, and a longer one holds more stills than another round of it."""

    def video_of(self, index: int) -> str:
        """Return a name for each still: every still is a video of its own."""
        return str(index)

    def backwards(self, index: int) -> None:
        """Return None: a still is the same if it is played backwards."""

    def caption_of(self, index: int) -> str:
        """Return the caption of an example, without drawing it."""
        return self._posed(index)[3]

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        posed = [self._posed(index) for index in indices]
        actors, places, backgrounds = (np.stack([one[part] for one in posed]) for part in range(3))
        texts = [one[3] for one in posed]
        x, y, size, angle = torch.from_numpy(places).unbind(-1)
        background = torch.from_numpy(np.clip(backgrounds, 0, 255) / 255)
        bare = draw(Sprites(torch.from_numpy(actors), x, y, size, angle, background), self.image_size)
        shown = [draw_shown([self.seed, 3, i], _NOW, self.title_share) for i in indices]
        frames = lay_titles(bare, np.concatenate(shown))
        return [
            Example(frame[None], text, self.video_of(index), original=under[None] if self.title_share > 0 else None)
            for frame, under, text, index in zip(frames, bare, texts, indices, strict=True)
        ]

    def _posed(self, index: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, str]:
        """Return an example's actors int64 (2,), places float32 (2, 4), background float32 (3,), and its caption."""
        actors = np.zeros(2, dtype=np.int64)
        places = np.zeros((2, 4), dtype=np.float32)  # x, y, size, angle
        rng = np.random.default_rng([self.seed, index])
        background = (BACKGROUNDS[rng.integers(len(BACKGROUNDS))] + rng.normal(0, 4, 3)).astype(np.float32)
        count = int(rng.choice([0, 1, 2], p=[0.01, 0.29, 0.70]))
        chosen = rng.choice(len(_NAMES), size=count, replace=False)
        if self.group_size > 1:
            shared = np.random.default_rng([self.seed, 1, index // self.group_size])
            count = int(shared.choice([1, 2], p=[0.35, 0.65]))
            chosen = shared.choice(len(_NAMES), size=count, replace=False)
        phrases = []
        for k, actor in enumerate(chosen):
            placed = self._place(rng, others=places[:k])
            actors[k], places[k] = actor, placed
            phrases.append(_phrase(_NAMES[actor], placed, rng))
        rng.shuffle(phrases)
        return actors, places, background, " and ".join(phrases) if phrases else "nothing"

    @staticmethod
    def _place(rng: np.random.Generator, *, others: np.ndarray) -> tuple[float, float, float, float]:
        """Return a place (x, y, size, angle) at which the still's other actors stay visible."""
        size = 0.40 * float(rng.choice([0.55, 1.0, 1.25])) * rng.uniform(0.88, 1.12)
        pose = int(rng.choice(3, p=[0.8, 0.1, 0.1]))
        angle = {0: 0.0, 1: np.pi, 2: float(rng.choice([-0.5, 0.5])) * np.pi}[pose] + rng.normal(0, 0.06)
        for _ in range(20):
            x, y = rng.uniform(0.15, 0.85, 2)
            if all(np.hypot(x - other[0], y - other[1]) > 0.3 for other in others):
                break
        return float(x), float(y), size, angle


def _phrase(name: str, placed: tuple[float, float, float, float], rng: np.random.Generator) -> str:
    """Return an actor's name with its size, pose and place, each of which is sometimes left out."""
    x, y, size, angle = placed
    how_big = _SIZES[int(size > 0.30) + int(size > 0.45)] if rng.random() < 0.6 else ""
    text = with_article(f"{how_big} {name}".strip(), rng)
    pose = _POSES[0 if abs(angle) < 0.5 else 1 if abs(angle) > 2.4 else 2]
    if pose and rng.random() < 0.8:
        text += f" {pose}"
    if rng.random() < 0.9:
        text += f" {place_name(x, y)}"
    return text
