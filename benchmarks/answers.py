"""How well one box answers, against each of its legs: `python benchmarks/answers.py`.

Films are made (`films.py`) in which things are seen, said, written and told by names; they are indexed with speech,
text on screen and meanings, and asked (`film_queries.py`): a phrase, the words of a sentence, a title, an act, a name,
a meaning; two of these at once; two acts in their order; and what is nowhere. Each question is put to the search by
picture alone, to one box, and to every leg by itself.

Prints for each kind the R@1 (the first moment overlaps a right one) and QVHighlights' R1 at an overlap of 0.5 and 0.7
and mAP, over the whole library, in per cent, with 95 % intervals of R@1 over the films; and how many questions about
what is nowhere pass the threshold that 95 % of the others pass, by the cosine of the best moment and by its confidence.

What lies in a --folder (films, library) is taken as it is, and what is missing there is made: a run that was stopped
goes on. --no-titles draws the same films without titles over the pictures, which tells how much is missed because the
shipped model has never seen any.

--tune looks for the fusion's weights on films of other seeds than those that are reported, one number after another,
and prints the best; they belong into `library/search/weights.py`. --fit does the same for the curve that makes a
confidence of what is meant, in `library/search/confidence.py`. Both take a --seed other than the one that is reported.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from film_library import ADAPTER, add_films, make_library, why_not
from film_queries import KINDS, LEG_OF_KIND, FilmQuery, film_queries
from films import Collection, make_films
from framecue import Library, Query
from framecue.evaluation.bootstrap import Interval, draws, percentiles
from framecue.evaluation.moments import MomentScores, Window, moment_scores
from framecue.library import Hit
from framecue.library.search.confidence import MEANT_MIDDLE, MEANT_SLOPE
from framecue.library.search.then import InOrder
from framecue.library.search.weights import WEIGHTS, LegWeights
from logistic import fit_logistic
from measure import Measurement, Size, results_of

REPORTED_SEED, TUNING_SEED = 2026, 11
FOUND = 10
LEGS = ("seen", "said", "written", "named", "meaning")
PICTURE, BOX, THEN = "picture alone", "one box", "--then"
RECALL = 95.0
GOAL_SINGLE, GOAL_ORDER, GOAL_FALSE_ALARMS = -1.0, 90.0, 0.5
# What --tune tries, one number after another.
TRIED = {
    "meaning": (0.3, 0.5, 0.7, 0.85, 1.0, 1.2, 1.5),
    "certain": (0.5, 0.6, 0.8, 0.9),
    "enough": (0.25, 0.4, 0.5, 0.75, 1.0),
    "unsure": (0.02, 0.05, 0.1, 0.2, 0.4),
    "doubt": (0.25, 0.5, 1.0, 2.0),
    "said": (1.0, 1.2, 1.5, 1.8),
    "written": (1.2, 1.5, 2.1, 2.5),
    "named": (0.9, 1.2, 1.5, 2.1, 2.5),
    "hint": (0.05, 0.1, 0.2, 0.3, 0.5),
    "least_coverage": (0.2, 0.35, 0.5, 0.65),
    "sharpness": (1.0, 1.5, 2.0, 3.0),
    "run": (0.6, 0.7, 0.8, 0.9, 1.0),
    "scattered": (0.7, 0.8, 0.9, 1.0),
    "rest": (0.0, 0.25, 0.5, 0.75, 1.0),
    "unread": (0.0, 0.4, 0.8, 1.2),
    "elsewhere": (0.0, 0.25, 0.5, 0.75),
}


@dataclass(frozen=True)
class Asked:
    """What one way of searching answered to some questions."""

    queries: Sequence[FilmQuery]
    hits: Sequence[Sequence[Hit]]

    @property
    def scores(self) -> MomentScores:
        """How right it is."""
        return moment_scores([[*map(window, hits)] for hits in self.hits], [query.right for query in self.queries])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=120, help="an even number")
    parser.add_argument("--per-kind", type=int, default=300, help="questions of each kind, or as many as there are")
    parser.add_argument("--seed", type=int, default=REPORTED_SEED)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS, help="which kinds of questions")
    parser.add_argument("--no-titles", action="store_true", help="draw the same films without titles")
    parser.add_argument("--adapter", default=ADAPTER, help="of moji-clip: a bundled name or a folder")
    parser.add_argument("--tune", action="store_true", help="look for weights, on films of another seed")
    parser.add_argument("--fit", action="store_true", help="make the curve of what is meant, on films of another seed")
    parser.add_argument("--folder", type=Path, help="where films and libraries are kept (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    if missing := why_not():
        sys.exit(f"films with words cannot be made: {missing}")
    chooses = options.tune or options.fit
    # Nothing is made on what is reported.
    seed = TUNING_SEED if chooses and options.seed == REPORTED_SEED else options.seed
    if seed == TUNING_SEED and not chooses:
        parser.error(f"seed {TUNING_SEED} is the one of --tune and --fit; report another")
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        library, collection = prepare(
            folder, options.films, seed, titled=not options.no_titles, adapter=options.adapter
        )
        drawn = film_queries(collection, options.per_kind, seed=seed)
        queries = [query for query in drawn if query.kind in options.kinds]
        if options.tune:
            tune(library, queries)
        if options.fit:
            titles = frozenset(slot.title for film in collection.films for slot in film.slots if slot.title)
            slope, middle = fitted_meaning(library, queries, titles)
            print(f"MEANT_SLOPE, MEANT_MIDDLE = {slope:.2f}, {middle:.2f}")
        if chooses:
            return
        results = measure(library, collection, queries)
    print_table(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")


def prepare(
    folder: Path, num_films: int, seed: int, *, titled: bool = True, adapter: str = ADAPTER
) -> tuple[Library, Collection]:
    """Make films and their library in a folder of their own, or take those that lie there."""
    home = folder / f"films-{seed}-{num_films}{'' if titled else '-untitled'}"
    began = time.perf_counter()
    collection = make_films(home / "films", num_films, seed=seed, titled=titled)
    made = time.perf_counter()
    library = make_library(home, adapter)
    add_films(library, home / "films", collection, folder)
    print(
        f"{len(collection.films)} films of {sum(film.seconds for film in collection.films) / 60:.0f} minutes: made in "
        f"{made - began:.0f} s, indexed in {time.perf_counter() - made:.0f} s",
        flush=True,
    )
    return library, collection


def measure(library: Library, collection: Collection, queries: Sequence[FilmQuery]) -> dict[str, object]:
    """Ask everything in every way; the document that --json writes."""
    by_kind = {kind: [query for query in queries if query.kind == kind] for kind in KINDS}
    present = [kind for kind in KINDS if kind != "absent" and by_kind[kind]]
    table: dict[str, dict[str, object]] = {}
    answers: dict[str, dict[str, Asked]] = {}
    for kind in KINDS:
        ways = {PICTURE: ("seen",), BOX: ()}
        if kind in LEG_OF_KIND or kind == "mixed":
            ways |= {leg: (leg,) for leg in LEGS if leg != "seen"}
        answers[kind] = {name: ask(library, by_kind[kind], only) for name, only in ways.items()}
        if kind == "order":
            answers[kind][THEN] = ask_in_order(library, by_kind[kind])
        print(f"{kind}: {len(by_kind[kind])} questions asked", flush=True)
    for kind in present:
        table[kind] = {name: figures(asked, collection) for name, asked in answers[kind].items()}
    return {
        "films": len(collection.films),
        "seed": collection.seed,
        "queries": {kind: len(found) for kind, found in by_kind.items()},
        "kinds": table,
        "mixtures": mixtures(answers["mixed"]),
        "titles": by_titles(answers["order"], collection),
        "either way": {way: right_way_round(asked, collection) for way, asked in answers["order"].items()},
        "absent": false_alarms(answers) if by_kind["absent"] else {},
    }


def ask(
    library: Library, queries: Iterable[FilmQuery], only: Sequence[str] = (), weights: LegWeights | None = None
) -> Asked:
    """Put questions to one box, or to some of its legs."""
    queries = list(queries)
    hits = []
    for query in queries:
        # Picture alone is asked as it was before there was a box: with the text as it is.
        asked = Query(query.text) if tuple(only) == ("seen",) else Query.parse(query.text)
        hits.append(library.search(asked, k=FOUND, all_moments=True, only=only, weights=weights))
    return Asked(queries, hits)


def ask_in_order(library: Library, queries: Sequence[FilmQuery]) -> Asked:
    """Ask for the parts of orders, one after the other."""
    hits = [library.search(InOrder(query.parts), k=FOUND, all_moments=True) for query in queries]
    return Asked(queries, hits)


def window(hit: Hit) -> Window:
    """A hit as a moment of a film."""
    return Window(Path(hit.path).name, hit.start_seconds, max(hit.start_seconds, hit.end_seconds))


def figures(asked: Asked, collection: Collection) -> dict[str, object]:
    """The metrics of a way's answers, in per cent."""
    scores = asked.scores
    return {**scores.metrics.to_dict(), "R@1 interval": [*interval(scores.overlaps, asked.queries, collection)]}


