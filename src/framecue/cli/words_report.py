"""The lines for people about what words a run has found, and what words a library has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framecue.cli.output import log
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.library import AddReport, WordsCount

__all__ = ["log_words", "words_in_detail"]


def log_words(report: AddReport) -> None:
    """Write what words were found, in which files not, and what was taken out."""
    for failure in report.words_failed:
        log(f"not all words of {failure.path} by {failure.source}: {failure.reason}")
    for source in report.words_taken_out:
        log(f"words by {source} are taken out")
    for source, reason in report.words_left_out.items():
        log(f"words by {source} are left out: {reason}")
    for count in report.words:
        log(f"{_source_words(count)}: {_words_counts(count)}")


def _source_words(count: WordsCount) -> str:
    """Return what found words, in words."""
    details = _how(count)
    return f"{count.kind} ({count.source}{f': {details}' if details else ''})"


def _words_counts(count: WordsCount) -> str:
    """Return how many words were found, in words."""
    # Most files may have none.
    text = f"{counted(count.num_lines, 'line')}, looked for in {counted(count.num_files + count.num_failed, 'file')}"
    return f"{text}, of which {count.num_failed} could not be done, or not all of it" if count.num_failed else text


def words_in_detail(count: WordsCount) -> str:
    """Return how many words were found, and how."""
    return "; ".join(part for part in (_words_counts(count), _how(count)) if part)


def _how(count: WordsCount) -> str:
    language = None if count.language is None else f"language {count.language}"
    return ", ".join(part for part in (count.model, language) if part)
