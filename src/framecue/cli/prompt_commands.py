"""What may be typed at the prompt of ``framecue search``: a text to search for, or a command that starts with a colon.

A colon, as no text that describes a video starts with one, while any word may be what somebody looks for.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import NamedTuple

from framecue.errors import InputError

__all__ = ["COMMANDS", "FILTERS", "PromptCommand", "Typed", "help_lines", "parse_typed"]


class PromptCommand(NamedTuple):
    """A command of the prompt.

    Attributes:
        takes: what follows it, as its help shows it; empty for nothing.
        does: what it does, in a line.
        short: another name for it; empty for none.
    """

    takes: str
    does: str
    short: str = ""


class Typed(NamedTuple):
    """A line that was typed: a command's whole name, and what follows it."""

    command: str
    rest: str


FILTERS: dict[str, PromptCommand] = {
    "folder": PromptCommand("FOLDER", "only videos below this folder"),
    "path": PromptCommand("GLOB", "only files, or folders, of this name or path"),
    "longer-than": PromptCommand("TIME", "only videos that last longer"),
    "shorter-than": PromptCommand("TIME", "only videos that last less long"),
    "after": PromptCommand("DATE", "only what was recorded on this day or later"),
    "before": PromptCommand("DATE", "only what was recorded before this day"),
    "kind": PromptCommand("video|image", "only videos, or only pictures"),
    "where": PromptCommand("SQL", "only rows for which this holds"),
}
"""The commands that set a filter, named as the options; without a value each takes its filter away."""

COMMANDS: dict[str, PromptCommand] = {
    "search": PromptCommand("TEXT", "search for a text, also one that is a command's name"),
    "with": PromptCommand("TEXT^WEIGHT", "add a text to the query"),
    "without": PromptCommand("TEXT^WEIGHT", "search away from a text"),
    "image": PromptCommand("FILE", "add a picture to the query"),
    "video": PromptCommand("FILE @TIME", "add a video, or a moment of it, to the query"),
    "like": PromptCommand("N^WEIGHT", "more like result N"),
    "unlike": PromptCommand("N^WEIGHT", "not like result N; its weight is 0.5 if none is given"),
    "right": PromptCommand("N,N", "what was meant: order once more by it; without a number no marks"),
    "wrong": PromptCommand("N,N", "what was not meant: order once more by it; without a number no marks"),
    "then": PromptCommand("TEXT", "and what comes after it in the same video"),
    "within": PromptCommand("TIME", "how soon the next thing begins: 30s, 1m30s, or 1:30; without a value any time"),
    "undo": PromptCommand("", "back to the search before", "u"),
    "next": PromptCommand("", "the next page of results", "n"),
    "previous": PromptCommand("", "the page before", "p"),
    "page": PromptCommand("N", "page N"),
    "open": PromptCommand("N", "open result N in a player, at its moment", "o"),
    "export": PromptCommand("FILE", "write the results shown for another program: .otio .edl .csv .m3u .vtt .srt"),
    "teach": PromptCommand("NAME N,N", "teach the library a name by results: Rex 1,4 unlike 2 is dog shows TEXT TEXT"),
    "names": PromptCommand("", "what the library was taught, and how well it is found"),
    "forget": PromptCommand("NAME", "forget a name: it is an unknown word again"),
    **FILTERS,
    "unfiltered": PromptCommand("", "take all filters away"),
    "k": PromptCommand("N", "how many results a page has"),
    "min-score": PromptCommand("SCORE", "leave out what scores less; without a value nothing"),
    "only": PromptCommand("LEG ...", "ask these legs alone: seen, said, written, named, captions, meaning"),
    "min-confidence": PromptCommand("SHARE", "leave out what fits less: 0.25, or 25%; without a value nothing"),
    "hybrid": PromptCommand("on|off", "let words of names, captions and subtitles have a say"),
    "all-moments": PromptCommand("on|off", "several moments of a video, not its best alone"),
    "refine": PromptCommand("on|off", "move the edges of results to where their frames begin and end to match"),
    "explain": PromptCommand("on|off", "show why each result is there"),
    "show": PromptCommand("", "what is searched for, and among what", "s"),
    "history": PromptCommand("on|off", "whether what is typed is kept for the next time"),
    "help": PromptCommand("", "this list", "h"),
    "quit": PromptCommand("", "end; so does Ctrl-D", "q"),
}
"""All commands by name, in the order in which the help lists them."""

# Whoever does not know the prompt types these first; ":search help" looks for the word.
_BARE = {"help": "help", "?": "help", "quit": "quit", "exit": "quit"}
_SHORT = {command.short: name for name, command in COMMANDS.items() if command.short} | {"?": "help", "exit": "quit"}


def parse_typed(line: str) -> Typed | None:
    """Return what a line that was typed asks for; None for a line with nothing in it.

    Raises:
        InputError: there is no such command, or it takes nothing, or it needs something that is not there.
    """
    line = line.strip()
    if not line:
        return None
    if not line.startswith(":"):
        return Typed(_BARE[line.lower()], "") if line.lower() in _BARE else Typed("search", line)
    word, _, rest = line[1:].strip().partition(" ")
    name, rest = _name(word.lower()), rest.strip()
    takes = COMMANDS[name].takes
    if rest and not takes:
        raise InputError(f":{name} takes nothing after it, and {rest[:80]!r} is there")
    if not rest and takes and not _may_be_bare(name):
        raise InputError(f":{name} takes {takes}: {COMMANDS[name].does}")
    return Typed(name, rest)


def help_lines() -> list[str]:
    """Return the help: what may be typed, a line each."""
    width = max(len(_usage(name)) for name in COMMANDS)
    return [
        f"{'TEXT':<{width}}  a new search for what it says",
        *(f"{_usage(name):<{width}}  {command.does}" for name, command in COMMANDS.items()),
        "Filters stay until they are taken away: such a command without a value, or :unfiltered. Ctrl-C ends a search.",
    ]


def _usage(name: str) -> str:
    command = COMMANDS[name]
    short = f", :{command.short}" if command.short else ""
    return f":{name}{short} {command.takes}".rstrip()


def _name(word: str) -> str:
    """Return the whole name of a command; as much of it as no other begins with will do.

    Raises:
        InputError: there is no such command, or there are several.
    """
    if word in COMMANDS or word in _SHORT:
        return _SHORT.get(word, word)
    meant = [name for name in COMMANDS if word and name.startswith(word)]
    if len(meant) == 1:
        return meant[0]
    near = meant or get_close_matches(word, COMMANDS, n=2)
    hint = f"did you mean {' or '.join(f':{name}' for name in near)}?" if near else ":help lists the commands"
    raise InputError(f"there is no command :{word[:80]}; {hint}")


def _may_be_bare(name: str) -> bool:
    """Whether a command does something without a value too: takes a filter away, or turns a switch."""
    return (
        name in FILTERS
        or name in ("min-score", "min-confidence", "only", "within", "right", "wrong")
        or COMMANDS[name].takes == "on|off"
    )
