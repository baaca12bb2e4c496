"""``framecue demo``: clips, an index, five searches and a picture of what they found."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecue.cli.choosing import DEFAULT_ADAPTER, DEFAULT_MODEL, FolderPath
from framecue.cli.output import log, print_json, print_table, progress_bar, quiet_libraries
from framecue.errors import FingerprintError, InputError

if TYPE_CHECKING:
    from framecue.datasets.captions import Clip
    from framecue.datasets.moji_motion.meaning import Meaning

NUM_CLIPS, SEED, TOP = 60, 13, 3


@click.command()
@click.option(
    "--dir",
    "folder",
    default="moji-demo",
    show_default=True,
    type=FolderPath(),
    help="Where the clips, the library and the picture go.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def demo(folder: Path, as_json: bool) -> None:
    """See the whole of it in a minute, offline: make 60 clips, index them, search them five times.

    The clips show combinations that the shipped model was never trained on. Two of the searches differ only in the
    order of the events.
    """
    quiet_libraries()
    from framecue.datasets.moji_motion.files import held_meanings, write_clips
    from framecue.library import Library
    from framecue.library.sheet import SheetRow, contact_sheet
    from framecue.model import load_model

    meanings = _meanings()
    if held_meanings(folder) not in (None, [meaning.key() for meaning in meanings]):
        raise InputError(
            f"{folder}: holds another MojiMotion dataset, which the demo would replace; give another --dir"
        )
    model = load_model(DEFAULT_MODEL, adapter=DEFAULT_ADAPTER)
    log(f"Drawing {NUM_CLIPS} clips in {folder / 'clips'}")
    with progress_bar("Drawing") as progress:
        clips = write_clips(folder, meanings, seed=SEED, twins=False, overwrite=True, progress=progress)
    log(f"Indexing them with {DEFAULT_MODEL} and {DEFAULT_ADAPTER}")
    library = Library(str(folder / "videos.lance"), model=model)
    paths = [os.path.abspath(clip.video) for clip in clips]  # noqa: PTH100 (as the library does: links stay)
    try:
        with progress_bar("Indexing") as progress:
            report = library.add(paths, progress=progress)
    except FingerprintError as error:
        raise InputError(
            f"library {library.uri} was made with another model than this demo's; remove {folder} or give another --dir"
        ) from error
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")

    rows = []
    for query, index in _queries(clips, meanings):
        rows.append(SheetRow(query, library.search(query, k=TOP), expected=paths[index]))
    sheet = contact_sheet(rows, folder / "searches.png")
    first = sum(hit.path == row.expected for row in rows for hit in row.hits if hit.rank == 1)
    if as_json:
        print_json(
            {
                "folder": str(folder),
                "library": library.uri,
                "sheet": str(sheet),
                "right_first": first,
                "searches": [
                    {
                        "query": row.query,
                        "expected": row.expected,
                        "results": [
                            {
                                "rank": hit.rank,
                                "path": hit.path,
                                "start_seconds": hit.start_seconds,
                                "end_seconds": hit.end_seconds,
                                "score": hit.score,
                                "right": hit.path == row.expected,
                            }
                            for hit in row.hits
                        ],
                    }
                    for row in rows
                ],
            }
        )
        return
    table = [
        [row.query if hit.rank == 1 else "", str(hit.rank), f"{hit.score:.3f}", Path(hit.path).name, mark]
        for row in rows
        for hit in row.hits
        for mark in ["<- right" if hit.path == row.expected else ""]
    ]
    print_table(["search", "rank", "score", "clip", ""], table, right=["rank", "score"])
    click.echo(f"The right clip came first in {first} of {len(rows)} searches. See them in {sheet}")
    click.echo(f'Search on: framecue search "the cat rises" --library {library.uri}')


def _meanings() -> list[Meaning]:
    """What the clips mean: two that differ only in the order of their events, and others of the test split."""
    import numpy as np

    from framecue.datasets.moji_motion.files import draw_meanings

    drawn = list(draw_meanings("test", num_clips=NUM_CLIPS, rng=np.random.default_rng(SEED)))
    ordered = [meaning for meaning in drawn if meaning.relation == "then" and meaning.swapped() not in drawn]
    # Acts whose order a person sees at a glance in five frames, if there are such.
    plain = {"appear", "vanish", "grow", "shrink"}
    first = next((meaning for meaning in ordered if plain >= {act.motion for act in meaning.acts}), ordered[0])
    return [first, first.swapped(), *(meaning for meaning in drawn if meaning != first)][:NUM_CLIPS]


def _queries(clips: list[Clip], meanings: list[Meaning]) -> list[tuple[str, int]]:
    """Five texts, each with the place of the clip that it describes: two that differ in order, and one of each kind.

    The two are worded alike, so that a person sees that the order of the events is all that differs.
    """
    chosen = [(_in_order(meanings[i]), i) for i in (0, 1)]
    for relation in ("then", "while", None):
        i = next(i for i, meaning in enumerate(meanings) if i > 1 and meaning.relation == relation)
        chosen.append((clips[i].captions[0], i))
    return chosen


def _in_order(meaning: Meaning) -> str:
    from framecue.datasets.moji_motion.grammar import PHRASES

    return ", then ".join(f"the {act.actor} {PHRASES[act.motion][0]}" for act in meaning.acts)
