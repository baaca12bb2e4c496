"""What the driver's environment says of object stores, on its way to the actors."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["store_variables", "take_variables"]

# What says to clients of object stores where these are, and who asks.
_STORE_VARIABLES = ("AWS_", "AZURE_", "GOOGLE_", "FRAMECUE_SPOOL")


def store_variables() -> dict[str, str]:
    """Return the variables of this process that say where object stores are and who asks, for actors."""
    return {name: value for name, value in os.environ.items() if name.startswith(_STORE_VARIABLES)}


def take_variables(variables: Mapping[str, str] | None) -> None:
    """Set variables of the driver's in this process; what it has itself is kept."""
    for name, value in (variables or {}).items():
        os.environ.setdefault(name, value)
