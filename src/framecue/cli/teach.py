"""``framecue teach``: teach a library a name from a few moments."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

import click

from framecue.cli.example_arguments import TAKES, GivenExample, read_example_lines, read_examples
from framecue.cli.last_search import hits_of
from framecue.cli.library_place import chosen_library
from framecue.cli.name_completion import complete_names
from framecue.cli.options import adapter_option, dtype_option, library_model, library_option, model_option
from framecue.cli.output import log, one_line, print_json, quiet_libraries, shown_path
from framecue.cli.several_values import SeveralValuesCommand
from framecue.cli.teaching import teach_name, told_taught, with_texts
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.library import Library
    from framecue.library.teaching.examples import Shown


# As framecue.names.taught has it, which --help must not import for it.
MOST_TOKENS = 4


class _TeachCommand(SeveralValuesCommand):
    """Whose examples may stand behind one another."""

    several: ClassVar[Mapping[str, str]] = {
        "--like": TAKES,
        "--unlike": TAKES,
        "--shows": "give a text for each example, with the name in it, as in 'Rex swims', and '' for one without",
    }


@click.command(cls=_TeachCommand)
@click.argument("name", metavar="NAME", required=False, shell_complete=complete_names)
@click.option(
    "--like", metavar="EXAMPLE...", multiple=True, help="What it means: three or more show best what belongs to it."
)
@click.option("--unlike", metavar="EXAMPLE...", multiple=True, help="What it does not mean, though it looks alike.")
@click.option(
    "--is",
    "coarse",
    metavar="WORD",
    help="An ordinary word for what it is (dog, kitchen), or for what is done (jumps).",
)
@click.option(
    "--shows",
    metavar="TEXT...",
    multiple=True,
    help="What each example shows, with the name in it ('Rex swims'), which helps much. One for each, in their order, "
    "and '' for one without.",
)
@click.option(
    "--tokens",
    "num_tokens",
    metavar="N",
    type=click.IntRange(1, MOST_TOKENS),
    help=f"How many word pieces (token embeddings) are learnt for it, 1 to {MOST_TOKENS}. "
    "Default: as many as the model does best with.",
)
@library_option
@click.option("-0", "--null", is_flag=True, help="A zero byte ends each hit on standard input, not a line's end.")
@model_option(default="the library's own")
@adapter_option
@dtype_option
@click.option("-y", "--yes", is_flag=True, help="Teach an ordinary word, and download a model, without asking.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def teach(
    name: str | None,
    like: tuple[str, ...],
    unlike: tuple[str, ...],
    coarse: str | None,
    shows: tuple[str, ...],
    num_tokens: int | None,
    uri: str | None,
    null: bool,
    model: str | None,
    adapter: str | None,
    dtype: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Teach a library a word of your own: a dog's name, a kitchen, a dance. Searches understand it from then on.

    EXAMPLE is the rank of a result of the last search (1,4), PATH@START-END as `framecue search --format hit` prints
    it, a picture, or a short video; several may follow each other, and - reads them from standard input. NAME may be
    several words, in quotes. It is learnt from what the examples look like: no face is recognised, and no other query
    changes. A name that is taught again keeps its earlier examples. `framecue names` lists what is taught, and how well
    it is found.

    \b
    framecue teach Rex --like 1,4,7 --is dog
    framecue teach Rex --like 1 4 --shows "Rex swims" "Rex runs to a man"
    framecue teach "grandma's kitchen" --like holiday.mp4@1:02-1:07 kitchen.jpg --unlike 3
    framecue teach Rex --like - --library videos.lance
    """  # noqa: D301 (click reads the backspace character)
    if name is None:
        raise click.UsageError(
            "there is no NAME: give it first, as in `framecue teach Rex --like 1,4`"
            if like or unlike
            else "there is nothing to teach: give a NAME, and what it means with --like"
        )
    if not (like or unlike or coarse or num_tokens):
        raise click.UsageError("there are no examples: give ranks of the last search, moments or pictures with --like")
    quiet_libraries()
    given = _given(like, unlike, null=null)
    if shows and len(shows) != len(given[0]):
        raise click.UsageError(
            f"--shows has {counted(len(shows), 'text')}, and --like {counted(len(given[0]), 'example')}; give one for "
            "each, in their order, and '' for one without"
        )
    from framecue.library import Library

    place = chosen_library(uri)
    library = Library(place)
    is_like, is_unlike = (
        _found(library, examples, option=option) for examples, option in zip(given, ("--like", "--unlike"), strict=True)
    )
    chosen = library_model(library, model=model, adapter=adapter, dtype=dtype, yes=yes)
    library = Library(place, model=chosen)
    found = teach_name(
        library, name, like=with_texts(is_like, shows), unlike=is_unlike, coarse=coarse, num_tokens=num_tokens, yes=yes
    )
    told_taught(found, place=uri)
    if as_json:
        print_json({"library": library.uri, **found.to_dict()})


def _given(
    like: tuple[str, ...], unlike: tuple[str, ...], *, null: bool
) -> tuple[list[GivenExample], list[GivenExample]]:
    """Return what --like and --unlike name.

    Raises:
        click.UsageError: standard input is to be both, or --null is given without it.
        InputError: something names no example.
    """
    if "-" in like and "-" in unlike:
        raise click.UsageError("--like and --unlike are both -, and standard input is one of them")
    if null and "-" not in (*like, *unlike):
        raise click.UsageError("--null is given without -, which reads hits from standard input")
    found = []
    for words, option in ((like, "--like"), (unlike, "--unlike")):
        examples = read_examples([word for word in words if word != "-"], option=option)
        if "-" in words:
            examples += read_example_lines(sys.stdin.buffer, null=null, option=option)
        found.append(examples)
    return found[0], found[1]


def _found(library: Library, given: list[GivenExample], *, option: str) -> list[Shown]:
    """Return examples in which results of the last search stand for their ranks, and say which these are.

    Raises:
        InputError: there is no such result, or the library no longer holds it.
    """
    ranks = [example for example in given if isinstance(example, int)]
    if not ranks:
        return [example for example in given if not isinstance(example, int)]
    search, hits = hits_of(library, ranks)
    by_rank = {hit.rank: hit for hit in hits}
    log(f"{option}, results of the last search, {one_line(search.query)}:")
    for hit in hits:
        log(f"{hit.rank}. {shown_path(hit.to_dict()['hit'] if hit.kind == 'video' else hit.path)}")
    return [by_rank[example] if isinstance(example, int) else example for example in given]
