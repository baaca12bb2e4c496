"""The texts on which what was exported is compared with its model."""

from __future__ import annotations

from functools import cache

from framecue.assets import ASSETS

__all__ = ["NAMED_TEXTS", "ODD_TEXTS", "ordinary_queries"]


@cache
def ordinary_queries() -> tuple[str, ...]:
    """Return 200 queries as people type them, in English."""
    return tuple((ASSETS / "queries.txt").read_text(encoding="utf-8").splitlines())


ODD_TEXTS = (
    "  Two   SPACES,\tand a tab ",
    "it's 10:30 p.m. -- isn't it?! (50% off, $3.99)",
    "Straße, naïve café, Ångström, ﬁne",
    "日本の桜 и снег в Москве",
    "🐕🎾 emoji 👩‍👩‍👧",
    "<|endoftext|> <eos> </s> <pad> [CLS]",
    "word " * 120,
    "x" * 300,
)
"""What tokenizers treat in their own ways: spaces, signs, other scripts, their own marks, and texts that are cut."""

NAMED_TEXTS = ("NAME", "NAME's red ball, and NAME!", "a dog runs to the left of NAME", "word " * 120 + "NAME")
"""What a graph that takes taught names is compared on; ``NAME`` is one of them."""
