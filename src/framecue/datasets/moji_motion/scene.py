"""Scenes: a meaning acted out at a place, on a background. Time runs from 0 to 1.

A scene played backwards is a scene of the reversed meaning, frame for frame: everything is symmetric in time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch

from framecue.datasets.moji_motion.actors import ACTORS, STRANGERS, WALK_ONS
from framecue.datasets.moji_motion.meaning import Meaning
from framecue.datasets.moji_motion.render import Sprites

__all__ = ["BACKGROUNDS", "Scene", "join", "make_scene", "with_walk_ons"]

BACKGROUNDS = np.array(
    [
        [205, 225, 240],
        [240, 240, 235],
        [222, 240, 214],
        [250, 235, 205],
        [232, 220, 245],
        [255, 225, 228],
        [190, 205, 215],
    ],
    dtype=np.float32,
)
"""RGB, 0..255."""

_INDEX = {name: index for index, name in enumerate((*ACTORS, *STRANGERS))}
_SIZE = 0.40
_EXTENT = {"long": 0.60, "short": 0.34}


@dataclass(frozen=True)
class Part:
    """One act on stage: the centre of its actor, how far it moves, and when it acts."""

    actor: int
    motion: str
    x: float
    y: float
    travel_x: float
    travel_y: float
    size: float
    phase: float
    turn: float
    begin: float
    end: float

    def at(self, time: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return position, size and angle at times (F,) in 0..1: x, y, size, angle, each (F,)."""
        p = np.clip((time - self.begin) / (self.end - self.begin), 0.0, 1.0)
        x, y = np.full_like(p, self.x), np.full_like(p, self.y)
        size, angle = np.full_like(p, self.size), np.zeros_like(p)
        if self.motion in ("right", "left"):
            x += (p - 0.5) * self.travel_x * (1 if self.motion == "right" else -1)
        elif self.motion in ("rise", "fall"):
            y += (p - 0.5) * self.travel_y * (1 if self.motion == "fall" else -1)
        elif self.motion in ("grow", "shrink"):
            size *= 0.45 + 0.8 * (p if self.motion == "grow" else 1 - p)
        elif self.motion in ("appear", "vanish"):
            size *= (p > 0.5) if self.motion == "appear" else (p <= 0.5)
        elif self.motion == "spin":
            angle += 2 * np.pi * p * self.turn
        elif self.motion == "circle":
            around = 2 * np.pi * (p * self.turn + self.phase)
            x += 0.13 * np.cos(around)
            y += 0.13 * np.sin(around)
        return x, y, size, angle


@dataclass(frozen=True)
class Scene:
    """Everything that is needed to draw a clip."""

    meaning: Meaning
    parts: tuple[Part, ...]
    background: np.ndarray

    def sprites(self, times: np.ndarray) -> Sprites:
        """Return the sprites at times (F,) in 0..1."""
        columns = [part.at(times) for part in self.parts]
        x, y, size, angle = (
            torch.from_numpy(np.stack([column[i] for column in columns], axis=1).astype(np.float32)) for i in range(4)
        )
        actor = torch.tensor([part.actor for part in self.parts]).expand(len(times), -1)
        background = torch.from_numpy(self.background / np.float32(255)).expand(len(times), -1)
        return Sprites(actor, x, y, size, angle, background)


def with_walk_ons(scene: Scene, rng: np.random.Generator) -> Scene:
    """Return a scene with other actors, different ones of `WALK_ONS`, who do the same; its meaning is as it was."""
    first = len(ACTORS) + len(STRANGERS)
    chosen = first + rng.choice(len(WALK_ONS), size=len(scene.parts), replace=False)
    parts = tuple(replace(part, actor=int(actor)) for part, actor in zip(scene.parts, chosen, strict=True))
    return replace(scene, parts=parts)


def make_scene(meaning: Meaning, rng: np.random.Generator, *, ends_early: bool = False) -> Scene:
    """Stage a meaning: draw places, sizes, times and the background.

    Args:
        meaning: what happens.
        rng: the source of randomness.
        ends_early: whether acts that are not one after the other end about halfway, and the actors rest from then on.
    """
    background = np.clip(BACKGROUNDS[rng.integers(len(BACKGROUNDS))] + rng.normal(0, 4, 3), 0, 255).astype(np.float32)
    acts = meaning.acts
    rest = rng.uniform(0.3, 0.6) if ends_early else 0.0
    if len(acts) == 1:
        begin = rng.uniform(0.03, 0.12)
        places = [(rng.uniform(0.36, 0.64), rng.uniform(0.36, 0.64), _EXTENT["long"], _EXTENT["long"])]
        times = [(begin, 1 - begin - rest)]
    else:
        places = _two_places(tuple(act.motion for act in acts), rng)
        if meaning.relation == "while":
            begin = rng.uniform(0.03, 0.12)
            times = [(begin, 1 - begin - rest)] * 2
        else:
            begin, gap = rng.uniform(0.0, 0.06), rng.uniform(0.0, 0.03)
            times = [(begin, 0.5 - gap), (0.5 + gap, 1 - begin)]
    parts = [
        Part(
            actor=_INDEX[act.actor],
            motion=act.motion,
            x=place[0],
            y=place[1],
            travel_x=place[2],
            travel_y=place[3],
            size=_SIZE * rng.uniform(0.85, 1.15),
            phase=rng.random(),
            turn=float(rng.choice([-1, 1])),
            begin=when[0],
            end=when[1],
        )
        for act, place, when in zip(acts, places, times, strict=True)
    ]
    # The actor that is drawn last covers the other; this order must tell nothing about the order in time.
    if len(parts) == 2 and rng.random() < 0.5:
        parts.reverse()
    return Scene(meaning, tuple(parts), background)


def _two_places(motions: tuple[str, ...], rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
    """Return two lanes: one above the other if something moves sideways, side by side if something rises or falls."""
    sideways = sum(motion in ("right", "left") for motion in motions)
    upright = sum(motion in ("rise", "fall") for motion in motions)
    stacked = sideways > upright if sideways != upright else rng.random() < 0.5
    lanes = [0.27, 0.73] if rng.random() < 0.5 else [0.73, 0.27]
    made = []
    for lane in lanes:
        across, along = lane + rng.uniform(-0.03, 0.03), rng.uniform(0.4, 0.6)
        if stacked:
            made.append((along, across, _EXTENT["long"], _EXTENT["short"]))
        else:
            made.append((across, along, _EXTENT["short"], _EXTENT["long"]))
    return made


def join(scenes: list[Sprites]) -> Sprites:
    """Join the sprites of several scenes into one batch; a scene with fewer actors is padded with hidden ones."""
    widest = max(sprites.actor.shape[1] for sprites in scenes)

    def padded(field: str) -> torch.Tensor:
        values = [getattr(sprites, field) for sprites in scenes]
        return torch.cat([torch.nn.functional.pad(value, (0, widest - value.shape[1])) for value in values])

    return Sprites(
        actor=padded("actor"),
        x=padded("x"),
        y=padded("y"),
        size=padded("size"),
        angle=padded("angle"),
        background=torch.cat([sprites.background for sprites in scenes]),
    )
