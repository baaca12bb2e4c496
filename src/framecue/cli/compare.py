"""``framecue compare``: how far runs are from each other on the same queries."""

from __future__ import annotations

import click

from framecue.cli.output import log, print_json, quiet_libraries
from framecue.cli.score_tables import print_comparison
from framecue.counts import counted


@click.command()
@click.argument("sides", metavar="A B [C]...", nargs=-1, required=True)
@click.option(
    "--stage",
    default="main",
    show_default=True,
    metavar="NAME",
    help="Which ranks of the files: main, reranked, dual_softmax or qb_norm.",
)
@click.option(
    "--resamples",
    type=click.IntRange(min=1),
    default=2000,
    show_default=True,
    help="How many bootstrap resamples the 95% intervals and p-values come from.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def compare(sides: tuple[str, ...], stage: str, resamples: int, as_json: bool) -> None:
    """Compare runs with the first one named: differences, 95% intervals and p-values, paired by query.

    A side is a file of ranks (framecue evaluate --ranks), or a folder with one or with several, which are its runs:
    with several seeds, runs are drawn first and then videos. All captions of a video are drawn together. With more than
    two sides there are p-values after Holm's correction as well, over the sides, for each metric.

    Ranks of different data, or of different queries, are refused.

    \b
    framecue compare runs/mean-pool/ranks.parquet runs/prompt-switch/ranks.parquet
    framecue compare runs/mean-pool runs/prompt-switch runs/vop-fc
    """  # noqa: D301 (click reads the backspace character)
    if len(sides) < 2:
        raise click.UsageError("one side alone is given; name at least two files of ranks, or folders with them")
    quiet_libraries()
    from framecue.evaluation.compare import compare as compare_sides
    from framecue.evaluation.compare import read_sides
    from framecue.paths import user_path

    comparison = compare_sides(read_sides([user_path(side) for side in sides], stage=stage), num_resamples=resamples)
    if as_json:
        print_json(comparison.to_dict())
        return
    first = comparison.sides[0].runs[0]
    log(
        f"{counted(len(first.queries.video_ids), 'video')}, {counted(len(first.queries.texts), 'text')}, "
        f"split {first.split} of {first.dataset}; "
        f"runs: {', '.join(f'{side.name} {len(side.runs)}' for side in comparison.sides)}"
    )
    if min(len(side.runs) for side in comparison.sides) == 1:
        log("a side with one run: the intervals say how much hangs on the videos, and nothing about seeds")
    print_comparison(comparison)
