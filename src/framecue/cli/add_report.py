"""What ``framecue index`` tells of a run: lines for people, and a document for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from framecue.cli.output import log

if TYPE_CHECKING:
    from framecue.library import AddReport

__all__ = ["log_counts", "log_items", "report_document"]


def log_items(report: AddReport) -> None:
    """Write a line for each duplicate and each path that was skipped."""
    for copy in report.duplicates:
        log(f"duplicate {copy.path}: the same as {copy.original}")
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")


def log_counts(report: AddReport, uri: str) -> None:
    """Write one line that says how many files were what."""
    # What every run has, and what is rarer only if there is some.
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
    log(f"{', '.join(counts)}; library {uri} holds {report.num_videos} videos, {report.num_segments} segments")


def report_document(report: AddReport, uri: str) -> dict[str, Any]:
    """Give the document that ``--json`` prints."""
    return {
        "library": uri,
        "added": report.added,
        "changed": report.changed,
        "moved": report.moved,
        "unchanged": report.unchanged,
        "encoded": report.encoded,
        "duplicates": [{"path": copy.path, "original": copy.original} for copy in report.duplicates],
        "removed": report.removed,
        "subtitles_updated": report.subtitles_updated,
        "skipped": [{"path": item.path, "reason": item.reason} for item in report.skipped],
        "videos": report.num_videos,
        "segments": report.num_segments,
    }
