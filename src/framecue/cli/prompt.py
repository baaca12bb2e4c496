"""The prompt of ``framecue search`` without a text: one search after another, with all that it takes kept loaded.

Nothing but its user ends it: an error is a line, Ctrl-C ends a search, Ctrl-D and :quit end the prompt.
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING

import click

from framecue.cli.explaining import explain
from framecue.cli.exporting import check_exports, export_results
from framecue.cli.hits import NOTHING_FITS, print_hits
from framecue.cli.last_search import keep_search
from framecue.cli.long_steps import told_if_long
from framecue.cli.names import list_names
from framecue.cli.nothing_found import nothing_message
from framecue.cli.opening import open_hit
from framecue.cli.output import log, one_line, shown_path
from framecue.cli.prompt_commands import Typed, help_lines, parse_typed
from framecue.cli.prompt_history import history_file
from framecue.cli.prompt_line import line_reader
from framecue.cli.prompt_names import forget_typed, teach_typed
from framecue.cli.prompt_search import PromptSearch, changed, number_of
from framecue.cli.signals import TerminatedError
from framecue.cli.within import within_hint
from framecue.counts import counted
from framecue.errors import FingerprintError, InputError, OutputExistsError
from framecue.library import SearchResult

if TYPE_CHECKING:
    from framecue.library import Hit, InOrder, Library, Query

__all__ = ["Prompt", "can_prompt", "run_prompt"]


def can_prompt() -> bool:
    """Whether there is a person: what is typed comes from a terminal, and the results go to one."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def run_prompt(open_library: Callable[[], Library], search: PromptSearch) -> None:
    """Read what is typed and do it, until Ctrl-D or :quit.

    Args:
        open_library: opens the library with its model; called again if the library is made anew with another model.
        search: with what to begin.

    Raises:
        TerminatedError: the process is asked to end.
        FramecueError: the library cannot be opened.
    """
    prompt = Prompt(open_library, search)
    library = prompt.library
    log(f"library {shown_path(library.uri)}: {counted(library.count_videos(), 'file')}")
    log("type what to find; :help lists what else there is, Ctrl-D ends")
    file = history_file()
    prompt.is_history_kept = file is not None
    read_line = line_reader(file, is_kept=lambda: prompt.is_history_kept, on_notice=log)
    with _interrupts() as search_may_be_interrupted:
        while True:
            try:
                line = read_line()
            except EOFError:
                return
            except TerminatedError:
                raise
            except KeyboardInterrupt:  # what was begun is dropped, as in a shell
                continue
            try:
                with search_may_be_interrupted():
                    if not prompt.take(line):
                        return
            except TerminatedError:
                raise
            except KeyboardInterrupt:
                click.echo(err=True)  # the terminal has written ^C
                log("stopped; Ctrl-D ends the prompt")
            except Exception as error:
                explain(error)


