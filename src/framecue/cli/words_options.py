"""The options by which a person asks for words, and takes them out; ``--speech`` takes no value, so it eats no path."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, TypedDict, TypeVar

import click

from framecue.paths import exists, user_path

__all__ = ["AskedWords", "asking_options", "refuse_model_as_path", "words_options"]

Command = TypeVar("Command", bound=Callable[..., Any])


class AskedWords(TypedDict):
    """What a person asks for, as fields of ``AddOptions``."""

    speech: bool | str | None
    speech_language: str | None
    screen_text: bool | str | None
    words_from: tuple[str, ...]
    no_words_from: tuple[str, ...]


def words_options(command: Command) -> Command:
    """Add the options that ask for words, and those that take them out; the command gets them as ``words``."""
    return _with_options(command, can_take_out=True)


def asking_options(command: Command) -> Command:
    """Add the options that ask for words; the command gets them as ``words``."""
    return _with_options(command, can_take_out=False)


def refuse_model_as_path(paths: Sequence[str], words: AskedWords) -> None:
    """Refuse a speech model among a command's paths: ``--speech small`` takes no value, so this is a path.

    Raises:
        click.UsageError: one of the paths is not there, and has the name of a speech model.
    """
    if words["speech"] is not True:
        return
    from framecue.words.speech_models import SIZES

    for path in paths:
        if (path in SIZES or path in SIZES.values()) and not exists(user_path(path)):
            raise click.UsageError(
                f"there is no {path}; --speech takes no value: name the model with --speech-model {path}"
            )


def _with_options(command: Command, *, can_take_out: bool) -> Command:
    @wraps(command)
    def wrapped(
        *args: Any,
        speech: bool | None,
        speech_model: str | None,
        speech_language: str | None,
        screen_text: bool | None,
        screen_model: str | None,
        words_from: tuple[str, ...],
        no_words_from: tuple[str, ...] = (),
        **others: Any,
    ) -> Any:
        if speech is False and (speech_model is not None or speech_language is not None):
            name = "--speech-model" if speech_model is not None else "--speech-language"
            raise click.UsageError(f"--no-speech and {name} are given together; leave one out")
        if screen_text is False and screen_model is not None:
            raise click.UsageError("--no-screen-text and --screen-model are given together; leave one out")
        if speech_model == "":
            raise click.UsageError("the name of the speech model is empty; give a hub name or a folder")
        if screen_model == "":
            raise click.UsageError("the name of the model for text on screen is empty; give a folder")
        if speech_language == "":
            raise click.UsageError("the language of the speech is empty; give a code such as en")
        # Whoever names a model or a language of speech asks for speech.
        wanted = speech if speech_language is None else True
        words = AskedWords(
            speech=wanted if speech_model is None else speech_model,
            speech_language=speech_language,
            screen_text=screen_text if screen_model is None else screen_model,
            words_from=words_from,
            no_words_from=no_words_from,
        )
        return command(*args, words=words, **others)

    found: Any = wrapped
    for option in reversed(_options(can_take_out=can_take_out)):
        found = option(found)
    return found  # type: ignore[no-any-return]


def _options(*, can_take_out: bool) -> list[Callable[[Any], Any]]:
    """Return the options, in the order in which help shows them."""

    def flag(name: str, *, help_text: str) -> Callable[[Any], Any]:
        names = f"--{name}/--no-{name}" if can_take_out else f"--{name}"
        return click.option(names, is_flag=True, default=None, help=help_text)

    out = "; --no-... takes it out" if can_take_out else ""
    later = f", from now on for new files too{out}" if can_take_out else ""
    options = [
        flag("speech", help_text=f"Listen to what is said{later}. Extra speech."),
        click.option(
            "--speech-model",
            metavar="MODEL",
            help="Listen with this model: a size of Whisper, from tiny to turbo, a hub name or a folder. Asks for "
            "--speech.  [default: the library's, else base, 0.15 GB]",
        ),
        click.option(
            "--speech-language",
            metavar="CODE",
            help="What is said is in this language, such as en; auto, the default, finds it out. Asks for --speech.",
        ),
        flag("screen-text", help_text=f"Read what is written in the picture{later}. Extra screen-text."),
        click.option(
            "--screen-model",
            metavar="FOLDER",
            help="Read with the two PP-OCR models in this folder, as for other scripts. Asks for --screen-text.",
        ),
        click.option(
            "--words-from",
            metavar="SOURCE",
            multiple=True,
            help="Take words from this source as well: subtitles, or one that a package brings. May be repeated.",
        ),
    ]
    if can_take_out:
        options.append(
            click.option(
                "--no-words-from",
                metavar="SOURCE",
                multiple=True,
                help="Take the words of this source out. May be repeated.",
            )
        )
    return options
