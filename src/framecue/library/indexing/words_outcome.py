"""What a run did about words, and what it calls while it looks for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from framecue.library.results import Remark, WordsCount, WordsFailure
from framecue.progress import ProgressCallback, StopCallback

__all__ = ["WordsHooks", "WordsOutcome"]


class _Report(TypedDict):
    """What a report says about words."""

    words: list[WordsCount]
    words_failed: list[WordsFailure]
    words_taken_out: list[str]
    words_left_out: dict[str, str]


@dataclass(frozen=True)
class WordsHooks:
    """What a run calls while it looks for words; see ``Library.add``."""

    progress: ProgressCallback | None = None
    on_stop: StopCallback | None = None


@dataclass
class WordsOutcome:
    """What a run did about words.

    Attributes:
        counts: what was looked for, by source.
        failed: the files in which not all could be looked for, with reasons.
        taken_out: the sources whose words were taken out.
        left_out: the sources that the library has had and that cannot work here, with reasons.
        warnings: the files some of whose lines have times that cannot be, each with what became of them.
        told_beside: the files of which warnings speak because of what lies beside them.
    """

    counts: dict[str, WordsCount] = field(default_factory=dict)
    failed: list[WordsFailure] = field(default_factory=list)
    taken_out: list[str] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    warnings: list[Remark] = field(default_factory=list)
    told_beside: set[str] = field(default_factory=set)

    def report(self) -> _Report:
        """Return what an ``AddReport`` says of it."""
        return {
            "words": list(self.counts.values()),
            "words_failed": self.failed,
            "words_taken_out": self.taken_out,
            "words_left_out": self.left_out,
        }
