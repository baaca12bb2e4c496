"""The files that ``framecue evaluate`` writes besides what it prints, and their options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framecue.cli.output import log
from framecue.outputs import check_output
from framecue.paths import user_path

if TYPE_CHECKING:
    from framecue.evaluation.page import Measured
    from framecue.evaluation.report import Report

__all__ = ["EvaluationFiles", "evaluation_file_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

OPTIONS = (
    click.option("--ranks", metavar="FILE", help="Write each query's rank, in Parquet; framecue compare reads it."),
    click.option("--csv", metavar="FILE", help="Write the table as CSV, with the ends of the intervals."),
    click.option("--latex", metavar="FILE", help="Write the table as LaTeX."),
    click.option(
        "--trec",
        metavar="PREFIX",
        help="Write the model's own ranking for trec_eval and the like: PREFIX.t2v.run, PREFIX.t2v.qrels, and v2t.",
    ),
    click.option(
        "--trec-depth",
        type=click.IntRange(min=1),
        default=100,
        show_default=True,
        help="How many results of each query go into these.",
    ),
    click.option(
        "--report",
        metavar="FILE",
        help="Write a page (HTML, one file) with the metrics, the ranks, and the best and worst queries with frames.",
    ),
    click.option(
        "--report-queries",
        type=click.IntRange(min=0, max=100),
        default=8,
        show_default=True,
        help="How many of the best and of the worst queries of each direction it shows.",
    ),
    click.option("--force", is_flag=True, help="Replace files that exist."),
)


def evaluation_file_options(command: Command) -> Command:
    """Add the options of `EvaluationFiles` to a command."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, kw_only=True)
class EvaluationFiles:
    """What is to be written, under the names of the options."""

    ranks: str | None
    csv: str | None
    latex: str | None
    trec: str | None
    trec_depth: int
    report: str | None
    report_queries: int
    force: bool

    def check(self) -> None:
        """Refuse files that cannot be written, before any work is done.

        Raises:
            InputError: one exists, or is on no disk.
            OutputError: its folder does not exist.
        """
        named = [name for name in (self.ranks, self.csv, self.latex, self.report) if name is not None]
        if self.trec is not None:
            named += [f"{self.trec}.{name}" for name in ("t2v.run", "t2v.qrels", "v2t.run", "v2t.qrels")]
        for name in named:
            check_output(user_path(name), overwrite=self.force)

    def write(self, report: Report, measured: Measured) -> None:
        """Write what was asked for, and name it."""
        from framecue.evaluation.page import write_html
        from framecue.evaluation.ranks import write_ranks
        from framecue.evaluation.tables import write_csv, write_latex
        from framecue.evaluation.trec import write_trec

        if self.ranks is not None:
            named = {"dataset": measured.dataset, "split": measured.split, "model": measured.words}
            log(f"ranks: {write_ranks(report, _place(self.ranks), overwrite=self.force, **named)}")
        for name, writer in ((self.csv, write_csv), (self.latex, write_latex)):
            if name is not None:
                writer(report, _place(name), overwrite=self.force)
                log(f"table: {_place(name)}")
        if self.trec is not None:
            written = write_trec(report, _place(self.trec), depth=self.trec_depth, overwrite=self.force)
            log(f"TREC files: {', '.join(map(str, written))}")
            longest = report.num_texts if report.similarities.has_groups else report.num_videos
            if longest > self.trec_depth:
                log(f"  with the first {self.trec_depth} of {longest} results of a query; --trec-depth says how many")
        if self.report is not None:
            shown = self.report_queries
            page = write_html(report, _place(self.report), measured=measured, num_queries=shown, overwrite=self.force)
            log(f"report: {page}")


def _place(name: str) -> Path:
    return Path(user_path(name))
