from dataclasses import FrozenInstanceError

import pytest

from framecue.words.timed_text import SAID, WRITTEN, TimedText, TimedWord


def test_equal_words_are_equal_and_cannot_change() -> None:
    words = (TimedWord(0.5, 0.9, "Hello,"), TimedWord(1.0, 1.4, "world."))
    one = TimedText(0.5, 1.4, "Hello, world.", SAID, "en", 0.9, words)

    assert one == TimedText(0.5, 1.4, "Hello, world.", "said", "en", 0.9, words)
    assert one != TimedText(0.5, 1.4, "Hello, world.", WRITTEN, "en", 0.9, words)
    with pytest.raises(FrozenInstanceError):
        one.text = "other"  # type: ignore[misc]
