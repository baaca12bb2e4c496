"""``framecue datasets prepare``: decode a data set's videos once, into a store of frames."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecue.cli.dataset_options import read_dataset_options
from framecue.cli.model_files import size_text
from framecue.cli.options import FolderPath
from framecue.cli.output import log, print_json, progress_bar
from framecue.cli.stopping import say_at_stop
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.datasets.clips import Clip

SPLITS = ("train", "val", "test")


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("dataset_options", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--data-dir", required=True, type=FolderPath(), help="Holds the dataset's files.")
@click.option("--output", required=True, metavar="DIR", type=FolderPath(), help="The store: new, or begun before.")
@click.option("--fps", type=click.FloatRange(0.01, 60), default=3.0, show_default=True, help="Frames a second.")
@click.option(
    "--short-side",
    type=click.IntRange(16, 4096),
    default=256,
    show_default=True,
    metavar="PIXELS",
    help="Of the frames of larger videos; at least what the model looks at.",
)
@click.option("--quality", type=click.IntRange(1, 100), default=90, show_default=True, help="Of the JPEG pictures.")
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Repeatable. Default: train, val and test.")
@click.option("--workers", type=click.IntRange(min=1), help="Videos decoded at once. Default: one a core.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def prepare(
    name: str,
    dataset_options: tuple[str, ...],
    data_dir: Path,
    output: Path,
    fps: float,
    short_side: int,
    quality: int,
    splits: tuple[str, ...],
    workers: int | None,
    as_json: bool,
) -> None:
    """Decode the videos of data set NAME once, into a store of frames.

    Training (recipe key frame_store) and `framecue evaluate --frame-store` then read frames from it, several times as
    fast as from the videos. The same command goes on with a store that was begun, and adds what is new; a video that
    cannot be read is noted, and the others go on. KEY=VALUE are the data set's options, as in a recipe.

    \b
    framecue datasets prepare folder --data-dir data --output frames
    framecue datasets prepare msr-vtt --data-dir data/MSRVTT --output frames train_set=7k
    framecue train my-recipe.yaml frame_store=frames
    """  # noqa: D301 (click reads the backspace character)
    chosen = read_dataset_options(dataset_options)
    from framecue.datasets.registry import dataset_in
    from framecue.datasets.wanted_videos import wanted_videos
    from framecue.errors import DatasetError
    from framecue.frame_store import StoreOptions, prepare_store

    dataset = dataset_in(name, data_dir, chosen)
    clips: list[Clip] = []
    absent = []
    for split in splits or SPLITS:
        try:
            clips += dataset.clips(split)
        except DatasetError as error:
            if splits:
                raise
            absent.append(error)
    if not clips:
        raise absent[0]
    for why in absent:
        log(f"left out: {why}")
    try:
        with progress_bar("Decoding") as progress:
            made = prepare_store(
                output,
                wanted_videos(clips),
                root=data_dir,
                options=StoreOptions(frames_per_second=fps, short_side=short_side, quality=quality),
                num_workers=workers,
                progress=progress,
            )
    except KeyboardInterrupt:
        say_at_stop("what was decoded stays; the same command goes on from there")
        raise
    if as_json:
        print_json(made.to_dict())
        return
    for path, reason in made.failed:
        log(f"{path}: {reason}")
    unread = f", {len(made.failed)} that cannot be read" if made.failed else ""
    click.echo(
        f"{output}: {counted(made.num_frames, 'frame')} of {counted(made.num_videos, 'video')}{unread}; "
        f"{made.num_decoded} decoded now; {counted(made.num_shards, 'shard')}, {size_text(made.size_bytes)}"
    )
