"""Films that are made here, of which all is known: what is seen, said and written when, and what they are called.

A film shows acts of MojiMotion's actors one after the other, each in a slot of its own; in a slot somebody may say a
sentence, and a title may be drawn. Films come in couples: the second shows the acts of the first in pairs that are
swapped, so that only the order tells which of both is meant. Half of the sentences, titles and parts of names occur in
two films, in slots that have nothing else in common: one of them alone does not tell which moment is meant, two do.

`plan_films` draws all this by a seed, without drawing a picture; `make_films` writes the files and gives them with the
times at which things really happen. `film_queries.py` asks about them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import av
import numpy as np

from film_sound import BEDS, RATE, VOICES, Speech, Word, mix, speak
from film_titles import Look, draw_look, draw_on, title_picture
from film_words import Sentence, absent_topics, draw_name, draw_sentence, draw_title
from framecue.datasets.moji_motion.actors import ACTORS
from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.datasets.moji_motion.grammar import caption
from framecue.datasets.moji_motion.meaning import Meaning
from framecue.datasets.moji_motion.render import draw
from framecue.datasets.moji_motion.scene import BACKGROUNDS, make_scene
from framecue.video import write_video

__all__ = ["NUM_SLOTS", "Collection", "Film", "FilmPlan", "Slot", "SlotPlan", "Spoken", "make_films", "plan_films"]

SIZE, FRAMES_PER_SECOND, NUM_SLOTS = 320, 12, 6
NUM_ABSENT_ACTIONS, NUM_ABSENT_ACTORS = 12, 12
SINGLE_SHARE = 0.4
_FRAMES_AT_A_TIME = 32
_PAUSE_SECONDS = 0.5
Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class SlotPlan:
    """What a slot of a film has: an act for some seconds, then an empty stage, and what is said and written."""

    meaning: Meaning
    caption: str
    act_seconds: float
    gap_seconds: float
    sentence: Sentence | None
    title: str | None
    look: Look


@dataclass(frozen=True)
class FilmPlan:
    """A film to be made: its file's name, what its name tells, the sound behind the words, its voice, and its slots."""

    name: str
    parts: tuple[str, ...]
    bed: str
    voice: int
    cuts: bool
    slots: tuple[SlotPlan, ...]
    seed: tuple[int, int]


@dataclass(frozen=True)
class Spoken:
    """A sentence with the times of its words."""

    sentence: Sentence
    words: tuple[Word, ...]

    @property
    def start_seconds(self) -> float:
        """When its first word begins."""
        return self.words[0].start_seconds

    @property
    def end_seconds(self) -> float:
        """When its last word ends."""
        return self.words[-1].end_seconds


@dataclass(frozen=True)
class Slot:
    """What happens in a slot: the act's time, who acts how, in words, and what is said and written when."""

    start_seconds: float
    end_seconds: float
    meaning: str
    caption: str
    spoken: Spoken | None
    title: str | None
    title_seconds: tuple[float, float]


@dataclass(frozen=True)
class Film:
    """A film that was made."""

    name: str
    parts: tuple[str, ...]
    seconds: float
    voice: int
    bed: str
    slots: tuple[Slot, ...]

    @property
    def spoken(self) -> tuple[Spoken, ...]:
        """What is said in it."""
        return tuple(slot.spoken for slot in self.slots if slot.spoken is not None)


@dataclass(frozen=True)
class Collection:
    """All films, and what none of them has.

    Attributes:
        films: they lie in one folder.
        absent_actions: which of `film_words.ACTIONS` nobody tells.
        absent_actors: who is never seen.
        seed: what it was made by.
    """

    films: tuple[Film, ...]
    absent_actions: tuple[int, ...]
    absent_actors: tuple[str, ...]
    seed: int