def interval(is_right: np.ndarray, queries: Sequence[FilmQuery], collection: Collection) -> Interval:
    """Where a share lies if films are drawn anew, in per cent; a question belongs to the first film that is right."""
    places = {film.name: place for place, film in enumerate(collection.films)}
    of_query = [places[query.right[0].video] for query in queries]
    count = len(collection.films)
    sums = [np.bincount(of_query, weights=weights, minlength=count) for weights in (is_right, np.ones(len(of_query)))]
    shares = []
    for drawn in draws(count, 1000, seed=0):
        right, all_of_them = (drawn @ each for each in sums)
        shares.append(100.0 * right[all_of_them > 0] / all_of_them[all_of_them > 0])
    return percentiles(np.concatenate(shares))


def mixtures(answers: Mapping[str, Asked]) -> dict[str, dict[str, float]]:
    """R@1 of each way for each two legs that are asked at once."""
    if not answers[BOX].queries:
        return {}
    about = np.array([query.about for query in answers[BOX].queries])
    return {
        str(name): {way: 100.0 * float(asked.scores.overlaps[about == name].mean()) for way, asked in answers.items()}
        for name in dict.fromkeys(about)
    }


def by_titles(answers: Mapping[str, Asked], collection: Collection) -> dict[str, dict[str, float]]:
    """R@1 of orders of two acts by how many of the two have a title drawn over them."""
    titled = {
        (film.name, slot.start_seconds): slot.title is not None for film in collection.films for slot in film.slots
    }
    ends = {(film.name, slot.end_seconds): slot.title is not None for film in collection.films for slot in film.slots}
    found = {}
    for way, asked in answers.items():
        right = [query.right[0] for query in asked.queries]
        counts = np.array([titled[one.video, one.start_seconds] + ends[one.video, one.end_seconds] for one in right])
        found[way] = {
            f"{count} of 2 titled": 100.0 * float(asked.scores.overlaps[counts == count].mean())
            for count in sorted(set(counts.tolist()))
        }
    return found


