"""The lines for people about a run on a cluster: how fast it was, and what it has waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framecue.cli.output import log
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.cluster.report import ClusterReport

__all__ = ["log_cluster"]


def log_cluster(report: ClusterReport) -> None:
    """Write what a run on a cluster was like."""
    on_gpus = f" on {counted(report.num_gpus, 'GPU')}" if report.num_gpus else ""
    where = (
        f"on {counted(report.num_nodes, 'node')}, {counted(report.num_readers, 'process', 'processes')} reading and "
        f"{report.num_encoders} encoding{on_gpus}"
    )
    if report.videos_per_second is not None:
        waited = ", ".join(
            f"{name} {round(100 * report.share(seconds))}%"
            for name, seconds in (
                ("decoding", report.decoding_seconds),
                ("encoding", report.encoding_seconds),
                ("the driver", report.driver_seconds),
            )
        )
        where += (
            f": {report.videos_per_second:.3g} videos a second, {report.starting_seconds:.0f} seconds to start; then "
            f"waited for {waited}"
        )
    log(f"cluster: {where}")
    if report.actors_lost or report.nodes_lost:
        lost = [counted(report.actors_lost, "process", "processes")]
        lost += [counted(report.nodes_lost, "node")] if report.nodes_lost else []
        log(
            f"cluster: {' and '.join(lost)} lost; what these had in hand was done again "
            f"({counted(report.tried_again, 'try', 'tries')} more), {report.skipped} skipped for it"
        )
