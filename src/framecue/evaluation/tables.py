"""A report as a table, for spreadsheets (CSV) and papers (LaTeX)."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from framecue.evaluation.bootstrap import Interval
from framecue.evaluation.stages import DUAL_SOFTMAX, QB_NORM, Stage
from framecue.outputs import written_beside

if TYPE_CHECKING:
    from framecue.evaluation.report import Report

__all__ = ["ScoreRow", "csv_text", "latex_text", "score_rows", "write_csv", "write_latex"]

# What is printed beside the direction.
SUFFIXES = {
    "main": "",
    "reranked": ", reranked",
    DUAL_SOFTMAX: ", dual softmax (transductive)",
    QB_NORM: ", QB-Norm",
}
UP, DOWN = r"$\uparrow$", r"$\downarrow$"
ARROWS = {"median_rank": DOWN, "mean_rank": DOWN}

ScoreRow = tuple[str, dict[str, float], dict[str, Interval]]
"""A direction in words, its metrics, and their intervals."""


def score_rows(report: Report) -> list[ScoreRow]:
    """Return a row for each direction of each way of ranking; what is transductive stands apart and says so."""
    return [row for name, stage in report.stages() for row in _rows(stage, SUFFIXES[name])]


def _rows(stage: Stage, suffix: str) -> list[ScoreRow]:
    return [
        (name.replace("_", " ") + suffix, direction.metrics.to_dict(), stage.intervals[name])
        for name, direction in stage.directions.items()
    ]


def csv_text(report: Report) -> str:
    """Return the table as CSV: a column for each metric, and two for the ends of its interval."""
    rows = score_rows(report)
    metrics = list(rows[0][1])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    ends = [f"{metric} {end}" for metric in metrics for end in ("low", "high")]
    writer.writerow(["direction", "queries", *metrics, *ends])
    counts = [len(each.ranks) for _, stage in report.stages() for each in stage.directions.values()]
    for count, (name, values, intervals) in zip(counts, rows, strict=True):
        bounds = [f"{end:.4f}" for metric in metrics for end in intervals[metric]]
        writer.writerow([name, count, *(f"{values[metric]:.4f}" for metric in metrics), *bounds])
    return text.getvalue()


def latex_text(report: Report) -> str:
    """Return the table as LaTeX with the rules of the package booktabs; below each row are its intervals."""
    rows = score_rows(report)
    metrics = list(rows[0][1])
    heads = [f"{metric.replace('_', ' ')} {ARROWS.get(metric, UP)}" for metric in metrics]
    lines = [
        r"% \usepackage{booktabs}; intervals: 95% of the bootstrap's resamples of videos",
        rf"\begin{{tabular}}{{l{'r' * len(metrics)}}}",
        r"\toprule",
        _latex_row(["", *heads]),
        r"\midrule",
    ]
    for name, values, intervals in rows:
        lines.append(_latex_row([name[0].upper() + name[1:], *(f"{values[metric]:.1f}" for metric in metrics)]))
        ends = [f"{intervals[metric].low:.1f}--{intervals[metric].high:.1f}" for metric in metrics]
        lines.append(_latex_row([rf"{{\scriptsize {cell}}}" for cell in [r"95\,\%", *ends]]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _latex_row(cells: list[str]) -> str:
    return " & ".join(cells) + r" \\"


def write_csv(report: Report, file: str | Path, *, overwrite: bool = False) -> None:
    """Write `csv_text` to a file.

    Raises:
        InputError: the file exists.
        OutputError: it cannot be written.
    """
    _write(csv_text(report), file, overwrite=overwrite)


def write_latex(report: Report, file: str | Path, *, overwrite: bool = False) -> None:
    """Write `latex_text` to a file.

    Raises:
        InputError: the file exists.
        OutputError: it cannot be written.
    """
    _write(latex_text(report), file, overwrite=overwrite)


def _write(text: str, file: str | Path, *, overwrite: bool) -> None:
    with written_beside(file, overwrite=overwrite) as partial:
        partial.write_text(text, encoding="utf-8", newline="")
