"""The sources of words of a library's runs: each is made when it is first needed, and kept for the next run.

A source that somebody asks for has to work. One that the library has had may not work here, as its package is not
installed or its model is elsewhere: then pictures are indexed without it, and the report says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from framecue.errors import FramecueError
from framecue.words.request import WordsRequest

if TYPE_CHECKING:
    from framecue.words.source import WordSource

__all__ = ["KeptSources"]


class KeptSources:
    """Makes sources, and keeps them: a model that was loaded serves the next run.

    It is pickled without them: another process makes its own.
    """

    def __init__(self) -> None:
        self._made: dict[WordsRequest, WordSource] = {}

    def __getstate__(self) -> dict[str, object]:
        return {"_made": {}}

    def make(self, request: WordsRequest) -> WordSource:
        """Return the source for a request.

        Raises:
            InputError: it cannot work; the message says what to do.
        """
        if request not in self._made:
            from framecue.words.sources import make_source

            self._made[request] = make_source(request)
        return self._made[request]

    def make_if_able(self, request: WordsRequest, left_out: dict[str, str]) -> WordSource | None:
        """Return the source for a request; None, and the reason noted in ``left_out``, if it cannot work."""
        try:
            return self.make(request)
        except FramecueError as error:
            left_out[request.source] = str(error)
            return None

    def check(self, requests: Mapping[str, WordsRequest]) -> None:
        """Refuse requests that cannot be met, before anything else is done.

        Raises:
            InputError: a source cannot work; the message says what to do.
        """
        for request in requests.values():
            _ = self.make(request).fingerprint
