from dataclasses import replace

import pytest

from framecue.words.source import WordsFingerprint

TINY = WordsFingerprint(source="speech", model="tiny", revision="abc", version="1.2", options={"languages": ("en",)})


def test_a_fingerprint_is_the_same_after_json() -> None:
    assert replace(TINY, options={"languages": ["en"]}) == TINY
    assert TINY.key == replace(TINY, options={"languages": ["en"]}).key


def test_the_same_model_in_another_place_is_the_same() -> None:
    assert TINY.key == replace(TINY, model="/elsewhere/tiny").key
    assert replace(TINY, revision=None).key != replace(TINY, revision=None, model="/elsewhere/tiny").key


@pytest.mark.parametrize(
    "changed", [{"source": "screen"}, {"revision": "abd"}, {"version": "1.3"}, {"options": {"languages": ["de"]}}]
)
def test_whatever_changes_the_words_changes_the_key(changed: dict[str, object]) -> None:
    assert TINY.key != replace(TINY, **changed).key  # type: ignore[arg-type]
