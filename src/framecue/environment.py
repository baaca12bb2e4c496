"""Numbers that people set by variables of the environment."""

from __future__ import annotations

import os

from framecue.errors import InputError

__all__ = ["number_in_environment"]


def number_in_environment(name: str, default: float, *, least: float, most: float, unit: str) -> float:
    """Return the number that a variable has, or the default where it is not set or empty.

    Args:
        name: the variable.
        default: what counts without it.
        least: the smallest number that makes sense.
        most: the largest.
        unit: what it counts, for people: "seconds".

    Raises:
        InputError: the variable has something else; the message says what may stand there.
    """
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not least <= number <= most:
        raise InputError(f"{name} is {text!r}; give a number of {unit} from {least:g} to {most:g}")
    return number
