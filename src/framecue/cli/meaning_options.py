"""The options by which a person asks for the meaning of words; ``--meaning`` takes no value, so it eats no path."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from framecue.cli.model_files import get_model_files

if TYPE_CHECKING:
    from framecue.library import Library

__all__ = ["fetch_sentence_model", "meaning_options"]

OPTION = "--sentence-model"

Command = TypeVar("Command", bound=Callable[..., Any])


def meaning_options(command: Command) -> Command:
    """Add the options; the command gets a name, True for the library's model or the default, False, or None."""

    @click.option(
        "--meaning/--no-meaning",
        is_flag=True,
        default=None,
        help="Find words by what they mean, too; from then on those of new files. --no-... takes it out.",
    )
    @click.option(
        OPTION,
        metavar="MODEL",
        help="Find meanings with this sentence encoder: a hub name or a folder. Asks for --meaning.  "
        "[default: intfloat/multilingual-e5-small, 0.5 GB]",
    )
    @wraps(command)
    def wrapped(*args: Any, meaning: bool | None, sentence_model: str | None, **others: Any) -> Any:
        if meaning is False and sentence_model is not None:
            raise click.UsageError(f"--no-meaning and {OPTION} are given together; leave one out")
        if sentence_model == "":
            raise click.UsageError("the name of the sentence encoder is empty; give a hub name or a folder")
        return command(*args, meaning=meaning if sentence_model is None else sentence_model, **others)

    return cast(Command, wrapped)


def fetch_sentence_model(library: Library, meaning: bool | str | None, *, yes: bool) -> None:
    """Download what this machine lacks of the sentence encoder that is asked for, after saying how much that is.

    Args:
        library: whose encoder is meant where no name is given.
        meaning: from the options.
        yes: whether not to ask a person at a terminal.

    Raises:
        InputError: the person said no.
        ModelError: the hub cannot be reached or has no such model, or the disk has no room.
    """
    if not meaning:
        return
    from framecue.words.sentences import DEFAULT_SENTENCE_MODEL

    if isinstance(meaning, str):
        get_model_files(meaning, yes=yes, option=OPTION)
        return
    known = library.sentence_encoder
    if known is None:
        get_model_files(DEFAULT_SENTENCE_MODEL, yes=yes, option=OPTION)
        return
    from framecue.exported.sentences import find_sentence_encoder

    # Where a graph encodes texts, the model's files are there.
    if find_sentence_encoder(known) is None:
        get_model_files(known.model, revision=known.revision, yes=yes, option=OPTION)