def plan_films(num_films: int, *, seed: int, titled: bool = True) -> list[FilmPlan]:
    """Draw what films show, say and are called.

    Args:
        num_films: an even number; from 8 on nothing that is shared meets in one film.
        seed: of everything.
        titled: whether titles are drawn over the pictures; without, all else is the same.
    """
    assert num_films % 2 == 0
    rng = np.random.default_rng([seed, 0])
    told, _ = absent_topics(np.random.default_rng([seed, 1]), NUM_ABSENT_ACTIONS)
    actors = [name for name in ACTORS if name not in absent_actors(seed)]
    sentences = _different(lambda: draw_sentence(rng, told), 4 * num_films, key=lambda each: each.core)
    titles = _different(lambda: draw_title(rng), 3 * num_films, key=str.lower)
    names = _different(lambda: draw_name(rng), num_films, key=" ".join)
    shared_sentences, own_sentences = sentences[:num_films], iter(sentences[num_films:])
    shared_titles, own_titles = titles[:num_films], iter(titles[num_films:])
    plans = []
    for number in range(num_films):
        if number % 2 == 0:
            couple = [*_couple(rng, actors)]
        acts = couple if number % 2 == 0 else [couple[place ^ 1] for place in range(NUM_SLOTS)]
        said = [
            shared_sentences[number],
            next(own_sentences),
            shared_sentences[(number + 2) % num_films],
            next(own_sentences),
            None,
            next(own_sentences),
        ]
        written = [
            shared_titles[number],
            next(own_titles),
            None,
            next(own_titles),
            shared_titles[(number - 4) % num_films],
            None,
        ]
        slots = tuple(
            SlotPlan(
                meaning=meaning,
                caption=caption(meaning, rng),
                act_seconds=float(rng.uniform(4, 6)),
                gap_seconds=float(rng.choice([0.0, 0.0, 1.0, 2.0])),
                sentence=sentence,
                title=title if titled else None,
                look=draw_look(rng),
            )
            for meaning, sentence, title in zip(acts, said, written, strict=True)
        )
        occasion, place, person, year = names[number]
        mark = str(rng.choice(["_", "-", " "]))
        plans.append(
            FilmPlan(
                name=mark.join((year, occasion, place, person)) + ".mp4",
                parts=(occasion, place, person, year),
                bed=BEDS[number // 2 % len(BEDS)],
                voice=number % len(VOICES),
                cuts=number // 2 % 2 == 0,
                slots=slots,
                seed=(seed, number),
            )
        )
    return plans


def absent_actors(seed: int) -> tuple[str, ...]:
    """Who is never seen in the films of a seed."""
    chosen = np.random.default_rng([seed, 2]).choice(sorted(ACTORS), NUM_ABSENT_ACTORS, replace=False)
    return tuple(sorted(str(name) for name in chosen))


def make_films(folder: Path, num_films: int, *, seed: int, titled: bool = True) -> Collection:
    """Write films into a folder, two at a time; those that lie there already with their times are taken as they are.

    Raises:
        RuntimeError: espeak-ng is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    plans = plan_films(num_films, seed=seed, titled=titled)
    # One after the other: the order changes the sound by some samples.
    speeches = [None if _kept(folder, plan) is not None else _speak(plan) for plan in plans]
    with ThreadPoolExecutor(2) as workers:
        films = list(workers.map(lambda pair: _film(folder, *pair), zip(plans, speeches, strict=True)))
    _, absent = absent_topics(np.random.default_rng([seed, 1]), NUM_ABSENT_ACTIONS)
    return Collection(tuple(films), absent, absent_actors(seed), seed)


def _couple(rng: np.random.Generator, actors: Sequence[str]) -> Iterator[Meaning]:
    """Yield the acts of a film: all different, one actor alone or two at the same time."""
    made: set[Meaning] = set()
    while len(made) < NUM_SLOTS:
        meaning = draw_meaning(rng, split="test", single_share=SINGLE_SHARE)
        known = all(act.actor in actors for act in meaning.acts)
        if known and meaning.relation != "then" and meaning not in made:
            made.add(meaning)
            yield meaning


def _different(draw_one: Callable[[], Drawn], count: int, *, key: Callable[[Drawn], str]) -> list[Drawn]:
    """Draw until there are so many that differ in their keys."""
    made: dict[str, Drawn] = {}
    while len(made) < count:
        one = draw_one()
        made.setdefault(key(one), one)
    return list(made.values())


def _film(folder: Path, plan: FilmPlan, speeches: Sequence[Speech | None] | None) -> Film:
    """Make a film, or take the one that lies in the folder where nothing was spoken for it."""
    if speeches is None:
        kept = _kept(folder, plan)
        assert kept is not None
        return kept
    film = _make(folder / plan.name, plan, speeches)
    notes = {"plan": _as_kept(plan), "film": asdict(film)}
    _notes_of(folder, plan).write_text(json.dumps(notes), encoding="utf-8")
    return film


def _kept(folder: Path, plan: FilmPlan) -> Film | None:
    """The film of this very plan that lies in the folder; None if there is none."""
    notes = _notes_of(folder, plan)
    if not notes.exists() or not (folder / plan.name).exists():
        return None
    kept = json.loads(notes.read_text(encoding="utf-8"))
    return _film_of(kept["film"]) if kept["plan"] == _as_kept(plan) else None


def _notes_of(folder: Path, plan: FilmPlan) -> Path:
    return folder / f".{plan.name}.json"


def _as_kept(plan: FilmPlan) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(asdict(plan)))
    return found


def _speak(plan: FilmPlan) -> list[Speech | None]:
    """The sentence of each slot, spoken."""
    return [None if slot.sentence is None else speak(slot.sentence.text, *VOICES[plan.voice]) for slot in plan.slots]


def _make(video: Path, plan: FilmPlan, speeches: Sequence[Speech | None]) -> Film:
    rng = np.random.default_rng([*plan.seed, 1])
    spoken: list[tuple[float, Speech]] = []
    slots, lengths, start = [], [], 0.0
    for each, speech in zip(plan.slots, speeches, strict=True):
        # The sentence is over before the next slot begins.
        act_seconds = max(each.act_seconds, 0 if speech is None else speech.seconds + 2 * _PAUSE_SECONDS)
        act_frames, gap_frames = (round(seconds * FRAMES_PER_SECOND) for seconds in (act_seconds, each.gap_seconds))
        end = start + act_frames / FRAMES_PER_SECOND
        said = None
        if speech is not None and each.sentence is not None:
            said_at = start + _PAUSE_SECONDS
            spoken.append((said_at, speech))
            said = Spoken(each.sentence, tuple(word.later(said_at) for word in speech.words))
        shown = (start + 0.25, end - 0.25)
        slots.append(Slot(start, end, each.meaning.key(), each.caption, said, each.title, shown))
        lengths.append((act_frames, gap_frames))
        start = end + gap_frames / FRAMES_PER_SECOND
    sound = mix(start, spoken, plan.bed, rng)
    with tempfile.TemporaryDirectory(dir=video.parent, prefix=".making-") as temporary:
        silent, whole = Path(temporary) / "silent.mp4", Path(temporary) / "film.mp4"
        write_video(silent, _frames(plan, slots, lengths, rng), frames_per_second=FRAMES_PER_SECOND)
        _add_sound(silent, sound, whole)
        whole.replace(video)
    return Film(plan.name, plan.parts, start, plan.voice, plan.bed, tuple(slots))


def _frames(
    plan: FilmPlan, slots: Sequence[Slot], lengths: Sequence[tuple[int, int]], rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Yield the frames of a film, uint8 (SIZE, SIZE, 3)."""
    stage = BACKGROUNDS[rng.integers(len(BACKGROUNDS))].astype(np.float32)
    number = 0
    for each, slot, (act_frames, gap_frames) in zip(plan.slots, slots, lengths, strict=True):
        background = BACKGROUNDS[rng.integers(len(BACKGROUNDS))].astype(np.float32) if plan.cuts else stage
        scene = replace(make_scene(each.meaning, rng), background=background)
        title = None if each.title is None else title_picture(each.title, each.look, SIZE)
        times = (np.arange(act_frames) + 0.5) / act_frames
        for first in range(0, act_frames, _FRAMES_AT_A_TIME):
            drawn = draw(scene.sprites(times[first : first + _FRAMES_AT_A_TIME]), SIZE).permute(0, 2, 3, 1).numpy()
            for frame in drawn:
                is_titled = slot.title_seconds[0] <= number / FRAMES_PER_SECOND < slot.title_seconds[1]
                yield draw_on(frame, title) if title is not None and is_titled else frame
                number += 1
        empty = np.broadcast_to(background.astype(np.uint8), (SIZE, SIZE, 3))
        for _ in range(gap_frames):
            yield empty
            number += 1


def _add_sound(silent: Path, sound: np.ndarray, whole: Path) -> None:
    """Copy a film's pictures and encode its sound, int16 (samples,), beside them."""
    with av.open(str(silent)) as source, av.open(str(whole), "w") as target:
        pictures = source.streams.video[0]
        copied, track = target.add_stream_from_template(pictures), target.add_stream("aac", rate=RATE)
        track.layout, track.bit_rate = "mono", 96_000
        for packet in source.demux(pictures):
            if packet.dts is not None:
                packet.stream = copied
                target.mux(packet)
        frame = av.AudioFrame.from_ndarray(sound[None], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = RATE, 0, Fraction(1, RATE)
        for piece in (frame, None):
            target.mux(track.encode(piece))


def _film_of(kept: dict[str, Any]) -> Film:
    """Read a film as `asdict` gave it."""
    slots = []
    for slot in kept["slots"]:
        spoken = slot.pop("spoken")
        if spoken is not None:
            words = tuple(Word(**word) for word in spoken["words"])
            spoken = Spoken(Sentence(**spoken["sentence"]), words)
        slots.append(Slot(**{**slot, "spoken": spoken, "title_seconds": tuple(slot["title_seconds"])}))
    return Film(**{**kept, "parts": tuple(kept["parts"]), "slots": tuple(slots)})
