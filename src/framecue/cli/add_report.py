"""The lines for people in which ``framecue index`` reports a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framecue.cli.output import log

if TYPE_CHECKING:
    from framecue.library import AddReport

__all__ = ["log_counts", "log_items"]


def log_items(report: AddReport) -> None:
    """Write a line for each duplicate, each file that is indexed with a doubt, and each skipped path."""
    for copy in report.duplicates:
        log(f"duplicate {copy.path}: the same as {copy.original}")
    for doubt in report.warnings:
        log(f"warning {doubt.path}: indexed, but {doubt.reason}")
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")


def log_counts(report: AddReport) -> None:
    """Write one line: how many files were added, changed, moved, ..., and what the library holds now."""
    # Every run has these two; the rarer counts are shown only if they are not 0.
    rarer = {
        "changed": report.changed,
        "moved": report.moved,
        "encoded again": len(report.reread),
        "duplicates": len(report.duplicates),
        "removed": report.removed,
        "subtitles updated": report.subtitles_updated,
    }
    counts = [f"{report.added} added ({report.encoded} encoded)"]
    counts += [f"{number} {name}" for name, number in rarer.items() if number]
    counts += [f"{report.unchanged} unchanged", f"{len(report.skipped)} skipped"]
    log(f"{', '.join(counts)}; library {report.uri} holds {report.num_videos} videos, {report.num_segments} segments")
