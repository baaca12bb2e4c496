"""One event of five seconds in a video of two hours, found by typing it: `python benchmarks/moment.py`.

Draws three films with MojiMotion's actors, at 12 frames a second: *quiet*, in which nothing happens but the event, on
the same background, without any cut; *spliced*, the same, but the event has a background of its own; and *busy*, in
which something else happens before and after the event, all the time. The event begins at a random moment. Each film is
indexed with the shipped model and the usual segments, and searched with a caption of the event. Prints the moment that
comes first against the true one; the goal is a start and an end within 2 s, in each film.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from framecue import Library, load_model
from framecue.datasets.moji_motion.clips import draw_meaning
from framecue.datasets.moji_motion.film import Event, write_film
from framecue.datasets.moji_motion.meaning import Meaning
from measure import Measurement, Size, printed_by

EVENT_SECONDS = 5.0
GOAL_SECONDS = 2.0
KINDS = ("quiet", "spliced", "busy")


def write_event_film(path: Path, kind: str, *, num_seconds: float, seed: int) -> Event:
    """Draw a film and give its event."""
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    event = draw_meaning(rng, split="test", single_share=1.0)
    before = float(rng.uniform(0.1, 0.9)) * (num_seconds - EVENT_SECONDS)
    after = num_seconds - EVENT_SECONDS - before
    if kind == "busy":
        script = [*others(event, before, rng), (event, EVENT_SECONDS), *others(event, after, rng)]
    else:
        script = [(None, before), (event, EVENT_SECONDS), (None, after)]
    events = write_film(path, script, seed=seed, cuts=kind != "quiet")
    return next(found for found in events if found.meaning == event)


def others(event: Meaning, num_seconds: float, rng: np.random.Generator) -> list[tuple[Meaning | None, float]]:
    """What fills a time: acts of two to eight seconds by other actors."""
    script: list[tuple[Meaning | None, float]] = []
    while num_seconds > 0:
        meaning = draw_meaning(rng, split="test")
        if all(act.actor != event.first.actor for act in meaning.acts):
            # The last one takes what would be too short for an act.
            seconds = num_seconds if num_seconds < 10 else float(rng.uniform(2, 8))
            script.append((meaning, seconds))
            num_seconds -= seconds
    return script


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", choices=KINDS, action="append", help="default: each of them; may be repeated")
    arguments = parser.parse_args()
    model = load_model("moji-clip", adapter="moji-prompt-switch")
    missed = 0
    for kind in arguments.kind or KINDS:
        with tempfile.TemporaryDirectory() as folder:
            film = Path(folder) / "film.mp4"
            event = write_event_film(film, kind, num_seconds=arguments.minutes * 60, seed=arguments.seed)
            library = Library(f"{folder}/videos.lance", model=model)
            began = time.perf_counter()
            report = library.add(film)
            seconds = time.perf_counter() - began
            hit = library.search(event.caption, k=1, only="seen")[0]
        start_off, end_off = hit.start_seconds - event.start_seconds, hit.end_seconds - event.end_seconds
        found = max(abs(start_off), abs(end_off)) <= GOAL_SECONDS
        missed += not found
        result = {
            "film": kind,
            "minutes": arguments.minutes,
            "query": event.caption,
            "event_seconds": [round(event.start_seconds, 2), round(event.end_seconds, 2)],
            "found_seconds": [round(hit.start_seconds, 2), round(hit.end_seconds, 2)],
            "off_seconds": [round(start_off, 2), round(end_off, 2)],
            "score": round(hit.score, 3),
            "segments": report.num_segments,
            "times_real_time": round(arguments.minutes * 60 / seconds, 1),
            "within_goal": found,
        }
        print(json.dumps(result), flush=True)
    sys.exit(1 if missed else 0)


def measurements(size: Size) -> list[Measurement]:
    """See `measure.py`."""
    sizes = {"tiny": ("--minutes", 0.5, "--kind", "quiet"), "short": ("--minutes", 3), "full": ()}
    results = [json.loads(line) for line in printed_by(main, *sizes[size]).splitlines()]
    return [
        Measurement(
            what=f"{each['film']} film of {each['minutes']:g} minutes: off by at most",
            value=max(map(abs, each["off_seconds"])),
            unit=" s",
            goal=GOAL_SECONDS,
            sense="at most",
        )
        for each in results
    ]


if __name__ == "__main__":
    main()
