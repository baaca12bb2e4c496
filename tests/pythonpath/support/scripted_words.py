"""A source of words that says what the tests want: two lines for each file, with the file's name in them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from framecue.video import IsolatedReader
from framecue.words.request import WordsRequest
from framecue.words.source import WordsFingerprint, WordsUnit
from framecue.words.timed_text import SAID, Kind, TimedText, TimedWord

__all__ = ["Spoken"]


class Spoken:
    """What the tests register as a source; each call makes one, and all of them note in ``heard`` what they are asked.

    Args:
        name: of the source.
        kind: of its words.

    Attributes:
        heard: (path, model) of each file, in order.
        damaged: by the name of a file, what happens after its first line.
        version: of what finds the words.
        missing: why the source cannot work; None if it can.
        units: what it was asked.
    """

    def __init__(self, name: str, kind: Kind = SAID) -> None:
        self.name, self.kind = name, kind
        self.heard: list[tuple[str, str | None]] = []
        self.units: list[WordsUnit] = []
        self.damaged: dict[str, BaseException] = {}
        self.version = "1"
        self.missing: Exception | None = None
        self.num_made = 0

    def __call__(self, request: WordsRequest) -> _Source:
        if self.missing:
            raise self.missing
        self.num_made += 1
        return _Source(self, request)

    def names(self) -> list[str]:
        """Return the names of the files that were heard since this was asked last."""
        names = [Path(path).name for path, _ in self.heard]
        self.heard.clear()
        return names


class _Source:
    def __init__(self, script: Spoken, request: WordsRequest) -> None:
        self._script, self._request = script, request
        self.kind = script.kind

    @property
    def fingerprint(self) -> WordsFingerprint:
        options = {"language": self._request.language}
        return WordsFingerprint(
            source=self._script.name,
            model=self._request.model or "usual",
            version=self._script.version,
            options=options,
        )

    def find(self, unit: WordsUnit, reader: IsolatedReader) -> Iterator[TimedText]:
        self._script.heard.append((unit.path, self._request.model))
        self._script.units.append(unit)
        name = Path(unit.path).stem
        # By content, as a real source's words are.
        content = hashlib.sha1(Path(unit.path).read_bytes(), usedforsecurity=False).hexdigest()[:6]
        words = (TimedWord(0.25, 0.5, f" {name}"), TimedWord(0.5, 0.75, " speaks"))
        yield TimedText(0.25, 0.75, f"{name} speaks", self.kind, self._request.language or "en", 0.5, words)
        if problem := self._script.damaged.get(Path(unit.path).name):
            raise problem
        yield TimedText(1, 2, f"content {content}", self.kind, None, 0.5)
