"""What a command says last if somebody stops it: what it keeps, and what the same command does next time."""

from __future__ import annotations

from contextvars import ContextVar

__all__ = ["log_stop", "say_at_stop"]

_sentence: ContextVar[str | None] = ContextVar("what is kept", default=None)


def say_at_stop(sentence: str | None) -> None:
    """Set what the last line says if the command is stopped from now on; None for no more than that it is stopped."""
    _sentence.set(sentence)


def log_stop() -> None:
    """Write the last line of a command that somebody has stopped, which is no error."""
    from framecue.cli.output import folded, log  # most commands end by themselves

    sentence = _sentence.get()
    log(folded("stopped" if sentence is None else f"stopped: {sentence}"))
