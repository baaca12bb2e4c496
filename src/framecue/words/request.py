"""What is asked of a source of words: its name, and with which model and in which language it is to work."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["AUTO", "SCREEN", "SIDECARS", "SPEECH", "SUBTITLES", "WordsRequest"]

# In place of a language: find it out, whatever was asked for before.
AUTO = "auto"
SPEECH, SCREEN, SUBTITLES = "speech", "screen", "subtitles"
# The files beside a video, which a library reads itself: whoever asks for subtitles gets these too.
SIDECARS = "sidecars"


@dataclass(frozen=True, kw_only=True)
class WordsRequest:
    """What is asked of a source; a library keeps it, so that new files get what the others have.

    Attributes:
        source: its registered name.
        model: a hub name or a folder; None for the source's own choice.
        language: ISO 639-1 code of what is said or written; None to find it out. AUTO is for :meth:`over` alone.
        may_fetch: whether a model that is not on this machine is downloaded; no part of what is asked for.
    """

    source: str
    model: str | None = None
    language: str | None = None
    may_fetch: bool = field(default=True, compare=False)

    def over(self, earlier: WordsRequest | None) -> WordsRequest:
        """Return this request; what it leaves open is as it was in an earlier one, None if there is none."""
        model, language = self.model, self.language
        if earlier is not None:
            model, language = model or earlier.model, language or earlier.language
        return replace(self, model=model, language=None if language == AUTO else language)

    def to_json(self) -> str:
        """Return the text as which a library keeps it."""
        return json.dumps({"source": self.source, "model": self.model, "language": self.language}, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> WordsRequest:
        """Return the request that such a text says; what this framecue does not know is left out."""
        known: Mapping[str, Any] = json.loads(text)
        return cls(source=str(known["source"]), model=known.get("model"), language=known.get("language"))
