"""``framecue search``: find videos by text."""

from __future__ import annotations

import click

from framecue.cli.choosing import library_model, library_option, model_options
from framecue.cli.output import log, print_json, print_table, quiet_libraries, time_span


@click.command()
@click.argument("text")
@library_option
@click.option("-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="How many results.")
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def search(text: str, uri: str, k: int, model: str | None, adapter: str | None, dtype: str, as_json: bool) -> None:
    """Find the videos in a library that show what TEXT says, best first.

    The score is the cosine similarity of text and video. The library's own model is used unless another is named.

    \b
    framecue search "a dog catches a frisbee" --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    from framecue.library import Library, check_query

    check_query(text, k)
    library = Library(uri)
    library = Library(uri, model=library_model(library, model=model, adapter=adapter, dtype=dtype))
    hits = library.search(text, k)
    if as_json:
        results = [
            {
                "rank": hit.rank,
                "path": hit.path,
                "start_seconds": hit.start_seconds,
                "end_seconds": hit.end_seconds,
                "score": hit.score,
            }
            for hit in hits
        ]
        print_json({"query": text, "results": results})
    elif hits:
        rows = [
            (str(hit.rank), f"{hit.score:.3f}", time_span(hit.start_seconds, hit.end_seconds), hit.path) for hit in hits
        ]
        print_table(["rank", "score", "time", "path"], rows, right=["rank", "score", "time"])
    else:
        log(f"library {library.uri} is empty; fill it with `framecue index PATH --library {library.uri}`")
