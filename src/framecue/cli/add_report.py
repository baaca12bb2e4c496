"""The lines for people in which ``framecue index`` reports a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framecue.cli.output import log

if TYPE_CHECKING:
    from framecue.library import AddReport

__all__ = ["log_counts", "log_items", "log_stopped"]


def log_items(report: AddReport) -> None:
    """Write a line for each duplicate and each skipped path."""
    for copy in report.duplicates:
        log(f"duplicate {copy.path}: the same as {copy.original}")
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")


def log_counts(report: AddReport) -> None:
    """Write one line: how many files were added, changed, moved, ..., and what the library holds now."""
    # Every run has these two; the rarer counts are shown only if they are not 0.
    rarer = {
        "changed": report.changed,
        "moved": report.moved,
        "duplicates": len(report.duplicates),
        "removed": report.removed,
        "subtitles updated": report.subtitles_updated,
    }
    counts = [f"{report.added} added ({report.encoded} encoded)"]
    counts += [f"{number} {name}" for name, number in rarer.items() if number]
    counts += [f"{report.unchanged} unchanged", f"{len(report.skipped)} skipped"]
    log(f"{', '.join(counts)}; library {report.uri} holds {report.num_videos} videos, {report.num_segments} segments")


def log_stopped(num_kept: int, num_files: int) -> None:
    """Write one line about a run that ended early: what it has kept, and how to go on."""
    kept = f"{num_kept} of {num_files} files are" if num_kept != 1 else f"1 of {num_files} files is"
    log(f"{kept} in the library and stay there; the same command goes on with the rest")
