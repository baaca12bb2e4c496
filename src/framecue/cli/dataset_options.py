"""Options of a data set on the command line: KEY=VALUE, as in a recipe's section `dataset`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

__all__ = ["read_dataset_options"]


def read_dataset_options(pairs: Sequence[str]) -> dict[str, Any]:
    """Return options by name; values are YAML, as in a recipe.

    Args:
        pairs: each KEY=VALUE.

    Raises:
        click.UsageError: one has no "=", a value is not YAML, or a key is given twice.
    """
    import yaml

    found: dict[str, Any] = {}
    for pair in pairs:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise click.UsageError(f"{pair!r} is no option of a data set; give KEY=VALUE, such as train_set=7k")
        if key in found:
            raise click.UsageError(f"{key} is given twice; give it once")
        try:
            found[key] = yaml.safe_load(text)
        except (yaml.YAMLError, ValueError, RecursionError):
            raise click.UsageError(f"the value of {key} is not YAML: {text!r}") from None
    return found