class Prompt:
    """What is known between two lines: the library, the search as it stands, and its results.

    Args:
        open_library: opens the library with its model.
        search: with what to begin.

    Attributes:
        library: as it was opened last.
        search: the search as it stands: the last one that could be carried out.
        shown: its results that were shown, by rank.
        is_history_kept: whether what is typed is to be kept.
    """

    def __init__(self, open_library: Callable[[], Library], search: PromptSearch) -> None:
        self._open_library = open_library
        self.library = open_library()
        self.search = search
        self.shown: dict[int, Hit] = {}
        self.is_history_kept = False
        self._before: list[PromptSearch] = []

    def take(self, line: str) -> bool:
        """Do what a line asks for, and return whether to go on.

        Raises:
            FramecueError: it cannot be done; everything stays as it was.
        """
        typed = parse_typed(line)
        if typed is None:
            return True
        if typed.command == "quit":
            return False
        search = self._undone() if typed.command == "undo" else changed(self.search, typed, self.shown)
        if search is None:
            self._do(typed)
            return True
        hits = self._find(search)
        self._keep(search, hits, is_undo=typed.command == "undo")
        self._show(search, hits)
        return True

    def _do(self, typed: Typed) -> None:
        """Do what changes no search."""
        if typed.command == "open":
            open_hit([self.shown[rank] for rank in sorted(self.shown)], number_of(self.shown, typed.rest))
        elif typed.command == "export":
            self._export(typed.rest)
        elif typed.command == "teach":
            self._teach(typed.rest)
        elif typed.command == "forget":
            forget_typed(self.library, typed.rest)
        elif typed.command == "names":
            list_names(self.library, self.library.taught_names())
        elif typed.command == "help":
            click.echo("\n".join(help_lines()))
        elif typed.command == "history":
            self._switch_history(typed.rest)
        else:
            click.echo(one_line(str(self.search)))

    def _export(self, name: str) -> None:
        """Write the results that were shown, all pages of them; a file that is there is never replaced."""
        if not self.shown:
            raise InputError("there are no results yet; type what to search for")
        shown = SearchResult(str(self.search.query), [self.shown[rank] for rank in sorted(self.shown)])
        try:
            export_results([shown], check_exports([name], self.library.uri, force=False), self.library.uri)
        except OutputExistsError as error:
            raise InputError(f"{error.path}: exists already; name another file") from error

    def _teach(self, rest: str) -> None:
        """Teach the library a name by the results that were shown."""
        try:
            teach_typed(self.library, rest, self.shown)
        except FingerprintError:
            self.library = self._open_library()
            teach_typed(self.library, rest, self.shown)

    def _switch_history(self, word: str) -> None:
        if word.lower() not in ("", "on", "off"):
            raise InputError(f"{word[:80]!r} is neither on nor off")
        if word:
            if word.lower() == "on" and history_file() is None:
                raise InputError("FRAMECUE_HISTORY says that no history is kept; start the prompt without it")
            self.is_history_kept = word.lower() == "on"
        click.echo(f"what is typed is {'kept' if self.is_history_kept else 'not kept'}")

    def _find(self, search: PromptSearch) -> list[Hit]:
        """Search; a library that was made anew with another model is opened anew.

        Raises:
            FramecueError: it cannot be done.
        """
        if search.query is None:
            # A filter that cannot be used is said now, and not at each search from now on.
            self.library.count_videos(search.options().filters)
            return []
        try:
            return self._search(search, search.query)
        except FingerprintError:
            self.library = self._open_library()
            return self._search(search, search.query)

    def _search(self, search: PromptSearch, query: Query | InOrder) -> list[Hit]:
        with told_if_long("searching"):
            return self.library.search(query, options=search.options(), right=search.right, wrong=search.wrong)

    def _keep(self, search: PromptSearch, hits: list[Hit], *, is_undo: bool) -> None:
        """Take a search that went well as the one that stands; a page beyond the last one is none."""
        is_same = replace(search, page=self.search.page) == self.search
        if search.page > 1 and not hits:
            return
        if is_undo:
            self._before.pop()
        elif not is_same:
            self._before.append(self.search)
        if not is_same:
            self.shown = {}
        self.search = search
        self.shown.update({hit.rank: hit for hit in hits})
        if self.is_history_kept and search.query is not None:
            keep_search(self.library.uri, str(search.query), [self.shown[rank] for rank in sorted(self.shown)])

    def _show(self, search: PromptSearch, hits: list[Hit]) -> None:
        if search.query is None:
            click.echo(one_line(str(search)))
        elif hits:
            if str(search) != str(search.query) or len(search.query.parts) > 1:
                click.echo(one_line(str(search)))
            if search.page == 1 and SearchResult(str(search.query), hits).fits is False:
                click.echo(NOTHING_FITS)
            print_hits(hits, hybrid=search.settings.hybrid)
            is_marked = search.right or search.wrong
            if not is_marked and (hint := within_hint(self.library, search.query, hits, search.options(), mark=":")):
                log(hint)
        else:
            log(nothing_message(self.library, [search.query], search.page, search.options(), mark=":"))

    def _undone(self) -> PromptSearch:
        if not self._before:
            raise InputError("there is no search before this one")
        return self._before[-1]


@contextmanager
def _interrupts() -> Iterator[Callable[[], AbstractContextManager[None]]]:
    """Have Ctrl-C end a search, once each, and nothing else, while the block runs.

    Yields:
        A function that returns a context, in which Ctrl-C raises KeyboardInterrupt.
    """
    is_open = False

    def answer(number: int, frame: FrameType | None) -> None:
        nonlocal is_open
        if is_open:
            # Another one, of a key that is held down, would come while this one is told.
            is_open = False
            raise KeyboardInterrupt

    @contextmanager
    def opened() -> Iterator[None]:
        nonlocal is_open
        is_open = True
        try:
            yield
        finally:
            is_open = False

    before = signal.signal(signal.SIGINT, answer)
    try:
        yield opened
    finally:
        signal.signal(signal.SIGINT, before)
