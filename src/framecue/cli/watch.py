"""``framecue index --watch``: what is shown while folders are watched, and how that ends."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from framecue.cli.add_report import log_counts, log_items
from framecue.cli.meaning_report import log_meaning
from framecue.cli.output import ProgressBar, log
from framecue.cli.signals import heed
from framecue.cli.stopping import say_at_stop
from framecue.cli.words_report import log_words

if TYPE_CHECKING:
    from framecue.library import AddReport, Library
    from framecue.library.watching.watch import WatchOptions

__all__ = ["follow"]


def follow(library: Library, paths: Sequence[str], *, options: WatchOptions, as_json: bool) -> None:
    """Index the files at the paths and whatever changes there, until Ctrl-C or a request to end.

    Args:
        library: with its model.
        paths: the paths to watch.
        options: how to watch them.
        as_json: whether to print a line of JSON for each run that did something.

    Raises:
        KeyboardInterrupt: stopped before everything had been indexed once. After that, it is the normal end.
    """
    from framecue.library.watching.watch import watch

    reports: list[AddReport] = []
    say_at_stop("what was indexed is in the library; the same command goes on")
    with ExitStack() as stack:
        bar = stack.enter_context(ProgressBar("Indexing"))

        def show(report: AddReport) -> None:
            bar.close()
            log_items(report)
            log_words(report)
            log_meaning(report)
            log_counts(report)
            if as_json:
                click.echo(json.dumps(report.to_dict(), allow_nan=False))
            if not reports:
                log(f"watching {', '.join(paths)}; Ctrl-C stops")
            reports.append(report)

        try:
            watch(library, paths, options=options, on_report=show, on_notice=log, progress=bar.show)
        except KeyboardInterrupt:
            bar.close()
            if not reports:
                raise
            heed()
            if sys.stderr.isatty():
                # The terminal has written ^C.
                click.echo(err=True)
    totals = {
        name: sum(getattr(report, name) for report in reports) for name in ("added", "changed", "moved", "removed")
    }
    log(f"stopped: {', '.join(f'{number} {name}' for name, number in totals.items())} in all")
