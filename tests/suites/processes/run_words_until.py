"""`framecue index` of a library's words that stops at a chosen place and stays there, for tests that kill it.

A program; its arguments are a JSON list of the command's arguments, the place, how many times it is passed before, and
the source that is meant. It says "here" when it is there, and stays until it is killed. Each file is a commit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "pythonpath"))

from framecue.library.store.lean import import_lean
from support.colours import ColourEncoder
from support.scripted_words import Spoken


class Place:
    """Where to stay, once it has been passed some times."""

    def __init__(self, name: str, passed: int) -> None:
        self.name, self._left = name, passed

    def reach(self, name: str) -> None:
        """Stay for ever, if this is the place."""
        if name != self.name:
            return
        if self._left:
            self._left -= 1
            return
        print("here", flush=True)
        sys.stdin.read()  # until the end, as nobody writes
        raise AssertionError("whoever started this has let it go on")

    def before(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function that passes the place and then does what it did."""

        def passes(*args: Any) -> Any:
            self.reach(name)
            return function(*args)

        return passes


class Heard(Spoken):
    """A source that passes places before, within and after each file."""

    def __init__(self, name: str, place: Place) -> None:
        super().__init__(name)
        self.place = place

    def __call__(self, request: Any) -> Any:
        source = super().__call__(request)
        find = source.find

        def find_slowly(unit: Any, reader: Any) -> Iterator[Any]:
            self.place.reach("before a file")
            for line in find(unit, reader):
                yield line
                self.place.reach("within a file")

        source.find = find_slowly  # type: ignore[method-assign]
        return source


def run(arguments: list[str], place: Place, meant: str) -> int:
    import_lean()  # as the program does, before anything imports LanceDB
    import framecue.cli.runtime
    from framecue.cli.main import main
    from framecue.library.indexing import words_run
    from framecue.library.store.timed_texts import TimedTexts
    from framecue.library.store.words_notes import WordsNotes
    from framecue.words.sources import WORD_SOURCES

    words_run.LINES_PER_COMMIT = 1
    for name in ("speech", "screen", "subtitles"):
        made = Heard(name, place) if name == meant else Spoken(name)
        WORD_SOURCES.built_in[name] = made  # type: ignore[assignment]
    TimedTexts._table_with = place.before("before the lines", TimedTexts._table_with)  # type: ignore[method-assign]
    WordsNotes.note_done = place.before("before the note", WordsNotes.note_done)  # type: ignore[method-assign]
    # The real one is imported for as long as all the rest takes.
    framecue.cli.runtime.library_model = lambda *args, **options: ColourEncoder()  # type: ignore[assignment]
    return main(arguments)


if __name__ == "__main__":
    raise SystemExit(run(json.loads(sys.argv[1]), Place(sys.argv[2], int(sys.argv[3])), sys.argv[4]))
