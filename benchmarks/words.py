"""How well words are heard and read, and what that costs: `python benchmarks/words.py`.

Films are made (`films.py`) with sentences spoken in three voices, over silence, faint noise and music, and titles drawn
in several looks. Each source of words is asked about each film, on one core, and what it finds is compared with what is
known: word error rate, how far off the words' times are, words heard where nobody speaks, character error rate of
titles; and what it costs, in processor seconds, of all processes. Then the films are indexed, and phrases and titles
searched for: found is a phrase whose first hit begins and ends within half a second of it, and a title whose first hit
is shown with it. Speech that repeats itself is heard beside as much that does not (`repeated_speech.py`).

With --before, the films' pictures are indexed without any words, in turns by this framecue and by the one in another
working tree, and the processor time of both is compared.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np

from alignment import aligned, edit_distance
from film_library import add_films, make_library, speech_model, why_not
from film_queries import FilmQuery, film_queries
from film_sound import VOICES
from film_words import plain
from films import Collection, Film, make_films
from framecue import Library, Query
from framecue.evaluation.moments import Window, temporal_iou
from framecue.video import IsolatedReader
from framecue.words.request import SCREEN, SPEECH, WordsRequest
from framecue.words.source import WordsUnit
from framecue.words.sources import make_source
from framecue.words.timed_text import TimedText
from measure import Measurement, Size, processor_seconds, results_of
from repeated_speech import repeated_results

SEED = 2027
NEAR_SECONDS = 0.5
GOAL_FOUND, GOAL_SPEECH, GOAL_SCREEN = 95.0, 0.15, 0.2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=80, help="an even number")
    parser.add_argument("--per-kind", type=int, default=400, help="phrases and titles that are searched for")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--before", type=Path, help="another working tree of framecue to compare indexing with")
    parser.add_argument("--repeats", type=int, default=5, help="sentences that are said again and again")
    parser.add_argument(
        "--rounds", type=int, default=5, help="how often repeats are heard, and each side indexes, with --before"
    )
    parser.add_argument("--folder", type=Path, help="where films and libraries are kept (default: a temporary folder)")
    parser.add_argument("--json", type=Path, help="also write the results here")
    options = parser.parse_args()
    if missing := why_not():
        sys.exit(f"films with words cannot be made: {missing}")
    with tempfile.TemporaryDirectory() as temporary:
        home = (options.folder or Path(temporary)) / f"films-{options.seed}-{options.films}"
        collection = make_films(home / "films", options.films, seed=options.seed)
        library = make_library(home)
        add_films(library, home / "films", collection, options.folder or Path(temporary))
        segments = segments_of(library)
        results = {
            "films": len(collection.films),
            "speech": heard_results(collection, home / "films", segments),
            "repeats": repeated_results(
                home, speech_model(), num_groups=options.repeats, num_rounds=options.rounds, seed=options.seed
            ),
            "titles": read_results(collection, home / "films", segments),
            "search": search_results(library, film_queries(collection, options.per_kind, seed=options.seed)),
        }
        if options.before:
            results["indexing"] = indexing_results(home, collection, options.before, options.rounds)
    print(json.dumps(results, indent=2))
    if options.json:
        options.json.write_text(json.dumps(results, indent=2), encoding="utf-8")


def segments_of(library: Library) -> dict[str, list[tuple[float, float]]]:
    """What each film was cut into, by its name."""
    found: dict[str, list[tuple[float, float]]] = {}
    rows = library.to_arrow(columns=["path", "start_seconds", "end_seconds"]).to_pylist()
    for row in sorted(rows, key=lambda row: (row["path"], row["start_seconds"])):
        found.setdefault(Path(row["path"]).name, []).append((row["start_seconds"], row["end_seconds"]))
    return found


def found_words(
    source_name: str,
    model: str | None,
    films: Sequence[Film],
    folder: Path,
    segments: dict[str, list[tuple[float, float]]],
) -> tuple[list[list[TimedText]], float]:
    """What a source finds in each film, and the processor seconds that it takes in all, without loading its model."""
    request = WordsRequest(source=source_name, model=model, language="en" if model else None)
    source = make_source(request)

    def ask(reader: IsolatedReader, film: Film) -> list[TimedText]:
        return list(source.find(WordsUnit(str(folder / film.name), segments[film.name]), reader))

    with IsolatedReader() as reader:
        ask(reader, films[0])
    began = processor_seconds()
    with IsolatedReader() as reader:
        found = [ask(reader, film) for film in films]
    return found, processor_seconds() - began


def heard_results(
    collection: Collection, folder: Path, segments: dict[str, list[tuple[float, float]]]
) -> dict[str, object]:
    """How well speech is heard."""
    found, cost = found_words(SPEECH, speech_model(), collection.films, folder, segments)
    errors: dict[str, list[int]] = {}
    off_start, off_end, num_invented = [], [], 0
    for film, texts in zip(collection.films, found, strict=True):
        said = [(word, plain(word.text)) for spoken in film.spoken for word in spoken.words]
        heard = [(word, plain(word.text)) for text in texts for word in text.words]
        said = [(word, words[0]) for word, words in said if words]
        heard = [(word, each) for word, words in heard for each in words[:1]]
        reference, hypothesis = [text for _, text in said], [text for _, text in heard]
        distance = edit_distance(reference, hypothesis)
        for group in ("all", f"voice {VOICES[film.voice][0]}", f"over {film.bed}"):
            total = errors.setdefault(group, [0, 0])
            total[0], total[1] = total[0] + distance, total[1] + len(reference)
        for place, other in aligned(reference, hypothesis):
            off_start.append(abs(said[place][0].start_seconds - heard[other][0].start_seconds))
            off_end.append(abs(said[place][0].end_seconds - heard[other][0].end_seconds))
        num_invented += sum(is_invented(film, word.start_seconds, word.end_seconds) for word, _ in heard)
    spoken_seconds = sum(each.end_seconds - each.start_seconds for film in collection.films for each in film.spoken)
    return {
        "word error rate": {group: 100.0 * wrong / total for group, (wrong, total) in errors.items()},
        "words": errors["all"][1],
        "start off by": spread(off_start),
        "end off by": spread(off_end),
        "words within 0.5 s": 100.0 * float(np.mean(np.maximum(off_start, off_end) <= NEAR_SECONDS)),
        "words heard where nobody speaks": num_invented,
        "processor seconds a second of speech": cost / spoken_seconds,
        "processor seconds a second of sound": cost / sum(film.seconds for film in collection.films),
    }


def is_invented(film: Film, start_seconds: float, end_seconds: float) -> bool:
    """Whether nobody speaks within a second of a time."""
    return all(end_seconds < each.start_seconds - 1 or start_seconds > each.end_seconds + 1 for each in film.spoken)


def spread(values: Iterable[float]) -> dict[str, float]:
    """The middle and the 95th percentile of seconds."""
    middle, most = np.percentile([*values], [50, 95])
    return {"median": float(middle), "95 %": float(most)}


def read_results(
    collection: Collection, folder: Path, segments: dict[str, list[tuple[float, float]]]
) -> dict[str, float]:
    """How well titles are read."""
    found, cost = found_words(SCREEN, None, collection.films, folder, segments)
    wrong = total = num_titles = num_read = num_lines = num_others = 0
    for film, texts in zip(collection.films, found, strict=True):
        shown = [slot for slot in film.slots if slot.title is not None]
        num_lines += len(texts)
        num_others += sum(
            all(
                text.end_seconds <= slot.title_seconds[0] or text.start_seconds >= slot.title_seconds[1]
                for slot in shown
            )
            for text in texts
        )
        for slot in shown:
            start, end = slot.title_seconds
            near = [text.text for text in texts if text.start_seconds < end and text.end_seconds > start]
            title = letters(slot.title or "")
            # In one line or in two; in a frame there may be other lines.
            candidates = [*map(letters, near), *(letters(" ".join(pair)) for pair in pairwise(near))]
            distance = min((edit_distance(title, each) for each in candidates), default=len(title))
            wrong, total = wrong + min(distance, len(title)), total + len(title)
            num_titles, num_read = num_titles + 1, num_read + (distance == 0)
    return {
        "character error rate": 100.0 * wrong / total,
        "titles": num_titles,
        "titles read without an error": 100.0 * num_read / num_titles,
        "lines": num_lines,
        "lines where no title is shown": num_others,
        "processor seconds a segment": cost / sum(map(len, segments.values())),
    }


def letters(text: str) -> str:
    """A text without what makes no difference to a search: capitals, spaces and signs."""
    return re.sub(r"[\W_]+", "", text.lower())


def search_results(library: Library, queries: Sequence[FilmQuery]) -> dict[str, float]:
    """How many phrases are found with their times, and how many titles."""
    phrases = [query for query in queries if query.kind == "phrase"]
    titles = [query for query in queries if query.kind == "written"]
    near = [first_fits(library, f"said:{query.text}", query, is_near) for query in phrases]
    shown = [
        first_fits(library, f'written:"{query.text}"', query, lambda hit, right: temporal_iou(hit, right) > 0)
        for query in titles
    ]
    return {
        "phrases": len(phrases),
        "phrases found with their times": 100.0 * float(np.mean(near)),
        "titles": len(titles),
        "titles found": 100.0 * float(np.mean(shown)),
    }


def first_fits(library: Library, text: str, query: FilmQuery, fits: Callable[[Window, Window], bool]) -> bool:
    """Whether the first hit fits one of the right moments."""
    hits = library.search(Query.parse(text), k=1)
    if not hits:
        return False
    found = Window(Path(hits[0].path).name, hits[0].start_seconds, hits[0].end_seconds)
    return any(fits(found, right) for right in query.right)


def is_near(found: Window, right: Window) -> bool:
    """Whether a moment begins and ends within half a second of another."""
    off = (found.start_seconds - right.start_seconds, found.end_seconds - right.end_seconds)
    return found.video == right.video and max(map(abs, off)) <= NEAR_SECONDS


def indexing_results(home: Path, collection: Collection, before: Path, rounds: int) -> dict[str, float]:
    """What indexing the films' pictures takes, beside another framecue, in turns; medians."""
    sides = {"this": Path(__file__).resolve().parents[1], "before": before}
    seconds: dict[str, list[float]] = {side: [] for side in sides}
    for number in range(rounds + 1):
        for side, tree in sides.items():
            took = index_apart(tree, home / "films", home / f"{side}.lance")
            if number:  # the first is for warming up
                seconds[side].append(took)
    medians = {f"{side}, processor seconds": statistics.median(each) for side, each in seconds.items()}
    return {**medians, "ratio": medians["this, processor seconds"] / medians["before, processor seconds"]}


