"""The files that ``framecue evaluate`` writes besides what it prints, and their options."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from framecue.cli.evaluation_inputs import refuse_inputs
from framecue.cli.output import log
from framecue.errors import OutputExistsError
from framecue.outputs import check_output
from framecue.paths import user_path

if TYPE_CHECKING:
    from framecue.datasets.clips import Clip
    from framecue.evaluation.page import Measured
    from framecue.evaluation.report import Report

__all__ = ["EvaluationFiles", "evaluation_file_options"]

Command = TypeVar("Command", bound=Callable[..., Any])

TREC_DEPTH, REPORT_QUERIES = 100, 8

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
        help=f"How many results of each query go into these.  [default: {TREC_DEPTH}]",
    ),
    click.option(
        "--report",
        metavar="FILE",
        help="Write a page (HTML, one file) with the metrics, the ranks, and the best and worst queries with frames.",
    ),
    click.option(
        "--report-queries",
        type=click.IntRange(min=0, max=100),
        help=f"How many of the best and of the worst queries of each direction it shows.  [default: {REPORT_QUERIES}]",
    ),
    click.option("--force", is_flag=True, help="Replace files that exist, but none that is read."),
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
    trec_depth: int | None
    report: str | None
    report_queries: int | None
    force: bool

    def check(self) -> None:
        """Refuse files that cannot be written, before any work is done.

        Raises:
            UsageError: a name is empty, two options name the same file, or one is about a file that is not asked for.
            InputError: one exists, or is on no disk.
            OutputError: its folder does not exist.
        """
        self._check(has_groups=False)

    def check_beside(self, clips: Sequence[Clip], folders: Iterable[str | Path | None]) -> None:
        """Refuse files that cannot be written, or are read by the evaluation, before any video is decoded.

        Args:
            clips: the gallery.
            folders: where the dataset and the models lie; see `refuse_inputs`.

        Raises:
            UsageError: as `check`.
            InputError: as `check`; or a file is one that the evaluation reads, by whatever name, and --force would
                destroy it.
            OutputError: as `check`.
        """
        named = self._check(has_groups=any(len(clip.captions) > 1 for clip in clips))
        refuse_inputs([place for _, place in named], clips, folders)

    def _check(self, *, has_groups: bool) -> list[tuple[str, Path]]:
        """Refuse what `check` refuses, and return the files, each with its option."""
        named = self._named(has_groups=has_groups)
        seen: dict[str, tuple[str, Path]] = {}
        for option, place in named:
            check_output(place, overwrite=True)
            if not self.force and os.path.lexists(place):
                raise OutputExistsError(place)
            other, _ = seen.setdefault(os.path.realpath(place), (option, place))
            if other != option:
                raise click.UsageError(f"{other} and {option} name the same file, {place}; give each a file of its own")
        return named

    def _named(self, *, has_groups: bool) -> list[tuple[str, Path]]:
        if self.trec_depth is not None and self.trec is None:
            raise click.UsageError("--trec-depth is given without --trec, the files that it is for")
        if self.report_queries is not None and self.report is None:
            raise click.UsageError("--report-queries is given without --report, the page that it is for")
        options = (("--ranks", self.ranks), ("--csv", self.csv), ("--latex", self.latex), ("--report", self.report))
        for option, name in options:
            if name is not None and not name.strip():
                raise click.UsageError(f"{option} is empty; name the file to write, or leave the option out")
        named = [(option, _place(name)) for option, name in options if name is not None]
        if self.trec is None:
            return named
        if not self.trec.strip():
            raise click.UsageError("--trec is empty; give what the files' names begin with, such as out/scores")
        if self.trec.endswith(("/", os.sep)):
            raise click.UsageError(
                f"--trec {self.trec} is a folder; give what the files' names begin with, such as {self.trec}scores"
            )
        directions = ["t2v", "v2t"] + (["v2t-captions"] if has_groups else [])
        endings = [f"{name}.{kind}" for name in directions for kind in ("run", "qrels")]
        return named + [("--trec", Path(f"{_place(self.trec)}.{ending}")) for ending in endings]

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
            depth = self.trec_depth or TREC_DEPTH
            written = write_trec(report, _place(self.trec), depth=depth, overwrite=self.force)
            log(f"TREC files: {', '.join(map(str, written))}")
            longest = report.num_texts if report.similarities.has_groups else report.num_videos
            if longest > depth:
                log(f"  with the first {depth} of {longest} results of a query; --trec-depth says how many")
        if self.report is not None:
            shown = REPORT_QUERIES if self.report_queries is None else self.report_queries
            page = write_html(report, _place(self.report), measured=measured, num_queries=shown, overwrite=self.force)
            log(f"report: {page}")


def _place(name: str) -> Path:
    return Path(user_path(name))
