"""``framecue evaluate``: measure retrieval on a split of a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from framecue.cli.dataset_options import read_dataset_options
from framecue.cli.evaluation_files import EvaluationFiles, evaluation_file_options
from framecue.cli.model_files import get_model_files
from framecue.cli.options import FolderPath, adapter_option, dtype_option, model_option, threads_option
from framecue.cli.output import log, print_json, progress_bar, quiet_libraries
from framecue.cli.score_tables import print_scores
from framecue.counts import counted
from framecue.errors import InputError

if TYPE_CHECKING:
    from framecue.datasets.base import FileDataset
    from framecue.datasets.clips import Clip
    from framecue.encoder import Encoder
    from framecue.evaluation.normalise import DualSoftmax, QueryBank
    from framecue.frame_store import StoreFrameSource
    from framecue.model import VideoTextModel

DSL, QB_NORM = "dsl", "qb-norm"


@click.command()
@click.argument("run", required=False)
@model_option(default="the run's")
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
    "--num-frames",
    type=click.IntRange(min=1),
    help="How many frames of each video are looked at. Default: as the adapter says.",
)
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
@click.option(
    "--rerank",
    "normalisations",
    type=click.Choice([DSL, QB_NORM]),
    multiple=True,
    help="Rows of their own for normalised similarities: dual softmax (transductive), or QB-Norm with the captions of "
    "the split train.",
)
@click.option(
    "--temperature",
    type=click.FloatRange(min=0, min_open=True),
    help="Of the softmax that --rerank names; never choose it on the test split.  [default: dsl 1, qb-norm 0.05]",
)
@click.option(
    "--resamples",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    help="How many bootstrap resamples the 95% intervals come from.",
)
@evaluation_file_options
@dtype_option
@threads_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def evaluate(
    run: str | None,
    model: str | None,
    adapter: str | None,
    method: str | None,
    dataset: str,
    data_dir: Path,
    dataset_options: tuple[str, ...],
    split: str,
    num_frames: int | None,
    frame_store: Path | None,
    rerank_with: str | None,
    depth: int | None,
    normalisations: tuple[str, ...],
    temperature: float | None,
    resamples: int,
    dtype: str,
    as_json: bool,
    **files: Any,
) -> None:
    """Measure text-to-video and video-to-text retrieval on a split.

    RUN is the folder of a run (or of an adapter): what was trained is evaluated. Or --model and --adapter name both.

    All but ranks are per cent, rank 1 is best, and a tie counts against the model; below each row are its 95%
    intervals, by videos. A video that cannot be read is named, and counts as a miss. Where the split has order twins
    (a clip played backwards, with its own captions), twin accuracy says how often a text is nearer to its own clip than
    to the twin; a model that cannot see the order of frames gets 50.

    With --rerank-with the numbers are given twice: as the model ranks, and with each query's best results ordered anew
    by the second stage. That is how a method that needs the text to encode a video is used on a large collection.

    \b
    framecue evaluate runs/mine --dataset folder --data-dir data
    framecue evaluate --model moji-clip --adapter moji-prompt-switch --data-dir data
    framecue evaluate --model moji-clip --data-dir data --rerank-with runs/x-pool --depth 100
    """  # noqa: D301 (click reads the backspace character)
    _check_usage(run, model, adapter, method, depth, rerank_with, normalisations, temperature)
    quiet_libraries()
    if run is not None:  # a file in the run's folder has no folder where there is no run
        from framecue.evaluation.run_folder import model_of_run

        found = model_of_run(run)
        model, adapter = model or found.backbone, found.adapter
    wanted = EvaluationFiles(**files)
    wanted.check()
    from framecue.datasets.registry import dataset_in
    from framecue.evaluation.queries import check_captions

    store = None
    if frame_store is not None:
        from framecue.frame_store import StoreFrameSource

        store = StoreFrameSource(frame_store, data_dir=data_dir)
    data = dataset_in(dataset, data_dir, read_dataset_options(dataset_options))
    clips = data.clips(split)
    check_captions(clips)
    normalise = _normalisations(normalisations, temperature, data, split)
    assert model is not None  # or the usage was wrong
    wanted.check_beside(clips, [data_dir, run, model, adapter, rerank_with, frame_store])
    import torch

    from framecue.embedders.choose import load_cached_model
    from framecue.evaluation.page import Measured
    from framecue.evaluation.report import DEPTH, evaluate_clips

    get_model_files(model, yes=True)
    torch_dtype = getattr(torch, dtype)
    first = load_cached_model(model, adapter, method=method, dtype=torch_dtype)
    second = (
        None
        if rerank_with is None
        else cast("VideoTextModel", load_cached_model(model, rerank_with, dtype=torch_dtype))
    )
    models = [first] if second is None else [first, second]
    _take_frames(models, num_frames)
    if store is not None:
        _use_store(store, models, clips)
    with progress_bar("Encoding") as progress:
        report = evaluate_clips(
            first,
            clips,
            rerank_with=second,
            depth=depth or DEPTH,
            normalise=normalise,
            num_resamples=resamples,
            data_dir=data_dir,
            progress=progress,
            frame_source=store,
        )
    if report.unreadable:
        verb = "counts as a miss" if len(report.unreadable) == 1 else "count as misses"
        log(f"{counted(len(report.unreadable), 'video')} that cannot be read {verb}:")
        for error in report.unreadable:
            log(f"  {error}")
    measured = Measured(
        model=model,
        adapter=adapter or method,
        dataset=dataset,
        split=split,
        num_frames=first.sampling.num_frames,
        rerank_with=rerank_with,
    )
    # What was measured is shown first: if a file cannot be written, it is not lost.
    if as_json:
        print_json(report.to_dict())
    else:
        videos, texts = counted(report.num_videos, "video"), counted(report.num_texts, "text")
        log(f"{videos}, {texts}, split {split} of {data_dir}")
        print_scores(report)
    wanted.write(report, measured)


def _check_usage(
    run: str | None,
    model: str | None,
    adapter: str | None,
    method: str | None,
    depth: int | None,
    rerank_with: str | None,
    normalisations: Sequence[str],
    temperature: float | None,
) -> None:
    """Refuse options that do not go together."""
    if run is not None and (adapter is not None or method is not None):
        raise click.UsageError("RUN is given beside --adapter or --method, which it says itself; leave out one of them")
    if run is None and model is None:
        raise click.UsageError("Missing option '--model', or the folder of a run")
    if adapter is not None and method is not None:
        raise click.UsageError("--method is given beside --adapter, which says the method; leave out one of them")
    if depth is not None and rerank_with is None:
        raise click.UsageError("--depth is given without --rerank-with, the second stage that it is for")
    if temperature is not None and len(set(normalisations)) != 1:
        raise click.UsageError("--temperature is for one --rerank; give one of dsl and qb-norm")


def _normalisations(
    names: Sequence[str], temperature: float | None, data: FileDataset, split: str
) -> list[DualSoftmax | QueryBank]:
    """Return the ways of normalising that are named, each once."""
    from framecue.evaluation.normalise import DualSoftmax, QueryBank
    from framecue.evaluation.queries import check_captions

    made: list[DualSoftmax | QueryBank] = []
    if DSL in names:
        made.append(DualSoftmax() if temperature is None else DualSoftmax(temperature=temperature))
    if QB_NORM in names:
        if split == "train":
            raise InputError("--rerank qb-norm takes its bank from the split train, so it cannot be evaluated on that")
        # Of these clips the captions alone are needed: their videos may be elsewhere.
        bank = data.listed("train") or _bank(data)
        check_captions(bank)
        texts = tuple(text for clip in bank for text in clip.captions)
        made.append(QueryBank(texts=texts) if temperature is None else QueryBank(texts=texts, temperature=temperature))
    return made


def _bank(data: FileDataset) -> list[Clip]:
    try:
        return data.clips("train")
    except InputError as error:
        raise InputError(f"--rerank qb-norm takes its bank from the captions of the split train: {error}") from error


def _take_frames(models: Sequence[Encoder], num_frames: int | None) -> None:
    if num_frames is not None:
        from framecue.evaluation.run_folder import take_frames

        for each in models:
            take_frames(each, num_frames)


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
