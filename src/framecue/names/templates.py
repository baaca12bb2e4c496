"""Sentences with a place for a name, in which it is learnt."""

from __future__ import annotations

__all__ = ["ACTION_TEMPLATES", "BESIDE", "PLACE", "TEMPLATES", "filled_in"]

PLACE = "{}"
"""What stands in a template where the name belongs."""

BESIDE = "{beside}"
"""Where a template has tokens of an example's own, which tell what else the example shows."""

TEMPLATES = (f"a {PLACE} {BESIDE}", f"the {PLACE} {BESIDE}")
"""Sentences for things, people and places. They say nothing else: what an example shows beside is not known.

Others ("a clip of a {}", "here is a {}") made what is learnt no better, nor the bare name without tokens beside it.
"""

ACTION_TEMPLATES = (f"a {BESIDE} {PLACE}", f"the {BESIDE} {PLACE}")
"""Sentences for what somebody or something does, whoever it is."""


def filled_in(template: str, words: str) -> str:
    """Return a template with words in the name's place; other braces stay as they are."""
    return template.replace(PLACE, words)
