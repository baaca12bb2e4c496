"""A world of MojiMotion clips with actors and motions that no training saw, which a library is taught names for.

The actors are the strangers of MojiMotion (`datasets/moji_motion/actors.py`), drawn as all others are; each motion is a
way of moving that the grammar has no words for. What they are called here is nobody's word, so that a model cannot know
it. Every meaning is there once: a caption is right for one clip alone. Nothing here was looked at when the learning was
tuned, which was done on other actors and other motions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from framecue.datasets.moji_motion.actors import ACTORS, STRANGERS
from framecue.datasets.moji_motion.grammar import PHRASES, caption
from framecue.datasets.moji_motion.meaning import MOTIONS, RELATIONS, Act, Meaning
from framecue.datasets.moji_motion.render import draw
from framecue.datasets.moji_motion.scene import Part, make_scene
from framecue.video.write.write import write_video

__all__ = ["NEW_ACTORS", "NEW_MOTIONS", "NewName", "World", "WorldClip", "WorldSize", "draw_world", "write_words"]

IMAGE_SIZE, FRAMES_PER_SECOND, NUM_FRAMES = 96, 12, 24
_TRIES = 1000


@dataclass(frozen=True)
class NewName:
    """Something that no training saw.

    Attributes:
        name: what it is called in queries.
        what: the actor, or the motion.
        coarse: the ordinary word that comes nearest, which the model knows.
    """

    name: str
    what: str
    coarse: str


NEW_ACTORS = (
    NewName("Zorro", "lion", "cat"),
    NewName("Bruno", "bear", "panda"),
    NewName("Berta", "cow", "pig"),
    NewName("Pablo", "parrot", "flamingo"),
    NewName("Finja", "dolphin", "whale"),
    NewName("Krabbi", "crab", "octopus"),
    NewName("Tarka", "crocodile", "turtle"),
    NewName("Momo", "peach", "apple"),
    NewName("Limoni", "lemon", "banana"),
    NewName("Gusti", "grapes", "strawberry"),
    NewName("Line Nine", "bus", "train"),
    NewName("Rosamund", "rose", "sunflower"),
    NewName("Copa", "palm", "tree"),
    NewName("Luigi", "pizza", "cheese"),
)

NEW_MOTIONS = (
    NewName("zibbles", "pulse", "grows"),
    NewName("boings", "bounce", "rises"),
    NewName("schwoofs", "swing", "spins"),
)
# As what a part with such a motion is put on the stage, which has to leave it room.
_ROOM = {"pulse": "grow", "bounce": "rise", "swing": "spin"}


class NewPart(Part):
    """An act with a motion that the grammar has no words for."""

    def at(self, time: np.ndarray) -> tuple[np.ndarray, ...]:
        """See `Part.at`."""
        p = np.clip((time - self.begin) / (self.end - self.begin), 0.0, 1.0)
        x, y = np.full_like(p, self.x), np.full_like(p, self.y)
        size, angle = np.full_like(p, self.size), np.zeros_like(p)
        if self.motion == "pulse":
            size *= 0.45 + 0.8 * np.sin(np.pi * p)
        elif self.motion == "bounce":
            y -= self.travel_y * (np.abs(np.sin(2 * np.pi * p)) - 0.5)
        elif self.motion == "swing":
            angle += 0.9 * np.sin(2 * np.pi * p) * self.turn
        return x, y, size, angle


@dataclass(frozen=True)
class WorldSize:
    """How much of everything there is: known clips, examples and tests of each name, clips with two new actors."""

    actors: int = len(NEW_ACTORS)
    motions: int = len(NEW_MOTIONS)
    known: int = 660
    examples: int = 12
    tests: int = 10
    two: int = 60


@dataclass(frozen=True)
class WorldClip:
    """A clip of the world.

    Attributes:
        path: its file.
        role: "known", "example", "test" or "two".
        names: what new is in it.
        text: a caption of it in the words of the grammar, with the new names.
    """

    path: Path
    role: str
    names: tuple[NewName, ...]
    text: str

    def worded(self, words: Callable[[NewName], str]) -> str:
        """Return the caption with other words in the places of the names."""
        text = self.text
        for name in self.names:
            text = text.replace(name.name, words(name))
        return re.sub(r"\ba (?=[aeiou])", "an ", text)


@dataclass(frozen=True)
class World:
    """All clips, and the names that are taught."""

    clips: tuple[WorldClip, ...]
    names: tuple[NewName, ...]

    def of(self, role: str, name: NewName | None = None) -> list[WorldClip]:
        """Return the clips of a role, with a name if one is given."""
        return [clip for clip in self.clips if clip.role == role and (name is None or name in clip.names)]


def draw_world(folder: Path, size: WorldSize, *, seed: int) -> World:
    """Write the clips of a world as files that are not there yet, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    actors, motions = NEW_ACTORS[: size.actors], NEW_MOTIONS[: size.motions]
    wanted: list[tuple[str, tuple[NewName, ...]]] = [("known", ())] * size.known
    for name in (*actors, *motions):
        wanted += [("example", (name,))] * size.examples + [("test", (name,))] * size.tests
    for _ in range(size.two):
        first, second = rng.choice(len(actors), size=2, replace=False)
        wanted.append(("two", (actors[first], actors[second])))
    seen: set[Meaning] = set()
    clips = []
    for number, (role, names) in enumerate(wanted):
        meaning = _unseen(names, rng, seen)
        path = folder / f"{number:05d}.mp4"
        own = np.random.default_rng([seed, number])
        text = _caption(meaning, names, own)
        if not path.exists():
            write_video(path, _frames(meaning, own), frames_per_second=FRAMES_PER_SECOND)
        clips.append(WorldClip(path, role, names, text))
    return World(tuple(clips), (*actors, *motions))


