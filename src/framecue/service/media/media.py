"""What a server has for its videos: what is known of files, what is being converted, what is kept."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from framecue.service.media.reading import StreamsReader

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Media"]


class Media:
    """What a server has for its videos; any thread may use it.

    Attributes:
        streams: says what a file is made of.
    """

    def __init__(self) -> None:
        self.streams = StreamsReader()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all processes."""
        self.streams.close()
