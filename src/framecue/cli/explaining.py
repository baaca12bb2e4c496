"""What went wrong, in one line for a person, and the exit code that goes with it."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from pathlib import Path

import click

from framecue.cli.signals import TerminatedError
from framecue.cli.stopping import log_stop
from framecue.errors import FingerprintError, FramecueError, OrdinaryWordError, OutputExistsError, first_line

__all__ = ["explain", "log_error"]

# The disk is full, the file system is read-only, or a quota is reached.
_FULL = (errno.ENOSPC, errno.EROFS, errno.EDQUOT)


def explain(error: Exception) -> int:
    """Write what an exception means to a person, and return the exit code.

    Raises:
        Exception: it is a defect in framecue, and FRAMECUE_TRACEBACK asks where.
    """
    if isinstance(error, click.Abort):  # which click makes of a KeyboardInterrupt
        log_stop()
        cause = error.__cause__ or error.__context__  # of a question it is the latter
        return cause.exit_code if isinstance(cause, TerminatedError) else 130
    if isinstance(error, click.ClickException):
        return _explain_usage(error)
    if isinstance(error, FingerprintError):
        log_error(error.summary)
        _log_details(error.details)
    elif isinstance(error, OutputExistsError):
        log_error(str(OutputExistsError(error.path, "--force")))
    elif isinstance(error, OrdinaryWordError):
        log_error(str(OrdinaryWordError(error.name, "--yes")))
    elif isinstance(error, FramecueError):
        log_error(str(error))
    elif isinstance(error, OSError) and error.errno in _FULL:
        log_error(f"cannot write {_name(error.filename) or 'the output'}: {error.strerror}")
    elif isinstance(error, OSError) and error.filename:
        # A name that is too long, a loop of links, a folder where a file was meant: the name is what is wrong.
        log_error(f"cannot use {_name(error.filename)}: {error.strerror}")
    elif isinstance(error, ValueError) and "embedded null" in str(error):
        log_error("a name has a zero byte in it, which no file's name can have")
    elif isinstance(error, MemoryError):
        log_error("there is not enough memory for this")
    elif os.environ.get("FRAMECUE_TRACEBACK"):
        raise error
    else:
        frame = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(frame.filename).name}, line {frame.lineno}"
        what = f"{type(error).__name__}: {first_line(error)}"
        log_error(f"a defect in framecue, please report it: {what} (in {place}); FRAMECUE_TRACEBACK=1 shows more")
    return 1


def _explain_usage(error: click.ClickException) -> int:
    message = error.format_message()
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "framecue"
        message = message.rstrip(".")
        message += f"{'' if message.endswith('?') else ';'} see `{command} --help`"
    log_error(message)
    return error.exit_code


def _name(name: object) -> str:
    return os.fsdecode(name) if isinstance(name, (str, bytes, os.PathLike)) else str(name or "")


def log_error(message: str) -> None:
    """Write a message on standard error as one line, whatever it contains."""
    from framecue.cli.output import folded, one_line

    click.echo(f"Error: {folded(one_line(message))}", file=sys.stderr)


def _log_details(details: str) -> None:
    """Write what a person need not read on a line below the message."""
    from framecue.cli.output import folded, one_line

    if details:
        click.echo(f"       {folded(one_line(details))}", file=sys.stderr)
