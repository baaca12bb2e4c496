"""``framecue search``: find moments of videos by texts, pictures and videos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from framecue.cli.hits import print_hits
from framecue.cli.options import library_model, library_option, model_options
from framecue.cli.output import log, one_line, print_json, quiet_libraries
from framecue.cli.query_options import (
    LabelledQuery,
    filter_options,
    query_options,
    read_filters,
    read_query,
    read_query_file,
)
from framecue.paths import user_path

if TYPE_CHECKING:
    from framecue.library import Library, SearchOptions, SearchResult


@click.command()
@click.argument("text", required=False)
@library_option
@click.option("-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="How many results.")
@click.option(
    "--page", type=click.IntRange(min=1), default=1, show_default=True, help="Which K results: 2 for the next."
)
@query_options
@filter_options
@click.option("--hybrid", is_flag=True, help="Let the words of names, captions and subtitles have a say in the order.")
@click.option("--min-score", type=click.FloatRange(-1, 1), metavar="SCORE", help="Leave out what scores less.")
@click.option("--all-moments", is_flag=True, help="Show several moments of a video, not its best alone.")
@click.option("--explain", is_flag=True, help="Show the frame that matched best, and what else led to each result.")
@click.option("--sheet", metavar="FILE", help="Write a picture of the results, such as out.png.")
@click.option(
    "--queries", "queries_file", metavar="FILE", help="Search for each line of a file; - reads standard input."
)
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def search(
    text: str | None,
    uri: str,
    k: int,
    page: int,
    queries_file: str | None,
    sheet: str | None,
    as_json: bool,
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    **named: Any,
) -> None:
    """Find the moments of videos in a library that show what TEXT says, best first.

    The score is the cosine similarity of query and moment. Each video comes once, with its best moment. The library's
    own model is used unless another is named. A TEXT that starts with a dash goes after a "--".

    \b
    framecue search "a dog catches a frisbee" --library videos.lance
    framecue search "a beach" --without "people^0.5" --library videos.lance --folder ~/Videos/2024
    framecue search --video holiday.mp4 --at 1:02 --library videos.lance --sheet like-this.png
    framecue search "anna's birthday" --hybrid --explain --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    quiet_libraries()
    queries = _queries(text, queries_file, named)
    from framecue.library import Library, SearchOptions, SearchResult

    options = SearchOptions(
        k=k,
        offset=(page - 1) * k,
        filters=read_filters(named),
        **{name: named[name] for name in ("all_moments", "min_score", "hybrid", "explain")},
    )
    library = Library(uri)
    library = Library(uri, model=library_model(library, model=model, adapter=adapter, dtype=dtype, yes=yes))
    found = library.search_many([item.query for item in queries], options=options)
    results = [SearchResult(item.label, hits) for item, hits in zip(queries, found, strict=True)]
    if sheet is not None:
        sheet = _write_sheet(library, results, sheet)
    several = queries_file is not None
    if as_json:
        _print_document(results, sheet, several=several)
        return
    for result in results:
        if several:
            click.echo(one_line(result.query))
        if result.hits:
            print_hits(result.hits, hybrid=options.hybrid)
        elif several:
            click.echo("nothing found")
    if not any(found):
        log(_nothing_message(library, page, options))
    if sheet is not None:
        log(f"See them in {sheet}")


def _queries(text: str | None, queries_file: str | None, named: dict[str, Any]) -> list[LabelledQuery]:
    one = read_query({"text": text, **named})
    if queries_file is None:
        if one is None:
            raise click.UsageError("nothing to search for: give TEXT, --with, --image, --video or --queries")
        return [one]
    if one is not None:
        raise click.UsageError("--queries has the queries; leave out TEXT, --with, --without, --image and --video")
    return read_query_file(queries_file)


def _write_sheet(library: Library, results: list[SearchResult], sheet: str) -> str:
    from framecue.cli.sheet import SheetRow, contact_sheet

    rows = [
        SheetRow(result.query, result.hits, thumbnails=library.thumbnails(result.hits) if result.hits else ())
        for result in results
    ]
    return str(contact_sheet(rows, user_path(sheet)))


def _print_document(results: list[SearchResult], sheet: str | None, *, several: bool) -> None:
    documents = [result.to_dict() for result in results]
    written = {} if sheet is None else {"sheet": sheet}
    print_json({"searches": documents, **written} if several else {**documents[0], **written})


def _nothing_message(library: Library, page: int, options: SearchOptions) -> str:
    if library.info().num_videos == 0:
        return f"library {library.uri} is empty; fill it with `framecue index PATH --library {library.uri}`"
    if page > 1:
        return f"there are no results on page {page}"
    is_restricted = options.filters is not None or options.min_score is not None
    return "nothing found" + ("; no video passes the filters and --min-score" if is_restricted else "")
