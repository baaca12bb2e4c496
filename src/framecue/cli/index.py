"""``framecue index``: encode video files into a library."""

from __future__ import annotations

import click

from framecue.cli.choosing import library_model, library_option, make_segmentation, model_options, segment_options
from framecue.cli.output import log, print_json, progress_bar, quiet_libraries
from framecue.errors import InputError
from framecue.video.isolated import STALL_SECONDS


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@library_option
@model_options
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
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
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
    as_json: bool,
) -> None:
    """Encode video files, and all in folders, into a library.

    Run it again at any time: only new and changed files are encoded, and files that were renamed or moved are
    recognised by their content. Files that cannot be read are listed with the
    reason, and the others are indexed. A new library takes the shipped moji-clip if no model is named; for real
    videos name a real CLIP.

    \b
    framecue index ~/Videos --library videos.lance --model openai/clip-vit-base-patch32
    framecue index ~/Videos --library videos.lance --prune --exclude "*.proxy.mp4" --exclude drafts
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.library import Library

    segmentation = make_segmentation(segments, segment_seconds, overlap_seconds)
    library = Library(uri)
    # Before a model is loaded, so that a wrong path is told at once.
    plan = library.plan(paths, exclude=exclude)
    if plan.units or model or adapter:
        chosen = library_model(library, model=model, adapter=adapter, dtype=dtype, may_be_new=True)
        library = Library(uri, model=chosen)
    with progress_bar("Indexing") as progress:
        report = library.add(
            plan,
            prune=prune,
            segmentation=segmentation,
            captions=captions,
            stall_seconds=stall_seconds,
            progress=progress,
            on_wait=lambda: log(f"waiting for another run that writes {library.uri}"),
        )

    num_found = report.added + report.changed + report.moved + report.unchanged + len(report.duplicates)
    nothing_done = not num_found and not report.removed
    if nothing_done and len(report.skipped) == 1:
        raise InputError(f"nothing could be indexed: {report.skipped[0].path}: {report.skipped[0].reason}")
    for copy in report.duplicates:
        log(f"duplicate {copy.path}: the same as {copy.original}")
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")
    if nothing_done:
        raise InputError(f"nothing could be indexed: all {len(report.skipped)} files were skipped")
    # What every run has, and what is rarer only if there is some.
    rarer = {
        "changed": report.changed,
        "moved": report.moved,
        "duplicates": len(report.duplicates),
        "removed": report.removed,
        "subtitles updated": report.subtitles_updated,
    }
    counts = [f"{report.added} added ({report.encoded} encoded)"]
    counts += [f"{number} {name}" for name, number in rarer.items() if number]
    counts += [f"{report.unchanged} unchanged", f"{len(report.skipped)} skipped"]
    log(f"{', '.join(counts)}; library {library.uri} holds {report.num_videos} videos, {report.num_segments} segments")
    if as_json:
        print_json(
            {
                "library": library.uri,
                "added": report.added,
                "changed": report.changed,
                "moved": report.moved,
                "unchanged": report.unchanged,
                "encoded": report.encoded,
                "duplicates": [{"path": copy.path, "original": copy.original} for copy in report.duplicates],
                "removed": report.removed,
                "subtitles_updated": report.subtitles_updated,
                "skipped": [{"path": item.path, "reason": item.reason} for item in report.skipped],
                "videos": report.num_videos,
                "segments": report.num_segments,
            }
        )
