"""Clips that are drawn when they are needed: MojiMotion for training, at the backbone's own image size."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from framecue.datasets.examples import Example
from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.grammar import caption, motion_caption
from framecue.datasets.moji_motion.meaning import MOTIONS, RELATIONS, Act, Meaning, split_of
from framecue.datasets.moji_motion.places import place_caption
from framecue.datasets.moji_motion.render import draw
from framecue.datasets.moji_motion.scene import Scene, join, make_scene, with_walk_ons
from framecue.datasets.moji_motion.titles import draw_shown, lay_titles

__all__ = ["MojiClips", "draw_meaning"]

_ACTORS, _MOTIONS = tuple(ACTORS), tuple(MOTIONS)
GROUP = 4
"""How many neighbouring examples share their actors, so that those of a batch do not differ by actors alone."""

BLOCK = 96
"""How many examples make up a drill: with batches of this size, a whole batch is a drill or not."""


def draw_meaning(
    rng: np.random.Generator, *, split: str, actors: tuple[str, ...] | None = None, single_share: float = 0.25
) -> Meaning:
    """Draw a meaning of a split, with one actor or with two; *while* and *then* are equally likely.

    Args:
        rng: the source of randomness.
        split: to which the meaning's combination belongs.
        actors: one or two actors for the meaning, or None to draw them too.
        single_share: how often there is one actor, if they are drawn.
    """
    while True:
        who = actors
        if who is None:
            count = 1 if rng.random() < single_share else 2
            who = tuple(_ACTORS[i] for i in rng.choice(len(_ACTORS), size=count, replace=False))
        acts = [Act(name, _MOTIONS[rng.integers(len(_MOTIONS))]) for name in who]
        if len(acts) == 1:
            meaning = Meaning(acts[0])
        else:
            if rng.random() < 0.5:
                acts.reverse()
            meaning = Meaning(acts[0], RELATIONS[rng.integers(2)], acts[1])
        if meaning.is_possible and split_of(meaning) == split:
            return meaning


class MojiClips:
    """An endless supply of training clips, cut to a length; a source of examples (see `ExampleSource`).

    Examples come in groups of `GROUP` with the same actors: a clip, its reversal, its swap if it has one, and others.

    Args:
        seed: each index of each seed is another clip.
        num_examples: the length of an epoch.
        image_size: S, in pixels.
        sample: returns the indices of the frames to take from a clip of a length: `FrameSampling.train_indices`, say.
        split: whose combinations to draw.
        single_share: the share of groups with one actor.
        place_share: the share of examples whose caption tells where things are at first and then (see `place_caption`)
            and not what they do.
        early_share: the share of examples that end early (see `make_scene`): where a thing rests shows where it went.
        motion_share: the share of blocks of `BLOCK` examples that are a drill: one actor, and captions that tell what
            happens, but not to whom. The model then has only the directions of motion to tell clips apart by, and
            learns them; beside the actors' names it did not for a long time.
        title_share: the share of examples with a title over the picture, all the time or for some of it.
        walk_on_share: the share of groups whose actors have no name, the same in each of the group's examples; captions
            tell what happens, but not to whom. For a model that learns from another's embeddings, of more than it can
            be told in words.
    """

    CLIP_FRAMES = 30

    def __init__(
        self,
        *,
        seed: int,
        num_examples: int,
        image_size: int,
        sample: Callable[[int, np.random.Generator], list[int]],
        split: str = "train",
        single_share: float = 0.25,
        place_share: float = 0.0,
        early_share: float = 0.0,
        motion_share: float = 0.0,
        title_share: float = 0.0,
        walk_on_share: float = 0.0,
    ) -> None:
        self.seed, self.num_examples, self.image_size = seed, num_examples, image_size
        self.sample, self.split = sample, split
        self.single_share, self.place_share = single_share, place_share
        self.early_share, self.motion_share = early_share, motion_share
        self.title_share, self.walk_on_share = title_share, walk_on_share

    def __len__(self) -> int:
        return self.num_examples

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: every epoch is the same, and a longer one holds more clips than another round of it."""

    def video_of(self, index: int) -> str:
        """Return a name for each clip: every clip is a video of its own."""
        return str(index)

    def backwards(self, index: int) -> str | None:
        """Return a caption of the clip played backwards; None if that means the same."""
        meaning = self._group(index // GROUP)[index % GROUP]
        if meaning.reversed() == meaning:
            return None
        return caption(meaning.reversed(), np.random.default_rng([self.seed, 2, index]))

    def caption_of(self, index: int) -> str:
        """Return the caption of an example, without drawing it."""
        return self._played(index)[2]

    def __getitems__(self, indices: Sequence[int]) -> list[Example]:
        scenes, texts, titled = [], [], []
        for index in indices:
            scene, times, text = self._played(index)
            scenes.append(scene.sprites(times))
            titled.append(draw_shown([self.seed, 3, index], times, self.title_share))
            texts.append(text)
        drawn = draw(join(scenes), self.image_size)
        bare, shown = (
            frames.unflatten(0, (len(indices), -1)) for frames in (drawn, lay_titles(drawn, np.concatenate(titled)))
        )
        return [
            Example(clip, text, self.video_of(index), original=under if self.title_share > 0 else None)
            for clip, under, text, index in zip(shown, bare, texts, indices, strict=True)
        ]

    def _played(self, index: int) -> tuple[Scene, np.ndarray, str]:
        """Return the scene of an example, the times of its frames, float64 (F,), and its caption."""
        meaning = self._group(index // GROUP)[index % GROUP]
        rng = np.random.default_rng([self.seed, 1, index])
        chosen = np.array(self.sample(self.CLIP_FRAMES, rng))
        ends_early = self.early_share > 0 and rng.random() < self.early_share
        scene = make_scene(meaning, rng, ends_early=ends_early)
        walk_ons = self._walk_ons(index // GROUP)
        if walk_ons is not None:
            scene = with_walk_ons(scene, walk_ons)
        says_places = self.place_share > 0 and rng.random() < self.place_share
        if walk_ons is not None or self._is_drill(index):
            text = motion_caption(meaning)
        else:
            text = place_caption(scene, rng) if says_places else caption(meaning, rng)
        return scene, (chosen + 0.5) / self.CLIP_FRAMES, text

    def _walk_ons(self, group: int) -> np.random.Generator | None:
        """Return what draws a group's actors without a name; None if it has none, or no group has any."""
        if self.walk_on_share == 0:
            return None
        rng = np.random.default_rng([self.seed, 4, group])
        return rng if rng.random() < self.walk_on_share else None

    def _is_drill(self, index: int) -> bool:
        block = index // BLOCK
        return int((block + 1) * self.motion_share) > int(block * self.motion_share)

    def _group(self, group: int) -> list[Meaning]:
        """Return the meanings of a group of neighbours, all different."""
        rng = np.random.default_rng([self.seed, 0, group])
        single_share = 1.0 if self._is_drill(group * GROUP) else self.single_share
        base = draw_meaning(rng, split=self.split, single_share=single_share)
        made = dict.fromkeys([base, base.reversed(), base.swapped()])
        who = tuple(act.actor for act in base.acts)
        for _ in range(50):
            if len(made) >= GROUP:
                break
            made[draw_meaning(rng, split=self.split, actors=who)] = None
        while len(made) < GROUP:  # these actors have hardly any meanings in this split
            made[draw_meaning(rng, split=self.split)] = None
        meanings = list(made)[:GROUP]
        return [meanings[i] for i in rng.permutation(GROUP)]
