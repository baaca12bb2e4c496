"""The lines for people about what a run has done about meanings, and what a library has of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from framecue.cli.output import log
from framecue.counts import counted

if TYPE_CHECKING:
    from framecue.library import AddReport, MeaningCount

__all__ = ["log_meaning", "meaning_counts", "meaning_held", "words_without_meaning"]


def log_meaning(report: AddReport) -> None:
    """Write of how many words the meaning was made findable, or why it was not."""
    if report.meaning_taken_out:
        log("meanings are taken out; the words stay")
    if report.meaning_left_out is not None:
        log(f"meanings of new words are left out: {report.meaning_left_out}")
    # Words that have changed may still say the same.
    if report.meaning is not None and report.meaning.num_files:
        log(f"meaning: {meaning_counts(report.meaning)}")


def meaning_counts(count: MeaningCount) -> str:
    """Return how many passages have a meaning, and by what, in words."""
    return f"{counted(count.num_passages, 'passage')} in {counted(count.num_files, 'file')}, by {count.model}"


def meaning_held(count: MeaningCount, *, is_unfinished: bool) -> str:
    """Return what a library has of meanings, in words, and what makes those that were asked for and are not there."""
    if not is_unfinished:
        return meaning_counts(count)
    if not count.num_passages:
        return f"asked for, by {count.model}, and not made yet; `framecue index PATHS` makes it"
    return f"{meaning_counts(count)}; not all of it is made yet, `framecue index PATHS` goes on"


def words_without_meaning(num_files: int) -> str:
    """Return in how many files words have come since meanings were made, in words, and what makes theirs."""
    return f"the words of {counted(num_files, 'file')}; `framecue index PATHS` makes it"
