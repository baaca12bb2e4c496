"""What ``framecue index`` says if a run ends early: what is in the library, and how to go on."""

from __future__ import annotations

from types import TracebackType

from framecue.cli.output import log
from framecue.cli.stopping import say_at_stop
from framecue.counts import counted

__all__ = ["NOTHING_YET", "KeptSoFar"]

NOTHING_YET = "nothing new is in the library yet; the same command begins anew"
_PICTURES = "all pictures are in the library; the same command goes on with what is left"
_WORDS = "all pictures and words are in the library; the same command goes on with the meanings"
_ALL = "everything is in the library"


class KeptSoFar:
    """Follows a run, and says what it has kept: last of all where somebody stops it, before the error where it fails.

    Use it in a ``with`` block around the run, and call its methods as the run goes on.
    """

    def __init__(self) -> None:
        self._at_the_end: str | None = None
        say_at_stop(NOTHING_YET)

    def __enter__(self) -> KeptSoFar:
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        if kind is None:
            say_at_stop(_ALL)
        elif self._at_the_end is not None and not issubclass(kind, KeyboardInterrupt):
            log(self._at_the_end)

    def note_pictures(self, done: float, total: int) -> None:
        """Note how many files have been looked at."""
        if done >= total:
            say_at_stop(_PICTURES)

    def note_words(self) -> None:
        """Note that words are being looked for, or are about to be."""
        say_at_stop(_PICTURES)

    def note_meanings(self) -> None:
        """Note that words are getting their meanings."""
        say_at_stop(_WORDS)

    def end_pictures(self, num_kept: int, num_files: int) -> None:
        """Note what was kept of a run that has ended in its pictures."""
        self._end(_pictures_kept(num_kept, num_files))

    def end_words(self, num_kept: int, num_files: int) -> None:
        """Note what was kept of a run that has ended while it was looking for words."""
        self._end(
            f"all pictures are in the library, and the words of {num_kept} of {counted(num_files, 'file')}; "
            "the same command goes on"
        )

    def _end(self, sentence: str) -> None:
        self._at_the_end = sentence
        say_at_stop(sentence)


def _pictures_kept(num_kept: int, num_files: int) -> str:
    if num_kept >= num_files:
        return _PICTURES
    if not num_kept:
        none, them = ("the file is not", "it") if num_files == 1 else (f"none of {num_files} files is", "them")
        return f"{none} in the library yet; the same command goes on with {them}"
    num_left = num_files - num_kept
    are, stay = ("are", "stay") if num_kept > 1 else ("is", "stays")
    kept = f"{num_kept} of {num_files} files {are} in the library and {stay} there"
    return f"{kept}; the same command goes on with the {num_left} that {'is' if num_left == 1 else 'are'} left"
