"""The lines for people in which ``framecue index`` reports a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from framecue.cli.output import log
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.encoder import Computation
    from framecue.library import AddReport, RemoveReport

__all__ = ["computation_words", "describe_held", "log_counts", "log_gone", "log_items"]

# Files that are removed are named one by one, at most so many.
_MOST_NAMED = 20
_RUNTIMES = {"torch": "PyTorch", "onnx": "ONNX Runtime"}


def log_items(report: AddReport) -> None:
    """Write a line for each duplicate, each file that is indexed with a doubt, each skipped path, each removed one.

    Names that were taught again, or could not be, have theirs too.
    """
    for copy in report.duplicates:
        log(f"duplicate {copy.path}: the same as {copy.original}")
    for doubt in report.warnings:
        log(f"warning {doubt.path}: indexed, but {doubt.reason}")
    for item in report.skipped:
        log(f"skipped {item.path}: {item.reason}")
    if report.names_taught:
        log(f"taught again to the library's model: {', '.join(report.names_taught)}")
    for name, reason in report.names_left.items():
        log(f"the taught name {name!r} is not understood: {reason}")
    for path in report.removed_paths[:_MOST_NAMED]:
        log(f"removed {path}: it is gone")
    if (more := len(report.removed_paths) - _MOST_NAMED) > 0:
        log(f"removed {more} more that are gone")


def log_gone(paths: Sequence[str]) -> None:
    """Write a line about the files that are gone from the folders of a run, and that searches still find."""
    if paths:
        are, them = ("is", "it") if len(paths) == 1 else ("are", "them")
        log(f"{counted(len(paths), 'file')} {are} gone, such as {paths[0]}; --prune takes {them} out of the library")


def log_counts(report: AddReport) -> None:
    """Write what was left alone, and how many files were added, changed, ..., and what the library holds now."""
    _log_left_alone(report)
    _log_gpu_decoding(report)
    # Every run has these two; the rarer counts are shown only if they are not 0.
    rarer = {
        "changed": report.changed,
        "moved": report.moved,
        "encoded again": len(report.reread),
        "duplicate" if len(report.duplicates) == 1 else "duplicates": len(report.duplicates),
        "removed": report.removed,
    }
    counts = [f"{report.added} added ({report.encoded} encoded)"]
    counts += [f"{number} {name}" for name, number in rarer.items() if number]
    if report.subtitles_updated:
        counts.append(f"subtitles of {counted(report.subtitles_updated, 'file')} updated")
    counts += [f"{report.unchanged} unchanged", f"{len(report.skipped)} skipped"]
    # What is as it always was is not worth a line.
    found = report.computation
    if found is not None and (found.runtime != "torch" or found.reason is not None):
        log(f"encoded by {computation_words(found)}{f' ({found.reason})' if found.reason else ''}")
    log(f"{', '.join(counts)}; library {report.uri} holds {describe_held(report)}")


def computation_words(computation: Computation) -> str:
    """Return what encodes videos, in words."""
    return f"{_RUNTIMES.get(computation.runtime, computation.runtime)} in {computation.precision}"


def describe_held(report: AddReport | RemoveReport) -> str:
    """Return what a library holds after a run, in words."""
    images = f"{counted(report.num_images, 'picture')}, " if report.num_images else ""
    return f"{counted(report.num_videos, 'video')}, {images}{counted(report.num_segments, 'segment')}"


def _log_left_alone(report: AddReport) -> None:
    """Write a line about the files that could not be read before, and one about those that are no videos."""
    if number := len(report.still_unreadable):
        way_out = f"`framecue info {report.uri} --files` lists why, --retry reads again"
        log(f"{counted(number, 'file')} still cannot be read; {way_out}")
    passed = report.passed_over
    kinds = [
        (passed.images, "picture", "pictures", " (--images indexes them)"),
        (passed.sounds, "file with sound alone", "files with sound alone", ""),
        (passed.others, "other file with a video's suffix", "other files with a video's suffix", ""),
        (
            passed.clips,
            "clip or sheet made by framecue",
            "clips and sheets made by framecue",
            " (name one to index it)",
        ),
    ]
    shown = [f"{counted(number, one, many)}{hint}" for number, one, many, hint in kinds if number]
    if shown:
        log(f"passed over: {', '.join(shown)}")


def _log_gpu_decoding(report: AddReport) -> None:
    """Write how many videos a GPU decoded, and for how many PyAV had to, by reasons."""
    if report.gpu_decoded:
        log(f"{counted(report.gpu_decoded, 'video')} decoded on the GPU")
    reasons = Counter(item.reason for item in report.gpu_fallbacks)
    for reason, number in reasons.most_common():
        log(f"{counted(number, 'video')} for the GPU decoded by the processor: {reason}")