def right_way_round(asked: Asked, collection: Collection) -> dict[str, object]:
    """Where the acts of an order are found in either order: how often the right one comes first, in per cent.

    That tells the order apart from what is seen: R@1 also asks that both acts are recognised among those of all films.
    Questions for which neither order is found do not count.
    """
    queries, is_right = [], []
    for query, hits in zip(asked.queries, asked.hits, strict=True):
        found = [(_is_in(window(hit), query.right), _is_in(window(hit), query.wrong)) for hit in hits]
        for right, wrong in found:
            if right != wrong:
                queries.append(query)
                is_right.append(right)
                break
    if not queries:
        return {}
    first = np.array(is_right, dtype=np.float64)
    between = [*interval(first, queries, collection)]
    return {"questions": len(queries), "right first": 100.0 * float(first.mean()), "interval": between}


def _is_in(found: Window, windows: Iterable[Window]) -> bool:
    return any(
        found.video == other.video
        and min(found.end_seconds, other.end_seconds) > max(found.start_seconds, other.start_seconds)
        for other in windows
    )


def false_alarms(answers: Mapping[str, Mapping[str, Asked]]) -> dict[str, dict[str, float]]:
    """How many questions about what is nowhere pass a threshold that `RECALL` per cent of the others pass.

    By the cosine of the best moment, with a search by picture alone, and by the confidence of the surest one: for acts
    with a search by picture alone and with one box, which may find words about the same, and for all kinds that one leg
    can answer with one box. What finds nothing passes no threshold.
    """
    found = {}
    for name, judged, kinds, about in (
        ("seen, by picture alone", PICTURE, ("seen",), ("seen",)),
        ("seen", BOX, ("seen",), ("seen",)),
        ("all", BOX, tuple(LEG_OF_KIND), None),
    ):
        if not any(answers[kind][BOX].queries for kind in kinds):
            continue
        found[name] = {}
        for way, value in ((PICTURE, "score"), (judged, "confidence")):
            there = [best(hits, value) for kind in kinds for hits in answers[kind][way].hits]
            asked = answers["absent"][way]
            nowhere = [
                best(hits, value)
                for query, hits in zip(asked.queries, asked.hits, strict=True)
                if about is None or query.about in about
            ]
            threshold = np.percentile(there, 100 - RECALL, method="lower")
            alarms = np.array(nowhere) >= threshold
            found[name][value] = 100.0 * float(alarms.mean())
            found[name][f"{value} threshold"] = float(threshold)
    return found


def best(hits: Sequence[Hit], value: str) -> float:
    """What speaks for the best moment; less than anything if nothing was found."""
    told = [getattr(hit, value) for hit in hits]
    return max((each for each in told if each is not None), default=-2.0)


