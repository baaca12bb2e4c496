"""``framecue clip``: cut hits out of their videos."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from framecue.cli.kept_files import kept_files_near
from framecue.cli.options import library_option
from framecue.cli.output import print_json
from framecue.errors import InputError
from framecue.video import STALL_SECONDS

if TYPE_CHECKING:
    from framecue.cli.clip_arguments import Moment


@click.command()
@click.argument("hits", metavar="HIT...", nargs=-1)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="What to write: mp4, m4v, mov, mkv or webm; or a folder. Default: a name of its own in the working folder.",
)
@library_option
@click.option("-0", "--null", is_flag=True, help="A zero byte ends each hit on standard input, not a line's end.")
@click.option("--exact", is_flag=True, help="Encode anew, so that not a frame is too much.")
@click.option("--force", is_flag=True, help="Replace the output if it exists; never an indexed video.")
@click.option(
    "--stall-seconds",
    type=click.FloatRange(min=0, min_open=True),
    default=STALL_SECONDS,
    show_default=True,
    metavar="S",
    help="How long a video may show no sign of life while it is read.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def clip(
    hits: tuple[str, ...],
    output: str | None,
    uri: str | None,
    null: bool,
    exact: bool,
    force: bool,
    stall_seconds: float,
    as_json: bool,
) -> None:
    """Cut moments out of videos, without encoding them anew where possible.

    HIT is PATH@START-END, as `framecue search --format hit` prints it, or a path and times as its table shows them;
    times are seconds, m:ss or h:mm:ss, with decimals if wanted. A HIT of - reads hits from standard input, a line each.
    In mp4, m4v and mov the clip starts at the moment's first frame; in mkv and webm it starts at the keyframe before
    it, unless it is encoded anew (--exact, or what cannot be copied; its line says why). Of several hits, one that
    cannot be cut out costs that one alone. The files of a library are never replaced.

    \b
    framecue clip "holiday.mp4@1:01.5-1:06.5" --output dog.mp4
    framecue clip holiday.mp4 0:40-0:45
    framecue clip - --output dogs/
    """  # noqa: D301 (click reads the backspace character)
    from framecue.cli.clip_making import cut_hits

    moments, is_one = _moments(hits, null=null)
    made = cut_hits(
        moments,
        output,
        force=force,
        exact=exact,
        kept=kept_files_near(output, uri),
        stall_seconds=stall_seconds,
    )
    if not as_json:
        return
    if is_one:
        print_json(made.clips[0].to_dict())
        return
    skipped = [{"hit": name, "reason": str(error)} for name, error in made.skipped]
    print_json({"clips": [cut.to_dict() for cut in made.clips], "skipped": skipped})


def _moments(hits: tuple[str, ...], *, null: bool) -> tuple[list[Moment | InputError], bool]:
    """Return the hits that are given, and whether it is one, given as an argument."""
    from framecue.cli.clip_arguments import read_arguments, read_lines

    if not hits:
        raise click.UsageError("no HIT is given: give PATH@START-END, or - to read hits from standard input")
    if null and "-" not in hits:
        raise click.UsageError("--null is given without -, which reads hits from standard input")
    if "-" not in hits:
        moments = read_arguments(hits)
        return moments, len(moments) == 1
    if len(hits) > 1:
        raise click.UsageError("- stands for all hits; leave out the others")
    moments = list(read_lines(sys.stdin.buffer, null=null))
    if not moments:
        raise InputError("no hit came on standard input")
    return moments, False
