"""The texts on which an exported text side is compared with its model."""

from __future__ import annotations

__all__ = ["ODD_TEXTS", "ORDINARY_QUERIES"]

ORDINARY_QUERIES = (
    "a dog catches a frisbee",
    "two people dancing at a wedding",
    "sunset",
    "a red car drives along a country road",
    "my daughter blows out the candles on her birthday cake",
    "someone is cooking pasta in a small kitchen",
    "a football team celebrates a goal",
    "waves breaking on the beach in slow motion",
    "a man in a blue shirt explains how to repair a bicycle",
    "a screen recording of a spreadsheet",
    "snow falling in the city at night",
    "a cat jumps off the table and knocks over a glass of water",
    "interview with an old woman",
    "a train arrives at the station while passengers wait on the platform with their luggage and look at their phones",
    "fireworks",
    "close-up of hands playing the piano",
)
"""What people type, from one word to a long sentence."""

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
