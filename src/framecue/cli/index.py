"""``framecue index``: encode video files into a library."""

from __future__ import annotations

import click

from framecue.cli.add_report import log_counts, log_items
from framecue.cli.options import (
    indexing_model_options,
    library_model,
    library_option,
    make_segmentation,
    segment_options,
)
from framecue.cli.output import log, print_json, progress_bar, quiet_libraries
from framecue.errors import InputError
from framecue.video import STALL_SECONDS


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@library_option
@indexing_model_options
@click.option("--exclude", metavar="GLOB", multiple=True, help="Leave these files and folders out; may be repeated.")
@click.option("--prune", is_flag=True, help="Take out what is gone from the folders that are named.")
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
@click.option("--watch", "is_watch", is_flag=True, help="Go on: index what changes there, until Ctrl-C.")
@click.option(
    "--poll",
    "poll_seconds",
    metavar="SECONDS",
    type=float,
    help="With --watch: look at all files this often, as network disks may tell of no changes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document; with --watch, one a line for each run.")
def index(
    paths: tuple[str, ...],
    uri: str,
    model: str | None,
    adapter: str | None,
    dtype: str,
    exclude: tuple[str, ...],
    prune: bool,
    segments: str | None,
    segment_seconds: float | None,
    overlap_seconds: float | None,
    captions: bool,
    stall_seconds: float,
    max_cpu_seconds: float | None,
    max_megapixels: float | None,
    is_watch: bool,
    poll_seconds: float | None,
    as_json: bool,
) -> None:
    """Encode video files, and all those in folders, into a library.

    Run it again at any time: only new and changed files are encoded, and files that were renamed or moved are
    recognised by their content. Files that cannot be read are listed with the reason, and the others are indexed. A
    new library takes the shipped moji-clip if no model is named; for real videos name a real CLIP.

    \b
    framecue index ~/Videos --library videos.lance --model openai/clip-vit-base-patch32
    framecue index ~/Videos --library videos.lance --prune --exclude "*.proxy.mp4" --exclude drafts
    framecue index ~/Videos --library videos.lance --watch
    """  # noqa: D301 (click reads the backspace character)
    if poll_seconds is not None and not is_watch:
        raise click.UsageError("--poll is given without --watch; it says how often to look while watching")
    quiet_libraries()
    from framecue.library import AddOptions, Library

    options = AddOptions(
        exclude=exclude,
        prune=prune,
        segmentation=make_segmentation(segments, segment_seconds, overlap_seconds),
        captions=captions,
        stall_seconds=stall_seconds,
        max_cpu_seconds=max_cpu_seconds,
        max_megapixels=max_megapixels,
    )
    library = Library(uri)
    if is_watch:
        from framecue.cli.watch import follow
        from framecue.library.watching.watch import WatchOptions, check_paths

        watch_options = WatchOptions(add=options, poll_seconds=poll_seconds)
        check_paths(paths)
        chosen = library_model(library, model=model, adapter=adapter, dtype=dtype, may_be_new=True)
        follow(Library(uri, model=chosen), paths, options=watch_options, as_json=as_json)
        return
    # Planned before a model is loaded, so that a wrong path is an error at once.
    plan = library.plan(paths, exclude=options.exclude)
    if plan.units or model or adapter:
        chosen = library_model(library, model=model, adapter=adapter, dtype=dtype, may_be_new=True)
        library = Library(uri, model=chosen)
    with progress_bar("Indexing") as progress:
        report = library.add(
            plan,
            options=options,
            progress=progress,
            on_wait=lambda: log(f"waiting for another run that writes {library.uri}"),
        )

    num_found = report.added + report.changed + report.moved + report.unchanged + len(report.duplicates)
    nothing_done = not num_found and not report.removed
    if nothing_done and len(report.skipped) == 1:
        raise InputError(f"nothing could be indexed: {report.skipped[0].path}: {report.skipped[0].reason}")
    log_items(report)
    if nothing_done:
        raise InputError(f"nothing could be indexed: all {len(report.skipped)} files were skipped")
    log_counts(report)
    if as_json:
        print_json(report.to_dict())