def tune(library: Library, queries: Sequence[FilmQuery]) -> LegWeights:
    """Try numbers of the fusion one after another, twice, and print the best."""
    asked = [query for query in queries if query.kind in (*LEG_OF_KIND, "mixed", "fields")]

    def worth(weights: LegWeights) -> float:
        scores = ask(library, asked, weights=weights).scores
        kinds = np.array([query.kind for query in asked])
        by_kind = [
            scores.overlaps[kinds == kind].mean() + 0.1 * scores.average_precision[kinds == kind].mean()
            for kind in dict.fromkeys(kinds)
        ]
        return float(np.mean(by_kind))

    chosen, reached = WEIGHTS, worth(WEIGHTS)
    print(f"{reached:.4f} {chosen}", flush=True)
    for _ in range(2):
        before = chosen
        for name, values in TRIED.items():
            for value in values:
                other = replace(chosen, **{name: value})
                if other != chosen and (worth_of_other := worth(other)) > reached:
                    chosen, reached = other, worth_of_other
                    print(f"{reached:.4f} {chosen}", flush=True)
        if chosen == before:
            break
    return chosen


def fitted_meaning(library: Library, queries: Sequence[FilmQuery], titles: frozenset[str]) -> tuple[float, float]:
    """Fit the curve of what is meant to whether the best passage is the right one.

    Asked are what is said in other words, and what is meant or seen nowhere: of these no passage has the words. Where a
    title is the best, it is left out, as titles have a curve of their own.
    """
    there = [query for query in queries if query.kind == "meaning"]
    nowhere = [query for query in queries if query.kind == "absent" and query.about in ("meaning", "seen")]
    found, nothing = ask(library, there, ("meaning",)), ask(library, nowhere, ("meaning",))
    overlaps = [*found.scores.overlaps, *(0.0 for _ in nowhere)]
    heights, is_right = [], []
    for hits, overlap in zip([*found.hits, *nothing.hits], overlaps, strict=True):
        legs = [leg for hit in hits[:1] for leg in hit.legs if leg.leg == "meaning"]
        strengths = [leg.strength for leg in legs if leg.text not in titles]
        for strength in strengths:
            if 0 < strength < 1:
                heights.append(MEANT_MIDDLE + math.log(strength / (1 - strength)) / MEANT_SLOPE)
                is_right.append(overlap > 0)
    return fit_logistic(np.array(heights), np.array(is_right), np.full(len(heights), 1 / len(heights)))


def print_table(results: Mapping[str, object]) -> None:
    """Print the figures as Markdown."""
    print("\n| kind | way | R@1 (95 %) | R1@0.5 | R1@0.7 | mAP |\n| --- | --- | ---: | ---: | ---: | ---: |")
    for kind, ways in results["kinds"].items():  # type: ignore[attr-defined]
        for way, found in ways.items():
            low, high = found["R@1 interval"]
            cells = [f"{found['R@1']:.1f} ({low:.1f} to {high:.1f})"]
            cells += [f"{found[f'MR-full-{name}']:.1f}" for name in ("R1@0.5", "R1@0.7", "mAP")]
            print(f"| {kind} | {way} | {' | '.join(cells)} |")
    print(f"\nmixed, R@1: {json.dumps(results['mixtures'])}")
    print(f"in their order, R@1 by titles over the acts: {json.dumps(results['titles'])}")
    print(f"the acts in either order, right first: {json.dumps(results['either way'])}")
    print(f"false alarms at {RECALL:g} % recall: {json.dumps(results['absent'])}")


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    if missing := why_not():
        raise RuntimeError(f"films with words cannot be made: {missing}")
    sizes = {"tiny": ("--films", 2, "--per-kind", 4), "short": ("--films", 16, "--per-kind", 40), "full": ()}
    results = results_of(main, *sizes[size])
    found = []
    for kind, ways in results["kinds"].items():
        alone = {way: each["R@1"] for way, each in ways.items() if way not in (BOX, THEN)}
        lead = ways[BOX]["R@1"] - max(alone.values())
        if kind in LEG_OF_KIND:
            found.append(points(f"{kind}: R@1 of one box beyond the best leg's", lead, GOAL_SINGLE))
        elif kind == "mixed":
            found.append(points("two legs at once: R@1 of one box beyond the best leg's", lead, 0.001))
        elif kind == "order":
            for way in (BOX, THEN):
                what = f"two acts in their order, {way}: right first of all films"
                found.append(Measurement(what=what, value=ways[way]["R@1"], unit=" %", goal=GOAL_ORDER))
                if told := results["either way"][way]:
                    what = f"two acts in their order, {way}: right first of both orders"
                    found.append(Measurement(what=what, value=told["right first"], unit=" %", goal=GOAL_ORDER))
    for about, alarms in results["absent"].items():
        ratio = alarms["confidence"] / alarms["score"] if alarms["score"] else 0.0
        what = f"false alarms about what is nowhere ({about}), by confidence beside by cosine"
        found.append(Measurement(what=what, value=ratio, goal=GOAL_FALSE_ALARMS, sense="at most"))
    return found


def points(what: str, value: float, goal: float) -> Measurement:
    """A difference of two shares."""
    return Measurement(what=what, value=value, unit=" points", goal=goal)


if __name__ == "__main__":
    main()
