from __future__ import annotations

import pytest

from framecue.cli.meaning_report import log_meaning, meaning_counts, meaning_held, words_without_meaning
from framecue.library import AddReport, MeaningCount


def report(**meaning) -> AddReport:
    return AddReport("v.lance", 0, 1, [], 0, 1, 1, **meaning)


@pytest.mark.parametrize(
    ("meaning", "line"),
    [
        ({}, ""),
        ({"meaning": MeaningCount("mini", 1, 20)}, "meaning: 20 passages in 1 file, by mini\n"),
        ({"meaning": MeaningCount("mini", 0, 0)}, ""),
        ({"meaning_taken_out": True}, "meanings are taken out; the words stay\n"),
        ({"meaning_left_out": "it is gone"}, "meanings of new words are left out: it is gone\n"),
    ],
)
def test_what_was_done_is_one_line(meaning, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    log_meaning(report(**meaning))
    assert capsys.readouterr().err == line


def test_counts_have_their_words() -> None:
    assert meaning_counts(MeaningCount("mini", 2, 1)) == "1 passage in 2 files, by mini"


@pytest.mark.parametrize(
    ("passages", "is_unfinished", "says"),
    [
        (2, False, "2 passages in 1 file, by mini"),
        (0, False, "0 passages in 1 file, by mini"),
        (0, True, "asked for, by mini, and not made yet; `framecue index PATHS` makes it"),
        (2, True, "2 passages in 1 file, by mini; not all of it is made yet, `framecue index PATHS` goes on"),
    ],
)
def test_what_is_held_says_what_is_not_made_yet(passages: int, is_unfinished: bool, says: str) -> None:
    assert meaning_held(MeaningCount("mini", 1, passages), is_unfinished=is_unfinished) == says


def test_words_without_meaning_say_what_makes_it() -> None:
    assert words_without_meaning(1) == "the words of 1 file; `framecue index PATHS` makes it"
    assert words_without_meaning(2).startswith("the words of 2 files; ")
