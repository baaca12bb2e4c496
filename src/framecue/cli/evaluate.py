"""``framecue evaluate``: measure retrieval on a split of a data set."""

from __future__ import annotations

from pathlib import Path

import click

from framecue.cli.choosing import FolderPath
from framecue.cli.output import log, print_json, print_table, progress_bar, quiet_libraries


@click.command()
@click.option("--model", required=True, metavar="NAME", help="A CLIP-family model: a hub name, a folder, or moji-clip.")
@click.option("--adapter", metavar="NAME", help="A trained adapter: a folder, or the name of a shipped one.")
@click.option("--data-dir", required=True, type=FolderPath(), help="Holds captions.jsonl and the videos.")
@click.option("--split", default="test", show_default=True, help="Which clips.")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16"]), default="float32", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def evaluate(model: str, adapter: str | None, data_dir: Path, split: str, dtype: str, as_json: bool) -> None:
    """Measure text-to-video and video-to-text retrieval on a split.

    Recalls are per cent, rank 1 is best, and a tie counts against the model. Where the split has order twins (a clip
    played backwards, with its own captions), twin accuracy says how often a text is nearer to its own clip than to the
    twin; a model that cannot see the order of frames gets 50.

    \b
    framecue evaluate --model moji-clip --adapter moji-prompt-switch --data-dir data
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.datasets.captions import read_captions

    clips = read_captions(data_dir, split)
    import torch

    from framecue.evaluation.report import evaluate_clips
    from framecue.model import load_model

    loaded = load_model(model, adapter=adapter, dtype=getattr(torch, dtype))
    with progress_bar("Encoding") as progress:
        report = evaluate_clips(loaded, clips, progress=progress)
    if as_json:
        print_json(report.to_dict())
        return
    log(f"{report.num_videos} videos, {report.num_texts} texts, split {split} of {data_dir}")
    directions = report.retrieval.to_dict()
    columns = list(next(iter(directions.values())))
    rows = [
        [name.replace("_", " "), *(f"{numbers[column]:.1f}" for column in columns)]
        for name, numbers in directions.items()
    ]
    heads = ["", *(column.replace("_", " ") for column in columns)]
    print_table(heads, rows, right=heads[1:])
    if report.twin_accuracy is not None:
        click.echo(f"twin accuracy {report.twin_accuracy:.1f}")
