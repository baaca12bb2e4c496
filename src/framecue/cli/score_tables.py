"""Tables of scores on standard output: of one evaluation, and of a comparison."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from framecue.cli.output import print_table

if TYPE_CHECKING:
    from framecue.evaluation.compare import Comparison
    from framecue.evaluation.report import Report

__all__ = ["print_comparison", "print_scores"]


def print_scores(report: Report) -> None:
    """Print a row for each direction, its intervals below it; a second stage's rows are below the first's."""
    from framecue.evaluation.tables import score_rows

    rows = score_rows(report)
    columns = list(rows[0][1])
    heads = ["", *(column.replace("_", " ") for column in columns)]
    cells = []
    for name, numbers, intervals in rows:
        cells.append([name, *(f"{numbers[column]:.1f}" for column in columns)])
        # Two narrow rows, not one of wide cells that a terminal would cut off.
        cells.append(["  95% from", *(f"{intervals[column].low:.1f}" for column in columns)])
        cells.append(["  to", *(f"{intervals[column].high:.1f}" for column in columns)])
    print_table(heads, cells, right=heads[1:])
    for stage, suffix in ((report.main, ""), (report.reranked, ", reranked")):
        if stage is not None and stage.twin_accuracy is not None:
            click.echo(f"twin accuracy{suffix} {stage.twin_accuracy:.1f}")


def print_comparison(comparison: Comparison) -> None:
    """Print a row for each metric of each direction, for each side that is compared with the first."""
    first = comparison.sides[0]
    several = len(comparison.sides) > 2
    for place, (side, differences) in enumerate(
        zip(comparison.sides[1:], comparison.differences, strict=True), start=1
    ):
        if place > 1:
            click.echo()
        heads = ["", "metric", first.name, side.name, "difference", "95%", "p", *(["p (Holm)"] if several else [])]
        rows = []
        for direction, of_metrics in differences.items():
            for metric, each in of_metrics.items():
                values = (comparison.metrics[which][direction][metric] for which in (0, place))
                rows.append(
                    [
                        direction.replace("_", " "),
                        metric.replace("_", " "),
                        *(f"{value:.2f}" for value in values),
                        f"{each.value:+.2f}",
                        f"{each.interval.low:+.2f} to {each.interval.high:+.2f}",
                        *(f"{p:.4f}" for p in ([each.p, each.p_holm] if several else [each.p])),
                    ]
                )
        print_table(heads, rows, right=heads[2:])
