"""What finds words in a video: the one interface of speech, text on screen and subtitles."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from framecue.video import IsolatedReader
from framecue.words.timed_text import Kind, TimedText

__all__ = ["WordSource", "WordsFingerprint", "WordsUnit"]


@dataclass(frozen=True, kw_only=True)
class WordsFingerprint:
    """What found words: two sources with equal fingerprints find the same words in the same file.

    Attributes:
        source: its name: "subtitles", "speech", "screen".
        model: the model's name or folder; None where there is none.
        revision: the hub's commit, or a hash of the folder's content: a model in another place with it is the same.
        version: of the library that runs it, and of framecue's own rules about it.
        options: what else changes the words, as in JSON.
    """

    source: str
    model: str | None = None
    revision: str | None = None
    version: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # As it comes back from a library: a tuple and a list of the same values are the same options.
        object.__setattr__(self, "options", json.loads(json.dumps(dict(self.options), sort_keys=True)))

    @property
    def key(self) -> str:
        """The text that a library keeps to tell whether a file has been done: everything but the model's place."""
        place = None if self.revision is not None else self.model
        return json.dumps([self.source, place, self.revision, self.version, self.options], sort_keys=True)


@dataclass(frozen=True)
class WordsUnit:
    """A file in which words are to be found.

    Attributes:
        path: absolute path of the file.
        segments: (start_seconds, end_seconds) of what the library cut it into, in order; (0, 0) alone for a picture.
        kind: "video" or "image".
    """

    path: str
    segments: Sequence[tuple[float, float]]
    kind: str = "video"


class WordSource(Protocol):
    """Finds words in files; it is made once a run and asked for one file after another."""

    kind: Kind
    """Whether what it finds was said or written."""

    @property
    def fingerprint(self) -> WordsFingerprint:
        """What it is; known without loading a model."""

    def find(self, unit: WordsUnit, reader: IsolatedReader) -> Iterator[TimedText]:
        """Yield what is said or written in a file, in the order of the beginnings.

        A file without sound, without subtitles, or without a word yields nothing.

        Args:
            unit: the file.
            reader: decodes it, in another process and within its limits.

        Raises:
            VideoError: the file, or the part of it that it needs, cannot be read. What was yielded before stands.
        """