def write_words(clips: Sequence[WorldClip]) -> None:
    """Write what is said in clips beside them, as subtitles: their captions, with the names."""
    for clip in clips:
        clip.path.with_suffix(".srt").write_text(f"1\n00:00:00,000 --> 00:00:02,000\n{clip.text}\n", encoding="utf-8")


def _unseen(names: Sequence[NewName], rng: np.random.Generator, seen: set[Meaning]) -> Meaning:
    """Draw a meaning with new actors, or with one new motion, that no clip has."""
    for _ in range(_TRIES):
        who = [name.what for name in names if name in NEW_ACTORS]
        how = next((name.what for name in names if name in NEW_MOTIONS), None)
        count = max(len(who), 1 if rng.random() < 0.25 else 2)
        known = rng.permutation(list(ACTORS))[: count - len(who)]
        acts = [Act(str(actor), _drawn(list(MOTIONS), rng)) for actor in [*who, *known]]
        if how is not None:
            acts[0] = Act(acts[0].actor, how)
        if rng.random() < 0.5:
            acts.reverse()
        meaning = Meaning(acts[0]) if len(acts) == 1 else Meaning(acts[0], _drawn(RELATIONS, rng), acts[1])
        if meaning.is_possible and meaning not in seen:
            seen.add(meaning)
            return meaning
    raise SystemExit("there are no more different meanings: ask for fewer clips")


def _drawn(options: Sequence[str], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _caption(meaning: Meaning, names: Sequence[NewName], rng: np.random.Generator) -> str:
    """Return a caption in which the new is called by its names."""
    called = {name.what: name.name for name in names}
    known = {act: PHRASES.get(act.motion) for act in meaning.acts}
    # The grammar fills in what it knows; a new motion is put in place of a phrase that it has.
    stand_ins = tuple(
        Act(called.get(act.actor, act.actor), act.motion if known[act] else "still") for act in meaning.acts
    )
    text = caption(Meaning(stand_ins[0], meaning.relation, stand_ins[1] if len(stand_ins) == 2 else None), rng)
    for act, stand_in in zip(meaning.acts, stand_ins, strict=True):
        if not known[act]:
            for phrase in PHRASES["still"]:
                text = text.replace(f"{stand_in.actor} {phrase}", f"{stand_in.actor} {called[act.motion]}")
                text = text.replace(f"{stand_in.actor} that {phrase}", f"{stand_in.actor} that {called[act.motion]}")
    return text


def _frames(meaning: Meaning, rng: np.random.Generator) -> np.ndarray:
    """Return the frames of a clip, uint8 (F, S, S, 3)."""
    staged = [Act(act.actor, _ROOM.get(act.motion, act.motion)) for act in meaning.acts]
    scene = make_scene(_as_staged(meaning, staged), rng)
    motions = {act.actor: act.motion for act in meaning.acts}
    names = (*ACTORS, *STRANGERS)
    parts = []
    for part in scene.parts:
        motion = motions[names[part.actor]]
        parts.append(NewPart(**{**vars(part), "motion": motion}) if motion in _ROOM else part)
    times = (np.arange(NUM_FRAMES) + 0.5) / NUM_FRAMES
    frames = draw(replace(scene, parts=tuple(parts)).sprites(times), IMAGE_SIZE)
    return frames.permute(0, 2, 3, 1).numpy()


def _as_staged(meaning: Meaning, staged: Sequence[Act]) -> Meaning:
    return Meaning(staged[0], meaning.relation, staged[1] if len(staged) == 2 else None)
