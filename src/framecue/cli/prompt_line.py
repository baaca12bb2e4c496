"""Reading lines at the prompt of ``framecue search``, with editing, history and completion, by prompt_toolkit.

It is imported here alone, when a prompt starts. Python's own ``readline`` is not there on Windows, and on macOS it is
often another library of that name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from framecue.cli.prompt_commands import COMMANDS

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

__all__ = ["line_reader", "prompt_completer"]

_PROMPT = "framecue> "


def line_reader(
    history: Path | None, *, is_kept: Callable[[], bool], on_notice: Callable[[str], None]
) -> Callable[[], str]:
    """Return a function that reads a line from the terminal.

    The function raises ``KeyboardInterrupt`` at Ctrl-C, and ``EOFError`` at Ctrl-D or where the terminal is gone.

    Args:
        history: the file with what was typed before; None for none.
        is_kept: is asked at each line whether it goes into that file.
        on_notice: called with a line if the history cannot be kept.
    """
    from prompt_toolkit import PromptSession
    from prompt_toolkit.history import History, InMemoryHistory
    from prompt_toolkit.shortcuts import CompleteStyle

    from framecue.cli.prompt_history import open_history

    kept: History = InMemoryHistory()
    if history is not None:
        try:
            kept = open_history(history, is_kept=is_kept)
        except OSError as error:
            on_notice(f"what is typed is not kept: {history}: {error.strerror or error}")
    session: PromptSession[str] = PromptSession(
        _PROMPT,
        history=kept,
        completer=prompt_completer(),
        complete_while_typing=False,
        # As a shell does it: no room is kept below the line for a menu.
        complete_style=CompleteStyle.READLINE_LIKE,
        reserve_space_for_menu=0,
    )
    return session.prompt


def prompt_completer() -> Completer:
    """Return what completes commands, what a few of them take, and the names of files."""
    from prompt_toolkit.completion import Completer, PathCompleter
    from prompt_toolkit.document import Document

    files, folders = PathCompleter(expanduser=True), PathCompleter(expanduser=True, only_directories=True)

    class Completing(Completer):
        """Completes a line, of which all up to its cursor counts."""

        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            text = document.text_before_cursor
            command, space, rest = text.partition(" ")
            if not space:
                return _words(text, [f":{name}" for name in COMMANDS])
            if command in (":image", ":video", ":folder"):
                completer = folders if command == ":folder" else files
                return completer.get_completions(Document(rest), complete_event)
            takes = COMMANDS[command[1:]].takes if command[1:] in COMMANDS else ""
            return _words(rest, takes.split("|") if "|" in takes else [])

    return Completing()


def _words(begun: str, words: Iterable[str]) -> Iterable[Completion]:
    """Yield the completions of what is begun among some words."""
    from prompt_toolkit.completion import Completion

    return [Completion(word, -len(begun)) for word in words if word.startswith(begun)]
