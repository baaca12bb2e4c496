"""Shares as people read and write them: 25%, or 0.25."""

from __future__ import annotations

import re
from typing import Any

import click

from framecue.errors import InputError

__all__ = ["ShareType", "read_share", "share_below", "share_text"]

_SHARE = re.compile(r"(\d{1,12}(?:\.\d*)?|\.\d+) ?(%?)", re.ASCII)


class ShareType(click.ParamType):  # type: ignore[type-arg]  # click before 8.4 has no types for it
    """A share of all: a number from 0 to 1, or a percentage."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the share, in [0, 1]."""
        if isinstance(value, float):
            return value
        try:
            return read_share(value)
        except InputError as error:
            self.fail(str(error), param, ctx)


def read_share(text: str) -> float:
    """Return the share, in [0, 1], of a text such as ``0.25``, ``25%`` or ``25 %``.

    Raises:
        InputError: it is none.
    """
    match = _SHARE.fullmatch(text.strip())
    share = (float(match[1]) / 100 if match[2] else float(match[1])) if match else -1.0
    if not 0 <= share <= 1:
        raise InputError(
            f"{text[:80]!r} is no share; write a number from 0 to 1, such as 0.25, or a percentage, such as 25%"
        )
    return share


def share_text(share: float) -> str:
    """Return a share as every table and message has it: 13%."""
    return f"{share:.0%}"


def share_below(share: float, bound: float) -> tuple[str, str]:
    """Return a share and a larger one, the bound, as texts in which it is the smaller one: 13% and 50%, 49.7% and 50%.

    Args:
        share: in [0, 1].
        bound: in [0, 1], as somebody has given it.
    """
    percents = f"{100 * bound:g}"
    digits = next((few for few in range(9) if float(f"{100 * share:.{few}f}") < float(percents)), 9)
    return f"{share:.{digits}%}", f"{percents}%"
