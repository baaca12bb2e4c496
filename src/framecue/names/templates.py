"""Sentences with a place for a name, in which it is learnt."""

from __future__ import annotations

__all__ = ["PLACE", "TEMPLATES", "filled_in"]

PLACE = "{}"
"""What stands in a template where the name belongs."""

TEMPLATES = (
    *("{}", "a {}", "the {}", "a video of {}", "a video of a {}", "a clip of {}", "a clip of the {}", "a photo of {}"),
    *("a picture of a {}", "a picture of the {}", "here is {}", "there is a {}", "this is the {}", "{} can be seen"),
    *("a {} in the middle", "the {} on the left", "the {} on the right", "a small {}", "a large {}", "only {}"),
    *("a close view of {}", "{} from far away", "somebody with {}", "{} and nothing else"),
)
"""They say little beside the name, and nothing that a kind of names alone can do: things, people, places, actions."""


def filled_in(template: str, words: str) -> str:
    """Return a template with words in the name's place; other braces stay as they are."""
    return template.replace(PLACE, words)