def index_apart(tree: Path, films: Path, library: Path) -> float:
    """Index a folder with the framecue of a working tree, into a new library; processor seconds of all processes."""
    began = processor_seconds()
    command = [sys.executable, "-m", "framecue", "index", str(films), "--library", str(library), "--model", "moji-clip"]
    environment = {**os.environ, "PYTHONPATH": str(tree / "src")}
    subprocess.run(
        [*command, "--adapter", "moji-prompt-switch"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    took = processor_seconds() - began
    for file in sorted(library.rglob("*"), reverse=True):
        file.rmdir() if file.is_dir() else file.unlink()
    library.rmdir()
    return took


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    if missing := why_not():
        raise RuntimeError(f"films with words cannot be made: {missing}")
    sizes = {
        "tiny": ("--films", 2, "--per-kind", 4, "--repeats", 1, "--rounds", 1),
        "short": ("--films", 12, "--per-kind", 60, "--repeats", 2, "--rounds", 2),
        "full": (),
    }
    results = results_of(main, *sizes[size])
    speech, titles, search, repeats = (results[part] for part in ("speech", "titles", "search", "repeats"))
    made = Measurement
    return [
        made(what="word error rate of speech", value=speech["word error rate"]["all"], unit=" %"),
        made(what="words off in time by, 95 of 100", value=speech["start off by"]["95 %"], unit=" s"),
        made(
            what="quoted phrases found within 0.5 s",
            value=search["phrases found with their times"],
            unit=" %",
            goal=GOAL_FOUND,
        ),
        made(what="character error rate of titles", value=titles["character error rate"], unit=" %"),
        made(what="drawn titles found", value=search["titles found"], unit=" %", goal=GOAL_FOUND),
        made(
            what="processor time of a second of speech",
            value=speech["processor seconds a second of speech"],
            unit=" s",
            goal=GOAL_SPEECH,
            sense="at most",
        ),
        made(
            what="processor time of a second of speech that repeats itself",
            value=repeats["processor seconds a second of speech, repeated"],
            unit=" s",
        ),
        made(what="the same, beside speech that does not", value=repeats["ratio"]),
        made(
            what="processor time of a segment's screen text",
            value=titles["processor seconds a segment"],
            unit=" s",
            goal=GOAL_SCREEN,
            sense="at most",
        ),
    ]


if __name__ == "__main__":
    main()
