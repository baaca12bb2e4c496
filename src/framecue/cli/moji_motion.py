"""``framecue moji-motion``: write MojiMotion clips and their captions."""

from __future__ import annotations

from pathlib import Path

import click

from framecue.cli.options import FolderPath
from framecue.cli.output import log, print_json, progress_bar
from framecue.counts import counted


@click.command()
@click.argument("folder", metavar="DIR", type=FolderPath())
@click.option("--clips", "num_clips", type=click.IntRange(min=1), default=1000, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same clips.")
@click.option("--split", type=click.Choice(["train", "val", "test"]), help="All in this split. Default: 80/10/10.")
@click.option("--force", "--overwrite", "overwrite", is_flag=True, help="Replace the MojiMotion dataset in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def moji_motion(folder: Path, num_clips: int, seed: int, split: str | None, overwrite: bool, as_json: bool) -> None:
    """Write MojiMotion clips (mp4, 224 x 224, 2 to 3 s) and captions.jsonl.

    Test clips have order twins: the same clip played backwards, with captions of its own. What the test split shows
    is never in the training split, whatever the seeds.

    \b
    framecue moji-motion data --clips 1000 --seed 7 --split test
    """  # noqa: D301 (click reads the backspace character)
    import numpy as np

    from framecue.datasets.moji_motion.files import draw_meanings, split_sizes, write_clips

    sizes = split_sizes(num_clips, split)
    meanings = [
        meaning
        for part, (name, size) in enumerate(sizes.items())
        for meaning in draw_meanings(name, num_clips=size, rng=np.random.default_rng([seed, part]))
    ]
    with progress_bar("Drawing") as progress:
        clips = write_clips(folder, meanings, seed=seed, overwrite=overwrite, progress=progress)
    twins = sum(clip.twin is not None for clip in clips)
    log(f"{counted(len(clips), 'clip')} and {counted(twins, 'order twin')} in {folder}")
    if as_json:
        print_json({"folder": str(folder), "clips": len(clips), "twins": twins, "splits": sizes})
