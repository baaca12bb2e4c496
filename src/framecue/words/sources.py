"""The sources of words by their names: adding one is one file, and a line here or an entry point of a package.

Nothing of a source is imported before it is made, as each has heavy dependencies of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from framecue.plugins import Registry
from framecue.words.request import SCREEN, SPEECH, SUBTITLES, WordsRequest

if TYPE_CHECKING:
    from framecue.words.source import WordSource

__all__ = ["WORD_SOURCES", "MakesSource", "has_own_speech", "make_source"]

MakesSource = Callable[[WordsRequest], "WordSource"]
"""Makes a source for what is asked. It raises InputError if the source cannot work: its package is not installed (the
message names the extra), or there is no such model or language."""


def _speech(request: WordsRequest) -> WordSource:
    from framecue.words.speech import SpeechSource
    from framecue.words.speech_models import DEFAULT_SPEECH_MODEL

    model = request.model or DEFAULT_SPEECH_MODEL
    return SpeechSource(model, language=request.language, fetches=request.may_fetch)


def _screen(request: WordsRequest) -> WordSource:
    from framecue.words.screen import ScreenText

    return ScreenText(request.model)


def _subtitles(request: WordsRequest) -> WordSource:
    from framecue.words.subtitles import SubtitleTracks

    return SubtitleTracks()


def _why_not(name: str, found: Any) -> str | None:
    return None if callable(found) else "it is nothing that can be called to make a source"


WORD_SOURCES: Registry[MakesSource] = Registry(
    "source of words",
    "framecue.words",
    {SPEECH: _speech, SCREEN: _screen, SUBTITLES: _subtitles},
    _why_not,
)


def has_own_speech() -> bool:
    """Whether speech is heard by framecue's own source, and what that runs on is installed."""
    return WORD_SOURCES.get(SPEECH) is _speech and find_spec("faster_whisper") is not None


def make_source(request: WordsRequest) -> WordSource:
    """Make the source that a request names.

    Raises:
        UnknownNameError: no source has this name.
        InputError: it cannot work; the message says what to do.
    """
    return WORD_SOURCES.get(request.source)(request)
