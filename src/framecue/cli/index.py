"""``framecue index``: encode video files into a library."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framecue.cli.add_report import log_counts, log_gone, log_items
from framecue.cli.index_speed import WorkTime, record_speed
from framecue.cli.index_stop import NOTHING_YET, KeptSoFar
from framecue.cli.library_place import LibraryCommand, chosen_library, refuse_libraries
from framecue.cli.meaning_options import fetch_sentence_model, meaning_options
from framecue.cli.meaning_report import log_meaning
from framecue.cli.model_files import check_model_name
from framecue.cli.options import (
    MOJI_MODEL,
    indexing_model_options,
    library_option,
    make_segmentation,
    named_model,
    segment_options,
    threads_option,
)
from framecue.cli.output import ProgressBar, log, print_json, quiet_libraries
from framecue.cli.ray_options import check_ray, ray_options
from framecue.cli.ray_report import log_cluster
from framecue.cli.ray_runners import ray_runners
from framecue.cli.runtime import indexing_model, is_worth_it, runtime_option
from framecue.cli.speech_files import get_speech_files
from framecue.cli.stopping import say_at_stop
from framecue.cli.text_graphs import keep_text_graph
from framecue.cli.words_options import AskedWords, refuse_model_as_path, words_options
from framecue.cli.words_report import log_words
from framecue.errors import InputError
from framecue.progress import FilesDone
from framecue.video import STALL_SECONDS
from framecue.video.limits import SPOOL_GB, SPOOL_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable

    from framecue.encoder import Encoder


@click.command(cls=LibraryCommand)
@click.argument("paths", metavar="PATH...", nargs=-1)
@library_option
@indexing_model_options
@threads_option
@runtime_option
@click.option("--exclude", metavar="GLOB", multiple=True, help="Leave these files and folders out; may be repeated.")
@click.option("--images", is_flag=True, help="Index the pictures in the folders too.")
@click.option("--retry", is_flag=True, help="Read files again that could not be read before, though they are the same.")
@click.option("--prune", is_flag=True, help="Take out what is gone from the folders that are named.")
@words_options
@meaning_options
@segment_options
@click.option("--captions", is_flag=True, help="Describe each segment with the adapter's captioner, for --hybrid.")
@click.option(
    "--stall-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=STALL_SECONDS,
    show_default=True,
    help="Give a file up whose reader shows no sign of life for so long.",
)
@click.option(
    "--max-cpu-seconds",
    type=click.FloatRange(min=0, min_open=True),
    help="Give a file up that takes more processor time to read.  [default: 60, and 500 for each megabyte]",
)
@click.option(
    "--max-megapixels",
    type=click.FloatRange(min=0, min_open=True),
    help="Give a file up of which one pass decodes more.  [default: 4000, and 100 for each kilobyte]",
)
@ray_options
@click.option("--dry-run", is_flag=True, help="Tell what there is to do, and about how long it takes; write nothing.")
@click.option(
    "--spool-gb",
    metavar="GB",
    type=click.FloatRange(min=0),
    help=f"Disk for copies of objects while they are read.  [default: {SPOOL_GB:g}, or {SPOOL_VARIABLE}]",
)
@click.option("--gpu-decode", is_flag=True, help="Decode videos of 1920 x 1080 or more on a GPU; extra gpu-decode.")
@click.option("--again", is_flag=True, help="Make the library anew with --model; the old vectors serve until then.")
@click.option("--watch", "is_watch", is_flag=True, help="Go on: index what changes there, until Ctrl-C.")
@click.option(
    "--poll",
    "poll_seconds",
    metavar="SECONDS",
    type=float,
    help="With --watch: look at all files this often, as network disks and object stores tell of no changes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; with --watch, one a line for each run.")
def index(
    paths: tuple[str, ...],
    uri: str | None,
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    runtime: str,
    exclude: tuple[str, ...],
    images: bool,
    retry: bool,
    prune: bool,
    segments: str | None,
    segment_seconds: float | None,
    overlap_seconds: float | None,
    captions: bool,
    stall_seconds: float,
    max_cpu_seconds: float | None,
    max_megapixels: float | None,
    ray: str | None,
    ray_workers: int | None,
    dry_run: bool,
    spool_gb: float | None,
    gpu_decode: bool,
    again: bool,
    is_watch: bool,
    poll_seconds: float | None,
    as_json: bool,
    words: AskedWords,
    meaning: bool | str | None,
) -> None:
    """Encode video files, and all those in folders, into a library.

    Run it again at any time: only new and changed files are encoded, and files that were renamed or moved are
    recognised by their content. Files that cannot be read are listed with the reason, and the others are indexed. A
    new library takes google/siglip2-base-patch16-224 if no model is named, which is downloaded once (1.5 GB).

    With --speech and --screen-text the library also learns what is said and written, when that is asked for first from
    all files, and then from new ones without asking again. Subtitles are read with them. With --meaning, "buying a
    house" finds "we signed the mortgage".

    With --ray a cluster reads and encodes: its nodes need the files under the same path, as on a shared disk, or in an
    object store.

    \b
    framecue index ~/Videos
    framecue index ~/Videos --library videos.lance --prune --exclude "*.proxy.mp4" --exclude drafts
    framecue index ~/Videos --speech --screen-text
    framecue index ~/Videos --watch
    framecue index s3://bucket/videos --library s3://bucket/videos.lance
    framecue index s3://bucket/videos --library s3://bucket/videos.lance --ray auto
    framecue index --again --model openai/clip-vit-large-patch14
    """  # noqa: D301 (click reads the backspace character)
    if poll_seconds is not None and not is_watch:
        raise click.UsageError("--poll is given without --watch; it says how often to look while watching")
    _check_again(again, paths, model=model, adapter=adapter, is_watch=is_watch)
    if dry_run and (again or is_watch):
        raise click.UsageError(f"--dry-run and {'--again' if again else '--watch'} are given together; leave one out")
    check_ray(ray, ray_workers)
    if ray is not None:
        _check_with_ray(is_watch=is_watch, gpu_decode=gpu_decode, runtime=runtime)
        # A graph that was chosen lies in this machine's cache, which nodes have not.
        runtime = "torch"
    quiet_libraries()
    refuse_libraries(paths, takes="what to index")
    refuse_model_as_path(paths, words)
    from framecue.library import AddOptions, Library

    options = AddOptions(
        exclude=exclude,
        images=images,
        retry=retry,
        prune=prune,
        segmentation=make_segmentation(segments, segment_seconds, overlap_seconds),
        captions=captions,
        stall_seconds=stall_seconds,
        max_cpu_seconds=max_cpu_seconds,
        max_megapixels=max_megapixels,
        gpu_decode=gpu_decode,
        spool_gb=spool_gb,
        **words,
        meaning=meaning,
    )
    uri = chosen_library(uri, may_be_new=True)
    library = Library(uri)

    def load(*, is_long: Callable[[], bool]) -> Encoder:
        return indexing_model(
            library,
            runtime=runtime,
            is_long=is_long,
            model=model,
            adapter=adapter,
            dtype=dtype,
            yes=yes,
            captions=captions,
        )

    if dry_run:
        _check_names(model, meaning)
    else:
        say_at_stop(NOTHING_YET)
        fetch_sentence_model(library, meaning, yes=yes)
        get_speech_files(library, words["speech"], yes=yes)
    if is_watch:
        from framecue.cli.watch import follow
        from framecue.library.watching.watch import WatchOptions, check_paths

        watch_options = WatchOptions(add=options, poll_seconds=poll_seconds)
        check_paths(paths)
        follow(Library(uri, model=load(is_long=lambda: True)), paths, options=watch_options, as_json=as_json)
        return
    if again:
        from framecue.cli.again import run_again

        own = library.fingerprint  # before torch is imported: a library that is not there is told at once
        chosen = named_model(model or own.backbone, adapter=adapter, dtype=dtype, yes=yes)
        run_again(library.uri, chosen, paths, options=options, as_json=as_json, runners=ray_runners(ray, ray_workers))
        return
    # Planned before a model is loaded, so that a wrong path is an error at once.
    plan = library.plan(paths, exclude=options.exclude, images=images, retry=retry)
    if dry_run:
        from framecue.cli.index_plan import show_plan

        show_plan(library, plan, model=model, options=options, as_json=as_json, ray=ray, ray_workers=ray_workers)
        return
    used: Encoder | None = None
    if plan.units or model or adapter:
        used = load(is_long=lambda: is_worth_it(plan))
        library = Library(uri, model=used)
    work, kept = WorkTime(), KeptSoFar()
    if not plan.units:
        kept.note_words()
    runners = ray_runners(ray, ray_workers)

    pictures, finding = ProgressBar("Indexing"), ProgressBar("Finding words")
    understanding = ProgressBar("Finding meanings")

    def tell(done: FilesDone, total: int) -> None:
        work.note()
        kept.note_pictures(done, total)
        pictures.show(done, total)

    def tell_words(done: FilesDone, total: int) -> None:
        work.end()
        kept.note_words()
        pictures.close()
        finding.show(done, total)

    def tell_meanings(done: int, total: int) -> None:
        work.end()
        kept.note_meanings()
        pictures.close()
        finding.close()
        understanding.show(done, total)

    with kept, pictures, finding, understanding, work:
        pictures.show(0, None)
        report = library.add(
            plan,
            options=options,
            progress=tell,
            on_wait=lambda: log(f"waiting for another run that writes {library.uri}"),
            on_stop=kept.end_pictures,
            on_notice=log,
            words_progress=tell_words,
            on_words_stop=kept.end_words,
            meaning_progress=tell_meanings,
            runner=None if runners is None else runners.pictures,
            words_runner=None if runners is None else runners.words,
        )

    num_found = report.added + report.changed + report.moved + report.unchanged + len(report.duplicates)
    num_found += len(report.reread)
    nothing_done = not num_found and not report.removed
    if nothing_done and len(report.skipped) == 1:
        raise InputError(f"nothing could be indexed: {report.skipped[0].path}: {report.skipped[0].reason}")
    log_items(report)
    if nothing_done and report.skipped:
        raise InputError(f"nothing could be indexed: all {len(report.skipped)} files were skipped")
    if not prune:
        log_gone(library.missing(plan)[0])
    log_words(report)
    log_meaning(report)
    log_counts(report)
    cluster = None if runners is None else runners.pictures.report
    if cluster is not None:
        log_cluster(cluster)
    if report.encoded and cluster is None:
        record_speed(library.fingerprint.backbone, report.encoded_seconds, work.seconds)
    if report.encoded and library.fingerprint.backbone == MOJI_MODEL:
        log(f"{MOJI_MODEL} knows drawn shapes only; for other videos make the library with another --model")
    if as_json:
        document = report.to_dict()
        if runners is not None:
            document["ray"] = None if cluster is None else cluster.to_dict()
        print_json(document)
    if used is not None and report.encoded:
        keep_text_graph(used)


def _check_names(model: str | None, meaning: bool | str | None) -> None:
    """Refuse models that a run would refuse, as far as their names tell; nothing is loaded or downloaded.

    Raises:
        ModelError: there is no such model.
    """
    if model is not None:
        check_model_name(model)
    if isinstance(meaning, str):
        from framecue.backbone.sentence_files import check_sentence_model

        check_sentence_model(meaning)


def _check_with_ray(*, is_watch: bool, gpu_decode: bool, runtime: str) -> None:
    """Refuse options that do not go together with --ray."""
    if is_watch:
        raise click.UsageError("--ray and --watch are given together; watch on one machine, or run --ray now and then")
    if gpu_decode:
        raise click.UsageError("--ray and --gpu-decode are given together; a cluster decodes on processors alone")
    if runtime == "onnx":
        raise click.UsageError(
            "--ray and --runtime onnx are given together; export the model (framecue export) to a folder that all "
            "nodes have, and name that with --model"
        )


def _check_again(
    again: bool, paths: tuple[str, ...], *, model: str | None, adapter: str | None, is_watch: bool
) -> None:
    """Refuse options that do not go together with --again, or without it."""
    if not again:
        if not paths:
            raise click.MissingParameter(ctx=click.get_current_context(), param_hint="'PATH...'", param_type="argument")
        return
    if model is None and adapter is None:
        raise click.UsageError("--again is given without --model; name the model with which to make the library anew")
    if is_watch:
        raise click.UsageError("--again and --watch are given together; make the library anew first, then watch")
