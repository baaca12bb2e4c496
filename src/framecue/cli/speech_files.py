"""Downloading what speech needs, after saying how much that is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from framecue.cli.model_files import size_text
from framecue.cli.output import log
from framecue.errors import InputError

if TYPE_CHECKING:
    from framecue.library import Library

__all__ = ["get_speech_files"]


def get_speech_files(library: Library | None, speech: bool | str | None, *, yes: bool) -> None:
    """Download what this machine lacks of the speech model that is asked for, after saying how much that is.

    A person at a terminal is asked, unless ``yes``; where nobody can answer, it goes on.

    Args:
        library: whose model is meant where no name is given; None without one.
        speech: a model's name, True for the library's or the usual one; nothing is done for anything else.
        yes: whether not to ask.

    Raises:
        InputError: the person said no.
        ModelError: there is no such model, or the hub cannot be reached.
    """
    from framecue.words.sources import has_own_speech

    if not speech or not has_own_speech():
        return
    from framecue.words.speech_models import (
        DEFAULT_SPEECH_MODEL,
        download_bytes,
        fetch_speech_model,
        find_speech_model,
    )

    known = library.words_model("speech") if library is not None else None
    model = find_speech_model(speech if isinstance(speech, str) else known or DEFAULT_SPEECH_MODEL)
    if model.folder is not None:
        return
    log(f"speech model {model.name} ({model.repository}) is downloaded once: {size_text(download_bytes(model))}")
    if not yes and sys.stdin.isatty() and sys.stderr.isatty() and not click.confirm("Go on?", default=True, err=True):
        raise InputError(f"{model.name} was not downloaded; name another model with --speech-model, such as a folder")
    fetch_speech_model(model)
