"""What makes the runners of a run, for ``Library.add``; importing it brings nothing that reads or encodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import AbstractContextManager

    from framecue.library.indexing.runner import EncodingTask, Runner
    from framecue.library.indexing.words_runner import ReadLimits, UsableSource, WordsRunner

__all__ = ["MakeRunner", "MakeWordsRunner"]


class MakeRunner(Protocol):
    """Makes the runner of a run, to be used in a ``with`` block: what it has started ends with the block."""

    def __call__(self, task: EncodingTask) -> AbstractContextManager[Runner]:
        """Return the runner for a task.

        Raises:
            InputError: the task asks for what this kind of runner cannot do.
        """
        ...


class MakeWordsRunner(Protocol):
    """Makes a runner that finds words, for one run."""

    def __call__(self, sources: Mapping[str, UsableSource], limits: ReadLimits) -> AbstractContextManager[WordsRunner]:
        """Return a runner, to be used in a ``with`` block.

        Args:
            sources: those that works will name.
            limits: of what reads the files.

        Raises:
            InputError: a limit is not above 0, or it cannot run here.
        """
        ...
