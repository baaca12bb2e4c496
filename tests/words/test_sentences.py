from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from framecue.errors import LibraryError
from framecue.words.sentences import SentenceFingerprint

MINI = SentenceFingerprint(model="some/mini", revision="abc", embedding_dim=4, max_tokens=9, query_prompt="query: ")


def test_a_fingerprint_comes_back_from_its_document() -> None:
    assert SentenceFingerprint.from_dict(MINI.to_dict()) == MINI


@pytest.mark.parametrize("document", [{}, {**MINI.to_dict(), "later": 1}])
def test_a_document_that_is_none_is_refused(document: dict[str, object]) -> None:
    with pytest.raises(LibraryError, match="fingerprint of the library's sentence encoder is damaged, or a later"):
        SentenceFingerprint.from_dict(document)


def test_the_same_model_in_another_place_is_the_same_and_any_other_is_not() -> None:
    assert MINI.named("/elsewhere").key == MINI.key
    assert MINI.named("/elsewhere").places() == ["/elsewhere"]
    for changed in ({"revision": "x"}, {"max_tokens": 8}, {"query_prompt": ""}, {"passage_prompt": "passage: "}):
        assert replace(MINI, **changed).key != MINI.key  # type: ignore[arg-type]


def test_a_folder_is_noted_by_its_absolute_path_and_a_name_on_the_hub_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mini").mkdir()
    monkeypatch.chdir(tmp_path)
    assert MINI.named("mini").with_absolute_place().model == str(tmp_path / "mini")
    assert MINI.with_absolute_place() == MINI
