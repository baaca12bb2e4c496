"""The sources of words of a library's runs: each is made when it is first needed, and kept for the next run.

A source that somebody asks for has to work. One that the library has had may not work here, as its package is not
installed or its model is elsewhere: then pictures are indexed without it, and the report says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from framecue.errors import FramecueError, InputError, UnknownNameError
from framecue.library.indexing.options import AddOptions
from framecue.library.indexing.words_plan import ReadySource, wanted_words
from framecue.library.store.words_notes import AskedWords
from framecue.words.request import AUTO, WordsRequest

if TYPE_CHECKING:
    from framecue.words.source import WordSource

__all__ = ["KeptSources", "ReadySources"]


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
        """Return the source for a request that nobody makes now; nothing is downloaded for it.

        Returns:
            None, and the reason noted in ``left_out``, if it cannot work.
        """
        try:
            return self.make(replace(request, may_fetch=False))
        except FramecueError as error:
            left_out[request.source] = str(error)
            return None

    def check(self, had: Mapping[str, AskedWords], options: AddOptions) -> None:
        """Refuse what is asked for and cannot be, before anything else is done.

        Args:
            had: what the library has been asked for before.
            options: of the run.

        Raises:
            UnknownNameError: no source has a name that is to be taken out.
            InputError: a source that is asked for cannot work; the message says what to do.
        """
        asked = options.words_asked()
        if not asked and not options.words_dropped():
            return
        from framecue.words.sources import WORD_SOURCES

        for name in sorted(options.words_dropped() - had.keys()):
            if name not in WORD_SOURCES.names():
                raise UnknownNameError(WORD_SOURCES.kind, name, WORD_SOURCES.names())
        for name, request in wanted_words(had, options).items():
            if name in asked:
                try:
                    _ = self.make(request).fingerprint
                except InputError as error:
                    if not (remembered := _remembered(asked[name], request, str(error))):
                        raise
                    raise InputError(f"{error}; {remembered}") from error


def _remembered(asked: WordsRequest, request: WordsRequest, reason: str) -> str:
    """Return what of a request that cannot be met nobody has asked for now; nothing if that is not the reason."""
    told = [
        f"{value} is the {what} that the library has had last; name another{also}"
        for what, given, value, also in (
            ("model", asked.model, request.model, ""),
            ("language", asked.language, request.language, f", or {AUTO}"),
        )
        if given is None and value is not None and re.search(rf"(?<!\w){re.escape(value)}(?!\w)", reason)
    ]
    return "; ".join(told)


class ReadySources:
    """The sources of a run, each made when it is needed.

    Args:
        sources: makes them.
        had: what the library has been asked for before.
        wanted: what is wanted of each.
        options: of the run.
        left_out: gets the sources that nobody asks for now and that cannot work, with reasons.
        may_fetch: whether a model that is asked for now and not on this machine is downloaded.
    """

    def __init__(
        self,
        sources: KeptSources,
        had: Mapping[str, AskedWords],
        wanted: Mapping[str, WordsRequest],
        options: AddOptions,
        left_out: dict[str, str],
        *,
        may_fetch: bool = True,
    ) -> None:
        self._may_fetch = may_fetch
        self._sources, self._had, self._wanted, self._left_out = sources, had, wanted, left_out
        self._asked_now = options.words_asked()
        self._ready: dict[str, ReadySource | None] = {}

    def get(self, name: str) -> ReadySource | None:
        """Return a source; None if it cannot work and nobody asks for it now."""
        if name not in self._ready:
            self._ready[name] = self._make(name)
        return self._ready[name]

    def _make(self, name: str) -> ReadySource | None:
        request, is_asked_now = self._wanted[name], name in self._asked_now
        if is_asked_now:
            source = self._sources.make(replace(request, may_fetch=self._may_fetch))
        else:
            found = self._sources.make_if_able(request, self._left_out)
            if found is None:
                return None
            source = found
        fingerprint = source.fingerprint
        asked = AskedWords(
            request=request, fingerprint=fingerprint.key, kind=source.kind, model=fingerprint.model, is_wanted=True
        )
        if not is_asked_now and name in self._had and self._had[name].fingerprint:
            asked = replace(asked, fingerprint=self._had[name].fingerprint)
        return ReadySource(source, asked, is_asked_now)

    def asked(self) -> list[AskedWords]:
        """Return what is to be noted of the sources that have been made, as far as it is new."""
        made = [ready.asked for ready in self._ready.values() if ready is not None]
        return [asked for asked in made if self._had.get(asked.request.source) != asked]
