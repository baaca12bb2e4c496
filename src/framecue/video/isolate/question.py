"""What a question about a file is: it is asked in one process and answered in another, which decodes the file."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Literal, TypeVar

__all__ = ["Decide", "Question"]

Part = TypeVar("Part", covariant=True)

# Something learned on the way -> whether to go on; it is called in the process that asked.
Decide = Callable[[str], bool]


@dataclass(frozen=True)
class Question(ABC, Generic[Part]):
    """A question about one file. It is pickled, and so are the parts of its answer.

    A new question is one new file under ``questions/``: nothing else has to know of it.

    Attributes:
        path: the file, or the URL of an object in a store.
        object_bytes: how large the object is whose bytes the asking process reads for this one; None for a file on
            disk. Whoever asks leaves that to the reader.
        reads: how much of the file is read for it: "all", often several times; "some" of it if the file has tables of
            its packets, as an mp4 has, else all; or "little", or all of it once.
    """

    path: str
    object_bytes: int | None = field(default=None, kw_only=True)
    reads: ClassVar[Literal["all", "some", "little"]] = "some"

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
