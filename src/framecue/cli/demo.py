"""``framecue demo``: make clips, index them, search them five times, teach a name, and draw the results."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecue.cli.demo_search import DemoSearch
from framecue.cli.machine import has_extra
from framecue.cli.options import MOJI_ADAPTER, MOJI_MODEL, FolderPath
from framecue.cli.output import log, print_json, print_table, progress_bar, quiet_libraries
from framecue.cli.program import program
from framecue.errors import FingerprintError, InputError
from framecue.outputs import check_output
from framecue.paths import is_dir
from framecue.times import time_span

if TYPE_CHECKING:
    from framecue.datasets.captions import Clip
    from framecue.datasets.moji_motion.meaning import Meaning

NUM_CLIPS, NUM_SCENES, SEED, TOP = 60, 12, 13, 3
SCENE_SECONDS = 5
# On two processor cores: 49 s, two thirds of which are drawing.
TAKES = "This takes about a minute, on a slow or busy machine a few; nothing is downloaded"


@click.command()
@click.option(
    "--dir",
    "folder",
    default="moji-demo",
    show_default=True,
    type=FolderPath(),
    help="Where the clips, the library and the picture go.",
)
@click.option("--force", is_flag=True, help="Replace files in that folder that are not the demo's own.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def demo(folder: Path, force: bool, as_json: bool) -> None:
    """See everything at work in about a minute, offline: make 60 clips and a film, index them, search them five times.

    The clips show combinations that the shipped model was never trained on. Two of the searches differ only in the
    order of the events, and one finds a moment of the film. At last a name is taught from three clips of somebody whom
    no model has seen, and found in a fourth.
    """
    quiet_libraries()
    from framecue.cli.demo_stranger import NAME, STRANGER, teach_stranger, write_stranger
    from framecue.cli.sheet import SheetRow, contact_sheet
    from framecue.datasets.moji_motion.actors import check_extra
    from framecue.datasets.moji_motion.files import held_meanings, write_clips
    from framecue.datasets.moji_motion.film import write_film
    from framecue.library import Library
    from framecue.model import load_model

    check_extra()
    meanings, scenes = _meanings()
    held = held_meanings(folder)
    film, sheet_file = folder / "film.mp4", folder / "searches.png"
    # What an earlier demo has made is made again.
    force = force or held is not None
    for file in (film, sheet_file) if is_dir(folder) else ():
        check_output(file, overwrite=force)
    if held not in (None, [meaning.key() for meaning in meanings]):
        raise InputError(
            f"{folder}: holds another MojiMotion dataset, which the demo would replace; give another --dir"
        )
    log(TAKES)
    model = load_model(MOJI_MODEL, adapter=MOJI_ADAPTER)
    log(f"Drawing {NUM_CLIPS} clips in {folder / 'clips'}, and a film of a minute")
    with progress_bar("Drawing") as progress:
        clips = write_clips(folder, meanings, seed=SEED, twins=False, overwrite=force, progress=progress)
    shown = write_stranger(folder / "taught", seed=SEED, overwrite=force)
    events = write_film(film, [(meaning, SCENE_SECONDS) for meaning in scenes], seed=SEED, overwrite=force)
    log(f"Indexing them with {MOJI_MODEL} and {MOJI_ADAPTER}")
    library = Library(str(folder / "videos.lance"), model=model)
    paths = [os.path.abspath(path) for path in (*(clip.video for clip in clips), *shown, film)]  # noqa: PTH100 (as the library does: links stay)
    try:
        with progress_bar("Indexing") as progress:
            report = library.add(paths, progress=progress)
    except FingerprintError as error:
        raise InputError(
            f"library {library.uri} was made with another model than this demo's; remove {folder} or give another --dir"
        ) from error
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")

    searches = [
        DemoSearch(query, paths[index], library.search(query, k=TOP)) for query, index in _queries(clips, meanings)
    ]
    # Not the first event, which starts at 0:00 as whole files do.
    event = next(event for event in events[1:] if event.meaning.second is None)
    searches.append(DemoSearch(event.caption, paths[-1], library.search(event.caption, k=TOP), event))
    log(f"Teaching it {NAME}, a {STRANGER} whom the model has never seen, from three clips")
    lesson = teach_stranger(library, paths[len(clips) : -1], top=TOP)
    rows = [SheetRow(search.query, search.hits, expected=search.expected) for search in (*searches, lesson.search)]
    sheet = contact_sheet(rows, sheet_file, overwrite=force)
    first = sum(search.is_right(search.hits[0]) for search in searches)
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "library": library.uri,
                "sheet": str(sheet),
                "right_first": first,
                "searches": [search.to_dict() for search in searches],
                "taught": lesson.to_dict(),
            }
        )
        return
    _print_searches(searches, folder)
    click.echo(f"The right moment came first in {first} of {len(searches)} searches. See them in {sheet}")
    _print_searches([lesson.search], folder)
    click.echo(lesson.in_words())
    # As it is typed where the environment is not activated, too.
    place = shlex.quote(library.uri)
    click.echo(f'Search on: {program()} search "a rocket goes from left to right" --library {place}')
    installed = "" if has_extra("serve") else "pip install 'framecue[serve]' && "
    click.echo(f"In the browser: {installed}{program()} serve --library {place}")


def _print_searches(searches: Sequence[DemoSearch], folder: Path) -> None:
    """Print what searches have found; files are named as they lie in the demo's folder."""
    root = os.path.abspath(folder)  # noqa: PTH100 (as the library does: links stay)
    table = [
        [
            search.query if hit.rank == 1 else "",
            str(hit.rank),
            f"{hit.score:.3f}",
            time_span(hit.start_seconds, hit.end_seconds),
            # Clips of both data sets have the same names.
            os.path.relpath(hit.path, root),
            "<- right" if search.is_right(hit) else "",
        ]
        for search in searches
        for hit in search.hits
    ]
    print_table(["search", "rank", "score", "time", "clip", ""], table, right=["rank", "score", "time"])


