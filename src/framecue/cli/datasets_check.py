"""``framecue datasets check``: verify a copy of a data set."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from framecue.cli.dataset_options import read_dataset_options
from framecue.cli.options import FolderPath
from framecue.cli.output import log, print_json, print_table, progress_bar, quiet_libraries, shown_path
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.datasets.check import CopyReport, SplitReport

# Names of one kind that are shown; --json has all.
SHOWN = 10


@click.command()
@click.argument("name", metavar="NAME")
@click.argument("options", metavar="[KEY=VALUE]...", nargs=-1)
@click.option("--data-dir", required=True, type=FolderPath(), help="Holds the data set's files.")
@click.option("--split", "splits", multiple=True, metavar="NAME", help="Only this split; can be given several times.")
@click.option("--no-decode", is_flag=True, help="Only look for the files; open none of them.")
@click.option("--readers", type=click.IntRange(min=1), help="Videos read at once.  [default: one a core]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def check(
    ctx: click.Context,
    name: str,
    options: tuple[str, ...],
    data_dir: Path,
    splits: tuple[str, ...],
    no_decode: bool,
    readers: int | None,
    as_json: bool,
) -> None:
    """Verify a copy of a data set: are its lists as published, are the videos there, can each of them be read?

    Each video is opened in a process of its own, read to its end, and frames of it are decoded; what is missing, cut
    off, undecodable or renamed is named. Videos that nobody can read (one clip of LSMDC) do not count. In a folder or
    shards of your own, so is what the test split shows, too: the same file, or its copy under another name. The exit
    code is 1 if the copy is not complete. KEY=VALUE are the data set's options, as in a recipe.

    \b
    framecue datasets check msr-vtt --data-dir data/MSRVTT train_set=7k
    framecue datasets check folder --data-dir data --split test --no-decode
    """  # noqa: D301 (click reads the backspace character)
    chosen = read_dataset_options(options)
    quiet_libraries()
    from framecue.datasets.check import check_copy
    from framecue.datasets.registry import dataset_in

    dataset = dataset_in(name, data_dir, chosen)
    with progress_bar("Reading") as progress:
        report = check_copy(
            dataset,
            splits=splits or None,
            decode=not no_decode,
            num_readers=readers or os.cpu_count() or 1,
            progress=progress,
        )
    if as_json:
        print_json(report.to_dict())
    else:
        _print(report, dataset.card.where_from if dataset.card else "")
    if not report.complete:
        ctx.exit(1)


def _print(report: CopyReport, home: str) -> None:
    heads = ["split", "videos", "published", "missing", "unreadable", "captions", "captions a video"]
    print_table(heads, [_row(split) for split in report.splits], right=heads[1:])
    told: dict[str, list[str]] = {}
    for split in report.splits:
        for line in _lines(split):
            told.setdefault(line, []).append(split.split)
    for line, splits in told.items():
        log(f"{', '.join(splits)}: {line}")
    if home and not report.complete and not any(home in line for line in told):
        log(home.removeprefix("; "))
    state = "complete" if report.complete else "not complete"
    click.echo(f"{report.dataset} in {shown_path(str(report.data_dir))}: {state}")


def _row(split: SplitReport) -> list[str]:
    captions = split.captions_a_video
    return [
        split.split,
        f"{split.listed:,}",
        "-" if split.published is None else f"{split.published:,}",
        f"{len(split.missing):,}",
        f"{len(split.unreadable):,}",
        f"{split.captions:,}",
        "-" if captions is None else f"{captions[0]} to {captions[2]}, {captions[1]:.1f} on average",
    ]


def _lines(split: SplitReport) -> list[str]:
    """Return what is wrong with a split, a line each."""
    lines = [] if split.problem is None else [split.problem]
    meant = dict(split.meant)
    if split.published is not None and split.published != split.listed:
        listed = counted(split.listed, "video")
        lines.append(f"the lists name {listed}, published are {split.published}: get the lists again")
    elif split.published_captions not in (None, split.captions):
        lines.append(f"they have {split.captions} captions, published are {split.published_captions}: get them again")
    lines += [
        f"missing: {name}" + (f" (renamed? there is {meant[name]})" if name in meant else "")
        for name in sorted(split.missing, key=lambda name: name not in meant)[:SHOWN]
    ]
    if len(split.missing) > SHOWN:
        lines.append(f"missing: {len(split.missing) - SHOWN} more (--json names all)")
    lines += [f"{path}: {reason}" for path, reason in split.unreadable[:SHOWN]]
    if len(split.unreadable) > SHOWN:
        lines.append(f"unreadable: {len(split.unreadable) - SHOWN} more (--json names all)")
    lines += [f"in test, too: {one}" for one in split.also_in_test[:SHOWN]]
    if len(split.also_in_test) > SHOWN:
        lines.append(f"in test, too: {len(split.also_in_test) - SHOWN} more (--json names all)")
    if split.known_broken:
        lines.append(f"left out, as nobody can read them: {', '.join(split.known_broken[:SHOWN])}")
    return lines
