"""Sentences with a place for a name, in which it is learnt."""

from __future__ import annotations

__all__ = ["ACTION_TEMPLATES", "PLACE", "TEMPLATES", "filled_in"]

PLACE = "{}"
"""What stands in a template where the name belongs."""

TEMPLATES = (
    *("{}", "a {}", "the {}", "a clip of {}", "a clip of a {}", "a video of a {}", "a video of the {}"),
    *("a photo of a {}", "a picture of the {}", "here is {}", "here is a {}", "there is a {}", "{} can be seen"),
)
"""Sentences for things, people and places. They say nothing beside the name: what an example shows else is not known."""

ACTION_TEMPLATES = (
    *("{}", "it {}", "something {}", "somebody {}", "someone {}", "a thing {}", "one {}", "here it {}"),
    *("a clip of something that {}", "a video of somebody who {}", "there is something that {}", "the one that {}"),
)
"""Sentences for what somebody or something does."""


def filled_in(template: str, words: str) -> str:
    """Return a template with words in the name's place; other braces stay as they are."""
    return template.replace(PLACE, words)