def _meanings() -> tuple[list[Meaning], list[Meaning]]:
    """Draw the clips' meanings: two that differ only in the order of their events, and others from the test split.

    Returns:
        The clips' meanings, and those of the film's scenes.
    """
    import numpy as np

    from framecue.datasets.moji_motion.files import draw_meanings

    drawn = list(draw_meanings("test", num_clips=NUM_CLIPS + NUM_SCENES, rng=np.random.default_rng(SEED)))
    drawn, scenes = drawn[:NUM_CLIPS], drawn[NUM_CLIPS:]
    ordered = [meaning for meaning in drawn if meaning.relation == "then" and meaning.swapped() not in drawn]
    # Acts whose order a person sees at a glance in five frames; they are used if the split has any.
    plain = {"appear", "vanish", "grow", "shrink"}
    first = next((meaning for meaning in ordered if plain >= {act.motion for act in meaning.acts}), ordered[0])
    return [first, first.swapped(), *(meaning for meaning in drawn if meaning != first)][:NUM_CLIPS], scenes


def _queries(clips: list[Clip], meanings: list[Meaning]) -> list[tuple[str, int]]:
    """Return four texts, each with the index of the clip that it describes.

    The first two are worded alike, so that a person sees that only the order of the events differs. Of the others, one
    is a "then" and one a "while".
    """
    chosen = [(_in_order(meanings[i]), i) for i in (0, 1)]
    for relation in ("then", "while"):
        i = next(i for i, meaning in enumerate(meanings) if i > 1 and meaning.relation == relation)
        chosen.append((clips[i].captions[0], i))
    return chosen


def _in_order(meaning: Meaning) -> str:
    from framecue.datasets.moji_motion.grammar import PHRASES

    return ", then ".join(f"the {act.actor} {PHRASES[act.motion][0]}" for act in meaning.acts)
