"""``framecue search``: find moments of videos by texts, pictures and videos."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from framecue.cli.clip_results import clip_options, clip_results
from framecue.cli.exporting import check_exports, export_option, export_results
from framecue.cli.hits import NOTHING_FITS, print_hits
from framecue.cli.kept_files import kept_files_near
from framecue.cli.last_search import keep_search
from framecue.cli.library_place import chosen_library
from framecue.cli.long_steps import told_if_long
from framecue.cli.notices import search_warnings_told
from framecue.cli.opening import open_hit
from framecue.cli.options import library_model, library_option, model_options
from framecue.cli.output import log, one_line, print_json, quiet_libraries
from framecue.cli.query_options import (
    filter_options,
    query_options,
    read_filters,
    read_query,
    read_query_file,
)
from framecue.cli.ranks import RanksType
from framecue.cli.result_formats import FORMATS, NULL_FORMATS, print_lines, print_tsv_head
from framecue.cli.shares import ShareType
from framecue.cli.teach_hint import teach_hint
from framecue.cli.text_command import TextCommand
from framecue.cli.text_graphs import keep_text_graph
from framecue.library.search.box import LEG_NAMES
from framecue.outputs import check_output
from framecue.paths import user_path

if TYPE_CHECKING:
    from framecue.library import InOrder, Library, Query, SearchOptions, SearchResult
    from framecue.library.search.told_query import LabelledQuery


class _Marks(NamedTuple):
    """The ranks of results that were marked right and wrong."""

    right: tuple[int, ...]
    wrong: tuple[int, ...]


@click.command(cls=TextCommand)
@click.argument("text", required=False)
@library_option
@click.option("-k", "k", type=click.IntRange(min=1), default=10, show_default=True, help="How many results.")
@click.option(
    "--page", type=click.IntRange(min=1), default=1, show_default=True, help="Which K results: 2 for the next."
)
@query_options
@filter_options
@click.option(
    "--only",
    type=click.Choice(LEG_NAMES),
    multiple=True,
    help="Ask this leg of the search alone, or several; else each that the library has.",
)
@click.option("--hybrid", is_flag=True, help="Let the words of names, captions and subtitles have a say in the order.")
@click.option("--min-score", type=click.FloatRange(-1, 1), metavar="SCORE", help="Leave out what scores less.")
@click.option(
    "--min-confidence", type=ShareType(), metavar="SHARE", help="Leave out what fits less than this: 0.25, or 25%."
)
@click.option("--all-moments", is_flag=True, help="Show several moments of a video, not its best alone.")
@click.option(
    "--refine", is_flag=True, help="Move the edges of each result to where its frames begin and end to match."
)
@click.option(
    "--right",
    metavar="N,N",
    type=RanksType(),
    multiple=True,
    help="Order once more: results N of this very search, as it was without marks, are what you meant.",
)
@click.option("--wrong", metavar="N,N", type=RanksType(), multiple=True, help="Likewise, what you did not mean.")
@click.option("--explain", is_flag=True, help="Show the frame that matched best, and what else led to each result.")
@click.option("--sheet", metavar="FILE", help="Write a picture of the results, such as out.png.")
@export_option
@click.option("--force", is_flag=True, help="Replace the sheet, the export, or the clip, if it exists.")
@click.option(
    "--queries",
    "queries_file",
    metavar="FILE",
    help="Search for each line of a file; - reads standard input, with --format jsonl line by line.",
)
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["table", *FORMATS]),
    default="table",
    show_default=True,
    help="A table for people; or a line a result: its path, its PATH@START-END for `framecue clip`, tabs, JSON.",
)
@click.option("-0", "--null", is_flag=True, help="With --format path or hit: end each with a zero byte, for xargs -0.")
@click.option(
    "--open", "open_rank", metavar="N", type=click.IntRange(min=1), help="Open result N in a player, at its moment."
)
@clip_options
@model_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def search(
    text: str | None,
    uri: str | None,
    k: int,
    page: int,
    queries_file: str | None,
    sheet: str | None,
    exports: tuple[str, ...],
    force: bool,
    format_name: str,
    null: bool,
    open_rank: int | None,
    right: tuple[tuple[int, ...], ...],
    wrong: tuple[tuple[int, ...], ...],
    as_json: bool,
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    **named: Any,
) -> None:
    """Find the moments of videos in a library that show or say what TEXT says, best first.

    It is looked for in what is seen, said, written, named, captioned and meant, as far as the library has that. said:,
    written:, seen:, name:, caption: and meaning: before words ask one of these alone, and quotes find a phrase word for
    word. The score is the cosine similarity of query and moment; "fit" says how likely it is what you asked for. Each
    video comes once, with its best moment. The library's own model is
    used unless another is named. A TEXT that starts with a dash goes after a "--". In a terminal, without a TEXT, it
    asks for one after another, and keeps the model loaded.

    Words of your own are taught by the numbers of results, and understood from then on: with 1 and 4 of the last search
    showing your dog, `framecue teach Rex --like 1,4`, and then "Rex catches a frisbee".

    \b
    framecue search "a dog catches a frisbee" --open 1
    framecue search "a beach" --without "people^0.5" --folder ~/Videos/2024 --library videos.lance
    framecue search --video holiday.mp4 --at 1:02 --sheet like-this.png
    framecue search 'said:"happy birthday" a cake' --explain
    framecue search "a panda shrinks" --then "an octopus grows" --within 30
    framecue search "a dog" -k 50 --format path
    framecue search "a dog" --export dogs.otio
    framecue search "a dog" --right 1,4 --wrong 2
    """  # noqa: D301 (click reads the backspace character)
    _check_output(format_name, null=null, as_json=as_json, explain=named["explain"])
    if queries_file is not None and (open_rank is not None or named["clip_ranks"]):
        given = (
            "--clip is given with --queries; it cuts out"
            if named["clip_ranks"]
            else "--open is given with --queries; it opens"
        )
        raise click.UsageError(f"{given} a result of one search")
    marks = _Marks(tuple(chain.from_iterable(right)), tuple(chain.from_iterable(wrong)))
    if queries_file is not None and any(marks):
        raise click.UsageError("--right and --wrong are given with --queries; they mark results of one search")
    quiet_libraries()
    click.get_current_context().with_resource(search_warnings_told())
    # A sheet and an export have all queries, so they cannot be made before the last has come.
    is_stream = queries_file == "-" and format_name == "jsonl" and sheet is None and not exports
    queries = _queries(text, queries_file, named, is_stream=is_stream)
    is_prompt = not queries and not is_stream
    if is_prompt:
        is_plain = format_name == "table" and not (as_json or sheet or exports or open_rank or any(marks))
        _check_prompt(is_plain=is_plain, named=named)
    from framecue.library import Library, SearchOptions, SearchResult

    options = SearchOptions(
        k=k,
        offset=(page - 1) * k,
        filters=read_filters(named),
        **{
            name: named[name]
            for name in ("all_moments", "min_score", "min_confidence", "hybrid", "explain", "refine", "only")
        },
    )
    named_place = uri
    uri = chosen_library(uri)
    library = Library(uri)

    if is_prompt:
        from framecue.cli.prompt import run_prompt
        from framecue.cli.prompt_search import PromptSearch, filters_of

        def with_model() -> Library:
            return Library(uri, model=library_model(library, model=model, adapter=adapter, dtype=dtype, yes=yes))

        run_prompt(with_model, PromptSearch(None, replace(options, filters=None, offset=0), filters_of(named)))
        return
    if sheet is not None:
        sheet = user_path(sheet)
        check_output(sheet, overwrite=force, kept=kept_files_near(sheet, library.uri))
    paths = check_exports(exports, library.uri, force=force)
    chosen = library_model(library, model=model, adapter=adapter, dtype=dtype, yes=yes)
    library = Library(uri, model=chosen)
    if is_stream:
        from framecue.cli.query_stream import answer_stream

        answer_stream(library, sys.stdin.buffer, options)
        keep_text_graph(chosen)
        return
    asked = [item.query for item in queries]
    with told_if_long("searching"):
        found = library.search_many(asked, options=options, right=marks.right, wrong=marks.wrong)
    results = [SearchResult(item.label, hits) for item, hits in zip(queries, found, strict=True)]
    is_wanted = sheet is not None
    if sheet is not None:
        sheet = _write_sheet(library, results, sheet, force=force)
    several = queries_file is not None
    exported = export_results(results, paths, library.uri, force=force)
    if as_json:
        written = {**({"sheet": sheet} if is_wanted else {}), **({"exported": exported} if paths else {})}
        _print_document(results, written, several=several)
    else:
        _print_results(results, format_name, null=null, options=options, several=several)
        if not any(found):
            from framecue.cli.nothing_found import nothing_message

            log(nothing_message(library, asked, page, options))
        _tell_what_comes_later(library, asked, results, options, marks)
        if is_wanted:
            log(f"See them in {sheet}" if sheet is not None else "no sheet is written, as there is nothing to see")
        if not several and (hint := teach_hint(library, results[0], text, place=named_place)):
            log(hint)
    if not several:
        keep_search(library.uri, results[0].query, found[0])
    clip_results(library, found, named, force=force)
    if open_rank is not None and found[0]:
        open_hit(found[0], open_rank)
    keep_text_graph(chosen)


def _tell_what_comes_later(
    library: Library,
    asked: Sequence[Query | InOrder],
    results: Sequence[SearchResult],
    options: SearchOptions,
    marks: _Marks,
) -> None:
    """Say where a limit on the time leaves out what fits; marks are about the results within it."""
    if any(marks) or not any(getattr(query, "within_seconds", None) is not None for query in asked):
        return
    from framecue.cli.within import within_hint

    for query, result in zip(asked, results, strict=True):
        if hint := within_hint(library, query, result.hits, options):
            log(hint if len(results) == 1 else f"{one_line(result.query)}: {hint}")


def _check_output(format_name: str, *, null: bool, as_json: bool, explain: bool) -> None:
    """Refuse options for the output that do not go together.

    Raises:
        click.UsageError: they do not.
    """
    if as_json and format_name != "table":
        raise click.UsageError("--json is given beside --format; leave out one of them (--format jsonl is a line each)")
    if null and format_name not in NULL_FORMATS:
        raise click.UsageError(f"--null is given without --format {' or '.join(NULL_FORMATS)}, which it is for")
    if explain and format_name in ("path", "hit", "tsv"):
        raise click.UsageError(f"--format {format_name} has no room for --explain; table and jsonl have")


def _print_results(
    results: list[SearchResult], format_name: str, *, null: bool, options: SearchOptions, several: bool
) -> None:
    if format_name == "tsv":
        print_tsv_head()
    for result in results:
        # On later pages little fits, as they hold the rest.
        is_poor = result.fits is False and bool(result.hits) and not options.offset
        if format_name != "table":
            if is_poor:
                log(f"{one_line(result.query)}: {NOTHING_FITS.removesuffix('; the nearest:')}")
            print_lines(result, format_name, null=null)
            continue
        if several:
            click.echo(one_line(result.query))
        if is_poor:
            click.echo(NOTHING_FITS)
        if result.hits:
            print_hits(result.hits, hybrid=options.hybrid)
        elif several:
            click.echo("nothing found")


def _queries(
    text: str | None, queries_file: str | None, named: dict[str, Any], *, is_stream: bool
) -> list[LabelledQuery]:
    """Return what to search for; nothing yet where it comes line by line, or is to be typed."""
    one = read_query({"text": text, **named})
    if queries_file is None:
        return [] if one is None else [one]
    if one is not None:
        raise click.UsageError(
            "--queries has the queries; leave out TEXT, --with, --without, --image, --video and --then"
        )
    return [] if is_stream else read_query_file(queries_file)


def _check_prompt(*, is_plain: bool, named: dict[str, Any]) -> None:
    """Refuse to search for nothing where nobody can be asked, or where the options are for one search.

    Raises:
        click.UsageError: it is so.
    """
    from framecue.cli.prompt import can_prompt

    if not (is_plain and can_prompt()) or named["clip_ranks"] or named["output"] is not None:
        raise click.UsageError(
            "nothing to search for: give TEXT, --with, --image, --video or --queries; in a terminal, `framecue search` "
            "without them and without options for results asks"
        )


def _write_sheet(library: Library, results: list[SearchResult], sheet: str, *, force: bool) -> str | None:
    from framecue.cli.sheet import SheetRow, contact_sheet

    rows = [
        SheetRow(result.query, result.hits, thumbnails=library.thumbnails(result.hits) if result.hits else ())
        for result in results
    ]
    written = contact_sheet(rows, sheet, overwrite=force, kept=kept_files_near(sheet, library.uri))
    return None if written is None else str(written)


def _print_document(results: list[SearchResult], written: dict[str, Any], *, several: bool) -> None:
    documents = [result.to_dict() for result in results]
    print_json({"searches": documents, **written} if several else {**documents[0], **written})
