"""``framecue evaluate``: measure retrieval on a split of a data set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from framecue.cli.dataset_options import read_dataset_options
from framecue.cli.model_files import get_model_files
from framecue.cli.options import FolderPath, adapter_option, dtype_option, model_option
from framecue.cli.output import log, print_json, print_table, progress_bar, quiet_libraries

if TYPE_CHECKING:
    from framecue.datasets.clips import Clip
    from framecue.encoder import Encoder
    from framecue.evaluation.report import Report
    from framecue.frame_store import StoreFrameSource
    from framecue.model import VideoTextModel


@click.command()
@model_option(required=True)
@adapter_option
@click.option("--method", metavar="NAME", help="Without an adapter, the method, untrained. Default: mean-pool.")
@click.option(
    "--dataset",
    metavar="NAME",
    default="folder",
    show_default=True,
    help="Whose files the folder holds; folder is a captions.jsonl and the videos it names.",
)
@click.option("--data-dir", required=True, type=FolderPath(), help="Holds the dataset's files.")
@click.option(
    "--dataset-option",
    "dataset_options",
    metavar="KEY=VALUE",
    multiple=True,
    help="An option of the dataset, such as test_set=full; can be given several times.",
)
@click.option("--split", default="test", show_default=True, help="Which clips.")
@click.option(
    "--frame-store",
    metavar="DIR",
    type=FolderPath(),
    help="Read frames from this store in place of the videos (framecue datasets prepare).",
)
@click.option(
    "--rerank-with",
    metavar="ADAPTER",
    help="A second stage on the same model: an adapter of any method, which orders each query's best results anew.",
)
@click.option("--depth", type=click.IntRange(min=1), help="How many results of each query it looks at.  [default: 100]")
@dtype_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def evaluate(
    model: str,
    adapter: str | None,
    method: str | None,
    dataset: str,
    data_dir: Path,
    dataset_options: tuple[str, ...],
    split: str,
    frame_store: Path | None,
    rerank_with: str | None,
    depth: int | None,
    dtype: str,
    as_json: bool,
) -> None:
    """Measure text-to-video and video-to-text retrieval on a split.

    Recalls are per cent, rank 1 is best, and a tie counts against the model. Where the split has order twins (a clip
    played backwards, with its own captions), twin accuracy says how often a text is nearer to its own clip than to the
    twin; a model that cannot see the order of frames gets 50.

    With --rerank-with the numbers are given twice: as the model ranks, and with each query's best results ordered anew
    by the second stage. That is how a method that needs the text to encode a video is used on a large collection.

    \b
    framecue evaluate --model moji-clip --adapter moji-prompt-switch --data-dir data
    framecue evaluate --model moji-clip --data-dir data --rerank-with runs/x-pool --depth 100
    """  # noqa: D301 (click reads the backspace character)
    if adapter is not None and method is not None:
        raise click.UsageError("--method is given beside --adapter, which says the method; leave out one of them")
    if depth is not None and rerank_with is None:
        raise click.UsageError("--depth is given without --rerank-with, the second stage that it is for")
    quiet_libraries()
    from framecue.datasets.registry import dataset_in

    store = None
    if frame_store is not None:
        from framecue.frame_store import StoreFrameSource

        store = StoreFrameSource(frame_store)
    clips = dataset_in(dataset, data_dir, read_dataset_options(dataset_options)).clips(split)
    import torch

    from framecue.embedders.choose import load_cached_model
    from framecue.evaluation.report import DEPTH, evaluate_clips

    get_model_files(model, yes=True)
    torch_dtype = getattr(torch, dtype)
    first = load_cached_model(model, adapter, method=method, dtype=torch_dtype)
    second = (
        None
        if rerank_with is None
        else cast("VideoTextModel", load_cached_model(model, rerank_with, dtype=torch_dtype))
    )
    if store is not None:
        _use_store(store, [first] if second is None else [first, second], clips)
    with progress_bar("Encoding") as progress:
        report = evaluate_clips(
            first, clips, rerank_with=second, depth=depth or DEPTH, progress=progress, frame_source=store
        )
    if as_json:
        print_json(report.to_dict())
        return
    log(f"{report.num_videos} videos, {report.num_texts} texts, split {split} of {data_dir}")
    _print(report)


def _use_store(store: StoreFrameSource, models: list[VideoTextModel | Encoder], clips: list[Clip]) -> None:
    """Let models take their frames from a store, which has to have all of the clips."""
    from framecue.datasets.wanted_videos import wanted_videos
    from framecue.errors import InputError
    from framecue.evaluation.stored_frames import take_stored_frames
    from framecue.model import VideoTextModel

    store.require(video.path for video in wanted_videos(clips))
    for model in models:
        if not isinstance(model, VideoTextModel):
            raise InputError(
                f"frame store {store.folder}: {model.fingerprint().backbone} takes any frames of a video, and a store "
                "has those of a grid; leave out --frame-store, so that the videos are read"
            )
        if take_stored_frames(model, store) and model.adapter is not None:
            log(
                f"{model.adapter_source} was trained on any frames, and the store holds "
                f"{store.options.frames_per_second:g} a second: scores differ a little from those of the videos"
            )


def _print(report: Report) -> None:
    """Print the table, with a second stage's rows below the first's."""
    stages = [(report, "")] + ([(report.reranked, ", reranked")] if report.reranked else [])
    rows = [
        (name.replace("_", " ") + suffix, numbers)
        for stage, suffix in stages
        for name, numbers in stage.retrieval.to_dict().items()
    ]
    columns = list(rows[0][1])
    heads = ["", *(column.replace("_", " ") for column in columns)]
    print_table(
        heads, [[name, *(f"{numbers[column]:.1f}" for column in columns)] for name, numbers in rows], right=heads[1:]
    )
    for stage, suffix in stages:
        if stage.twin_accuracy is not None:
            click.echo(f"twin accuracy{suffix} {stage.twin_accuracy:.1f}")
