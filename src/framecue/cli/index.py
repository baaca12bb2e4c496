"""``framecue index``: encode video files into a library."""

from __future__ import annotations

import click

from framecue.cli.choosing import library_model, library_option, model_options
from framecue.cli.output import log, print_json, progress_bar, quiet_libraries
from framecue.errors import InputError


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@library_option
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def index(paths: tuple[str, ...], uri: str, model: str | None, adapter: str | None, dtype: str, as_json: bool) -> None:
    """Encode video files, and all in folders, into a library.

    Run it again at any time: only new and changed files are encoded. Files that cannot be read are listed with the
    reason, and the others are indexed. A new library takes the shipped moji-clip if no model is named; for real
    videos name a real CLIP.

    \b
    framecue index ~/Videos --library videos.lance --model openai/clip-vit-base-patch32
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.library import Library

    library = Library(uri)
    # Before a model is loaded, so that a wrong path is told at once.
    plan = library.plan(paths)
    if plan.units or model or adapter:
        chosen = library_model(library, model=model, adapter=adapter, dtype=dtype, may_be_new=True)
        library = Library(uri, model=chosen)
    with progress_bar("Indexing") as progress:
        report = library.add(plan, progress=progress)

    nothing_done = not report.added and not report.unchanged
    if nothing_done and len(report.skipped) == 1:
        raise InputError(f"nothing could be indexed: {report.skipped[0].path}: {report.skipped[0].reason}")
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")
    if nothing_done:
        raise InputError(f"nothing could be indexed: all {len(report.skipped)} files were skipped")
    log(
        f"{report.added} added ({report.encoded} encoded), {report.unchanged} unchanged, "
        f"{len(report.skipped)} skipped; library {library.uri} holds {report.num_videos} videos"
    )
    if as_json:
        print_json(
            {
                "library": library.uri,
                "added": report.added,
                "unchanged": report.unchanged,
                "skipped": [{"path": item.path, "reason": item.reason} for item in report.skipped],
                "videos": report.num_videos,
                "segments": report.num_segments,
            }
        )
