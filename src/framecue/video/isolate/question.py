"""What a question about a file is: it is asked in one process and answered in another, which decodes the file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

__all__ = ["Decide", "Question"]

Part = TypeVar("Part", covariant=True)

# Something learned on the way -> whether to go on; it is called in the process that asked.
Decide = Callable[[str], bool]


@dataclass(frozen=True)
class Question(ABC, Generic[Part]):
    """A question about one file. It is pickled, and so are the parts of its answer.

    A new question is one new file under ``questions/``: nothing else has to know of it.

    Attributes:
        path: the file.
    """

    path: str

    @abstractmethod
    def answer(self, decide: Decide) -> Iterator[Part]:
        """Yield the answer part by part; this runs in the decoding process.

        Args:
            decide: tells the asking process something, and returns whether to go on.

        Raises:
            VideoError: the file cannot be used. Any other error is taken for a defect.
        """

    def unchanging(self, part: object) -> object:
        """Return what of a part must be the same when the file is read again after a crash.

        It is kept for each part, so it has to be small; ``None`` where nothing is compared.
        """
        return None
